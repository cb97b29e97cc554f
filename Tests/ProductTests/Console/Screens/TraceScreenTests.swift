import CallboardCore
import ServiceBus
import Terminal
import Testing

@testable import Console

/// Following one id from any screen.
@Suite struct TraceScreenTests {
    private static func isTrace(_ request: Request) -> Bool { if case .trace = request { true } else { false } }

    private func id(_ text: String) -> TraceID {
        guard let id = TraceID(text) else { preconditionFailure("not an id: \(text)") }
        return id
    }

    private func held(columns: Int = 80) -> ConsoleHarness {
        ConsoleHarness(columns: columns) { request in Self.isTrace(request) ? nil : ConsoleHarness.usual(request) }
    }

    private func traced(_ rows: Int = 24, _ columns: Int = 80) -> ConsoleHarness {
        var console = ConsoleHarness(rows: rows, columns: columns)
        console.type("t\(TraceFixture.id)<Enter>")
        return console
    }

    @Test("80x24: the messages in order of time, and what nobody could look into")
    func small() {
        #expect(
            traced().text == """
                 DEMO  sb-retail › trace order-88213                  dana@contoso · read-write
                 2 messages in 2 places · ! 1 of 5 places not readable  as of 03:12:44Z, <1 min
                 id order-88213 · in the namespace · nothing is locked
                ─ enqueued (UTC)  entity ────────────── state ───────── age  tries  reason ─────
                ▌ 11-23 02:31:44  orders                dead letter  41 min      0  FraudSuspec…
                  11-23 03:09:44  order-events/billing  active        3 min      0  –














                ─ not looked into ──────────────────────────────────────────────────────────────
                 ! Not permitted (needs Listen): refunds.
                                                                                         1 of 2
                 enter read · / filter · : command · q back · ? help · ^R refresh · Q quit
                """)
    }

    @Test("t on a message asks with its id in the line, and offers its others")
    func fromMessage() {
        var console = ConsoleHarness()
        console.type("d<Enter>t")
        #expect(console.line(22).hasPrefix("trace: 8f0e21bc-a21c"))
        #expect(console.text.contains("4bf92f3577b34da6a3ce929d0e0e4736"))
        #expect(console.text.contains("trace id of Diagnostic-Id"))
        console.type("<Enter>")
        #expect(console.asked.last == .trace(id("8f0e21bc-a21c"), .namespace, nil))
        #expect(console.line(0).contains("› trace 8f0e21bc-a21c"))
        // The other id is chosen from the list.
        console.type("qt<Down><Down><Enter>")
        #expect(console.asked.last == .trace(id("4bf92f3577b34da6a3ce929d0e0e4736"), .namespace, nil))
    }

    @Test("from the list of messages, with the selected message's id")
    func fromList() {
        var console = ConsoleHarness()
        console.type("djt<Enter>")
        #expect(console.asked.last == .trace(id("order-88214"), .namespace, nil))
    }

    @Test("from a service in what belongs to it; w widens to the namespace")
    func fromService() {
        var console = held()
        console.type("<Enter>:trace order-1<Enter>")
        #expect(console.asked.last == .trace(id("order-1"), .service("component:default/checkout"), nil))
        console.type("w")
        #expect(console.asked.last == .trace(id("order-1"), .namespace, nil))
        #expect(console.stopped.count == 1)
        console.type("w")
        #expect(console.line(22).contains("this is the whole namespace"))
    }

    @Test("hits are shown as they come, with how far it is")
    func live() {
        var console = held()
        console.type(":trace order-88213<Enter>")
        #expect(console.text.contains("Looking for it…"))
        let updates: [TraceUpdate] = [
            .planned(TraceFixture.plan, .free), .looking(0), .ended(1, .lookedThrough),
            .looked(0, count: 2500, next: SequenceNumber(2501), copies: [TraceFixture.copy(0, 7, ago: 1, subject: "OrderPlaced")]),
        ]
        console.answer(.success(updates.map { .trace($0) }), isLast: false, to: Self.isTrace)
        #expect(console.line(1).hasPrefix(" 1 message in 1 place · 1 of 5 places · 2,500 messages looked at"))
        #expect(console.text.contains("▌ 11-23 03:11:44"))

        // The first stays selected as earlier ones are found, until a person has chosen.
        let earlier = TraceFixture.copy(0, 5, ago: 9, subject: "OrderPlaced")
        console.answer(.success([.trace(.looked(0, count: 1, next: nil, copies: [earlier]))]), isLast: false, to: Self.isTrace)
        #expect(console.text.contains("▌ 11-23 03:03:44"))
        console.type("j")
        let first = TraceFixture.copy(0, 3, ago: 12, subject: "OrderPlaced")
        console.answer(.success([.trace(.looked(0, count: 1, next: nil, copies: [first]))]), isLast: false, to: Self.isTrace)
        #expect(console.text.contains("▌ 11-23 03:11:44"))
        #expect(console.line(22).hasSuffix("3 of 3"))
    }

    @Test("esc stops it and keeps what came; + goes on where it was left")
    func stopAndGoOn() {
        var console = held()
        console.type(":trace order-88213<Enter>")
        let updates: [TraceUpdate] = [
            .planned(TraceFixture.plan, .free), .looking(0), .looked(0, count: 2500, next: SequenceNumber(2501), copies: []),
        ]
        console.answer(.success(updates.map { .trace($0) }), isLast: false, to: Self.isTrace)
        console.type("<Esc>")
        #expect(console.stopped.count == 1)
        #expect(console.line(1).contains("stopped at 0 of 5 places (+ goes on)"))
        console.type("+")
        guard case .trace(_, .namespace, let standing?)? = console.asked.last else {
            Issue.record("it did not go on: \(String(describing: console.asked.last))")
            return
        }
        #expect(standing.places[0].next == SequenceNumber(2501))
        #expect(console.line(1).contains("2,500 messages looked at"))
    }

    @Test("an exhausted budget is explained, and + goes on")
    func budget() {
        var console = held(columns: 130)
        console.type(":trace order-88213<Enter>")
        let updates: [TraceUpdate] = [.planned(TraceFixture.plan, .counted), .ended(0, .left), .stopped(.budget(200_000))]
        console.answer(.success(updates.map { .trace($0) }), to: Self.isTrace)
        #expect(console.text.contains("The budget of 200000 messages is used up"))
        #expect(console.line(2).contains("paced: each message costs a credit"))
        console.type("+")
        #expect(console.asked.count(where: Self.isTrace) == 2)
    }

    @Test("nowhere is said only when everything was looked through")
    func nowhere() {
        var console = held()
        console.type(":trace nobody<Enter>")
        console.answer(.success(TraceFixture.answers(id("nobody"))), to: Self.isTrace)
        #expect(console.text.contains("No message bears this id: all 5 places were looked through"))

        console.type("<C-r>")
        let refused: [TraceUpdate] = [.planned(TraceFixture.plan, .free)] + (0..<5).map { .ended($0, .notPermitted(needs: "Listen")) }
        console.answer(.success(refused.map { .trace($0) }), to: Self.isTrace)
        #expect(!console.text.contains("No message bears this id"))
        #expect(console.text.contains("it may be where one could not"))
        #expect(console.text.contains("Not permitted (needs Listen): orders/$deadletterqueue"))
    }

    @Test("enter opens the message in its queue, with the list from there on")
    func open() {
        var console = traced()
        console.type("<Enter>")
        let dead = Fixture.path("orders").deadLetter
        #expect(
            console.asked.suffix(2) == [
                .scan(dead, from: SequenceNumber(4_770_112), limit: MessagesScreen.pageful),
                .message(dead, SequenceNumber(4_770_112), .standard),
            ])
        #expect(console.line(0).contains("orders › dead letters › #4770112"))
        #expect(console.text.contains(#""orderId": 88213"#))
        console.type("q")
        #expect(console.line(1).contains("from #4770112 on"))
        console.type("q")
        #expect(console.line(0).contains("› trace order-88213"))
    }

    @Test("a filter narrows it")
    func filter() {
        var console = traced()
        console.type("/billing<Enter>")
        #expect(console.text.contains("order-events/billing"))
        #expect(!console.text.contains("FraudSuspected"))
        console.type("<Esc>")
        #expect(console.text.contains("dead letter"))
    }

    @Test("a failure that concerns the whole namespace is told in full")
    func failure() {
        var console = held()
        console.type(":trace order-1<Enter>")
        console.answer(.failure(OperatorError(.unreachable, "No route to sb-retail.", hint: "Check the network.")), to: Self.isTrace)
        #expect(console.text.contains("! No route to sb-retail."))
        #expect(console.text.contains("^R tries again"))
    }
}
