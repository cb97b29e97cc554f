import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Sets of sequence numbers")
struct SequenceNumberSetTests {
    private func set(_ numbers: [Int64]) -> SequenceNumberSet { SequenceNumberSet(numbers.map { SequenceNumber($0) }) }

    @Test(
        "what goes in comes out in ascending order, each once",
        arguments: [
            [], [0], [7, 3, 7, 5], [.min, -1, 0, .max], [1 << 48, 1 << 48 + 127, 1 << 48 + 128, 5 << 48],
            Array(1...2000), (1...1500).map { $0 * 1_000_003 },
        ] as [[Int64]])
    func order(numbers: [Int64]) {
        let expected = Array(Set(numbers)).sorted()
        let found = set(numbers)
        #expect(found.map(\.rawValue) == expected)
        #expect(found.count == expected.count)
        #expect(found.first?.rawValue == expected.first && found.last?.rawValue == expected.last)
        #expect(found == set(numbers.reversed()), "a set is the same however it came about")
    }

    @Test("membership is exact, on either side of every mark")
    func membership() {
        let found = set((0..<3000).map { $0 * 3 })
        for number in -3...9003 as ClosedRange<Int64> {
            #expect(found.contains(SequenceNumber(number)) == (number >= 0 && number <= 8997 && number % 3 == 0))
        }
        #expect(!SequenceNumberSet().contains(SequenceNumber(0)))
    }

    @Test("a number that is not larger than all others is not appended")
    func ascending() {
        var found = SequenceNumberSet()
        #expect(found.append(5) && found.append(9))
        #expect(!found.append(9) && !found.append(7) && !found.append(.min))
        #expect(found == set([5, 9]))
    }

    @Test("neighbours share a range, what lies far apart does not")
    func ranges() {
        let found = set([1, 2, 3, 10, 11, 100])
        let plain = { (ranges: [ClosedRange<SequenceNumber>]) in ranges.map { $0.lowerBound.rawValue...$0.upperBound.rawValue } }
        #expect(plain(found.ranges(gap: 1)) == [1...3, 10...11, 100...100])
        #expect(plain(found.ranges(gap: 10)) == [1...11, 100...100])
        #expect(plain(found.ranges(gap: 1, from: SequenceNumber(3))) == [3...3, 10...11, 100...100])
        #expect(plain(set([.min, .max]).ranges(gap: .max)) == [.min ... .min, .max ... .max])
    }

    @Test("a hundred thousand neighbours take little more than a byte each, one takes nothing")
    func size() {
        #expect(set(Array(1...100_000)).sizeInBytes < 110_000)
        #expect(set([88_213]).sizeInBytes == 0)
    }
}
