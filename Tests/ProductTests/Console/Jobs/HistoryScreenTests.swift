import ServiceBus
import Testing

@testable import CallboardCore
@testable import Console

/// What was done, by the ledger.
@Suite struct HistoryScreenTests {
    @Test("records are listed newest first, with action, outcome, rule and counts")
    func list() {
        var console = ConsoleHarness(rows: 24, columns: 140)
        console.type("gh")
        #expect(console.line(1).contains("3 records · the ledger is whole"))
        #expect(console.line(3).contains(" purge ") && console.line(3).contains("refused") && console.line(3).contains("no-purge"))
        #expect(console.line(4).contains("1,402 planned, 1,400 done, 2 failed") && console.line(4).contains("#10"))
    }

    @Test("enter shows all fields of a record")
    func record() {
        var console = ConsoleHarness()
        console.type("gh<Enter>")
        #expect(console.line(0).contains("history › record 2"))
        #expect(console.text.contains("actor.name") && console.text.contains("dana"))
        #expect(console.text.contains("hash"))
    }

    @Test("a filter looks at every field")
    func filter() {
        var console = ConsoleHarness()
        console.type("gh/redrive-own<Enter>")
        #expect(console.line(1).contains("1 shown") && console.line(3).contains("intended"))
    }

    @Test("a ledger that somebody changed says so")
    func tampered() {
        var console = ConsoleHarness { request in
            guard case .history = request else { return ConsoleHarness.usual(request) }
            return .success([.history(History(entries: [], problem: "line 3 was changed"))])
        }
        console.type("gh")
        #expect(console.line(1).contains("! line 3 was changed"))
    }
}
