public import ServiceBus

/// Sequence numbers in ascending order, each once, held as the differences between them: of neighbours in a queue one byte each, where an
/// array takes eight. A single number takes no memory of its own.
public struct SequenceNumberSet: Hashable, Sendable {
    /// How many there are.
    public private(set) var count = 0
    private var lowest: Int64 = 0
    private var highest: Int64 = 0
    /// From the second number on the difference to the one before, seven bits a byte, the low ones first.
    private var differences: [UInt8] = []
    /// Every ``stride``-th number, so that one is found without adding up all before it.
    private var marks: [Mark] = []

    private struct Mark: Hashable {
        var number: Int64
        /// Where the difference of the next number lies.
        var offset: Int
    }

    private static let stride = 512

    /// An empty set.
    public init() {}

    /// The numbers of a sequence, in whatever order they are.
    public init(_ numbers: some Sequence<SequenceNumber>) { self.init(raw: numbers.map(\.rawValue)) }

    init(raw numbers: [Int64]) {
        var numbers = numbers
        numbers.sort()
        for number in numbers { append(number) }
        differences = differences.withExactCapacity()
    }

    /// Adds a number that is larger than all others.
    /// - Returns: false, and nothing is added, when it is not.
    @discardableResult
    mutating func append(_ number: Int64) -> Bool {
        guard count > 0 else {
            (lowest, highest, count) = (number, number, 1)
            return true
        }
        guard number > highest else { return false }
        // As bits, the difference of any two numbers in order is right.
        var rest = UInt64(bitPattern: number) &- UInt64(bitPattern: highest)
        while rest >= 0x80 {
            differences.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        differences.append(UInt8(truncatingIfNeeded: rest))
        highest = number
        if count % Self.stride == 0 { marks.append(Mark(number: number, offset: differences.count)) }
        count += 1
        return true
    }

    /// Whether there is none.
    public var isEmpty: Bool { count == 0 }
    /// The lowest.
    public var first: SequenceNumber? { isEmpty ? nil : SequenceNumber(lowest) }
    /// The highest.
    public var last: SequenceNumber? { isEmpty ? nil : SequenceNumber(highest) }

    /// Whether a number is one of them.
    public func contains(_ number: SequenceNumber) -> Bool {
        let wanted = number.rawValue
        guard count > 0, wanted >= lowest, wanted <= highest else { return false }
        // The last mark that is not beyond it.
        var (low, high) = (0, marks.count)
        while low < high {
            let middle = (low + high) / 2
            if marks[middle].number <= wanted { low = middle + 1 } else { high = middle }
        }
        var iterator = low > 0 ? Iterator(differences, at: marks[low - 1].offset, after: marks[low - 1].number) : makeIterator()
        while let next = iterator.next() {
            if next.rawValue >= wanted { return next.rawValue == wanted }
        }
        return false
    }

    /// Ranges that hold all of them, in order and apart; numbers no farther apart than `gap` share one.
    /// - Parameter from: leave out the numbers before this one.
    public func ranges(gap: Int64, from: SequenceNumber = SequenceNumber(.min)) -> [ClosedRange<SequenceNumber>] {
        var ranges: [ClosedRange<SequenceNumber>] = []
        for number in self where number >= from {
            if let last = ranges.last {
                let (distance, overflow) = number.rawValue.subtractingReportingOverflow(last.upperBound.rawValue)
                if !overflow, distance <= gap {
                    ranges[ranges.count - 1] = last.lowerBound...number
                    continue
                }
            }
            ranges.append(number...number)
        }
        return ranges
    }

    /// The bytes it takes besides itself.
    var sizeInBytes: Int { differences.capacity + marks.capacity * MemoryLayout<Mark>.stride }
}

extension SequenceNumberSet: Sequence {
    /// The numbers to come.
    public struct Iterator: IteratorProtocol {
        private let differences: [UInt8]
        private var offset: Int
        private var number: Int64?

        /// - Parameter number: the first to give; nil at the end.
        init(_ differences: [UInt8], at offset: Int, after number: Int64?) {
            self.differences = differences
            self.offset = offset
            self.number = number
        }

        /// The next number; nil at the end.
        public mutating func next() -> SequenceNumber? {
            guard let current = number else { return nil }
            var (difference, shift): (UInt64, UInt64) = (0, 0)
            number = nil
            while offset < differences.count {
                let byte = differences[offset]
                offset += 1
                difference |= UInt64(byte & 0x7f) << shift
                shift += 7
                if byte < 0x80 {
                    number = Int64(bitPattern: UInt64(bitPattern: current) &+ difference)
                    break
                }
            }
            return SequenceNumber(current)
        }
    }

    /// Starts at the lowest.
    public func makeIterator() -> Iterator { Iterator(differences, at: 0, after: count > 0 ? lowest : nil) }
    /// How many there are.
    public var underestimatedCount: Int { count }
}
