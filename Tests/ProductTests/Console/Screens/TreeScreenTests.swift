import CallboardCore
import ServiceBus
import Terminal
import Testing

@testable import Console

/// The tree of entities as a person uses it.
@Suite struct TreeScreenTests {
    private func tree(_ keys: String = "", _ rows: Int = 24, _ columns: Int = 80) -> ConsoleHarness {
        var console = ConsoleHarness(rows: rows, columns: columns)
        console.type("ge" + keys)
        return console
    }

    private func names(_ console: ConsoleHarness) -> [String] {
        (3..<22).compactMap { row in
            console.line(row).dropFirst(4).split(separator: " ").first { !["└", "▾", "▸", "!!", "!", "?"].contains($0) }.map(String.init)
        }
    }

    @Test("80x24: where am I, what is worst, how old is it")
    func golden80() {
        #expect(
            tree().text == """
                 DEMO  sb-retail › entities                           dana@contoso · read-write
                 8 entities · worst first · 50,221 dead · 17 not forwa… as of 03:12:44Z, <1 min
                ─  ── entity ────────── dead  ▲/min  T-dead  active ─── age  notes ─────────────
                ▌ !!    orders        50,012      –       0   1,830  <1 min
                  !!    invoices         188      –       0      12  <1 min
                  !!    refunds           17      –      17       0  <1 min  → ledger
                  !!  ▾ order-events       4      –       0       2  <1 min  all of 2 subscript…
                  !!    └ billing          4      –       0       2  <1 min
                        └ search           0      –       0       0  <1 min
                  !     shipments          0      –       0     402  <1 min  disabled for recei…
                        audit-old          0      –       0       3  <1 min  nobody owns it











                                                                                         1 of 8
                 enter open · d dead · m messages · a new · e edit · D remove · / filter
                """)
    }

    @Test("200x60: whose it is and what is special about it have room")
    func golden200() {
        let console = tree("", 60, 200)
        #expect(
            (1...10).map { console.line($0) }.joined(separator: "\n") == """
                 8 entities · worst first · 50,221 dead · 17 not forwarded · every 10 s                                                                                                         as of 03:12:44Z, <1 min
                ─  ── entity ──────── kind ────────── dead  ▲/min  T-dead  active  scheduled ─── age  service ───────────────── notes ──────────────────────────────────────────────────────────────────────────────────
                ▌ !!    orders        queue         50,012      –       0   1,830         12  <1 min  checkout
                  !!    invoices      queue            188      –       0      12          0  <1 min  billing
                  !!    refunds       queue             17      –      17       0          0  <1 min  billing                   → ledger
                  !!  ▾ order-events  topic              4      –       0       2          0  <1 min  checkout                  all of 2 subscriptions
                  !!    └ billing     subscription       4      –       0       2          0  <1 min  checkout
                        └ search      subscription       0      –       0       0          0  <1 min  checkout
                  !     shipments     queue              0      –       0     402          0  <1 min  shipping                  disabled for receiving
                        audit-old     queue              0      –       0       3          0  <1 min  nobody                    nobody owns it
                """)
    }

    @Test("roles: what is dead stands out, also without colour")
    func roles() {
        let console = tree("j")
        #expect(console.line(3).hasPrefix("  !!"))
        #expect(console.roles(inRow: 3).contains(.statusError))
        #expect(console.roles(inRow: 4) == [.rowSelected])
    }

    @Test("worst first: dead letters, then what is disabled, then what waits; s orders by name")
    func order() {
        var console = tree()
        #expect(names(console) == ["orders", "invoices", "refunds", "order-events", "billing", "search", "shipments", "audit-old"])
        console.type("s")
        #expect(names(console) == ["audit-old", "invoices", "order-events", "billing", "search", "orders", "refunds", "shipments"])
        #expect(console.line(1).contains("by name"))
    }

    @Test("a topic has the sums of its subscriptions, folded or not; z folds one, Z all")
    func folding() {
        var console = tree("jjjj")
        #expect(console.line(7).contains("└ billing"))
        console.type("z")
        #expect(console.line(6).contains("▸ order-events"))
        #expect(console.surface.cursor?.row == 6, "the topic has the selection of the subscription that was folded away")
        #expect(console.line(6).contains(" 4 "))
        #expect(!console.text.contains("└ billing"))
        console.type("z")
        #expect(console.text.contains("└ billing"))
        console.type("Z")
        #expect(!console.text.contains("└ billing"))
        console.type("ggz")
        #expect(console.line(22).contains("only topics have something to fold"))
    }

    @Test("a filter shows topics for the subscriptions that fit, also folded ones, and all of a topic that fits")
    func filtering() {
        var console = tree("Z/search")
        #expect(names(console) == ["order-events", "search"])
        console.type("<Esc>/events<Enter>")
        #expect(names(console).first == "order-events")
        console.type("<Esc>/checkout<Enter>")
        #expect(Set(names(console)) == ["orders", "order-events"])
        console.type("<Esc>/disabled<Enter>")
        #expect(names(console) == ["shipments"])
    }

    @Test("d, m and T open messages; a topic has none; enter opens the entity; o its service")
    func going() {
        var console = tree("d")
        #expect(console.asked.last == .scan(Fixture.path("orders").deadLetter, from: nil, limit: MessagesScreen.pageful))
        console = tree("jjjm")
        #expect(console.line(22).contains("a topic holds no messages"))
        console.type("j<Enter>")
        #expect(console.line(0).contains("› entities › order-events/billing"))
        #expect(console.asked.contains(.rules(Fixture.path("order-events/Subscriptions/billing"))))
        console.type("qgg")
        console.type("o")
        #expect(console.line(0).contains("› checkout"))
        console.type("qGo")
        #expect(console.line(22).contains("the catalogue gives it to no service"))
    }

    @Test("ge from further in goes back to the tree as it was left")
    func back() {
        var console = tree("sjj<Enter>d")
        console.type("ge")
        #expect(console.line(0).contains("› entities "))
        #expect(console.line(1).contains("by name"))
        #expect(console.surface.cursor?.row == 10)
        console.type("q")
        #expect(console.line(0).contains("› services"))
    }

    @Test("what may not be counted is shown as not permitted, with the names the catalogue knows, and never as zero")
    func notPermitted() {
        let denied = OperatorError(.notPermitted, "Listing entities was refused.", hint: "Ask for Manage.", neededRight: "Manage")
        var board = Fixture.board
        board.totals = .failed(denied)
        let blind = Overview(board: board, entities: nil)
        var console = ConsoleHarness { request in request == .overview ? nil : ConsoleHarness.usual(request) }
        console.answer(.success([.overview(blind)]), isLast: false, to: { $0 == .overview })
        console.answer(.failure(denied), to: { $0 == .overview })
        console.type("ge")
        #expect(console.line(1).contains("counts ✕ not permitted (needs Manage)"))
        #expect(Set(names(console).prefix(5)) == ["invoices", "order-events", "orders", "refunds", "shipments"])
        #expect((3...7).allSatisfy { console.line($0).contains("✕") && !console.line($0).contains(" 0 ") })
        #expect(console.text.contains("Ask for Manage."))
        #expect(console.text.contains("messages can be read without counts"))
        #expect(console.app.top.refreshDue(console.app.model) == nil, "what is refused is not asked for again and again")
        console.type("ggjjm")
        #expect(console.asked.last == .scan(Fixture.path("orders"), from: nil, limit: MessagesScreen.pageful))
    }

    @Test("with neither a right to list nor a catalogue, an entity can still be opened by its name")
    func byName() {
        let denied = OperatorError(.notPermitted, "Listing entities was refused.", neededRight: "Manage")
        var console = ConsoleHarness { request in
            switch request {
            case .overview: .failure(denied)
            default: ConsoleHarness.usual(request)
            }
        }
        console.type("ge")
        #expect(console.text.contains(":entity NAME opens one by its name"))
        console.type(":entity orders<Enter>")
        #expect(console.asked.last == .entity(Fixture.path("orders")))
    }

    @Test("an entity that only the catalogue names is said to be missing")
    func missing() {
        var board = Fixture.board
        board.rows[0].service.entities.append(Fixture.path("orders-v2"))
        let overview = Overview(board: board, entities: Fixture.overview.entities)
        var console = ConsoleHarness { $0 == .overview ? .success([.overview(overview)]) : ConsoleHarness.usual($0) }
        console.type("ge/orders-v2<Enter>")
        #expect(console.line(3).contains("missing: on"))
        #expect(!console.line(3).contains(" 0 "))
    }

    // MARK: - Ages and refreshing

    @Test("R counts one entity again: its age is its own, and its topic's sum is as old as the oldest part")
    func refreshOne() {
        var counted = Fixture.entity("order-events/Subscriptions/billing", .subscription, dead: 9, active: 2)
        counted.lockDuration = .seconds(30)
        let answer = counted
        var listedAt = Fixture.now
        var console = ConsoleHarness { request in
            switch request {
            case .entity(answer.path): .success([.entity(answer)])
            case .overview:
                .success([
                    .overview(Overview(board: Fixture.board, entities: EntityListing(entities: Fixture.entities, asOf: listedAt)))
                ])
            default: ConsoleHarness.usual(request)
            }
        }
        console.type("ge/order-events/billing<Enter>")
        console.now = Fixture.now.advanced(by: .seconds(300))
        console.type("R")
        #expect(console.asked.last == .entity(answer.path))
        #expect(console.line(3).contains("5 min") && console.line(3).contains(" 9 "))
        #expect(console.line(4).contains("<1 min") && console.line(4).contains(" 9 "))
        // A later listing is newer than what was counted before it.
        listedAt = console.now
        console.type("<C-r>")
        #expect(console.line(3).contains(" 4 "))
    }

    @Test("the figures load again by themselves while the tree is shown, without a spinner, and not while it is covered")
    func watching() {
        var answers = true
        var console = ConsoleHarness { request in request == .overview && !answers ? nil : ConsoleHarness.usual(request) }
        console.type("ge")
        #expect(console.app.untilChange(now: console.now) == 10_000)
        answers = false
        console.now = Fixture.now.advanced(by: .seconds(30))
        console.wake()
        #expect(console.asked.filter { $0 == .overview }.count == 2)
        #expect(!console.line(1).contains("loading"))
        #expect(console.app.untilChange(now: console.now) == 30_001, "no frame until the age changes")
        console.type("<Enter>")
        console.now = Fixture.now.advanced(by: .seconds(3000))
        console.wake()
        #expect(console.asked.filter { $0 == .overview }.count == 2)
    }

    @Test("^R while it loads by itself makes it a person's load, with spinner and esc")
    func awaited() {
        var answers = true
        var console = ConsoleHarness { request in request == .overview && !answers ? nil : ConsoleHarness.usual(request) }
        console.type("ge")
        answers = false
        console.now = Fixture.now.advanced(by: .seconds(31))
        console.wake()
        console.type("<C-r>")
        #expect(console.asked.filter { $0 == .overview }.count == 2)
        #expect(console.line(1).contains("loading"))
    }

    @Test("w stops that; a failure is told once in the log and leaves the figures with their age")
    func notWatching() {
        var isBroken = false
        var console = ConsoleHarness { request in
            request == .overview && isBroken ? .failure(OperatorError(.timeout, "No answer.")) : ConsoleHarness.usual(request)
        }
        console.type("ge")
        isBroken = true
        for second in [31, 200, 400] {
            console.now = Fixture.now.advanced(by: .seconds(second))
            console.wake()
        }
        #expect(console.asked.filter { $0 == .overview }.count == 4)
        #expect(console.app.notice == nil)
        #expect(console.app.model.log.filter { $0.text == "No answer." }.count == 1)
        #expect(console.line(1).contains("as of 03:12:44Z, 6 min"))
        console.type("w")
        #expect(console.line(22).contains("stay as they are"))
        #expect(console.app.top.refreshDue(console.app.model) == nil)
    }

    @Test("a listing that took long is repeated less often: no more than a twentieth of the time goes into listing")
    func slowListing() {
        var console = ConsoleHarness { request in request == .overview ? nil : ConsoleHarness.usual(request) }
        console.type("ge")
        console.now = Fixture.now.advanced(by: .seconds(9))
        console.answer(.success([.overview(Fixture.overview)]), to: { $0 == .overview })
        #expect(console.app.top.refreshDue(console.app.model) == Fixture.now.advanced(by: .seconds(180)))
    }

    // MARK: - Size

    @Test("ten thousand entities: only rows in sight are drawn, and a step changes two of them")
    func tenThousand() {
        let entities = (0..<10_000).map { Fixture.entity("queue-\(10_000 + $0)", dead: $0 % 7 == 0 ? Int64($0) : 0, active: Int64($0)) }
        let listing = EntityListing(entities: entities, asOf: Fixture.now)
        let overview = Overview(board: Board(totals: .known(.init(entities: 10_000), at: Fixture.now)), entities: listing)
        var console = ConsoleHarness { $0 == .overview ? .success([.overview(overview)]) : ConsoleHarness.usual($0) }
        console.type("ge")
        #expect(console.line(3).contains("queue-19996"))
        #expect(console.line(22).hasSuffix("1 of 10,000"))
        let before = console.text.split(separator: "\n", omittingEmptySubsequences: false)
        console.type("j")
        let after = console.text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(zip(before, after).filter { $0 != $1 }.count == 3, "the old row, the new row, the position")
        console.type("G")
        #expect(console.line(22).hasSuffix("10,000 of 10,000"))
        let clock = ContinuousClock()
        let took = clock.measure { console.type(String(repeating: "k", count: 200)) }
        // A frame a key is not drawn here; what a key itself costs must not grow with the list.
        #expect(took < .seconds(2))
        console.type("/queue-19")
        #expect(console.line(1).contains("1,000 shown"))
    }

    @Test("the first page of a listing is on screen before the rest has come")
    func glimpse() {
        var console = ConsoleHarness { request in request == .overview ? nil : ConsoleHarness.usual(request) }
        console.type("ge")
        #expect(console.text.contains("Loading entities…"))
        let first = EntityListing(entities: [Fixture.orders], asOf: Fixture.now)
        console.answer(.success([.glimpse(first)]), isLast: false, to: { $0 == .overview })
        #expect(console.line(1).contains("the first 1 entity") && console.line(1).contains("loading"))
        #expect(console.line(3).contains("orders") && console.line(3).contains("50,012"))
        console.answer(.success([.overview(Fixture.overview)]), to: { $0 == .overview })
        #expect(console.line(1).hasPrefix(" 8 entities"))
    }

    @Test("hostile names and words of the service are shown, never obeyed")
    func hostile() {
        let evil = "\u{1B}[2J\u{202E}\u{9B}31m"
        var entity = Fixture.entity("orders", dead: 1)
        entity.forwardTo = evil
        entity.status = .other(evil)
        entity.settings = [.init(name: evil, value: evil), .init(name: "AuthorizationRules.AuthorizationRule.KeyName", value: evil)]
        let answer = entity
        var board = Fixture.board
        board.rows[0].service.name = evil
        let overview = Overview(board: board, entities: EntityListing(entities: [answer], asOf: Fixture.now))
        var console = ConsoleHarness { request in
            switch request {
            case .overview: .success([.overview(overview)])
            case .entity: .success([.entity(answer)])
            default: ConsoleHarness.usual(request)
            }
        }
        for keys in ["ge", "<Enter>"] {
            console.type(keys)
            for (rows, columns) in [(24, 80), (60, 200), (5, 20)] {
                console.resize(rows, columns)
                #expect(!console.text.unicodeScalars.contains { $0.value == 0x1B || $0.value == 0x9B || $0.value == 0x202E })
            }
        }
    }
}
