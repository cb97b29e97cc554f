/// What has become of each of the messages that an operation is to act on.
struct ManyLedger {
    enum Standing: UInt8 {
        /// Nothing was done with it yet.
        case waiting
        /// It was acted on, and nobody knows with what result: it is acted on again if it comes again, and done if it is gone.
        case unresolved
        /// A copy of it was sent: it is to be removed.
        case copied
        /// It is being acted on.
        case underWay
        /// It is not to be looked for any more.
        case settled
    }

    private let numbers: [SequenceNumber]
    private var standings: [Standing]
    /// The highest number of each partition, by the top 16 bits.
    private let highest: [Int64: SequenceNumber]
    /// How many are still to be received.
    private(set) var open: Int
    /// Before this place none is to be received any more.
    private var front = 0

    init(_ numbers: [SequenceNumber], unresolved: Set<SequenceNumber>, copied: Set<SequenceNumber>) {
        self.numbers = numbers
        standings = numbers.map { copied.contains($0) ? .copied : unresolved.contains($0) ? .unresolved : .waiting }
        open = numbers.count
        highest = Dictionary(numbers.map { ($0.rawValue >> 48, $0) }, uniquingKeysWith: max)
    }

    private func index(of number: SequenceNumber) -> Int? {
        var (low, high) = (0, numbers.count)
        while low < high {
            let middle = (low + high) / 2
            if numbers[middle] < number { low = middle + 1 } else { high = middle }
        }
        return low < numbers.count && numbers[low] == number ? low : nil
    }

    /// How a message stands; nil when it is none of them.
    subscript(number: SequenceNumber) -> Standing? {
        get { index(of: number).map { standings[$0] } }
        set {
            guard let index = index(of: number), let newValue else { return }
            let wasOpen = standings[index].isOpen
            standings[index] = newValue
            if newValue.isOpen { front = min(front, index) }
            if wasOpen != newValue.isOpen { open += wasOpen ? -1 : 1 }
        }
    }

    /// Whether a message stands behind all that are looked for in its partition.
    func isBehind(_ number: SequenceNumber) -> Bool { highest[number.rawValue >> 48].map { number > $0 } ?? true }

    /// Whether other messages may stand between them: their numbers do not follow one another.
    var hasGaps: Bool {
        guard let first = numbers.first, let last = numbers.last else { return false }
        return last.rawValue.subtractingReportingOverflow(first.rawValue).partialValue != Int64(numbers.count - 1)
    }

    /// How many of the first that are still to be received follow one another, so that nothing else stands between them.
    mutating func run(atMost limit: Int) -> Int {
        while front < standings.count, !standings[front].isOpen { front += 1 }
        var count = 0
        while count < limit, front + count < numbers.count, standings[front + count].isOpen,
            numbers[front + count].rawValue.subtractingReportingOverflow(numbers[front].rawValue).partialValue == Int64(count)
        {
            count += 1
        }
        return count
    }

    /// Those that are still to be received, ascending.
    var openNumbers: [SequenceNumber] { zip(numbers, standings).compactMap { $1.isOpen ? $0 : nil } }
}

extension ManyLedger.Standing {
    /// Whether it is still to be received.
    var isOpen: Bool { self == .waiting || self == .unresolved || self == .copied }
}
