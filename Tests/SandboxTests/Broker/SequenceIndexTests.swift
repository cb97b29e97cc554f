import Testing

@testable import Sandbox

/// A small generator, so that failures repeat.
struct TestRandom: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }
}

@Suite struct SequenceIndexTests {
    private func contents(_ index: borrowing SequenceIndex<Int64>, from key: Int64 = .min) -> [Int64] {
        var found: [Int64] = []
        index.forEach(from: key) {
            found.append($0)
            return true
        }
        return found
    }

    @Test func behavesLikeASortedDictionaryUnderRandomSteps() {
        var random = TestRandom(state: 5)
        var index = SequenceIndex<Int64>()
        var model: [Int64: Int64] = [:]
        for step in 0..<60_000 {
            let key = Int64.random(in: 0..<4000, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0...4:
                index.insert(key * 10, at: key)
                model[key] = key * 10
            case 5...7:
                let removed = index.remove(key)
                #expect(removed == model.removeValue(forKey: key))
            case 8:
                let found = index[key]
                #expect(found == model[key])
            default:
                let lowest = model.keys.min()
                let popped = index.popFirst()
                #expect(popped == lowest.map { $0 * 10 })
                if let lowest { model[lowest] = nil }
            }
            let count = index.count
            #expect(count == model.count)
            if step % 5000 == 0 {
                let sorted = model.keys.sorted()
                #expect(contents(index) == sorted.map { $0 * 10 })
                #expect(contents(index, from: key) == sorted.filter { $0 >= key }.map { $0 * 10 })
                let (first, last) = (index.firstKey, index.lastKey)
                #expect(first == sorted.first)
                #expect(last == sorted.last)
            }
        }
    }

    @Test func fillsAndEmptiesAtBothEnds() {
        var index = SequenceIndex<Int64>()
        for key in Int64(0)..<5000 { index.insert(key, at: key) }
        for key in Int64(0)..<5000 {
            let popped = index.popFirst()
            #expect(popped == key)
        }
        let isEmpty = index.isEmpty && index.first == nil
        #expect(isEmpty)
        let popped = index.popFirst()
        #expect(popped == nil)
        for key in stride(from: Int64(5000), to: 0, by: -1) { index.insert(key, at: key) }
        #expect(contents(index) == Array(1...5000))
        index.removeAll()
        #expect(contents(index) == [])
    }

    @Test func aVisitEndsWhenItIsToldTo() {
        var index = SequenceIndex<Int64>()
        for key in Int64(0)..<1000 { index.insert(key, at: key) }
        var seen = 0
        index.forEach(from: 300) { _ in
            seen += 1
            return seen < 400
        }
        #expect(seen == 400)
    }
}

@Suite struct DeadlineHeapTests {
    private final class Bearer: DeadlineBearer {
        let id: Int
        init(_ id: Int) { self.id = id }
    }

    @Test func firesInOrderOfTimeAndThenOfSetting() {
        var heap = DeadlineHeap()
        let bearers = (0..<10).map(Bearer.init)
        for bearer in bearers { heap.set(bearer, to: Int64(bearer.id % 3)) }
        heap.cancel(bearers[4])
        heap.cancel(bearers[4])
        heap.set(bearers[0], to: 2)
        var fired: [Int] = []
        while let bearer = heap.popDue(at: 2) { fired.append((bearer as? Bearer)?.id ?? -1) }
        #expect(fired == [3, 6, 9, 1, 7, 2, 5, 8, 0])
        let rest = heap.earliest
        #expect(rest == nil)
    }

    @Test func behavesLikeASortedListUnderRandomSteps() {
        var random = TestRandom(state: 11)
        var heap = DeadlineHeap()
        let bearers = (0..<300).map(Bearer.init)
        var model: [Int: Int64] = [:]
        for _ in 0..<30_000 {
            let bearer = bearers[Int.random(in: 0..<300, using: &random)]
            switch Int.random(in: 0..<4, using: &random) {
            case 0, 1:
                let time = Int64.random(in: 0..<1000, using: &random)
                heap.set(bearer, to: time)
                model[bearer.id] = time
            case 2:
                heap.cancel(bearer)
                model[bearer.id] = nil
            default:
                let now = Int64.random(in: 0..<1000, using: &random)
                let fired = heap.popDue(at: now) as? Bearer
                let earliest = model.values.min()
                if let earliest, earliest <= now {
                    #expect(fired.flatMap { model[$0.id] } == earliest)
                } else {
                    #expect(fired == nil)
                }
                if let fired { model[fired.id] = nil }
            }
            let (count, earliest) = (heap.count, heap.earliest)
            #expect(count == model.count)
            #expect(earliest == model.values.min())
            #expect(bearer.hasDeadline == (model[bearer.id] != nil))
        }
    }
}
