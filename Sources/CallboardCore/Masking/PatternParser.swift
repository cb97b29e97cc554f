/// Reads the text of a ``MaskingPattern``. Recursion is as deep as groups are nested, which is bounded.
struct PatternParser {
    private static let deepest = 32
    private static let mostRepetitions = 1000

    private let scalars: [Unicode.Scalar]
    private var place = 0
    /// Whether it began with `(?i)`.
    private(set) var ignoresCase = false

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    typealias Problem = MaskingPattern.Problem

    mutating func parse() throws(Problem) -> PatternTree {
        if scalars.starts(with: "(?i)".unicodeScalars) {
            ignoresCase = true
            place = 4
        }
        let tree = try choice(depth: 0)
        if place < scalars.count { throw problem("')' closes nothing") }
        return tree
    }

    private var current: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

    private func problem(_ message: String, at offset: Int? = nil) -> Problem { Problem(message: message, offset: offset ?? place) }

    private mutating func choice(depth: Int) throws(Problem) -> PatternTree {
        var parts = [try sequence(depth: depth)]
        while current == "|" {
            place += 1
            parts.append(try sequence(depth: depth))
        }
        return parts.count == 1 ? parts[0] : .choice(parts)
    }

    private mutating func sequence(depth: Int) throws(Problem) -> PatternTree {
        var parts: [PatternTree] = []
        while let scalar = current, scalar != "|", scalar != ")" { parts.append(try repeated(try atom(depth: depth))) }
        return parts.isEmpty ? .empty : .sequence(parts)
    }

    private mutating func atom(depth: Int) throws(Problem) -> PatternTree {
        guard let scalar = current else { return .empty }
        let start = place
        place += 1
        switch scalar {
        case "(":
            if depth >= Self.deepest { throw problem("groups are nested too deeply", at: start) }
            if current == "?" {
                guard place + 1 < scalars.count, scalars[place + 1] == ":" else {
                    throw problem("of groups that begin with '(?' there is only '(?:', and '(?i)' at the beginning", at: start)
                }
                place += 2
            }
            let inner = try choice(depth: depth + 1)
            guard current == ")" else { throw problem("')' is missing", at: start) }
            place += 1
            return inner
        case "[": return .one(try set(from: start))
        case ".": return .one(.anyButNewline)
        case "^": return .assertion(.lineStart)
        case "$": return .assertion(.lineEnd)
        case "*", "+", "?": throw problem("'\(scalar)' has nothing to repeat", at: start)
        case "{": throw problem("'{' has nothing to repeat; write \\{ for the character", at: start)
        case "\\": return try escape(from: start)
        default: return .one(.single(scalar))
        }
    }

    // MARK: Repetition

    private mutating func repeated(_ tree: PatternTree) throws(Problem) -> PatternTree {
        let start = place
        let result: PatternTree
        switch current {
        case "*": result = .repetition(tree, nil, least: 0)
        case "+": result = .repetition(tree, nil, least: 1)
        case "?": result = .repetition(tree, 0...1, least: 0)
        case "{": result = try counted(tree)
        default: return tree
        }
        if current != nil, "*+?".unicodeScalars.contains(scalars[start]) { place += 1 }
        if case .assertion = tree { throw problem("there is nothing to repeat in what has no length", at: start) }
        guard let next = current, "*+?{".unicodeScalars.contains(next) else { return result }
        throw problem("lazy and possessive quantifiers say nothing here: every character of any match is hidden")
    }

    private mutating func counted(_ tree: PatternTree) throws(Problem) -> PatternTree {
        let start = place
        place += 1
        guard let least = number() else { throw problem("a number is missing behind '{'; write \\{ for the character", at: start) }
        var most: Int? = least
        if current == "," {
            place += 1
            most = number()
        }
        guard current == "}" else { throw problem("'}' is missing", at: start) }
        place += 1
        guard max(least, most ?? 0) <= Self.mostRepetitions else { throw problem("at most \(Self.mostRepetitions) repetitions", at: start) }
        guard let most else { return .repetition(tree, nil, least: least) }
        guard least <= most, most > 0 else { throw problem("the repetition is of nothing", at: start) }
        return .repetition(tree, least...most, least: least)
    }

    private mutating func number() -> Int? {
        let start = place
        while let scalar = current, ("0"..."9").contains(scalar), place - start < 6 { place += 1 }
        return Int(String(String.UnicodeScalarView(scalars[start..<place])))
    }

    // MARK: Escapes and sets

    private mutating func escape(from start: Int) throws(Problem) -> PatternTree {
        switch current {
        case "b":
            place += 1
            return .assertion(.wordBoundary)
        case "B":
            place += 1
            return .assertion(.noWordBoundary)
        default: return .one(try escapedSet(from: start))
        }
    }

    private mutating func escapedSet(from start: Int) throws(Problem) -> ScalarSet {
        guard let scalar = current else { throw problem("a character is missing behind '\\'", at: start) }
        place += 1
        switch scalar {
        case "d": return .digits
        case "D": return ScalarSet.digits.negated
        case "w": return .word
        case "W": return ScalarSet.word.negated
        case "s": return .space
        case "S": return ScalarSet.space.negated
        case "n": return .single("\n")
        case "r": return .single("\r")
        case "t": return .single("\t")
        case "x", "u":
            let count = scalar == "x" ? 2 : 4
            let digits = String(String.UnicodeScalarView(scalars[place..<min(place + count, scalars.count)]))
            guard digits.unicodeScalars.count == count, let value = UInt32(digits, radix: 16), digits.utf8.first != UInt8(ascii: "+"),
                let escaped = Unicode.Scalar(value)
            else { throw problem("'\\\(scalar)' needs \(count) hexadecimal digits", at: start) }
            place += count
            return .single(escaped)
        default:
            let isWord = scalar.isASCII && UInt8(ascii: scalar).isWordByte
            if isWord {
                let digits = "123456789".unicodeScalars.contains(scalar) ? "; references to groups cannot be matched in one pass" : ""
                throw problem("'\\\(scalar)' is not known\(digits)", at: start)
            }
            return .single(scalar)
        }
    }

    private mutating func set(from start: Int) throws(Problem) -> ScalarSet {
        var set = ScalarSet()
        let isNegated = current == "^"
        if isNegated { place += 1 }
        var isFirst = true
        while let scalar = current, scalar != "]" || isFirst {
            isFirst = false
            let at = place
            let low = try member()
            guard current == "-", place + 1 < scalars.count, scalars[place + 1] != "]" else {
                set.insert(low)
                continue
            }
            place += 1
            let high = try member()
            guard let from = low.only, let to = high.only, from <= to else {
                throw problem("a range goes from one character to a later one", at: at)
            }
            set.insert(from...to)
        }
        guard current == "]" else { throw problem("']' is missing", at: start) }
        place += 1
        return isNegated ? set.negated : set
    }

    private mutating func member() throws(Problem) -> ScalarSet {
        guard let scalar = current else { throw problem("']' is missing") }
        let start = place
        place += 1
        if scalar == "[", current == ":" { throw problem("classes like [:alpha:] are not known; there is \\d, \\w and \\s", at: start) }
        return scalar == "\\" ? try escapedSet(from: start) : .single(scalar)
    }
}

extension ScalarSet {
    /// The scalar that is all there is in it.
    fileprivate var only: UInt32? {
        guard !isNegated, ranges.count == 1, let range = ranges.first, range.count == 1 else { return nil }
        return range.lowerBound
    }
}
