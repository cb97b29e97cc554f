import CallboardCore
import ServiceBus
import Terminal
import Testing

@testable import Console

/// A service's page, where it has more than figures.
@Suite struct ServiceScreenTests {
    private func console(_ change: (inout ServiceSummary) -> Void) -> ConsoleHarness {
        var board = Fixture.board
        change(&board.rows[0].service)
        let changed = Overview(board: board, entities: Fixture.overview.entities)
        var console = ConsoleHarness(rows: 40, columns: 120) {
            $0 == .overview ? .success([.overview(changed)]) : ConsoleHarness.usual($0)
        }
        console.type("<Enter>")
        return console
    }

    @Test("says for which environments it is, where to go, and what is its own by name alone")
    func facts() {
        let console = console { service in
            service.environments = ["production", "staging"]
            service.links = (1...8).map { ServiceSummary.Link(title: "link \($0)", url: "https://example.com/\($0)") }
            service.entitiesByName = [Fixture.path("orders")]
        }
        #expect(console.line(2).contains("environment production, staging"))
        #expect((1...6).allSatisfy { console.text.contains("link \($0) https://example.com/\($0)") })
        #expect(!console.text.contains("link 7"))
        let orders = (0..<40).map { console.line($0) }.first { $0.contains(" orders ") && $0.contains("50,012") }
        #expect(orders?.contains("by name") == true)
        #expect(console.text.split(separator: "by name", omittingEmptySubsequences: false).count == 2)
    }

    @Test("without an owner it is nobody's")
    func nobodys() {
        #expect(console { $0.owner = nil }.line(2).contains("owner nobody (none in the catalogue)"))
    }

    @Test("an entity's page says whose it is by its name, and that it is nobody's")
    func entityPage() {
        var console = console { $0.entitiesByName = [Fixture.path("orders")] }
        console.type(":entity orders<Enter>")
        #expect(console.line(2).contains("service checkout (by name)"))
        console.type(":entity audit-old<Enter>")
        #expect(console.line(2).contains("owner nobody: the catalogue gives it to no service"))
    }
}
