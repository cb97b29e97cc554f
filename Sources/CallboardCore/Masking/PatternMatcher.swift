/// The steps of a pattern.
struct PatternProgram: Sendable {
    enum Step: Sendable {
        /// Takes a scalar of a set.
        case take(set: Int)
        /// Goes on at both.
        case split(Int, Int)
        case jump(Int)
        case assert(PatternAssertion)
        case match
    }

    /// The most steps; repetitions are written out, so that a short pattern may have many.
    static let mostSteps = 4000

    private(set) var steps: [Step] = []
    private(set) var sets: [ScalarSet] = []
    private var parts = 0
    /// For each byte whether a match may begin with it.
    private(set) var beginnings = [Bool](repeating: false, count: 256)

    init(_ tree: PatternTree, ignoresCase: Bool) throws(MaskingPattern.Problem) {
        try write(tree, ignoresCase)
        try add(.match)
        findBeginnings()
    }

    private mutating func add(_ step: Step) throws(MaskingPattern.Problem) {
        guard steps.count < Self.mostSteps else {
            throw MaskingPattern.Problem(message: "with its repetitions written out the pattern is too large", offset: 0)
        }
        steps.append(step)
    }

    private mutating func write(_ tree: PatternTree, _ ignoresCase: Bool) throws(MaskingPattern.Problem) {
        // Repetitions of nothing add no step, and are still work.
        parts += 1
        guard parts <= 20 * Self.mostSteps else {
            throw MaskingPattern.Problem(message: "with its repetitions written out the pattern is too large", offset: 0)
        }
        switch tree {
        case .empty: break
        case .one(let set):
            let set = ignoresCase ? set.ignoringCase : set
            let index = sets.firstIndex(of: set) ?? sets.count
            if index == sets.count { sets.append(set) }
            try add(.take(set: index))
        case .assertion(let assertion): try add(.assert(assertion))
        case .sequence(let parts): for part in parts { try write(part, ignoresCase) }
        case .choice(let parts):
            var exits: [Int] = []
            for part in parts.dropLast() {
                let split = steps.count
                try add(.split(0, 0))
                try write(part, ignoresCase)
                exits.append(steps.count)
                try add(.jump(0))
                steps[split] = .split(split + 1, steps.count)
            }
            if let last = parts.last { try write(last, ignoresCase) }
            for exit in exits { steps[exit] = .jump(steps.count) }
        case .repetition(let inner, let bounds, let least):
            for _ in 0..<least { try write(inner, ignoresCase) }
            guard let bounds else {
                let split = steps.count
                try add(.split(0, 0))
                try write(inner, ignoresCase)
                try add(.jump(split))
                steps[split] = .split(split + 1, steps.count)
                return
            }
            var splits: [Int] = []
            for _ in least..<bounds.upperBound {
                splits.append(steps.count)
                try add(.split(0, 0))
                try write(inner, ignoresCase)
            }
            for split in splits { steps[split] = .split(split + 1, steps.count) }
        }
    }

    private mutating func findBeginnings() {
        var seen = Set<Int>()
        var open = [0]
        while let place = open.popLast() {
            guard seen.insert(place).inserted else { continue }
            switch steps[place] {
            case .take(let set):
                for byte in 0..<0x80 where sets[set].contains(UInt32(byte)) { beginnings[byte] = true }
                // Which of the other bytes it may be is left to the match itself.
                for byte in 0x80..<0x100 { beginnings[byte] = true }
            case .split(let a, let b): open += [a, b]
            case .jump(let to): open.append(to)
            case .assert: open.append(place + 1)
            case .match: break
            }
        }
    }
}

/// Follows a program through a text: every place it may be in at once, with the earliest start of each.
///
/// One that started earlier covers all that a later one in the same place will, so that one start a place is enough.
struct PatternMatcher {
    private struct Thread {
        var place: Int
        var start: Int
    }

