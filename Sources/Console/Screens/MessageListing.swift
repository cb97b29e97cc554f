internal import CallboardCore
internal import ServiceBus

/// The messages a list shows: all that a scan brought, or those that a condition picked.
struct MessageListing: Sendable {
    /// A condition, and what it made of the messages looked at so far.
    struct Search: Sendable {
        let filter: SQLFilter
        var counts = MessageSearch()
        /// Where to go on.
        var next: SequenceNumber?
    }

    var table = MessageTable()
    /// The most bytes a column's texts have had so far: columns get wider as rows come, and never jump while one scrolls.
    private(set) var widest: [String: Int] = [:]
    var scan = Loadable<Void>()
    var began: Timestamp?
    var took: Duration?
    /// Whether the scan ended at its limit and there may be more.
    var isAtLimit = false
    var left = MessageListing.pageful
    /// The condition that picks them; nil: all are shown.
    var search: Search?

    /// Rows loaded in one go; more on demand.
    static let pageful = 100_000

    init(_ filter: SQLFilter? = nil) { search = filter.map { Search(filter: $0) } }

    /// The number to go on after.
    var next: SequenceNumber? { search.map(\.next) ?? table.sequenceNumber(at: table.count - 1)?.next }

    mutating func begin(_ id: LoadID, now: Timestamp) {
        left = Self.pageful
        isAtLimit = false
        began = now
        took = nil
        scan.begin(id)
    }

    mutating func append(_ rows: [MessageTable.Row], now: Timestamp) {
        for row in rows {
            table.append(row)
            measure(row)
        }
        left -= rows.count
        scan.set((), asOf: now)
    }

    private mutating func measure(_ row: MessageTable.Row) {
        for (title, text) in [("reason", row.deadLetterReason), ("subject", row.subject), ("message id", row.messageID)] {
            if let count = text?.utf8.count, count > widest[title, default: 1] { widest[title] = count }
        }
        widest["sequence"] = max(widest["sequence", default: 1], String(row.sequenceNumber.rawValue).utf8.count)
    }

    mutating func finish(_ error: OperatorError?, now: Timestamp) {
        scan.finish(error)
        guard error == nil else { return }
        scan.set((), asOf: now)
        took = began.map { now.since($0) }
        isAtLimit = left <= 0
    }
}
