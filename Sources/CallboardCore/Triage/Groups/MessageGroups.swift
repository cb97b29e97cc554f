public import ServiceBus

/// Messages sorted into groups as they come in: how many died of what, since when, and which they are.
///
/// A group is a set of sequence numbers, not a condition: what is done to a group is done to the messages that were seen in it. A copy shares
/// everything with the original, so that a screen may hold one while a scan goes on.
public struct MessageGroups: Sendable {
    /// How many different groups are kept apart; what differs from all of them is counted in ``others``.
    public static let capacity = 100_000

    /// What they are grouped by.
    public let keys: [GroupKey]
    /// The number of messages.
    public private(set) var count = 0
    /// Messages that are in no group because there were too many groups.
    public private(set) var others = 0

    private var cells: [Cell] = []
    /// From the hash of a key's bytes to its cell.
    private var cellOf: [UInt64: Int] = [:]
    private var reader: GroupKeyReader

    /// Messages whose keys are equal to the byte, before templates are merged.
    private struct Cell {
        /// The encoded values of the keys.
        let key: [UInt8]
        var numbers: [Int64] = []
        var firstSeen = Int64.max
        var lastSeen = Int64.min
        var fewestDeliveries = Int.max
        var mostDeliveries = 0
    }

    /// Starts with no messages.
    /// - Parameter keys: at least one; none means by fingerprint.
    public init(by keys: [GroupKey]) {
        self.keys = keys.isEmpty ? [.fingerprint] : keys
        reader = GroupKeyReader(self.keys)
    }

    /// Adds a page.
    public mutating func append(contentsOf page: [PeekedMessage]) {
        for message in page { append(message) }
    }

    /// Adds a message.
    public mutating func append(_ message: PeekedMessage) {
        count += 1
        reader.read(message)
        guard let index = cell() else {
            others += 1
            return
        }
        let fields = message.fields
        cells[index].numbers.append(message.sequenceNumber.rawValue)
        if let time = fields.enqueuedTime?.milliseconds {
            cells[index].firstSeen = min(cells[index].firstSeen, time)
            cells[index].lastSeen = max(cells[index].lastSeen, time)
        }
        cells[index].fewestDeliveries = min(cells[index].fewestDeliveries, fields.deliveryCount)
        cells[index].mostDeliveries = max(cells[index].mostDeliveries, fields.deliveryCount)
    }

    /// The cell of the key just read, made if there is room.
    private mutating func cell() -> Int? {
        var hash = reader.hash
        while let index = cellOf[hash] {
            if cells[index].key == reader.key { return index }
            hash &+= 1
        }
        guard cells.count < Self.capacity else { return nil }
        cellOf[hash] = cells.count
        cells.append(Cell(key: reader.key))
        return cells.count - 1
    }

    // MARK: Groups

    /// The groups, largest first; templates that differ in what varies are merged.
    public func groups() -> [MessageGroup] {
        var members: [[Int]] = []
        var values: [[GroupValue]] = []
        var placeOf: [[GroupValue]: Int] = [:]
        for (index, merged) in mergedValues().enumerated() {
            if let place = placeOf[merged] {
                members[place].append(index)
            } else {
                placeOf[merged] = members.count
                values.append(merged)
                members.append([index])
            }
        }
        return zip(values, members).map { group($0, of: $1) }.sorted { ($1.count, $0.sample) < ($0.count, $1.sample) }
    }

    private func group(_ values: [GroupValue], of members: [Int]) -> MessageGroup {
        var numbers: [Int64] = []
        numbers.reserveCapacity(members.reduce(0) { $0 + cells[$1].numbers.count })
        var (first, last, fewest, most) = (Int64.max, Int64.min, Int.max, 0)
        for member in members {
            let cell = cells[member]
            numbers.append(contentsOf: cell.numbers)
            first = min(first, cell.firstSeen)
            last = max(last, cell.lastSeen)
            fewest = min(fewest, cell.fewestDeliveries)
            most = max(most, cell.mostDeliveries)
        }
        // A scan runs in order, so that one cell's are sorted as they are.
        if members.count > 1 { numbers.sort() }
        return MessageGroup(
            keys: keys, values: values, numbers: numbers, firstSeen: first == .max ? nil : Timestamp(milliseconds: first),
            lastSeen: last == .min ? nil : Timestamp(milliseconds: last), deliveries: min(fewest, most)...most)
    }

    /// The values of every cell, those of fingerprints merged among cells whose other values are equal.
    private func mergedValues() -> [[GroupValue]] {
        var values = cells.map { GroupKeyReader.values(in: $0.key, count: keys.count) }
        guard let place = keys.firstIndex(of: .fingerprint) else { return values }
        var alike: [[GroupValue]: [Int]] = [:]
        for index in values.indices {
            var rest = values[index]
            // Templates of different reasons stay apart, however much they look alike.
            rest[place] = values[index][place].reason
            alike[rest, default: []].append(index)
        }
        for indices in alike.values where indices.count >= TemplateMerging.fewValues {
            let merging = TemplateMerging(
                indices.map { TemplateMerging.Entry(template: Array(values[$0][place].template.utf8), count: cells[$0].numbers.count) })
            for (entry, index) in indices.enumerated() {
                values[index][place] = values[index][place].with(
                    template: String(decoding: merging.merged[merging.places[entry]], as: UTF8.self))
            }
        }
        return values
    }
}
