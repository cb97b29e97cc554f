/// A rectangle of cells. Its edges are bounded, so that layout arithmetic on it cannot overflow whatever a terminal reports.
public struct Rect: Hashable, Sendable {
    /// Top row, 0 is the screen's first.
    public let row: Int
    /// Left column, 0 is the screen's first.
    public let column: Int
    /// Height; 0 or more.
    public let rows: Int
    /// Width; 0 or more.
    public let columns: Int

    private static let limit = 1 << 20

    /// Makes a rectangle; negative sizes become 0.
    public init(row: Int, column: Int, rows: Int, columns: Int) {
        self.row = min(max(row, -Rect.limit), Rect.limit)
        self.column = min(max(column, -Rect.limit), Rect.limit)
        self.rows = min(max(rows, 0), Rect.limit)
        self.columns = min(max(columns, 0), Rect.limit)
    }

    /// Whether it holds no cell.
    public var isEmpty: Bool { rows == 0 || columns == 0 }

    /// The row after the last.
    public var endRow: Int { row + rows }

    /// The column after the last.
    public var endColumn: Int { column + columns }

    /// Whether the cell lies in it.
    public func contains(row: Int, column: Int) -> Bool {
        row >= self.row && row < endRow && column >= self.column && column < endColumn
    }

    /// What both rectangles cover; empty if they do not meet.
    public func intersection(_ other: Rect) -> Rect {
        let top = max(row, other.row)
        let left = max(column, other.column)
        return Rect(row: top, column: left, rows: min(endRow, other.endRow) - top, columns: min(endColumn, other.endColumn) - left)
    }

    /// The rectangle without its outermost rows and columns; what is inside a border.
    public func inset(rows dr: Int = 1, columns dc: Int = 1) -> Rect {
        let dr = min(max(dr, 0), Rect.limit)
        let dc = min(max(dc, 0), Rect.limit)
        return Rect(row: row + dr, column: column + dc, rows: rows - 2 * dr, columns: columns - 2 * dc)
    }

    /// The first `count` rows, and the rest below them.
    public func splitTop(_ count: Int) -> (top: Rect, rest: Rect) {
        let count = min(max(count, 0), rows)
        return (
            Rect(row: row, column: column, rows: count, columns: columns),
            Rect(row: row + count, column: column, rows: rows - count, columns: columns)
        )
    }

    /// The last `count` rows, and the rest above them.
    public func splitBottom(_ count: Int) -> (rest: Rect, bottom: Rect) {
        let (rest, bottom) = splitTop(rows - min(max(count, 0), rows))
        return (rest, bottom)
    }

    /// The first `count` columns, and the rest to the right of them.
    public func splitLeft(_ count: Int) -> (left: Rect, rest: Rect) {
        let count = min(max(count, 0), columns)
        return (
            Rect(row: row, column: column, rows: rows, columns: count),
            Rect(row: row, column: column + count, rows: rows, columns: columns - count)
        )
    }

    /// The last `count` columns, and the rest to the left of them.
    public func splitRight(_ count: Int) -> (rest: Rect, right: Rect) {
        let (rest, right) = splitLeft(columns - min(max(count, 0), columns))
        return (rest, right)
    }
}
