public import ServiceBus

/// The messages that an action is to be done with, as they were when it was planned: it is done with these and no others.
public struct Snapshot: Hashable, Sendable {
    /// Messages that are reached in the same way.
    public struct Part: Hashable, Sendable {
        /// How they are reached.
        public var way: ManyPart.Way
        /// Which they are.
        public var numbers: SequenceNumberSet
    }

    /// Them, by how they are reached.
    public private(set) var parts: [Part] = []
    private var places: [ManyPart.Way: Int] = [:]

    /// No messages.
    public init() {}

    /// Messages that are reached in these ways.
    init(parts: [Part]) {
        self.parts = parts
        count = parts.reduce(0) { $0 + $1.numbers.count }
    }

    /// How many there are.
    public private(set) var count = 0
    /// Whether there are none.
    public var isEmpty: Bool { parts.isEmpty }
    /// The lowest number.
    public var first: SequenceNumber? { parts.compactMap(\.numbers.first).min() }
    /// The highest number.
    public var last: SequenceNumber? { parts.compactMap(\.numbers.last).max() }

    /// Adds a message; those of a part come in ascending order.
    /// - Returns: false, and it is not added, when it does not.
    mutating func add(_ number: SequenceNumber, reached way: ManyPart.Way) -> Bool {
        let place = places[way] ?? parts.count
        if place == parts.count {
            parts.append(Part(way: way, numbers: SequenceNumberSet()))
            places[way] = place
        }
        guard parts[place].numbers.append(number.rawValue) else { return false }
        count += 1
        return true
    }

    /// All numbers, ascending.
    public var numbers: SequenceNumberSet {
        if let only = parts.first, parts.count == 1 { return only.numbers }
        return SequenceNumberSet(parts.flatMap { Array($0.numbers) })
    }
}
