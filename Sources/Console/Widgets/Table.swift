internal import Terminal

/// A column of a table: what it is called, how wide it may be, and how dear it is when there is no room for all.
struct TableColumn: Hashable, Sendable {
    enum Alignment: Hashable, Sendable { case left, right }

    var title: String
    var minimum: Int
    var maximum: Int
    var alignment: Alignment
    /// Columns with the smallest number go first when the screen is narrow; the one with the largest stays.
    var worth: Int

    init(_ title: String, _ minimum: Int, upTo maximum: Int? = nil, _ alignment: Alignment = .left, worth: Int) {
        self.title = title
        self.minimum = max(minimum, Width.of(title))
        self.maximum = max(maximum ?? minimum, self.minimum)
        self.alignment = alignment
        self.worth = worth
    }

    /// Makes it no wider than this.
    mutating func limit(to width: Int) {
        minimum = min(minimum, width)
        maximum = min(maximum, max(width, minimum))
    }
}

/// Draws rows in columns below a header, with the selected row marked by a bar, a role and the hardware cursor.
struct Table {
    /// Where a column has been put.
    struct Placement: Hashable, Sendable {
        var column: Int
        var start: Int
        var width: Int
    }

    /// Columns before the first one: the marker and a blank.
    static let gutter = 2
    /// Blanks between columns.
    static let gap = 2

    var columns: [TableColumn]
    var isProduction = false
    var isFocused = true

    /// The table with columns no wider than what is in them, so that none takes room another one needs.
    ///
    /// - Parameter rows: as many rows as are worth looking at.
    func fitted(to rows: some Sequence<[Span]>) -> Table {
        var widest = columns.map { Width.of($0.title) }
        for cells in rows {
            for (index, cell) in cells.enumerated() where index < widest.count { widest[index] = max(widest[index], Width.of(cell.text)) }
        }
        var table = self
        // With nothing to show, the header alone says what will come.
        guard rows.contains(where: { !$0.isEmpty }) else { return self }
        for index in columns.indices { table.columns[index].limit(to: widest[index]) }
        return table
    }

    /// Chooses the columns that fit and gives them their widths.
    ///
    /// - Parameter width: of the whole table.
    func placements(width: Int) -> [Placement] {
        let room = max(width - Table.gutter, 1)
        var kept = Array(columns.indices)
        func needed(_ indices: [Int]) -> Int { indices.reduce(0) { $0 + columns[$1].minimum } + Table.gap * max(indices.count - 1, 0) }
        while kept.count > 1, needed(kept) > room, let least = kept.min(by: { columns[$0].worth < columns[$1].worth }) {
            kept.removeAll { $0 == least }
        }
        var widths = Dictionary(uniqueKeysWithValues: kept.map { ($0, min(columns[$0].minimum, room)) })
        var spare = room - needed(kept)
        // The dearest columns grow first, each in turn by a share, so that two long ones share what there is.
        while spare > 0 {
            let growing = kept.filter { (widths[$0] ?? 0) < columns[$0].maximum }.sorted { columns[$0].worth > columns[$1].worth }
            guard !growing.isEmpty else { break }
            let share = max(spare / growing.count, 1)
            for index in growing where spare > 0 {
                let wanted = min(share, columns[index].maximum - (widths[index] ?? 0), spare)
                widths[index, default: 0] += wanted
                spare -= wanted
            }
        }
        var start = Table.gutter
        return kept.map { index in
            let width = widths[index] ?? 0
            defer { start += width + Table.gap }
            return Placement(column: index, start: start, width: width)
        }
    }

    /// Draws the header into the first row of a rectangle and rows below it.
    ///
    /// - Parameters:
    ///   - count: how many rows there are.
    ///   - cells: the cells of a row, one for each column of ``columns``.
    ///   - isMarked: whether a row was marked by a person: it has a sign before it.
    func render(
        into surface: inout Surface, _ rect: Rect, list: ListState, count: Int, isMarked: (Int) -> Bool = { _ in false },
        cells: (Int) -> [Span]
    ) {
        guard !rect.isEmpty else { return }
        let placements = placements(width: rect.columns)
        // One line is better spent on a row than on the header.
        let (header, body) = rect.rows >= 2 ? rect.splitTop(1) : rect.splitTop(0)
        if !header.isEmpty { renderHeader(into: &surface, header, placements) }
        for line in list.visible(count: count, height: body.rows) {
            let row = body.row + line - list.top
            let cells = cells(line)
            for placement in placements where placement.column < cells.count {
                let cell = cells[placement.column]
                let isRight = columns[placement.column].alignment == .right
                let offset = isRight ? max(placement.width - Width.of(cell.text), 0) : 0
                surface.put(
                    row: row, column: rect.column + placement.start + offset, cell.text, role: cell.role,
                    maxWidth: min(placement.width - offset, rect.endColumn - rect.column - placement.start - offset), truncation: .ellipsis)
            }
            if isMarked(line) { surface.put(row: row, column: rect.column + 1, "●", role: .statusInfo, maxWidth: 1) }
            if line == list.selected { Table.mark(row: row, into: &surface, rect, isFocused: isFocused) }
        }
    }

    /// The rows that a rectangle has room for.
    static func bodyHeight(_ rect: Rect) -> Int { rect.rows >= 2 ? rect.rows - 1 : rect.rows }

    private func renderHeader(into surface: inout Surface, _ rect: Rect, _ placements: [Placement]) {
        surface.fill(rect, with: isProduction ? "═" : "─", role: isProduction ? .ruleProduction : .rule)
        for placement in placements {
            let column = columns[placement.column]
            let title = " \(column.title) "
            let width = min(Width.of(title), placement.width + 2)
            let start = column.alignment == .right ? placement.start + placement.width + 1 - width : placement.start - 1
            surface.put(row: rect.row, column: rect.column + max(start, 0), title, role: .header, maxWidth: width)
        }
    }

    /// Marks a line as the selected one.
    static func mark(row: Int, into surface: inout Surface, _ rect: Rect, isFocused: Bool) {
        surface.paint(Rect(row: row, column: rect.column, rows: 1, columns: rect.columns), role: isFocused ? .rowSelected : .rowInactive)
        surface.put(row: row, column: rect.column, isFocused ? "▌" : "▏", role: isFocused ? .rowSelected : .rowInactive)
        if isFocused { surface.cursor = Surface.Position(row: row, column: rect.column) }
    }
}
