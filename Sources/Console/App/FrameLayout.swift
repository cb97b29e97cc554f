internal import Terminal

/// Where the parts of a frame go. As the window shrinks, hints go first, then the summary, then the crumbs, then the banner; content stays to the last.
struct FrameLayout: Hashable, Sendable {
    var bar: Rect
    /// What is said in red on every screen, while there is something.
    var banner: Rect
    var summary: Rect
    var content: Rect
    var message: Rect
    var hints: Rect

    /// - Parameters:
    ///   - needsMessage: whether something is being typed or said, so that its line is worth more than the crumbs.
    ///   - needsBanner: whether there is something that nobody may overlook.
    init(rows: Int, columns: Int, needsMessage: Bool, needsBanner: Bool = false) {
        var rest = Rect(row: 0, column: 0, rows: rows, columns: columns)
        (banner, rest) = rest.splitTop(needsBanner && rest.rows >= 3 ? 1 : 0)
        let height = rest.rows
        (bar, rest) = rest.splitTop(height >= 3 || (height == 2 && !needsMessage) ? 1 : 0)
        // It stands below the line that says where one is.
        if !banner.isEmpty, !bar.isEmpty { swap(&banner, &bar) }
        (summary, rest) = rest.splitTop(height >= 5 ? 1 : 0)
        (rest, hints) = rest.splitBottom(height >= 6 ? 1 : 0)
        (rest, message) = rest.splitBottom(height >= 4 || needsMessage ? 1 : 0)
        content = rest
    }
}
