import AMQP
import CallboardCore
import NIOCore
import ServiceBus
import Terminal
import Testing

@testable import Console

/// Picking messages by a condition that is typed.
@Suite struct ConditionTests {
    private static func isSearch(_ request: Request) -> Bool { if case .search = request { true } else { false } }

    /// The condition of the last search that was asked for.
    private func condition(_ console: ConsoleHarness) -> String? {
        for request in console.asked.reversed() { if case .search(_, let filter, _, _) = request { return filter.text } }
        return nil
    }

    private static var vocabulary: FilterVocabulary {
        var content = MessageContent(body: .data([ByteBuffer(string: #"{"total":1}"#)]))
        content.messageAnnotations = AMQPMap([.init(key: .symbol("x-opt-sequence-number"), value: .long(1))])
        content.applicationProperties = AMQPMap([
            .init(key: .string("DeadLetterReason"), value: .string("ValidationFailed")),
            .init(key: .string("tenant"), value: .string("emea")),
        ])
        var vocabulary = FilterVocabulary()
        if let message = try? PeekedMessage(Message(content.encoded)) { vocabulary.add(message, body: true) }
        return vocabulary
    }

    /// The dead letters of `orders`, with what they name.
    private func messages(_ rows: Int = 24, _ columns: Int = 80, searches: Bool = true) -> ConsoleHarness {
        var console = ConsoleHarness(rows: rows, columns: columns) { request in
            switch request {
            case .scan: .success([.page(Fixture.deadLetters(40)), .vocabulary(Self.vocabulary)])
            case .search where !searches: nil
            default: ConsoleHarness.usual(request)
            }
        }
        console.type("d")
        return console
    }

    @Test("w asks with examples made of what was seen, and what may be typed")
    func examples() {
        var console = messages()
        console.type("w")
        #expect(console.line(22) == "where:")
        #expect(console.text.contains("DeadLetterReason = 'ValidationFailed'"))
        #expect(console.text.contains("tenant IS NOT NULL"))
        #expect(console.text.contains("body.total IS NOT NULL"))
        #expect(console.line(21).contains("tab completes"))
        // An example that was chosen goes into the line first, and is run when it was read.
        console.type("<Down><Enter>")
        #expect(console.line(22).hasPrefix("where: DeadLetterReason = 'ValidationFailed'"))
        #expect(condition(console) == nil)
        console.type("<Enter>")
        #expect(condition(console) == "DeadLetterReason = 'ValidationFailed'")
    }

    @Test("tab completes the word before the cursor, also in the middle")
    func completion() {
        var console = messages()
        console.type("wten<Tab>")
        // The word is followed by a blank, for the next one.
        #expect(console.line(22) == "where: tenant")
        #expect(console.surface.cursor?.column == 14)
        console.type("LI<Tab>'e%' AND sys.del<Tab>")
        #expect(console.line(22) == "where: tenant LIKE 'e%' AND sys.DeliveryCount")
        #expect(console.surface.cursor?.column == 46)
        #expect(console.text.contains(">=") && console.text.contains("at least"))
        console.type("> 1<C-a>NOT <C-e><Enter>")
        #expect(condition(console) == "NOT tenant LIKE 'e%' AND sys.DeliveryCount > 1")

        console.type("w<C-u> = 'emea'<C-a>te<Tab>")
        #expect(console.line(22).hasPrefix("where: tenant = 'emea'"))
        console.type("<Enter>")
        #expect(condition(console) == "tenant = 'emea'")
    }

    @Test("what is wrong is pointed at while it is typed, with what to do about it")
    func problems() {
        var console = messages()
        console.type("wtenant == 'emea'")
        #expect(console.line(21).hasPrefix("              ↓ ! there is no operator =="))
        #expect(console.line(20).contains("Write = to compare"))
        console.type("<Enter>")
        #expect(condition(console) == nil)
        #expect(console.line(22).hasPrefix("where: tenant == 'emea'"))
        console.type("<C-u>sys.Deliveries > 1")
        #expect(console.text.contains("the service has no property sys.Deliveries"))
        #expect(console.text.contains("Did you mean sys.DeliveryCount?"))
    }

    @Test("what matched and what was looked at is counted as it comes; unknown is told")
    func counts() {
        var console = messages(24, 130, searches: false)
        console.type(":where tenant = 'emea'<Enter>")
        let first = MessageSearch(looked: 250, matched: 2, unknown: 40)
        console.answer(.success([.found(Fixture.deadLetters(2), first, next: SequenceNumber(500))]), isLast: false, to: Self.isSearch)
        #expect(console.line(1).hasPrefix(" matched 2 of 250 looked at · 40 unknown"))
        let second = MessageSearch(looked: 49_762, matched: 0, unknown: 0, failed: 1, failure: "#7: division by zero")
        console.answer(.success([.found([], second, next: nil)]), to: Self.isSearch)
        #expect(console.line(1).hasPrefix(" matched 2 of 50,012 looked at · 40 unknown · 1 without an answer (#7: d"))
        #expect(console.line(22).hasPrefix(" where tenant = 'emea'  esc shows all"))
        #expect(console.line(22).hasSuffix("1 of 2"))
    }

    @Test("esc stops the search, + goes on after the last message looked at, esc again shows all without asking")
    func stopAndGoOn() {
        var console = messages(24, 130, searches: false)
        console.type(":where tenant = 'emea'<Enter>")
        let counts = MessageSearch(looked: 250, matched: 1)
        console.answer(.success([.found(Fixture.deadLetters(1), counts, next: SequenceNumber(500))]), isLast: false, to: Self.isSearch)
        console.type("<Esc>")
        #expect(console.line(22).contains("Stopped after 250 messages. + goes on"))
        #expect(console.line(1).contains("stopped, there may be more (+)"))
        console.type("+")
        guard case .search(_, _, let from, _)? = console.asked.last else {
            Issue.record("it did not go on")
            return
        }
        #expect(from == SequenceNumber(500))
        // What was stopped may answer still; this is the answer to the one that goes on.
        console.answer(.success([.found([], MessageSearch(looked: 10), next: nil)])) {
            if case .search(_, _, let from, _) = $0 { from == SequenceNumber(500) } else { false }
        }
        #expect(console.line(1).hasPrefix(" matched 1 of 260 looked at"))
        let asked = console.asked.count
        console.type("<Esc>")
        #expect(console.line(1).hasPrefix(" 40 dead letters · all"))
        #expect(console.asked.count == asked)
        console.type("<Esc>")
        #expect(!console.line(0).contains("dead letters"))
    }

    @Test("none found says for how many it is unknown")
    func none() {
        var console = messages(searches: false)
        console.type(":where tenant = 'emea'<Enter>")
        console.answer(.success([.found([], MessageSearch(looked: 60, unknown: 60), next: nil)]), to: Self.isSearch)
        #expect(console.text.contains("The condition is true for none of 60 messages. For 60 it is unknown"))
    }

    @Test("an empty condition shows all; a text filter narrows what a condition picked; an open message is closed first")
    func layers() {
        var console = messages(24, 130)
        console.type(":where tenant = 'emea'<Enter>/Cancelled<Enter>")
        #expect(console.line(1).contains("1 fit the filter"))
        console.type("<Esc>")
        #expect(console.line(1).hasPrefix(" matched 3 of 60 looked at · 2 unknown"))
        console.type("<Enter>")
        #expect(console.text.contains("orderId"))
        console.type("<Esc>")
        #expect(!console.text.contains("orderId"))
        #expect(console.line(1).hasPrefix(" matched 3"))
        console.type("w<C-u><Enter>")
        #expect(console.line(1).hasPrefix(" 40 dead letters · all"))
    }

    @Test("^R searches again with the same condition")
    func again() {
        var console = messages()
        console.type(":where tenant = 'emea'<Enter><C-r>")
        #expect(console.asked.count(where: Self.isSearch) == 2)
        #expect(console.line(1).hasPrefix(" matched 3 of 60"))
    }
}