    private let program: PatternProgram
    private var threads: [Thread] = []
    private var next: [Thread] = []
    /// The position at which a place was entered last, plus one.
    private var entered: [Int]
    private var open: [Int] = []
    private var hidden: [Range<Int>] = []

    init(_ program: PatternProgram) {
        self.program = program
        entered = [Int](repeating: 0, count: program.steps.count)
    }

    mutating func run(_ text: UnsafeBufferPointer<UInt8>, _ found: (Range<Int>) -> Void) {
        var place = 0
        var before: UInt32?
        while place <= text.count {
            if threads.isEmpty {
                // Most of a text is nothing a match may begin with.
                let from = place
                while place < text.count, !program.beginnings[Int(text[place])] { place += 1 }
                if place == text.count { break }
                if place > from { before = UInt32(text[place - 1]) }
            }
            let scalar = place < text.count ? Self.scalar(text, place) : nil
            // Threads that came here are older than the one that starts here, and stand before it.
            enter(0, start: place, at: place, before, scalar?.value)
            guard let scalar else { break }
            step(scalar.value, to: place + scalar.length, text)
            before = scalar.value
            place += scalar.length
        }
        for range in hidden { found(range) }
    }

    /// Takes a scalar everywhere.
    private mutating func step(_ scalar: UInt32, to end: Int, _ text: UnsafeBufferPointer<UInt8>) {
        swap(&threads, &next)
        threads.removeAll(keepingCapacity: true)
        let following = end < text.count ? Self.scalar(text, end).value : nil
        for index in next.indices {
            let thread = next[index]
            if case .take(let set) = program.steps[thread.place], program.sets[set].contains(scalar) {
                enter(thread.place + 1, start: thread.start, at: end, scalar, following)
            }
        }
    }

    /// Goes to a place and on from there as far as that takes no character.
    private mutating func enter(_ place: Int, start: Int, at position: Int, _ before: UInt32?, _ after: UInt32?) {
        open.append(place)
        while let place = open.popLast() {
            guard entered[place] != position + 1 else { continue }
            entered[place] = position + 1
            switch program.steps[place] {
            case .take: threads.append(Thread(place: place, start: start))
            case .split(let a, let b):
                open.append(b)
                open.append(a)
            case .jump(let to): open.append(to)
            case .assert(let assertion): if Self.holds(assertion, before, after) { open.append(place + 1) }
            case .match: hide(start..<position)
            }
        }
    }

    private mutating func hide(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        var range = range
        while let last = hidden.last, last.upperBound >= range.lowerBound {
            range = min(last.lowerBound, range.lowerBound)..<max(last.upperBound, range.upperBound)
            hidden.removeLast()
        }
        hidden.append(range)
    }

    private static func holds(_ assertion: PatternAssertion, _ before: UInt32?, _ after: UInt32?) -> Bool {
        let isWord = { (scalar: UInt32?) in scalar.map { ScalarSet.word.contains($0) } ?? false }
        return switch assertion {
        case .lineStart: before == nil || before == 0x0a
        case .lineEnd: after == nil || after == 0x0a || after == 0x0d
        case .wordBoundary: isWord(before) != isWord(after)
        case .noWordBoundary: isWord(before) == isWord(after)
        }
    }

    /// The scalar that begins at a place; a byte that begins none is one by itself, U+FFFD.
    private static func scalar(_ text: UnsafeBufferPointer<UInt8>, _ place: Int) -> (value: UInt32, length: Int) {
        let first = text[place]
        if first < 0x80 { return (UInt32(first), 1) }
        let length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
        guard first >= 0xc2, first < 0xf5, place + length <= text.count else { return (0xfffd, 1) }
        var value = UInt32(first) & (0x7f >> UInt32(length))
        for offset in 1..<length {
            let byte = text[place + offset]
            guard byte & 0xc0 == 0x80 else { return (0xfffd, 1) }
            value = value << 6 | UInt32(byte & 0x3f)
        }
        return (value, length)
    }
}
