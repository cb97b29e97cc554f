internal import Terminal

/// A stretch of a long text: lines that wrap, or bytes.
enum TextBlock: Sendable {
    /// Lines that have been made visible by ``TextBlock/visible(_:)``, and how they wrap.
    case lines([[Span]], Wrapping = Wrapping())
    /// A hex dump.
    case bytes([UInt8])

    /// How long lines go on in the next row.
    struct Wrapping: Hashable, Sendable {
        /// Columns that further rows are indented by; nil: a little more than the line itself.
        var hang: Int?
        /// Whether to break after a blank where there is one. Bodies are not broken so: what looks like a blank must be one.
        var atWords = false

        static let prose = Wrapping(hang: nil, atWords: true)
    }

    /// Longer lines are cut into several, so that drawing a part of one never means walking a megabyte.
    private static let longestLine = 4096

    /// Makes lines fit to be wrapped: controls are shown by name and in their own role, very long lines are cut.
    static func visible(_ lines: [[Span]]) -> [[Span]] {
        var result: [[Span]] = []
        result.reserveCapacity(lines.count)
        for line in lines {
            var current: [Span] = []
            var length = 0
            for span in line.flatMap({ visible($0) }) {
                var rest = Substring(span.text)
                while !rest.isEmpty {
                    let head = rest.prefix(longestLine - length)
                    current.append(Span(String(head), span.role))
                    rest = rest[head.endIndex...]
                    length += head.count
                    if length >= longestLine {
                        result.append(current)
                        current = []
                        length = 0
                    }
                }
            }
            if length > 0 || line.allSatisfy(\.text.isEmpty) { result.append(current) }
        }
        return result
    }

    private static func visible(_ span: Span) -> [Span] {
        if span.text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return [span] }
        return Sanitizer.pieces(span.text).map { Span($0.text, $0.isControl ? .control : span.role) }
    }
}

/// A long text laid out for a width: which rows each line takes. Rows are cut when they are drawn.
struct TextLayout: Sendable {
    private struct Section: Sendable {
        var block: TextBlock
        var start: Int
        var count: Int
        /// For lines: the first row of each line within the section, only where some line takes more than one row.
        var starts: [Int32] = []
    }

    let width: Int
    private(set) var count = 0
    private var sections: [Section] = []

    init(_ blocks: [TextBlock] = [], width: Int) {
        self.width = max(width, 1)
        for block in blocks {
            var section = Section(block: block, start: count, count: 0)
            switch block {
            case .bytes(let bytes):
                section.count = HexDump.rows(bytes: bytes.count, width: self.width)
            case .lines(let lines, let wrapping):
                var starts: [Int32] = []
                starts.reserveCapacity(lines.count)
                var row = 0
                for line in lines {
                    starts.append(Int32(clamping: row))
                    row += line.columns <= self.width ? 1 : TextLayout.wrap(line, width: self.width, wrapping).count
                }
                section.count = row
                if row > lines.count { section.starts = starts }
            }
            count += section.count
            sections.append(section)
        }
    }

    /// Where a row is: which of the blocks, which line of it (of bytes: which row), and which row of a long line.
    func place(of row: Int) -> (block: Int, line: Int, part: Int)? {
        guard let block = sections.lastIndex(where: { $0.start <= row && row < $0.start + $0.count }) else { return nil }
        let section = sections[block]
        let place = row - section.start
        guard !section.starts.isEmpty else { return (block, place, 0) }
        let line = TextLayout.line(at: place, section.starts)
        return (block, line, place - Int(section.starts[line]))
    }

    /// The first row of a line of a block; nil when there is no such line.
    func row(ofBlock block: Int, line: Int) -> Int? {
        guard sections.indices.contains(block), line >= 0 else { return nil }
        let section = sections[block]
        let place = section.starts.isEmpty ? line : section.starts.indices.contains(line) ? Int(section.starts[line]) : section.count
        return place < section.count ? section.start + place : nil
    }

    /// The last line that starts at or before a row; there is at least one.
    private static func line(at place: Int, _ starts: [Int32]) -> Int {
        var (low, high) = (0, starts.count)
        while low + 1 < high {
            let middle = (low + high) / 2
            if Int(starts[middle]) <= place { low = middle } else { high = middle }
        }
        return low
    }

    /// The spans of a row; none outside.
    func row(_ row: Int) -> [Span] {
        guard let section = sections.last(where: { $0.start <= row && row < $0.start + $0.count }) else { return [] }
        let place = row - section.start
        switch section.block {
        case .bytes(let bytes): return HexDump.row(place, of: bytes, width: width)
        case .lines(let lines, let wrapping):
            guard !section.starts.isEmpty else { return lines.indices.contains(place) ? lines[place] : [] }
            let line = TextLayout.line(at: place, section.starts)
            let wrapped = TextLayout.wrap(lines[line], width: width, wrapping)
            let part = place - Int(section.starts[line])
            return wrapped.indices.contains(part) ? wrapped[part] : []
        }
    }

    /// Cuts a line into rows. Rows after the first are indented, so that a wrapped line is seen to be one.
    static func wrap(_ line: [Span], width: Int, _ wrapping: TextBlock.Wrapping = TextBlock.Wrapping()) -> [[Span]] {
        let indent = min(wrapping.hang ?? leadingBlanks(line) + 2, width / 2)
        let scalars = line.flatMap { span in span.text.unicodeScalars.map { (scalar: $0, role: span.role, columns: Width.of($0)) } }
        var rows: [[Span]] = []
        var start = 0
        while start < scalars.count {
            let room = rows.isEmpty ? width : max(width - indent, 1)
            var end = start
            var used = 0
            // At least one character a row, or there would be no end.
            while end < scalars.count, used + scalars[end].columns <= room || end == start {
                used += scalars[end].columns
                end += 1
            }
            if wrapping.atWords, end < scalars.count, let blank = scalars[start..<end].lastIndex(where: { $0.scalar == " " }),
                blank - start > room / 3
            {
                end = blank + 1
            }
            var row = rows.isEmpty || indent == 0 ? [] : [Span(String(repeating: " ", count: indent))]
            var run = String.UnicodeScalarView()
            for index in start..<end {
                if index > start, scalars[index].role != scalars[index - 1].role {
                    row.append(Span(String(run), scalars[index - 1].role))
                    run = String.UnicodeScalarView()
                }
                run.append(scalars[index].scalar)
            }
            row.append(Span(String(run), scalars[end - 1].role))
            rows.append(row)
            start = end
        }
        return rows.isEmpty ? [[]] : rows
    }

    private static func leadingBlanks(_ line: [Span]) -> Int {
        var count = 0
        for span in line {
            for byte in span.text.utf8 {
                guard byte == 0x20 else { return count }
                count += 1
            }
        }
        return count
    }
}
