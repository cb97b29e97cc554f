/// Prints a list as it comes in: each record is turned to bytes at once, so that a million take no more memory than one.
///
/// A table waits for its first records to know how wide its columns are; later texts that are wider push their line to the right.
public struct ListOutput<Record: OutputRecord>: Sendable {
    /// How many records a table waits for.
    static var sample: Int { 200 }

    private let format: OutputFormat
    private let columns: Int?
    private var json = JSONWriter()
    private var count = 0
    private var waiting: [[String]] = []
    private var widths: [Int]?

    /// Starts a list.
    /// - Parameter columns: the width of the terminal, to which lines of a table are cut; nil when the output is no terminal.
    public init(_ format: OutputFormat, columns: Int? = nil) {
        self.format = format
        self.columns = columns
    }

    /// The bytes to write for a record; they may be those of earlier ones, or none yet.
    public mutating func append(_ record: Record) -> [UInt8] {
        count += 1
        switch format {
        case .table:
            let cells = record.cells.map { VisibleText.of($0) }
            if let widths { return line(cells, widths) }
            waiting.append(cells)
            return waiting.count < Self.sample ? [] : layOut()
        case .json:
            json.reset()
            json.raw(count == 1 ? "[\n" : ",\n")
            record.write(to: &json)
            return json.bytes
        case .jsonl:
            json.reset()
            record.write(to: &json)
            json.raw("\n")
            return json.bytes
        }
    }

    /// The bytes that end the list: an empty one is an empty array, or a table's headings.
    public mutating func finish() -> [UInt8] {
        switch format {
        case .table: widths == nil ? layOut() : []
        case .json: Array((count == 0 ? "[]\n" : "\n]\n").utf8)
        case .jsonl: []
        }
    }

    /// The whole list at once.
    public static func all(_ records: some Sequence<Record>, _ format: OutputFormat, columns: Int? = nil) -> [UInt8] {
        var output = ListOutput(format, columns: columns)
        var bytes: [UInt8] = []
        for record in records { bytes.append(contentsOf: output.append(record)) }
        bytes.append(contentsOf: output.finish())
        return bytes
    }

    private mutating func layOut() -> [UInt8] {
        let titles = Record.columns.map { $0.title.uppercased() }
        var widths = titles.map { VisibleText.width($0) }
        for cells in waiting {
            for (index, cell) in cells.enumerated() where index < widths.count {
                // One long text must not push all others off the screen.
                widths[index] = max(widths[index], min(VisibleText.width(cell), 60))
            }
        }
        self.widths = widths
        var bytes = line(titles, widths)
        for cells in waiting { bytes.append(contentsOf: line(cells, widths)) }
        waiting = []
        return bytes
    }

    private func line(_ cells: [String], _ widths: [Int]) -> [UInt8] {
        var text = ""
        for (index, cell) in cells.enumerated() where index < widths.count {
            if index > 0 { text += "  " }
            let padding = String(repeating: " ", count: max(0, widths[index] - VisibleText.width(cell)))
            text += Record.columns[index].isNumeric ? padding + cell : cell + padding
        }
        if let columns { text = VisibleText.cut(text, columns: columns) }
        while text.utf8.last == UInt8(ascii: " ") { text.removeLast() }
        return Array((text + "\n").utf8)
    }
}
