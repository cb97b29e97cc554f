import Synchronization

/// Prints a list page by page: some pages are turned to bytes on other threads at once, and handed over in order.
///
/// Where messages are near, turning them to JSON takes longer than getting them. How many pages are held is bounded: a slow reader of the
/// output holds back whoever appends. Pages of a table follow one another, because the first decide how wide its columns are.
public struct PageOutput<Record: OutputRecord>: Sendable {
    /// How many pages may be under way before ``append(_:)`` waits for the oldest.
    static var atOnce: Int { 3 }

    private let format: OutputFormat
    private let write: @Sendable (UnsafeRawBufferPointer) -> Void
    private var table: ListOutput<Record>
    private var underWay: [Task<PageSheet, Never>] = []
    /// Written and empty: their memory is used again.
    private var spare: [PageSheet] = []
    private var isEmpty = true

    /// Starts a list.
    /// - Parameters:
    ///   - columns: the width of the terminal, to which lines of a table are cut; nil when the output is no terminal.
    ///   - write: takes bytes, never two calls at a time, in the order of the list.
    public init(_ format: OutputFormat, columns: Int? = nil, write: @escaping @Sendable (UnsafeRawBufferPointer) -> Void) {
        self.format = format
        self.write = write
        table = ListOutput(format, columns: columns)
    }

    /// Adds a page.
    @specialized(where Record == MessageRecord, Page == MessagePage)
    public mutating func append<Page: OutputPage<Record>>(_ page: Page) async {
        guard !page.isEmpty else { return }
        guard format != .table else {
            isEmpty = false
            for record in page.records { table.append(record) }
            return table.flush(write)
        }
        let (previous, write, isFirst) = (underWay.last, write, isEmpty)
        let sheet = spare.popLast() ?? PageSheet(format)
        isEmpty = false
        underWay.append(
            Task { @concurrent in
                sheet.list.withLock { list in
                    list.resume(isFirst: isFirst)
                    page.write(to: &list)
                }
                _ = await previous?.value
                sheet.list.withLock { $0.flush(write) }
                return sheet
            })
        if underWay.count > Self.atOnce { spare.append(await underWay.removeFirst().value) }
    }

    /// Ends the list where more cannot be had: what was added is written, and nothing that says that this was all.
    public mutating func breakOff() async {
        await flush()
        guard format == .table, !isEmpty else { return }
        table.finish()
        table.flush(write)
    }

    /// Waits until every page added so far was written, but for the lines a table still waits with.
    private mutating func flush() async {
        for task in underWay { spare.append(await task.value) }
        underWay = []
    }

    /// Ends the list: an empty one is an empty array, or a table's headings.
    public mutating func finish() async {
        await flush()
        if format == .table {
            table.finish()
            return table.flush(write)
        }
        var end = JSONList(format)
        end.resume(isFirst: isEmpty)
        end.finish()
        end.flush(write)
    }
}

/// What a page is written on. One task has it at a time.
private final class PageSheet: Sendable {
    let list: Mutex<JSONList>

    init(_ format: OutputFormat) { list = Mutex(JSONList(format)) }
}
