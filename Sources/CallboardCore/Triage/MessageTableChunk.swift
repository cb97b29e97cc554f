internal import ServiceBus

/// Up to 4,096 rows of a ``MessageTable`` in columns.
///
/// A full chunk is packed to its exact size, so that no table carries the slack of arrays that grew by doubling.
struct Chunk: Sendable {
    static let rows = 4096

    private(set) var sequences: [Int64] = []
    /// Milliseconds since 1970; `Int64.min` for none.
    private var enqueued: [Int64] = []
    private var messageIDs: [TextReference] = []
    private var subjects: [TextReference] = []
    private var reasons: [TextReference] = []
    private var deliveryCounts: [UInt16] = []
    private var states: [UInt8] = []
    private var sizes: [UInt32] = []
    /// Texts that are not interned, one after the other, each with its length in front.
    private var arena: [UInt8] = []
    private var lowest = Int64.max
    private var highest = Int64.min

    mutating func append(_ row: MessageTable.Row, pool: inout TextPool) {
        let number = row.sequenceNumber.rawValue
        sequences.append(number)
        lowest = min(lowest, number)
        highest = max(highest, number)
        enqueued.append(row.enqueuedTime?.milliseconds ?? .min)
        messageIDs.append(keepID(row.messageID))
        subjects.append(keep(row.subject, &pool))
        reasons.append(keep(row.deadLetterReason, &pool))
        deliveryCounts.append(UInt16(clamping: row.deliveryCount))
        states.append(Self.code(row.state))
        sizes.append(UInt32(clamping: row.encodedSize))
        if sequences.count == Self.rows { pack() }
    }

    func row(_ index: Int, pool: TextPool) -> MessageTable.Row {
        MessageTable.Row(
            sequenceNumber: SequenceNumber(sequences[index]),
            enqueuedTime: enqueued[index] == .min ? nil : Timestamp(milliseconds: enqueued[index]),
            messageID: text(messageIDs[index], pool), subject: text(subjects[index], pool),
            deadLetterReason: text(reasons[index], pool), deliveryCount: Int(deliveryCounts[index]), state: Self.state(states[index]),
            encodedSize: Int(sizes[index]))
    }

    func mayHold(_ number: Int64) -> Bool { lowest <= number && number <= highest }

    func matches(_ index: Int, needle: [UInt8], number: [UInt8]?, pool: TextPool, hits: [Bool]) -> Bool {
        if let number, String(sequences[index]).utf8.starts(with: number) { return true }
        for reference in [subjects[index], reasons[index]] {
            switch reference.place {
            case .none: continue
            case .pool(let entry): if hits[entry] { return true }
            case .arena(let offset): if stored(offset).containsIgnoringASCIICase(needle) { return true }
            case .uuid: continue
            }
        }
        return text(messageIDs[index], pool)?.utf8.containsIgnoringASCIICase(needle) ?? false
    }

    var sizeInBytes: Int {
        sequences.capacity * 8 + enqueued.capacity * 8 + (messageIDs.capacity + subjects.capacity + reasons.capacity) * 4
            + deliveryCounts.capacity * 2 + states.capacity + sizes.capacity * 4 + arena.capacity
    }

    /// Copies every column to its exact size.
    private mutating func pack() {
        sequences = sequences.withExactCapacity()
        enqueued = enqueued.withExactCapacity()
        messageIDs = messageIDs.withExactCapacity()
        subjects = subjects.withExactCapacity()
        reasons = reasons.withExactCapacity()
        deliveryCounts = deliveryCounts.withExactCapacity()
        states = states.withExactCapacity()
        sizes = sizes.withExactCapacity()
        arena = arena.withExactCapacity()
    }

    private mutating func keep(_ text: String?, _ pool: inout TextPool) -> TextReference {
        guard let text else { return .none }
        return pool.intern(text).map { .pool($0) } ?? store(text)
    }

    private mutating func keepID(_ text: String?) -> TextReference {
        guard let text else { return .none }
        guard let id = PackedUUID(text) else { return store(text) }
        let reference = TextReference.uuid(arena.count)
        id.write(to: &arena)
        return reference
    }

    private mutating func store(_ text: String) -> TextReference {
        let reference = TextReference.arena(arena.count)
        let bytes = text.utf8.prefixOfWholeCharacters(MessageTable.longestText)
        arena.append(UInt8(truncatingIfNeeded: bytes.count & 0xff))
        arena.append(UInt8(truncatingIfNeeded: bytes.count >> 8))
        arena.append(contentsOf: bytes)
        return reference
    }

    private func text(_ reference: TextReference, _ pool: TextPool) -> String? {
        switch reference.place {
        case .none: nil
        case .pool(let entry): pool.texts[entry]
        case .arena(let offset): String(decoding: stored(offset), as: UTF8.self)
        case .uuid(let offset): PackedUUID(arena[offset..<offset + PackedUUID.size]).text
        }
    }

    private func stored(_ offset: Int) -> ArraySlice<UInt8> {
        let count = Int(arena[offset]) | Int(arena[offset + 1]) << 8
        return arena[offset + 2..<offset + 2 + count]
    }

    private static func code(_ state: MessageState) -> UInt8 {
        switch state {
        case .active: 0
        case .deferred: 1
        case .scheduled: 2
        case .other(let value): UInt8(clamping: max(3, value))
        }
    }

    private static func state(_ code: UInt8) -> MessageState {
        switch code {
        case 0: .active
        case 1: .deferred
        case 2: .scheduled
        default: .other(Int64(code))
        }
    }
}

/// Where a text of a row is kept, in four bytes: the two low bits say how.
struct TextReference: Hashable, Sendable {
    private let bits: UInt32
    private init(bits: UInt32) { self.bits = bits }

    enum Place {
        case none
        case pool(Int)
        case arena(Int)
        case uuid(Int)
    }

    static let none = TextReference(bits: 0)
    // A chunk's arena holds at most 4,096 rows of three texts of 258 bytes (3.2 MB), far below 2^30.
    static func pool(_ entry: Int) -> TextReference { TextReference(bits: UInt32(truncatingIfNeeded: entry) << 2 | 1) }
    static func arena(_ offset: Int) -> TextReference { TextReference(bits: UInt32(truncatingIfNeeded: offset) << 2 | 2) }
    static func uuid(_ offset: Int) -> TextReference { TextReference(bits: UInt32(truncatingIfNeeded: offset) << 2 | 3) }

    var place: Place {
        switch bits & 3 {
        case 0: .none
        case 1: .pool(Int(bits >> 2))
        case 2: .arena(Int(bits >> 2))
        default: .uuid(Int(bits >> 2))
        }
    }
}
