/// A part of an expression's text: offsets into its UTF-8.
public struct SourceRange: Hashable, Sendable {
    /// Where it starts.
    public var start: Int
    /// One past its end.
    public var end: Int

    /// Creates a range.
    public init(_ start: Int, _ end: Int) {
        self.start = start
        self.end = end
    }

    /// The part from here to the end of another.
    func through(_ other: SourceRange) -> SourceRange { SourceRange(start, max(end, other.end)) }

    /// The text of this part; empty when the range lies outside.
    public func text(in expression: String) -> String {
        let bytes = expression.utf8
        guard start >= 0, start <= end, end <= bytes.count else { return "" }
        return String(decoding: bytes.dropFirst(start).prefix(end - start), as: UTF8.self)
    }

    /// The line and the column, both from 1, of the first character. A column counts characters as a person sees them.
    public func position(in expression: String) -> (line: Int, column: Int) {
        let before = expression.utf8.prefix(max(0, start))
        let line = 1 + before.count { $0 == UInt8(ascii: "\n") }
        let start = before.lastIndex(of: UInt8(ascii: "\n")).map { before.index(after: $0) } ?? before.startIndex
        return (line, 1 + String(decoding: before[start...], as: UTF8.self).count)
    }
}
