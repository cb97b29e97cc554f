/// A form of text that is hidden wherever it stands, in the usual language of regular expressions.
///
/// Matched in one pass over the text, in time proportional to its length: all ways a match may go are followed at once, none is gone back
/// over (Thompson's construction). No text can make it slow, which engines that try one way after the other cannot promise, among them
/// Swift's `Regex` and `NSRegularExpression`; and message bodies are written by strangers.
///
/// What is hidden is every character that belongs to any match. So there is no need to say which match comes first, and nothing to be said with
/// lazy quantifiers, look-around or references: they are refused. There is `.`, `[a-z]`, `\d \w \s \b` and their opposites, `( )`, `|`, `* + ?`,
/// `{m,n}`, `^` and `$` at the ends of lines, `(?i)` at the beginning.
public struct MaskingPattern: Hashable, Sendable {
    /// What it is called in the configuration.
    public let name: String
    /// As it was written.
    public let text: String
    private let program: PatternProgram

    /// The longest pattern, in characters.
    public static let longest = 500

    /// Reads a pattern.
    /// - Throws: ``Problem`` when it is none.
    public init(name: String, _ text: String) throws(Problem) {
        self.name = name
        self.text = text
        guard text.unicodeScalars.count <= Self.longest else {
            throw Problem(message: "a pattern has at most \(Self.longest) characters", offset: Self.longest)
        }
        var parser = PatternParser(text)
        let tree = try parser.parse()
        guard !tree.mayBeEmpty else {
            throw Problem(message: "it also fits where there is nothing, so that it hides nothing in particular", offset: 0)
        }
        program = try PatternProgram(tree, ignoresCase: parser.ignoresCase)
    }

    /// Why a text is no pattern.
    public struct Problem: Error, Hashable, CustomStringConvertible {
        /// What is wrong.
        public var message: String
        /// The character it is wrong at, from 0.
        public var offset: Int

        /// The message with the place.
        public var description: String { offset == 0 ? message : "\(message), at character \(offset + 1)" }
    }

    /// Two patterns are the same when they are written the same.
    public static func == (a: MaskingPattern, b: MaskingPattern) -> Bool { a.name == b.name && a.text == b.text }
    /// Hashes what is written.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(text)
    }

    /// Reports what belongs to matches, in ascending ranges of bytes that do not touch.
    func find(in text: UnsafeBufferPointer<UInt8>, _ found: (Range<Int>) -> Void) {
        var matcher = PatternMatcher(program)
        matcher.run(text, found)
    }
}

/// A set of Unicode scalars.
struct ScalarSet: Hashable, Sendable {
    private(set) var ranges: [ClosedRange<UInt32>] = []
    private(set) var isNegated = false

    mutating func insert(_ range: ClosedRange<UInt32>) { ranges.append(range) }
    mutating func insert(_ set: ScalarSet) {
        // A class within a class that is the opposite of one is what is left of all scalars.
        if !set.isNegated { return ranges.append(contentsOf: set.ranges) }
        var next: UInt32 = 0
        for range in set.ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > next { ranges.append(next...range.lowerBound - 1) }
            next = max(next, range.upperBound + 1)
        }
        if next <= 0x10ffff { ranges.append(next...0x10ffff) }
    }

    func contains(_ scalar: UInt32) -> Bool {
        for range in ranges where range.contains(scalar) { return !isNegated }
        return isNegated
    }

    var negated: ScalarSet {
        var set = self
        set.isNegated.toggle()
        return set
    }

    /// With the letters of the other case. Beyond ASCII only for single letters: for ranges there is no telling.
    var ignoringCase: ScalarSet {
        var set = self
        for range in ranges {
            if range.count == 1, let scalar = Unicode.Scalar(range.lowerBound) {
                for other in [scalar.properties.lowercaseMapping, scalar.properties.uppercaseMapping] {
                    if let only = other.unicodeScalars.first, other.unicodeScalars.count == 1 { set.insert(only.value...only.value) }
                }
                continue
            }
            for (from, to) in [(0x61...0x7a, 0x41 as UInt32), (0x41...0x5a, 0x61)] as [(ClosedRange<UInt32>, UInt32)] {
                let common = range.clamped(to: from)
                guard range.overlaps(from) else { continue }
                set.insert(common.lowerBound - from.lowerBound + to...common.upperBound - from.lowerBound + to)
            }
        }
        return set
    }

    static func single(_ scalar: Unicode.Scalar) -> ScalarSet {
        var set = ScalarSet()
        set.insert(scalar.value...scalar.value)
        return set
    }

    private static func of(_ ranges: ClosedRange<UInt32>...) -> ScalarSet {
        var set = ScalarSet()
        for range in ranges { set.insert(range) }
        return set
    }

    static let digits = of(0x30...0x39)
    static let word = of(0x30...0x39, 0x41...0x5a, 0x5f...0x5f, 0x61...0x7a, 0xaa...0xaa, 0xb5...0xb5, 0xba...0xba, 0xc0...0x10ffff)
    static let space = of(0x09...0x0d, 0x20...0x20, 0x85...0x85, 0xa0...0xa0, 0x2000...0x200a, 0x2028...0x2029, 0x3000...0x3000)
    static let anyButNewline = of(0x0a...0x0a).negated
}

/// What a pattern is made of.
indirect enum PatternTree: Hashable, Sendable {
    case empty
    case one(ScalarSet)
    case assertion(PatternAssertion)
    case sequence([PatternTree])
    case choice([PatternTree])
    /// Without a largest number: any number.
    case repetition(PatternTree, ClosedRange<Int>?, least: Int)

    /// Whether it fits where there is nothing.
    var mayBeEmpty: Bool {
        switch self {
        case .empty, .assertion: true
        case .one: false
        case .sequence(let parts): parts.allSatisfy(\.mayBeEmpty)
        case .choice(let parts): parts.contains(where: \.mayBeEmpty)
        case .repetition(let inner, _, let least): least == 0 || inner.mayBeEmpty
        }
    }
}

/// What must hold between two characters.
enum PatternAssertion: Hashable, Sendable {
    case lineStart, lineEnd, wordBoundary, noWordBoundary
}
