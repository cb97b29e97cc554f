import Terminal
import Testing

@testable import Console

@Suite struct TableTests {
    private let table = Table(columns: [
        TableColumn("name", 10, upTo: 20, worth: 100), TableColumn("owner", 8, worth: 40), TableColumn("dead", 6, .right, worth: 90),
    ])

    @Test("columns that are worth least go first")
    func dropping() {
        #expect(table.placements(width: 80).map(\.column) == [0, 1, 2])
        #expect(table.placements(width: 29).map(\.column) == [0, 2])
        #expect(table.placements(width: 15).map(\.column) == [0])
        #expect(table.placements(width: 0).map(\.column) == [0])
    }

    @Test("no column is drawn outside of the table", arguments: 0...60)
    func inside(_ width: Int) {
        for placement in table.placements(width: width) {
            #expect(placement.start + placement.width <= max(width, 3))
        }
    }

    @Test("columns are no wider than what is in them")
    func fitted() {
        let fitted = table.fitted(to: [[Span("ab"), Span("team-fin"), Span("7")]])
        #expect(fitted.placements(width: 80).map(\.width) == [4, 8, 4])
    }

    @Test("numbers end at the same column, and the selected row has the marker and the cursor")
    func rendering() {
        var surface = Surface(rows: 4, columns: 41)
        var list = ListState()
        list.move(.lines(1), count: 2, height: 3)
        let rows = [[Span("orders"), Span("cart"), Span("50,012")], [Span("invoices"), Span("fin"), Span("8")]]
        table.render(into: &surface, surface.bounds, list: list, count: 2) { rows[$0] }
        #expect(
            surface.textGrid() == """
                ─ name ──────────────── owner ───── dead
                  orders                cart      50,012
                ▌ invoices              fin            8

                """)
        #expect(surface.cursor == Surface.Position(row: 2, column: 0))
        #expect(surface[2, 30].role == .rowSelected)
    }

    @Test("production has a double rule, so that it looks different without colour")
    func production() {
        var table = table
        table.isProduction = true
        var surface = Surface(rows: 2, columns: 30)
        table.render(into: &surface, surface.bounds, list: ListState(), count: 0) { _ in [] }
        #expect(surface.line(0).hasPrefix("═ name ═"))
    }
}
