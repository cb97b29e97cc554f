import CallboardCore
import ServiceBus
import Terminal
import Testing

@testable import Console

/// The board as it loads itself again.
@Suite struct BoardScreenTests {
    private func overview(_ change: (inout Board) -> Void = { _ in }) -> Overview {
        var board = Fixture.board
        change(&board)
        return Overview(board: board, entities: Fixture.overview.entities)
    }

    @Test("200x60: growth, ages, drain times and courses, worst first")
    func wide() {
        let console = ConsoleHarness(rows: 60, columns: 200)
        #expect(
            (1...7).map { console.line($0) }.joined(separator: "\n") == """
                 4 services · 2 ill · 1 to look at · 50,221 dead ▲1,204/min · 17 not forwarded · drain ~14 min · every 10 s                                                                     as of 03:12:44Z, <1 min
                ─  ── service ───── owner ──── on call ─────── dead ─ ▲/min  oldest  active ─ drain  T-dead  scheduled  dead, last 2 min  what is wrong ────────────────────────────────────────────────────────────────
                ▌ !!  checkout      team-cart  R. Osei       50,016  ▲1,198  41 min   1,832  ▲never       0         12  ▁▁▃▅▇█            orders has 50012 dead letters
                  !!  billing       team-fin   –                205      ▲6     2 d      12    ~4 s      17          0  ▁▁▁███            invoices has 188 dead letters
                  !   shipping      nobody     J. Lindqvist       0       0       ·     402   never       0          0  ▁▁▁▁▁▁            shipments is disabled for receiving
                  ok  search        team-web   web-oncall         –       –       –       –       –       –          –
                  !   (no service)  nobody     –                  0       –       ·       3       –       0          0                    1 entity the catalogue does not know
                """)
    }

    @Test("the services are there before their counts, which come into the same lines")
    func outline() {
        var console = ConsoleHarness { request in request == .overview ? nil : ConsoleHarness.usual(request) }
        #expect(console.text.contains("Loading services and counts…"))
        var rows = Fixture.board.rows
        for index in rows.indices { rows[index] = BoardRow(service: rows[index].service) }
        console.answer(.success([.outline(Board(rows: rows))]), isLast: false, to: { $0 == .overview })
        #expect(console.line(1).hasPrefix(" 4 services") && console.line(1).contains("loading"))
        #expect(!console.line(1).contains("well"), "nobody knows that yet")
        #expect(console.line(3).contains("?  checkout") && !console.line(3).contains("50,0"))
        console.answer(.success([.overview(Fixture.overview)]), to: { $0 == .overview })
        #expect(console.line(3).contains("!!  checkout") && console.line(3).contains("50,0"))
    }

    @Test("every figure on the line of what is not in the catalogue is its own")
    func unowned() {
        let changed = overview { board in
            board.unownedEntities = [Fixture.entity("stray", dead: 3, active: 3)]
            board.unownedTrend = Fixture.trend([1, 3], growth: 4, backlog: 6, active: 3)
            board.unownedOldestDeadLetter = .known(Fixture.now.advanced(by: .seconds(-180)), at: Fixture.now)
        }
        let console = ConsoleHarness { $0 == .overview ? .success([.overview(changed)]) : ConsoleHarness.usual($0) }
        #expect(console.line(7).contains("!!  (no service)"))
        for text in ["▲4", "3 min", "▲never"] { #expect(console.line(7).contains(text), "\(text)") }
    }

    @Test("the last line says in full what is wrong with the selected service")
    func foot() {
        var console = ConsoleHarness()
        #expect(console.line(21) == " ! orders has 50012 dead letters")
        console.type("jj")
        #expect(console.line(21) == " ! shipments is disabled for receiving")
        console.type("G")
        #expect(console.line(21).contains("1 entity the catalogue does not know"))
    }

    @Test("figures of Azure Resource Manager's say so, and load again once in a minute at most")
    func resourceManager() throws {
        var entities = try #require(Fixture.overview.entities)
        entities.entities = entities.entities.map { entity in
            var entity = entity
            entity.source = .resourceManager(asOf: Fixture.now)
            return entity
        }
        var board = Fixture.board
        board.isByResourceManager = true
        let changed = Overview(board: board, entities: entities)
        let console = ConsoleHarness(rows: 24, columns: 200) {
            $0 == .overview ? .success([.overview(changed)]) : ConsoleHarness.usual($0)
        }
        #expect(console.line(1).contains("counts by Azure Resource Manager, may be minutes old"))
        #expect(console.line(1).contains("every 1 min"))
        #expect(console.app.top.refreshDue(console.app.model) == Fixture.now.advanced(by: .seconds(60)))
    }

    @Test("what may not be counted is said once, and below in one sentence what would do, without codes of the service's")
    func refused() {
        let refusal = OperatorError(
            .notPermitted, "Listing the entities of h: The credentials do not allow that.", hint: "Ask for the role.", serviceCode: "401",
            trackingID: "T1", neededRight: "Manage")
        var board = Fixture.board
        board.totals = .failed(refusal)
        let changed = Overview(board: board, entities: nil)
        var console = ConsoleHarness(rows: 24, columns: 160) { $0 == .overview ? nil : ConsoleHarness.usual($0) }
        console.answer(.success([.overview(changed)]), isLast: false, to: { $0 == .overview })
        console.answer(.failure(refusal), to: { $0 == .overview })
        #expect(console.line(1).contains("counts ✕ not permitted (needs Manage)"))
        #expect(console.text.contains("Ask for the role."))
        for text in ["401", "T1", "Listing the entities"] { #expect(!console.text.contains(text), "\(text)") }
        #expect(console.text.split(separator: "not permitted", omittingEmptySubsequences: false).count == 2)
    }

    // MARK: - Loading again

    @Test("the figures load again by themselves, without a spinner, and not while another screen is on top")
    func watching() {
        var console = ConsoleHarness()
        #expect(console.app.untilChange(now: console.now) == 10_000)
        console.now = Fixture.now.advanced(by: .seconds(10))
        console.wake()
        #expect(console.asked.filter { $0 == .overview }.count == 2)
        console.type("d")
        console.now = Fixture.now.advanced(by: .seconds(600))
        console.wake()
        #expect(console.asked.filter { $0 == .overview }.count == 2)
        console.type("q")
        console.wake()
        #expect(console.asked.filter { $0 == .overview }.count == 3, "back on the board, what is due is loaded")
    }

    @Test("w stops that and begins it again; with an interval it says how often")
    func interval() {
        var console = ConsoleHarness(rows: 24, columns: 200)
        #expect(console.line(1).contains("every 10 s"))
        console.type("w")
        #expect(console.line(22).contains("stay as they are until ^R"))
        #expect(console.app.untilChange(now: console.now) == 60_001, "nothing but the age of the figures")
        console.type(":watch 2m<Enter>")
        #expect(console.line(22).contains("every 2 min"))
        #expect(console.app.top.refreshDue(console.app.model) == Fixture.now.advanced(by: .seconds(120)))
        console.type(":watch 1s<Enter>")
        #expect(console.line(22).contains("'1s' is no interval: write 30s or 2m, from 5 s to 1 h, on or off."))
        console.type(":watch off<Enter>")
        #expect(console.app.top.refreshDue(console.app.model) == nil)
        console.type(":watch on<Enter>ge")
        #expect(console.line(1).contains("every 2 min"), "the tree loads itself as often")
    }

    @Test("a listing that takes long is repeated less often than asked for, and the answer says why")
    func slow() {
        var console = ConsoleHarness(rows: 24, columns: 200) { $0 == .overview ? nil : ConsoleHarness.usual($0) }
        console.now = Fixture.now.advanced(by: .seconds(9))
        console.answer(.success([.overview(overview())]), to: { $0 == .overview })
        console.type(":watch 30s<Enter>")
        #expect(console.line(22).contains("every 3 min while a screen of them is shown: listing took 9 s."))
    }

    @Test("figures first, ages of messages after them: nobody waits for those, and asking again does not wait either")
    func agesLater() {
        var console = ConsoleHarness { $0 == .overview ? nil : ConsoleHarness.usual($0) }
        let bare = overview { board in for index in board.rows.indices { board.rows[index].oldestDeadLetter = .pending } }
        console.answer(.success([.overview(bare)]), isLast: false, to: { $0 == .overview })
        #expect(!console.line(1).contains("loading"))
        #expect(console.line(3).contains("…"), "somebody looks for the oldest")
        #expect(console.app.untilChange(now: console.now) == 60_001)
        console.answer(.success([.overview(overview())]), to: { $0 == .overview })
        #expect(console.line(3).contains("41 min"))
        console.type("<C-r>")
        console.answer(.success([.overview(bare)]), isLast: false, to: { $0 == .overview })
        console.type("<C-r>")
        #expect(console.stopped == [.overview])
        #expect(console.line(1).contains("loading"), "newer figures are on their way")
    }

    @Test("until a person chose a line, the worst service is the selected one, whichever that becomes")
    func selection() {
        var current = overview()
        var console = ConsoleHarness { $0 == .overview ? .success([.overview(current)]) : ConsoleHarness.usual($0) }
        current = overview { $0.rows.swapAt(0, 1) }
        console.type("<C-r>")
        #expect(console.line(3).contains("▌ !!  billing"))
        console.type("jk")
        current = overview()
        console.type("<C-r>")
        #expect(console.line(4).hasPrefix("▌ !!  billing"), "afterwards it is the service that was chosen")
    }

    @Test("a refresh that fails says so beside the figures that are there")
    func failing() {
        var isBroken = false
        var console = ConsoleHarness { request in
            request == .overview && isBroken ? .failure(OperatorError(.timeout, "No answer.")) : ConsoleHarness.usual(request)
        }
        isBroken = true
        console.resize(24, 200)
        console.now = Fixture.now.advanced(by: .seconds(10))
        console.wake()
        #expect(console.line(1).contains("! not refreshed (L)"))
        #expect(console.line(3).contains("50,016"))
        #expect(console.app.top.refreshDue(console.app.model) == Fixture.now.advanced(by: .seconds(50)), "and is left alone for longer")
    }
}
