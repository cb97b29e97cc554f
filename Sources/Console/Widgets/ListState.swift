/// Which line of a list is selected and which is the first one on screen.
struct ListState: Hashable, Sendable {
    private(set) var selected = 0
    private(set) var top = 0

    /// How far to move.
    enum Step: Hashable, Sendable {
        case lines(Int)
        case pages(Int)
        case halfPages(Int)
        case first
        case last
    }

    /// Moves the selection; the list scrolls only as far as it must.
    mutating func move(_ step: Step, count: Int, height: Int) {
        let page = max(height - 1, 1)
        switch step {
        case .lines(let lines): selected += lines
        case .pages(let pages): scroll(pages * page)
        case .halfPages(let pages): scroll(pages * max(height / 2, 1))
        case .first: selected = 0
        case .last: selected = count - 1
        }
        settle(count: count, height: height)
    }

    private mutating func scroll(_ lines: Int) {
        selected += lines
        top += lines
    }

    /// Selects a line.
    mutating func select(_ line: Int, count: Int, height: Int) {
        selected = line
        settle(count: count, height: height)
    }

    /// Brings selection and scroll position into what there is.
    mutating func settle(count: Int, height: Int) {
        let height = max(height, 1)
        selected = min(max(selected, 0), max(count - 1, 0))
        top = min(max(top, 0), max(count - height, 0))
        if selected < top { top = selected }
        if selected >= top + height { top = selected - height + 1 }
    }

    /// The lines on screen.
    func visible(count: Int, height: Int) -> Range<Int> {
        let start = min(top, max(count, 0))
        return start..<min(start + max(height, 0), max(count, start))
    }
}

/// Which line of a long text is the first one on screen.
struct ScrollState: Hashable, Sendable {
    private(set) var top = 0

    mutating func move(_ step: ListState.Step, count: Int, height: Int) {
        switch step {
        case .lines(let lines): top += lines
        case .pages(let pages): top += pages * max(height - 1, 1)
        case .halfPages(let pages): top += pages * max(height / 2, 1)
        case .first: top = 0
        case .last: top = count
        }
        settle(count: count, height: height)
    }

    mutating func settle(count: Int, height: Int) {
        top = min(max(top, 0), max(count - max(height, 1), 0))
    }

    mutating func reset() { top = 0 }
}
