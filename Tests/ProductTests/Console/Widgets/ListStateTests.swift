import Testing

@testable import Console

@Suite struct ListStateTests {
    @Test("a line step scrolls by one line, and only at the edge")
    func lineSteps() {
        var list = ListState()
        for _ in 0..<4 { list.move(.lines(1), count: 100, height: 5) }
        #expect((list.selected, list.top) == (4, 0))
        list.move(.lines(1), count: 100, height: 5)
        #expect((list.selected, list.top) == (5, 1))
        list.move(.lines(-1), count: 100, height: 5)
        #expect((list.selected, list.top) == (4, 1))
    }

    @Test("pages keep one line in view; the ends are the ends")
    func pages() {
        var list = ListState()
        list.move(.pages(1), count: 100, height: 10)
        #expect((list.selected, list.top) == (9, 9))
        list.move(.last, count: 100, height: 10)
        #expect((list.selected, list.top) == (99, 90))
        list.move(.pages(1), count: 100, height: 10)
        #expect((list.selected, list.top) == (99, 90))
        list.move(.first, count: 100, height: 10)
        #expect((list.selected, list.top) == (0, 0))
    }

    @Test("whatever happens, the selection is in the list and on screen")
    func invariant() {
        var list = ListState()
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let count = Int.random(in: 0...50, using: &random)
            let height = Int.random(in: 0...20, using: &random)
            let steps: [ListState.Step] = [.lines(1), .lines(-3), .pages(1), .pages(-1), .halfPages(1), .first, .last]
            list.move(steps[Int.random(in: 0..<steps.count, using: &random)], count: count, height: height)
            #expect(list.selected >= 0 && list.selected < max(count, 1))
            let visible = list.visible(count: count, height: max(height, 1))
            #expect(count == 0 || visible.contains(list.selected))
        }
    }
}
