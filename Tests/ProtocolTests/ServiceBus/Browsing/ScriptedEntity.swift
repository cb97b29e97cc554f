@testable import ServiceBus

/// A message that is nothing but its number.
struct Token: Numbered, Hashable {
    var number: Int64
    var size = 100
}

/// An entity in memory that answers peeks by the service's rules, and changes while it is looked at.
struct ScriptedEntity {
    /// Whether a peek goes on into the next partition.
    enum Reading: CaseIterable { case crossesPartitions, staysInPartition }

    private(set) var numbers: [Int64]
    private(set) var everThere: Set<Int64>
    private(set) var alwaysThere: Set<Int64>
    var reading = Reading.crossesPartitions
    /// The most messages of a page, whatever was asked for.
    var pageLimit: (Int) -> Int = { _ in 250 }

    init(_ numbers: some Sequence<Int64>) {
        self.numbers = Set(numbers).sorted()
        everThere = Set(self.numbers)
        alwaysThere = everThere
    }

    func page(from: Int64, count: Int) -> [Token] {
        let start = numbers.partitioningIndex { $0 >= from }
        var page = numbers[start...].prefix(min(count, max(1, pageLimit(start))))
        if reading == .staysInPartition { page = page.prefix { $0 >> 48 == from >> 48 } }
        return page.map { Token(number: $0) }
    }

    mutating func insert(_ number: Int64) {
        let place = numbers.partitioningIndex { $0 >= number }
        guard place == numbers.count || numbers[place] != number else { return }
        numbers.insert(number, at: place)
        everThere.insert(number)
    }

    mutating func remove(at place: Int) { alwaysThere.remove(numbers.remove(at: place)) }
}

extension Array {
    /// The first index whose element satisfies a condition that all later ones satisfy too.
    func partitioningIndex(where belongs: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if belongs(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

/// A generator whose every run is the same (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}
