import Testing

@testable import Sandbox

@Suite("An index of names")
struct NameIndexTests {
    @Test("gives pages in ordinal order, whatever the order in which names came")
    func order() {
        var index = NameIndex()
        for name in ["b", "B", "a/c", "a", "10", "9", "a.b", "a-b"] { index.insert(name) }
        #expect(index.page(skip: 0, top: 100) == ["10", "9", "B", "a", "a-b", "a.b", "a/c", "b"])
        #expect(index.page(skip: 2, top: 3) == ["B", "a", "a-b"])
        #expect(index.page(skip: 8, top: 3) == [])
        #expect(index.page(skip: 0, top: 0) == [])
        #expect(index.page(skip: .max, top: .max) == [])
    }

    @Test("agrees with a sorted array after thousands of insertions and removals", arguments: [1, 2, 3] as [UInt64])
    func model(seed: UInt64) {
        var random = BrokerRandom(seed: seed)
        var index = NameIndex()
        var model: Set<String> = []
        for _ in 0..<5000 {
            let name = "q\(Int.random(in: 0..<1500, using: &random))"
            if model.remove(name) != nil, Bool.random(using: &random) {
                index.remove(name)
            } else {
                if !model.contains(name) { index.remove(name) }
                index.remove("not there")
                model.insert(name)
                index.insert(name)
            }
        }
        let sorted = model.sorted()
        #expect(index.page(skip: 0, top: .max) == sorted)
        for skip in stride(from: 0, to: sorted.count, by: 97) {
            #expect(index.page(skip: skip, top: 100) == Array(sorted[skip...].prefix(100)))
        }
    }
}
