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
            if wasOpen != newValue.isOpen { open += wasOpen ? -1 : 1 }
        }
    }

    /// Whether a message stands behind all that are looked for in its partition.
    func isBehind(_ number: SequenceNumber) -> Bool { highest[number.rawValue >> 48].map { number > $0 } ?? true }

    /// Those that are still to be received, ascending.
    var openNumbers: [SequenceNumber] { zip(numbers, standings).compactMap { $1.isOpen ? $0 : nil } }
}

extension ManyLedger.Standing {
    /// Whether it is still to be received.
    var isOpen: Bool { self == .waiting || self == .unresolved || self == .copied }
}
