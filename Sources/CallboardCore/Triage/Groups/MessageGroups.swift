public import ServiceBus

/// Messages sorted into groups as they come in: how many died of what, since when, and which they are.
///
/// A group is a set of sequence numbers, not a condition: what is done to a group is done to the messages that were seen in it. What is held
/// is bounded by ``capacity`` and ``keyCapacity`` for what tells groups apart; of a message it is a byte or two.
public struct MessageGroups: Sendable {
    /// How many different groups are kept apart; what differs from all of them is counted in ``others``.
    public static let capacity = 100_000
    /// How many bytes the values that tell groups apart may take together; what is new beyond is counted in ``others``.
    static let keyCapacity = 32 << 20

    /// What they are grouped by.
    public let keys: [GroupKey]
    /// The number of messages.
    public private(set) var count = 0
    /// Messages that are in no group because there were too many groups.
    public private(set) var others = 0

    private var cells: [Cell] = []
    /// From the hash of a key's bytes to its cell.
    private var cellOf: [UInt64: Int32] = [:]
    private var keyBytes = 0
    private var reader: GroupKeyReader

    /// Messages whose keys are equal to the byte, before templates are merged.
    private struct Cell {
        /// The encoded values of the keys.
        let key: [UInt8]
        var numbers = SequenceNumberSet()
        /// Those that did not come in order.
        var late: [Int64] = []
        var firstSeen = Int64.max
        var lastSeen = Int64.min
        var fewestDeliveries = Int.max
        var mostDeliveries = 0

