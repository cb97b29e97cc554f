import CallboardCore
import ServiceBus
import Terminal
import Testing

@testable import Console

/// Sessions, deferred and scheduled messages, and what was counted by looking.
@Suite struct SessionsScreenTests {
    private let orders = Fixture.path("orders")

    private func sessions(_ keys: String = "", _ rows: Int = 24, _ columns: Int = 80, isEmulator: Bool = true) -> ConsoleHarness {
        var title = Fixture.title()
        title.isEmulator = isEmulator
        let shown = title
        var console = ConsoleHarness(rows: rows, columns: columns, title: shown) {
            $0 == .connect ? .success([.connected(shown), .changes(refusal: nil)]) : ConsoleHarness.usual($0)
        }
        console.type(":sessions orders<Enter>" + keys)
        return console
    }

    @Test("sessions, 80x24: messages by state and the oldest; states are not read unasked")
    func list80() {
        let console = sessions()
        #expect(
            console.text == """
                 DEMO  sb-retail › orders › sessions                  dana@contoso · read-write
                 3 sessions · 7 messages · states not read (S)          as of 03:12:44Z, <1 min
                ─ session ─── active  deferred  scheduled  oldest  state ───────────────────────
                ▌ customer-4       3         1          0  41 min  not read
                  customer-5       1         0          2   3 min  not read
                  only-state       0         0          0       ·  not read
















                                                                                         1 of 3
                 enter open · S read states · / filter · : command · q back · ? help
                """)
        #expect(!console.asked.contains { if case .sessionStates = $0 { true } else { false } })
    }

    @Test("sessions, 200x60, their states read")
    func list200() {
        let console = sessions("S", 60, 200)
        #expect(
            (1...5).map { console.line($0) }.joined(separator: "\n") == """
                 3 sessions · 7 messages                                                                                                                                                        as of 03:12:44Z, <1 min
                ─ session ─── active  deferred  scheduled  oldest  state ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
                ▌ customer-4       3         1          0  41 min  26 B  {"lastStep":3,"retries":1}
                  customer-5       1         0          2   3 min  held by another receiver
                  only-state       0         0          0       ·  3 B, not text
                """)
    }

    @Test("one session, 80x24: its state, then its messages")
    func one80() {
        #expect(
            sessions("<Enter>").text == """
                 DEMO  sb-retail › orders › sessions › customer-4     dana@contoso · read-write
                 session customer-4 of orders · looked at, not locked   as of 03:12:44Z, <1 min
                ─ state · 26 B ─────────────────────────────────────────────────────────────────
                  {"lastStep":3,"retries":1}
                ─ messages (3) · 3 active, 1 deferred ──────────────────────────────────────────
                ▌ #4770112    11-23 02:31:04Z  active     10 tries OrderPlaced  order-88213
                  #4770113    11-23 02:31:05Z  active     1 try    OrderCancelled  order-88214
                  #4770114    11-23 02:31:06Z  active     1 try    OrderPlaced  order-88215














                                                                                         2 of 4
                 enter read · m messages · / filter · : command · q back · ? help · ^R refresh
                """)
    }

    @Test("enter on a message, or m, shows the messages of this session alone")
    func messages() {
        var console = sessions("<Enter>")
        console.type("G<Enter>")
        #expect(
            console.asked.last
                == .scanSelected(orders, MessageSelection(session: "customer-4"), from: nil, limit: MessagesScreen.pageful))
        #expect(console.line(0).contains("session customer-4"))
    }

    @Test("a session that another receiver holds says so; a state that is no text is shown in hex")
    func states() {
        var console = sessions("j<Enter>")
        #expect(console.text.contains("not known: the service shows it to the receiver that holds the session only"))
        console.type("qj<Enter>")
        #expect(console.text.contains("FF 00 10") || console.text.contains("ff 00 10"))
    }

    @Test("where others work, reading states is asked about first: each session is held for a moment")
    func asking() {
        var console = sessions("S", isEmulator: false)
        #expect(console.line(22).hasPrefix("read 3 states?"))
        console.type("no<Enter>")
        #expect(console.line(22).contains("No state was read."))
        console.type("Syes<Enter>")
        #expect(console.asked.last == .sessionStates(["customer-4", "customer-5", "only-state"], orders))
    }

    @Test("the list comes before the counts, and a refresh keeps counts until there are newer ones")
    func counting() {
        let isSessions = { (request: Request) in if case .sessions = request { true } else { false } }
        var console = ConsoleHarness { request in if case .sessions = request { nil } else { ConsoleHarness.usual(request) } }
        console.type(":sessions orders<Enter>")
        console.answer(.success([.sessions(Fixture.uncountedSessions, isCounted: false)]), isLast: false, to: isSessions)
        #expect(console.line(1).contains("3 sessions · counting their messages"))
        #expect(console.line(3).contains("customer-4") && console.line(3).contains("…"))
        console.answer(.success([.sessions(Fixture.sessions, isCounted: true)]), to: isSessions)
        #expect(console.line(1).contains("7 messages"))
        console.type("<C-r>")
        console.answer(.success([.sessions(Fixture.uncountedSessions, isCounted: false)]), isLast: false, to: isSessions)
        #expect(console.line(3).contains("41 min"))
    }

    @Test("gs goes there from an entity that has sessions, and says so of one that has none")
    func going() {
        var console = ConsoleHarness()
        console.type(":entity orders<Enter>gs")
        #expect(console.line(22).contains("orders has no sessions"))
        var payments = Fixture.orders
        payments.requiresSession = true
        let entity = payments
        console = ConsoleHarness { if case .entity = $0 { .success([.entity(entity)]) } else { ConsoleHarness.usual($0) } }
        console.type(":entity orders<Enter>")
        #expect(console.text.contains("sessions") && console.text.contains("enter lists them"))
        console.type("gs")
        #expect(console.asked.last == .sessions(orders))
    }

    @Test("hostile ids and states are shown, never obeyed")
    func hostile() {
        let evil = "\u{1B}[2J\u{202E}\u{9B}31m"
        var console = ConsoleHarness { request in
            switch request {
            case .sessions: .success([.sessions([SessionSummary(id: evil, counts: .init())], isCounted: true)])
            case .sessionStates: .success([.sessionState(evil, .bytes(Array(evil.utf8)))])
            case .session: .success([.session(SessionDetail(summary: SessionSummary(id: evil), state: .bytes(Array(evil.utf8))))])
            default: ConsoleHarness.usual(request)
            }
        }
        for keys in [":sessions orders<Enter>", "S", "<Enter>"] {
            console.type(keys)
            for (rows, columns) in [(24, 80), (60, 200), (5, 20), (1, 1)] {
                console.resize(rows, columns)
                #expect(!console.text.unicodeScalars.contains { $0.value == 0x1B || $0.value == 0x9B || $0.value == 0x202E })
            }
        }
    }

    // MARK: - Counting by looking

    private func isCount(_ request: Request) -> Bool { if case .count = request { true } else { false } }

    @Test("C counts by looking: both figures, the difference, and how old that is")
    func counted80() {
        var console = ConsoleHarness()
        console.type(":entity orders<Enter>C")
        #expect(console.asked.last == .count(orders))
        #expect(
            (3...8).map { console.line($0) }.joined(separator: "\n") == """
                ─ messages · counted <1 min ago in 1.9 s ───────────────────────────────────────
                ▌ messages                      1,828   counted 1,828, the same
                  dead letters                 50,012   counted 50,010, 2 fewer
                  transfer dead letters             0   counted 0, the same
                  deferred messages                 2   counted, among the messages
                  scheduled messages               12   counted 12, the same
                """)
    }

    @Test("while it counts it says how far it is; esc stops it and keeps what was seen")
    func countingUnderWay() {
        var console = ConsoleHarness { request in if case .count = request { nil } else { ConsoleHarness.usual(request) } }
        console.type(":entity orders<Enter>C")
        console.answer(.success([.counted(Fixture.counting)]), isLast: false, to: isCount)
        #expect(console.line(3).contains("counting, 21,840 so far"))
        #expect(console.text.contains("counted 20,000 so far"))
        console.type("C")
        #expect(console.line(22).contains("it is being counted; esc stops that"))
        console.type("<Esc>")
        #expect(console.stopped == [.count(orders)])
        #expect(console.line(3).contains("counting was stopped"))
        #expect(console.line(22).contains("stopped after 21,840 messages"))
    }

    @Test("where the service's counts are not permitted, what was counted is shown all the same")
    func countedWithoutManage() {
        let denied = OperatorError(.notPermitted, "Refused.", neededRight: "Manage")
        var counted = Fixture.counted(orders)
        counted.service = .notPermitted(needs: "Manage")
        let answer = counted
        var console = ConsoleHarness { request in
            switch request {
            case .entity, .overview: .failure(denied)
            case .count: .success([.counted(answer)])
            default: ConsoleHarness.usual(request)
            }
        }
        console.type(":entity orders<Enter>C")
        #expect(console.text.contains("✕ not permitted (needs Manage)   counted 50,010"))
    }

    @Test("deferred and scheduled messages are lines of the page, and enter lists them by a peek")
    func byState() {
        var console = ConsoleHarness()
        console.type(":entity orders<Enter>jjj")
        #expect(console.text.contains("the service does not tell; C counts them"))
        console.type("<Enter>")
        #expect(
            console.asked.last == .scanSelected(orders, MessageSelection(state: .deferred), from: nil, limit: MessagesScreen.pageful))
        #expect(console.line(0).contains("deferred messages"))
        #expect(console.line(3).contains("deferred"))
        console.type("qj<Enter>")
        #expect(
            console.asked.last == .scanSelected(orders, MessageSelection(state: .scheduled), from: nil, limit: MessagesScreen.pageful))
    }

    @Test("a topic holds nothing to count")
    func topic() {
        var console = ConsoleHarness()
        console.type(":entity order-events<Enter>C")
        #expect(console.line(22).contains("a topic holds no messages that could be looked at"))
    }
}
