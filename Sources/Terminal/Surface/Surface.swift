/// A grid of cells to draw into. Pure: it knows no terminal, so that everything that paints can be tested in memory.
///
/// Nothing that is out of bounds traps; it is clipped. Text is sanitised on the way in (``GlyphScanner``), wide characters are never
/// split: half a character that is overwritten leaves a blank behind.
public struct Surface: Hashable, Sendable {
    /// What happens to text that does not fit.
    public enum Truncation: Sendable {
        /// It ends at the edge.
        case clip
        /// Its last column becomes `…`.
        case ellipsis
    }

    /// A place on the surface.
    public struct Position: Hashable, Sendable {
        /// Row, from 0.
        public var row: Int
        /// Column, from 0.
        public var column: Int

        /// Makes a position.
        public init(row: Int, column: Int) {
            self.row = row
            self.column = column
        }
    }

    /// The most rows a surface has; a terminal that reports more gets this many.
    public static let maximumRows = 1_000
    /// The most columns a surface has.
    public static let maximumColumns = 2_000

    /// Height; 1 or more.
    public let rows: Int
    /// Width; 1 or more.
    public let columns: Int
    /// Where the hardware cursor goes: screen readers and input methods follow it, so it belongs on the selected row or in the field
    /// being typed in.
    public var cursor: Position?
    /// Whether the cursor is drawn. An invisible cursor is still placed.
    public var showsCursor = false

    private var cells: [Cell]

    /// Makes a blank surface; sizes are brought into 1...``maximumRows`` and 1...``maximumColumns``.
    public init(rows: Int, columns: Int) {
        self.rows = min(max(rows, 1), Surface.maximumRows)
        self.columns = min(max(columns, 1), Surface.maximumColumns)
        cells = Array(repeating: .blank(), count: self.rows * self.columns)
    }

    /// The whole of it.
    public var bounds: Rect { Rect(row: 0, column: 0, rows: rows, columns: columns) }

    /// The cell at a place; a blank one outside.
    public subscript(row: Int, column: Int) -> Cell {
        guard row >= 0, row < rows, column >= 0, column < columns else { return .blank() }
        return cells[row * columns + column]
    }

    /// Makes every cell blank and forgets the cursor; keeps the memory.
    public mutating func clear() {
        for index in cells.indices {
            cells[index] = .blank()
        }
        cursor = nil
        showsCursor = false
    }

    // MARK: - Text

    /// Draws a line of text.
    ///
    /// - Parameters:
    ///   - row: row, from 0; outside nothing is drawn.
    ///   - column: column of the first character, from 0.
    ///   - text: what to draw; a line end in it is shown as `^J`.
    ///   - role: role of its cells; controls get ``Role/control``.
    ///   - maxWidth: columns it may use; nil: up to the right edge.
    ///   - skip: columns of the text to leave out at its start (horizontal scrolling).
    ///   - truncation: what to do if it does not fit.
    /// - Returns: columns used.
    @discardableResult
    public mutating func put(
        row: Int, column: Int, _ text: String, role: Role = .text, maxWidth: Int? = nil, skip: Int = 0, truncation: Truncation = .clip
    ) -> Int {
        var text = text
        return text.withUTF8 {
            put(row: row, column: column, utf8: $0, role: role, maxWidth: maxWidth, skip: skip, truncation: truncation)
        }
    }

    /// As for `String`, for bytes that should be UTF-8; a byte that is not is shown as `\x9B`.
    @discardableResult
    public mutating func put(
        row: Int, column: Int, _ bytes: [UInt8], role: Role = .text, maxWidth: Int? = nil, skip: Int = 0, truncation: Truncation = .clip
    ) -> Int {
        bytes.withUnsafeBufferPointer {
            put(row: row, column: column, utf8: $0, role: role, maxWidth: maxWidth, skip: skip, truncation: truncation)
        }
    }

    private mutating func put(
        row: Int, column: Int, utf8 bytes: UnsafeBufferPointer<UInt8>, role: Role, maxWidth: Int?, skip: Int, truncation: Truncation
    ) -> Int {
        guard row >= 0, row < rows, column >= 0, column < columns else { return 0 }
        let limit = min(maxWidth ?? Int.max, columns - column)
        guard limit > 0 else { return 0 }
        var scanner = GlyphScanner(bytes)
        var skipped = max(skip, 0)
        var used = 0
        var fits = true
        scan: while let glyph = scanner.next() {
            switch glyph.content {
            case .control(let picture):
                for index in 0..<picture.count {
                    if skipped > 0 {
                        skipped -= 1
                    } else if used < limit {
                        store(Cell(base: UInt32(picture[index]), width: 1, role: .control), row, column + used)
                        used += 1
                    } else {
                        fits = false
                        break scan
                    }
                }
            case .cell(var cell):
                cell.role = role
                if skipped >= cell.width {
                    skipped -= cell.width
                } else if skipped > 0 {
                    // The left half of a wide character is scrolled out; its right half cannot be drawn.
                    skipped = 0
                    store(.blank(role), row, column + used)
                    used += 1
                } else if used + cell.width <= limit {
                    store(cell, row, column + used)
                    used += cell.width
                } else {
                    fits = false
                    if used < limit {
                        store(.blank(role), row, column + used)
                        used += 1
                    }
                    break scan
                }
            }
        }
        if !fits, truncation == .ellipsis {
            store(Cell(base: 0x2026, width: 1, role: role), row, column + limit - 1)
        }
        return used
    }