        var count: Int { numbers.count + late.count }
        var newest: Int64 { max(numbers.last?.rawValue ?? .min, late.max() ?? .min) }
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
        let number = message.sequenceNumber.rawValue
        if !cells[index].numbers.append(number) { cells[index].late.append(number) }
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
            if cells[Int(index)].key == reader.key { return Int(index) }
            hash &+= 1
        }
        guard cells.count < Self.capacity, keyBytes + reader.key.count <= Self.keyCapacity else { return nil }
        keyBytes += reader.key.count
        cellOf[hash] = Int32(truncatingIfNeeded: cells.count)
        // The reader's memory has room for the longest key; a cell has its own, of the right size.
        cells.append(Cell(key: reader.key.withExactCapacity()))
        return cells.count - 1
    }

    // MARK: Groups

    /// The groups, largest first; templates that differ in what varies are merged.
    public func groups() -> [MessageGroup] { Array(groupsOneByOne()) }

    /// The same, each put together when it is asked for: of tens of thousands of small ones no more than one has to be held.
    public func groupsOneByOne() -> some Sequence<MessageGroup> {
        let classes = classes()
        var ranks = classes.runs.map { run in
            let members = classes.order[run]
            let count = members.reduce(0) { $0 + cells[Int($1)].count }
            return (count: count, newest: members.reduce(Int64.min) { max($0, cells[Int($1)].newest) }, run: run)
        }
        ranks.sort { ($1.count, $0.newest) < ($0.count, $1.newest) }
        return ranks.lazy.map { group(of: classes.order[$0.run], classes.templates) }
    }

    /// The groups of more than one message, largest first, and the messages that are alone.
    public func summary() -> (groups: [MessageGroup], singles: SequenceNumberSet) {
        let classes = classes()
        var groups: [MessageGroup] = []
        var singles: [Int64] = []
        for run in classes.runs {
            let members = classes.order[run]
            if members.count == 1, let cell = members.first.map({ cells[Int($0)] }), cell.count == 1 {
                singles.append(contentsOf: cell.numbers.first.map { [$0.rawValue] } ?? cell.late)
            } else {
                groups.append(group(of: members, classes.templates))
            }
        }
        return (largestFirst(groups), SequenceNumberSet(raw: singles))
    }

    private func largestFirst(_ groups: [MessageGroup]) -> [MessageGroup] {
        groups.sorted { ($1.count, $0.sample) < ($0.count, $1.sample) }
    }

    private func group(of members: ArraySlice<Int32>, _ templates: [Int32: ArraySlice<UInt8>]) -> MessageGroup {
        var (first, last, fewest, most) = (Int64.max, Int64.min, Int.max, 0)
        for member in members {
            let cell = cells[Int(member)]
            first = min(first, cell.firstSeen)
            last = max(last, cell.lastSeen)
            fewest = min(fewest, cell.fewestDeliveries)
            most = max(most, cell.mostDeliveries)
        }
        let root = members.first ?? 0
        var values = GroupKeyReader.values(in: cells[Int(root)].key, count: keys.count)
        if let template = templates[root], let place = keys.firstIndex(of: .fingerprint) {
            values[place] = values[place].with(template: String(decoding: template, as: UTF8.self))
        }
        return MessageGroup(
            keys: keys, values: values, members: numbers(of: members), firstSeen: first == .max ? nil : Timestamp(milliseconds: first),
            lastSeen: last == .min ? nil : Timestamp(milliseconds: last), deliveries: min(fewest, most)...most)
    }

    private func numbers(of members: ArraySlice<Int32>) -> SequenceNumberSet {
        if members.count == 1, let cell = members.first.map({ cells[Int($0)] }), cell.late.isEmpty { return cell.numbers }
        var numbers: [Int64] = []
        numbers.reserveCapacity(members.reduce(0) { $0 + cells[Int($1)].count })
        for member in members {
            for number in cells[Int(member)].numbers { numbers.append(number.rawValue) }
            numbers.append(contentsOf: cells[Int(member)].late)
        }
        return SequenceNumberSet(raw: numbers)
    }

    // MARK: Merging

    /// Cells that are one group lie together in ``order``, the first one first.
    private struct Classes {
        var order: [Int32]
        var runs: [Range<Int>] = []
        /// The templates of those that were merged, by their first cell.
        var templates: [Int32: ArraySlice<UInt8>] = [:]
    }

    private func classes() -> Classes {
        var roots = cells.indices.map { Int32(truncatingIfNeeded: $0) }
        var classes = Classes(order: roots)
        if let place = keys.firstIndex(of: .fingerprint) { merge(at: place, &roots, &classes.templates) }
        classes.order.sort { (roots[Int($0)], $0) < (roots[Int($1)], $1) }
        var start = 0
        for end in classes.order.indices.dropFirst() where roots[Int(classes.order[end])] != roots[Int(classes.order[start])] {
            classes.runs.append(start..<end)
            start = end
        }
        if !classes.order.isEmpty { classes.runs.append(start..<classes.order.count) }
        return classes
    }

    /// Merges the templates of fingerprints among cells whose other values, and whose reasons, are equal: templates of different reasons stay
    /// apart, however much they look alike.
    private func merge(at place: Int, _ roots: inout [Int32], _ templates: inout [Int32: ArraySlice<UInt8>]) {
        var order = cells.enumerated().map { (rest: rest(of: $1.key, place), index: Int32(truncatingIfNeeded: $0)) }
        order.sort { ($0.rest, $0.index) < ($1.rest, $1.index) }
        var start = 0
        while start < order.count {
            var end = start + 1
            while end < order.count, order[end].rest == order[start].rest { end += 1 }
            merge(order[start..<end].map(\.index), at: place, &roots, &templates)
            start = end
        }
    }

    private func merge(
        _ alike: [Int32], at place: Int, _ roots: inout [Int32], _ templates: inout [Int32: ArraySlice<UInt8>]
    ) {
        guard alike.count >= TemplateMerging.fewValues, let first = alike.first else { return }
        // Hashes may be equal by chance.
        let model = parts(of: cells[Int(first)].key, place)
        let indices = alike.filter { index in
            let own = parts(of: cells[Int(index)].key, place)
            return own.before == model.before && own.after == model.after
        }
        let merging = TemplateMerging(
            indices.map { .init(template: parts(of: cells[Int($0)].key, place).template, count: cells[Int($0)].count) })
        var rootOf = [Int32](repeating: -1, count: merging.merged.count)
        for (index, found) in zip(indices, merging.places) {
            if rootOf[found] < 0 {
                rootOf[found] = index
                if merging.merged[found] != parts(of: cells[Int(index)].key, place).template { templates[index] = merging.merged[found] }
            }
            roots[Int(index)] = rootOf[found]
        }
    }

    /// A key's bytes before, in and behind the template of its fingerprint.
    private func parts(of key: [UInt8], _ place: Int) -> (before: ArraySlice<UInt8>, template: ArraySlice<UInt8>, after: ArraySlice<UInt8>)
    {
        let range = GroupKeyReader.template(in: key, place)
        // Before the template stands its length, which is not alike.
        return (key[..<max(range.lowerBound - 2, 0)], key[range], key[range.upperBound...])
    }

    private func rest(of key: [UInt8], _ place: Int) -> UInt64 {
        let parts = parts(of: key, place)
        var hash = StableHash()
        hash.combine(parts.before)
        hash.combine(0xff as UInt8)
        hash.combine(parts.after)
        return hash.value
    }
}
