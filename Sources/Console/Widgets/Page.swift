internal import Terminal

/// Draws lines under headings, with the selected line marked by a bar, a role and the hardware cursor.
struct Page {
    /// A line.
    enum Line: Hashable {
        /// A rule with a title in it, and something to say about what follows. It cannot be selected.
        case heading(String, note: [Span] = [])
        case row([Span])
    }

    var isProduction = false
    var isFocused = true

    func render(into surface: inout Surface, _ rect: Rect, list: ListState, count: Int, line: (Int) -> Line) {
        for place in list.visible(count: count, height: rect.rows) {
            let row = rect.row + place - list.top
            switch line(place) {
            case .heading(let title, let note): heading(title, note, row: row, into: &surface, rect)
            case .row(let spans):
                surface.put(
                    row: row, column: rect.column + Table.gutter, spans, maxWidth: max(rect.columns - Table.gutter, 0))
                if place == list.selected { Table.mark(row: row, into: &surface, rect, isFocused: isFocused) }
            }
        }
    }

    private func heading(_ title: String, _ note: [Span], row: Int, into surface: inout Surface, _ rect: Rect) {
        let line = Rect(row: row, column: rect.column, rows: 1, columns: rect.columns)
        surface.fill(line, with: isProduction ? "═" : "─", role: isProduction ? .ruleProduction : .rule)
        let spans = [Span(" \(title) ", .header)] + (note.isEmpty ? [] : [Span("· ", .muted)] + note + [Span(" ")])
        surface.put(row: row, column: rect.column + 1, spans, maxWidth: max(rect.columns - 2, 0))
    }
}

extension ListState {
    /// `3 of 12`, headings not counted.
    func position(among count: Int, isHeading: (Int) -> Bool) -> String {
        let all = (0..<count).filter { !isHeading($0) }
        guard let place = all.firstIndex(of: selected) else { return "" }
        return "\(Figures.count(place + 1)) of \(Figures.count(all.count))"
    }

    /// Moves off a line that cannot be selected: on in the same direction, or back where there is no other.
    mutating func leave(_ isHeading: (Int) -> Bool, towards direction: Int, count: Int, height: Int) {
        let step = direction < 0 ? -1 : 1
        var place = selected
        while (0..<count).contains(place), isHeading(place) { place += step }
        if !(0..<count).contains(place) {
            place = selected
            while (0..<count).contains(place), isHeading(place) { place -= step }
        }
        guard (0..<count).contains(place) else { return }
        // With the first line that can be selected, the headings above it come back into view.
        if (0..<place).allSatisfy(isHeading) { select(0, count: count, height: height) }
        select(place, count: count, height: height)
    }
}
