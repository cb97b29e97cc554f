/// A course of counts as a row of blocks, one a sample. In a terminal without Unicode the blocks become `_`, `=` and `#`.
enum Sparkline {
    private static let blocks = Array("▁▂▃▄▅▆▇█").map(String.init)

    /// The last samples; a blank where a count is not known, nothing where none is.
    ///
    /// The lowest of them is the lowest block. So that a ripple does not look like a flood, the highest block stands for at least a
    /// twentieth more than that.
    static func text(_ counts: [Int64?], width: Int) -> String {
        let shown = counts.suffix(max(width, 0))
        let known = shown.compactMap(\.self)
        guard let low = known.min(), let high = known.max() else { return "" }
        let span = max(Double(high) - Double(low), Double(high) / 20, 1)
        let heights = shown.map { count -> String in
            guard let count else { return " " }
            let height = Int(((Double(count) - Double(low)) / span * Double(blocks.count - 1)).rounded())
            return blocks[min(max(height, 0), blocks.count - 1)]
        }
        return heights.joined()
    }
}
