internal import Terminal

/// Rows under a header; below them lines of text that are scrolled with them and wrapped, not cut, since what is not known belongs to the list; and
/// at the foot a few lines about the selected row.
struct NotedList {
    private var state = ListState()
    private(set) var count = 0
    private var notes: [[Span]] = []
    private var layout = TextLayout(width: 1)
    private var rows = 1
    private var columns = 80

    /// The selected row; nil on a line of text, or when there is none.
    var selected: Int? { state.selected < count ? state.selected : nil }
    /// The rows that are, or could be, on screen.
    var visible: Range<Int> {
        let lines = state.visible(count: total, height: height)
        return lines.clamped(to: 0..<count)
    }
    /// `3 of 12`; empty on a line of text.
    var position: String { selected.map { "\(Figures.count($0 + 1)) of \(Figures.count(count))" } ?? "" }

    private var total: Int { count + layout.count }
    private var height: Int { Table.bodyHeight(split(Rect(row: 0, column: 0, rows: rows, columns: columns)).body) }

    /// Replaces what is listed.
    /// - Parameter place: the row to select; nil: as before.
    mutating func set(count: Int, notes: [[Span]], selecting place: Int? = nil) {
        self.count = count
        self.notes = notes
        layOut()
        state.select(place ?? state.selected, count: total, height: height)
    }

    mutating func settle(rows: Int, columns: Int) {
        self.rows = rows
        if columns != self.columns {
            self.columns = columns
            layOut()
        }
        state.settle(count: total, height: height)
    }

    mutating func move(_ step: ListState.Step) { state.move(step, count: total, height: height) }

    /// A press on a line selects it.
    /// - Returns: whether it was a row that was selected already.
    mutating func press(row: Int) -> Bool {
        let line = state.top + row - 1
        guard row >= 1, row <= height, (0..<total).contains(line) else { return false }
        if line == state.selected { return line < count }
        state.select(line, count: total, height: height)
        return false
    }

    private mutating func layOut() {
        let lines = (count > 0 && !notes.isEmpty ? [[]] : []) + notes
        let wrapping = TextBlock.Wrapping(hang: 2, atWords: true)
        layout = TextLayout([.lines(TextBlock.visible(lines), wrapping)], width: max(columns - Table.gutter - 1, 1))
    }

    /// The list and, where there is room, a rule and some lines about the selected row.
    private func split(_ rect: Rect) -> (body: Rect, foot: Rect) {
        let (body, foot) = rect.splitBottom(rect.rows >= 30 ? 6 : rect.rows >= 18 ? 5 : rect.rows >= 12 ? 4 : 0)
        return (body, foot)
    }

    func render(_ table: Table, into surface: inout Surface, _ rect: Rect, foot: [[Span]], cells: (Int) -> [Span]) {
        let (body, footRect) = split(rect)
        table.render(into: &surface, body, list: state, count: total) { $0 < count ? cells($0) : [] }
        let first = body.row + body.rows - Table.bodyHeight(body)
        for line in state.visible(count: total, height: Table.bodyHeight(body)) where line >= count {
            let row = first + line - state.top
            surface.put(
                row: row, column: rect.column + Table.gutter, layout.row(line - count), maxWidth: max(rect.columns - Table.gutter, 0))
            if line == state.selected { Table.mark(row: row, into: &surface, rect, isFocused: table.isFocused) }
        }
        guard !footRect.isEmpty else { return }
        let (rule, textRect) = footRect.splitTop(1)
        surface.fill(rule, with: table.isProduction ? "═" : "─", role: table.isProduction ? .ruleProduction : .rule)
        let wrapping = TextBlock.Wrapping(hang: 2, atWords: true)
        let text = TextLayout([.lines(TextBlock.visible(foot), wrapping)], width: max(textRect.columns - 2, 1))
        for row in 0..<min(textRect.rows, text.count) {
            surface.put(row: textRect.row + row, column: textRect.column + 1, text.row(row), truncation: .clip)
        }
        if text.count > textRect.rows {
            surface.put(row: textRect.endRow - 1, column: textRect.endColumn - 1, "…", role: .muted, maxWidth: 1)
        }
    }
}