    // MARK: - Areas

    /// Fills a rectangle with blanks of a role.
    public mutating func fill(_ rect: Rect, role: Role = .text) {
        forEachCell(of: rect) { surface, row, column in surface.store(.blank(role), row, column) }
    }

    /// Fills a rectangle with a character of one column; one that takes none or two, or is not fit to be shown, counts as a blank.
    public mutating func fill(_ rect: Rect, with scalar: Unicode.Scalar, role: Role = .text) {
        let isNarrow = WidthTable.kind(of: scalar.value) == .narrow
        let cell = Cell(base: isNarrow ? scalar.value : 0x20, width: 1, role: role)
        forEachCell(of: rect) { surface, row, column in surface.store(cell, row, column) }
    }

    /// Gives the cells of a rectangle another role and leaves their text. Controls keep theirs, so that they stay recognisable.
    public mutating func paint(_ rect: Rect, role: Role) {
        forEachCell(of: rect) { surface, row, column in
            let index = row * surface.columns + column
            if surface.cells[index].role != .control {
                surface.cells[index].role = role
            }
        }
    }

    /// Draws a border along the inside of a rectangle; where it is only one cell high or wide, a line.
    public mutating func border(_ rect: Rect, role: Role = .text) {
        guard !rect.isEmpty else { return }
        let right = rect.endColumn - 1
        let bottom = rect.endRow - 1
        let horizontal = { (row: Int) in Rect(row: row, column: rect.column, rows: 1, columns: rect.columns) }
        let vertical = { (column: Int) in Rect(row: rect.row, column: column, rows: rect.rows, columns: 1) }
        if rect.columns > 1 || rect.rows == 1 {
            fill(horizontal(rect.row), with: "─", role: role)
            fill(horizontal(bottom), with: "─", role: role)
        }
        if rect.rows > 1 {
            fill(vertical(rect.column), with: "│", role: role)
            fill(vertical(right), with: "│", role: role)
        }
        guard rect.rows > 1, rect.columns > 1 else { return }
        put(row: rect.row, column: rect.column, "┌", role: role)
        put(row: rect.row, column: right, "┐", role: role)
        put(row: bottom, column: rect.column, "└", role: role)
        put(row: bottom, column: right, "┘", role: role)
    }

    private mutating func forEachCell(of rect: Rect, _ body: (inout Surface, Int, Int) -> Void) {
        let area = rect.intersection(bounds)
        guard !area.isEmpty else { return }
        for row in area.row..<area.endRow {
            for column in area.column..<area.endColumn {
                body(&self, row, column)
            }
        }
    }

    /// Puts a cell at a place that is known to be inside, and blanks what is left of a wide character it covers half of.
    private mutating func store(_ cell: Cell, _ row: Int, _ column: Int) {
        let index = row * columns + column
        let end = column + max(cell.width, 1)
        guard end <= columns else { return store(.blank(cell.role), row, column) }
        if cells[index].width == 0, column > 0 {
            cells[index - 1] = .blank(cells[index - 1].role)
        }
        if end < columns, cells[row * columns + end].width == 0 {
            cells[row * columns + end] = .blank(cells[row * columns + end].role)
        }
        cells[index] = cell
        if cell.width == 2 {
            cells[index + 1] = .continuation(cell.role)
        }
    }

    // MARK: - Reading

    /// The cells of a row as one run, for comparing frames; empty outside.
    func cells(ofRow row: Int) -> ArraySlice<Cell> {
        guard row >= 0, row < rows else { return [] }
        return cells[(row * columns)..<((row + 1) * columns)]
    }

    /// The text of a row without the blanks at its end.
    public func line(_ row: Int) -> String {
        var line = String.UnicodeScalarView()
        for cell in cells(ofRow: row) {
            line.append(contentsOf: cell.scalars)
        }
        while line.last == " " {
            line.removeLast()
        }
        return String(line)
    }

    /// The text of all rows, one a line, without the blanks at line ends. For golden tests.
    public func textGrid() -> String {
        (0..<rows).map(line).joined(separator: "\n")
    }

    /// The roles of all cells, one row a line. For golden tests, which assert roles and not colours.
    ///
    /// - Parameter letter: the character for a role; without it `.` is text, `!` control, and others follow `a`, `b`, … `z`, `A`, ….
    public func roleGrid(_ letter: (Role) -> Character = Surface.letter(for:)) -> String {
        (0..<rows).map { row in String(cells(ofRow: row).map { letter($0.role) }) }.joined(separator: "\n")
    }

    /// The letter ``roleGrid(_:)`` uses for a role if it is not told otherwise.
    public static func letter(for role: Role) -> Character {
        switch role.rawValue {
        case 0: "."
        case 1: "!"
        case 2..<28: Character(Unicode.Scalar(role.rawValue - 2 + 0x61))
        case 28..<54: Character(Unicode.Scalar(role.rawValue - 28 + 0x41))
        default: "?"
        }
    }
}
