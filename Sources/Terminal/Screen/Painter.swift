import CNcurses

/// Hands the cells of a surface to ncurses, and only those that changed.
struct Painter {
    private let isUTF8: Bool
    private var shown: Surface?
    private var cursor = Surface.Position(row: -1, column: -1)
    private var showsCursor: Bool?
    /// For each role, whether a blank looks the same as a plain one.
    private var leavesBlanksPlain: [Bool] = Array(repeating: true, count: 256)
    /// Whether the C library gives a character the width our table does.
    private var agreement: [UInt32: Bool] = [:]

    init(isUTF8: Bool) {
        self.isUTF8 = isUTF8
    }

    /// What is on the screen is not known any more.
    mutating func forget() {
        shown = nil
    }

    /// Takes over how roles look; the palette must be one the terminal can show.
    mutating func apply(_ palette: Palette) {
        cn_styles_reset()
        for number in UInt8.min...UInt8.max {
            let attributes = palette[Role(rawValue: number)]
            cn_style(
                Int32(number), Painter.code(attributes.foreground), Painter.code(attributes.background),
                UInt32(attributes.modifiers.rawValue))
            leavesBlanksPlain[Int(number)] =
                attributes.background == .default && attributes.modifiers.isDisjoint(with: [.reverse, .underline])
        }
        forget()
    }

    private static func code(_ color: Color) -> Int32 {
        switch color {
        case .default: CN_DEFAULT_COLOR
        case .indexed(let index): Int32(index)
        case .rgb(let r, let g, let b): CN_RGB | Int32(r) << 16 | Int32(g) << 8 | Int32(b)
        }
    }

    /// Brings the screen, which has the given size, to what the surface says. Where the surface is smaller, the rest is blank.
    mutating func present(_ surface: Surface, rows: Int, columns: Int) {
        let previous = shown.flatMap { $0.rows == surface.rows && $0.columns == surface.columns ? $0 : nil }
        var changed = 0
        for row in 0..<rows {
            let cells = surface.cells(ofRow: row)
            let old = previous?.cells(ofRow: row)
            if let old, old == cells { continue }
            changed += draw(cells, old, row, columns)
        }
        let place = Surface.Position(
            row: min(max(surface.cursor?.row ?? rows - 1, 0), rows - 1),
            column: min(max(surface.cursor?.column ?? 0, 0), columns - 1))
        let isVisible = surface.showsCursor && surface.cursor != nil
        guard changed > 0 || previous == nil || place != cursor || isVisible != showsCursor else { return }
        cn_cursor(Int32(place.row), Int32(place.column), isVisible ? 1 : 0)
        cn_update(changed > rows * columns / 4 ? 1 : 0)
        (shown, cursor, showsCursor) = (surface, place, isVisible)
    }

    /// Draws what changed in a row.
    ///
    /// A blank that looks the same in any foreground takes the style of the character before it, and at the end of the row the plain one:
    /// changing attributes for it would cost bytes that nobody sees.
    ///
    /// - Returns: how many cells changed.
    private mutating func draw(_ cells: ArraySlice<Cell>, _ old: ArraySlice<Cell>?, _ row: Int, _ columns: Int) -> Int {
        let width = min(columns, cells.count)
        let inkEnd = 1 + (cells.prefix(width).lastIndex { !isPlainBlank($0) } ?? cells.startIndex - 1) - cells.startIndex
        var changed = 0
        var style = Painter.plainStyle
        for column in 0..<width {
            let cell = cells[cells.startIndex + column]
            if isPlainBlank(cell) {
                if column >= inkEnd || !(style == Painter.plainStyle || leavesBlanksPlain[Int(style)]) { style = Painter.plainStyle }
            } else {
                style = Int32(cell.role.rawValue)
            }
            if let old, old[old.startIndex + column] == cell { continue }
            changed += 1
            draw(cell, row, column, columns, style)
        }
        if old == nil, width < columns {
            for column in width..<columns {
                put(0x20, row, column, Painter.plainStyle)
            }
        }
        return changed
    }

    private static let plainStyle = Int32(CN_PLAIN_STYLE)

    private func isPlainBlank(_ cell: Cell) -> Bool {
        cell.base == 0x20 && cell.isSingle && leavesBlanksPlain[Int(cell.role.rawValue)]
    }

    private mutating func draw(_ cell: Cell, _ row: Int, _ column: Int, _ columns: Int, _ style: Int32) {
        switch (cell.width, cell.base) {
        case (0, _):
            // Drawn with its left half.
            break
        case (1, 0x20..<0x7F) where cell.isSingle:
            put(cell.base, row, column, style)
        case (2, _) where column + 1 >= columns:
            put(0x20, row, column, style)
        default:
            if isUTF8, agrees(cell) {
                cn_put(Int32(row), Int32(column), style, cell.base, cell.mark(0), cell.mark(1), cell.mark(2), cell.mark(3))
            } else {
                put(isUTF8 ? 0xFFFD : UInt32(AsciiFallback.character(for: cell.base)), row, column, style)
                if cell.width == 2 { put(0x20, row, column + 1, style) }
            }
        }
    }

    private func put(_ scalar: UInt32, _ row: Int, _ column: Int, _ style: Int32) {
        cn_put(Int32(row), Int32(column), style, scalar, 0, 0, 0, 0)
    }

    /// ncurses moves on by the C library's width; a character on which it and our table differ would shift the rest of the line.
    private mutating func agrees(_ cell: Cell) -> Bool {
        guard agrees(cell.base, cell.width) else { return false }
        for index in 0..<4 {
            let mark = cell.mark(index)
            if mark == 0 { break }
            guard agrees(mark, 0) else { return false }
        }
        return true
    }

    private mutating func agrees(_ scalar: UInt32, _ width: Int) -> Bool {
        if let known = agreement[scalar] { return known }
        if agreement.count > 8_192 { agreement.removeAll(keepingCapacity: true) }
        let result = Int(cn_wcwidth(scalar)) == width
        agreement[scalar] = result
        return result
    }
}
