internal import Terminal

/// A run of text in one role. The text may be hostile; the surface sanitises what is put on it.
struct Span: Hashable, Sendable {
    var text: String
    var role: Role

    init(_ text: String, _ role: Role = .text) {
        self.text = text
        self.role = role
    }
}

extension [Span] {
    /// Columns it takes on a surface.
    var columns: Int { reduce(0) { $0 + Width.of($1.text) } }

    /// The text alone.
    var text: String { map(\.text).joined() }
}

extension Surface {
    /// Draws spans one after the other.
    ///
    /// - Returns: columns used.
    @discardableResult
    mutating func put(row: Int, column: Int, _ spans: [Span], maxWidth: Int? = nil, truncation: Truncation = .ellipsis) -> Int {
        let limit = Swift.min(maxWidth ?? Int.max, columns - column)
        var used = 0
        for (index, span) in spans.enumerated() where used < limit {
            // A span that is followed by others must not end in an ellipsis unless it is cut itself.
            let isLast = index == spans.count - 1
            let rest = limit - used
            let drawn = put(row: row, column: column + used, span.text, role: span.role, maxWidth: rest, truncation: truncation)
            used += drawn
            if drawn == rest, !isLast, truncation == .ellipsis {
                put(row: row, column: column + limit - 1, "…", role: span.role, maxWidth: 1)
            }
        }
        return used
    }

    /// Draws spans so that they end at a column.
    ///
    /// - Returns: columns used.
    @discardableResult
    mutating func put(row: Int, endingAt end: Int, _ spans: [Span], maxWidth: Int) -> Int {
        let width = Swift.min(spans.columns, Swift.max(maxWidth, 0))
        return put(row: row, column: end - width, spans, maxWidth: width)
    }
}
