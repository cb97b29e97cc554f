/// Prints a list as it comes in: each record is turned to bytes at once, so that a million take no more memory than one.
///
/// A table waits for its first records to know how wide its columns are; later texts that are wider push their line to the right.
public struct ListOutput<Record: OutputRecord>: Sendable {
    /// How many records a table waits for.
    static var sample: Int { 200 }

    private let format: OutputFormat
    private let columns: Int?
    private let table = Record.columns
    private var list: JSONList
    private var lines = ByteSink()
    private var count = 0
    private var row = TableRow()
    private var waiting: [TableRow] = []
    private var widths: [Int]?

    /// Starts a list.
    /// - Parameter columns: the width of the terminal, to which lines of a table are cut; nil when the output is no terminal.
    public init(_ format: OutputFormat, columns: Int? = nil) {
        self.format = format
        self.columns = columns
        list = JSONList(format)
    }

    /// Adds a record.
    @specialized(where Record == MessageRecord)
    public mutating func append(_ record: Record) {
        count += 1
        switch format {
        case .table:
            row.removeAll()
            record.write(to: &row)
            guard let widths else {
                waiting.append(row)
                if waiting.count == Self.sample { layOut() }
                return
            }
            write(row, widths)
        case .json, .jsonl: list.element { record.write(to: &$0) }
        }
    }

    /// Hands over the bytes of the records added so far, but for those a table still waits with, and forgets them.
    public mutating func flush(_ write: (UnsafeRawBufferPointer) -> Void) {
        if format == .table {
            lines.withBytes { write(UnsafeRawBufferPointer($0)) }
            lines.removeAll()
        } else {
            list.flush(write)
        }
    }

    /// Ends the list: an empty one is an empty array, or a table's headings. ``flush(_:)`` must follow.
    public mutating func finish() {
        switch format {
        case .table: if widths == nil { layOut() }
        case .json, .jsonl: list.finish()
        }
    }

    /// The whole list at once.
    public static func all(_ records: some Sequence<Record>, _ format: OutputFormat, columns: Int? = nil) -> [UInt8] {
        var output = ListOutput(format, columns: columns)
        for record in records { output.append(record) }
        output.finish()
        var bytes: [UInt8] = []
        output.flush { bytes.append(contentsOf: $0) }
        return bytes
    }

    /// The whole list, handed over in pieces.
    public static func write(
        _ records: some Sequence<Record>, _ format: OutputFormat, columns: Int? = nil, to write: (UnsafeRawBufferPointer) -> Void
    ) {
        var output = ListOutput(format, columns: columns)
        for record in records {
            output.append(record)
            if output.count % 100 == 0 { output.flush(write) }
        }
        output.finish()
        output.flush(write)
    }

    private mutating func layOut() {
        var titles = TableRow()
        for column in table { titles.cell(column.title.uppercased()) }
        var widths = Array(titles.widths)
        for row in waiting {
            for (index, width) in row.widths.enumerated() where index < widths.count {
                // One long text must not push all others off the screen.
                widths[index] = max(widths[index], min(width, 60))
            }
        }
        self.widths = widths
        write(titles, widths)
        for row in waiting { write(row, widths) }
        waiting = []
    }

    private mutating func write(_ row: TableRow, _ widths: [Int]) {
        guard let columns else { return row.write(to: &lines, table, widths: widths) }
        var line = ByteSink()
        row.write(to: &line, table, widths: widths)
        lines.append(VisibleText.cut(String(decoding: line.bytes.dropLast(), as: UTF8.self), columns: columns))
        lines.append(UInt8(ascii: "\n"))
    }
}
