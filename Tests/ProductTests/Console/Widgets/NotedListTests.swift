import Terminal
import Testing

@testable import Console

/// Rows with lines of text below them.
@Suite struct NotedListTests {
    private func list(_ count: Int, _ notes: [String], rows: Int = 6, columns: Int = 20) -> NotedList {
        var list = NotedList()
        list.settle(rows: rows, columns: columns)
        list.set(count: count, notes: notes.map { [Span($0)] })
        return list
    }

    private func text(_ list: NotedList, rows: Int = 6, columns: Int = 20, foot: [String] = []) -> [String] {
        var surface = Surface(rows: rows, columns: columns)
        list.render(
            Table(columns: [TableColumn("name", 6, worth: 1)]), into: &surface, Rect(row: 0, column: 0, rows: rows, columns: columns),
            foot: foot.map { [Span($0)] }
        ) { [Span("row \($0)")] }
        return (0..<rows).map { surface.line($0) }
    }

    @Test("text below the rows wraps at words and is not cut")
    func notes() {
        let list = list(1, ["what is not known is said in full"])
        #expect(text(list) == ["─ name ─────────────", "▌ row 0", "", "  what is not", "    known is said", "    in full"])
        #expect(list.selected == 0 && list.position == "1 of 1")
    }

    @Test("the selection goes on into the text, where no row is selected")
    func selection() {
        var list = list(1, ["one two three four five six seven eight nine ten"])
        list.move(.last)
        #expect(list.selected == nil && list.position.isEmpty)
        #expect(text(list).last == "▌   nine ten")
        list.move(.first)
        #expect(list.selected == 0)
    }

    @Test("a large screen has lines at the foot for the selected row; a small one gives all to the list")
    func foot() {
        #expect(text(list(1, [], rows: 12), rows: 12, foot: ["about it"])[8...9] == ["────────────────────", " about it"])
        #expect(!text(list(1, []), foot: ["about it"]).contains(" about it"))
    }

    @Test("a foot that is too long says that it goes on")
    func longFoot() {
        let words = Array(repeating: "word", count: 40).joined(separator: " ")
        #expect(text(list(1, [], rows: 12), rows: 12, foot: [words])[11].hasSuffix("…"))
    }

    @Test("a press selects a line, a second one on a row opens it, and one on text opens nothing")
    func press() {
        var list = list(2, ["text"])
        let opened = [2, 2, 4, 4, 0].map { list.press(row: $0) }
        #expect(opened == [false, true, false, false, false])
        #expect(list.selected == nil)
    }
}
