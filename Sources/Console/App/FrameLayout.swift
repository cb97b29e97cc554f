internal import Terminal

/// Where the parts of a frame go. As the window shrinks, hints go first, then the summary, then the crumbs; content stays to the last.
struct FrameLayout: Hashable, Sendable {
    var bar: Rect
    var summary: Rect
    var content: Rect
    var message: Rect
    var hints: Rect

    /// - Parameter needsMessage: whether something is being typed or said, so that its line is worth more than the crumbs.
    init(rows: Int, columns: Int, needsMessage: Bool) {
        var rest = Rect(row: 0, column: 0, rows: rows, columns: columns)
        let height = rest.rows
        (bar, rest) = rest.splitTop(height >= 3 || (height == 2 && !needsMessage) ? 1 : 0)
        (summary, rest) = rest.splitTop(height >= 5 ? 1 : 0)
        (rest, hints) = rest.splitBottom(height >= 6 ? 1 : 0)
        (rest, message) = rest.splitBottom(height >= 4 || needsMessage ? 1 : 0)
        content = rest
    }
}
