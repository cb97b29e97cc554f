/// How an organisation names the entities of a service: `{service}-*`, `{system}-{service}-events/{service}`.
///
/// Literal text, `*` for anything within one name (never over a `/`), and placeholders that stand for what the catalogue says of a service. It is
/// compared without case with the whole path as people write it: `queue`, `topic` or `topic/subscription`.
public struct NamingPattern: Hashable, Sendable, CustomStringConvertible {
    /// What stands for something that differs from service to service.
    public enum Placeholder: String, Hashable, Sendable, CaseIterable {
        /// The name of the Component.
        case service
        /// The name of the System it is part of.
        case system
        /// The name of who owns it.
        case owner
        /// The context's environment.
        case environment
    }

    /// Why a text is no pattern.
    public struct Problem: Error, Hashable, Sendable {
        /// The character it is about, counted from 1.
        public let column: Int
        /// What is wrong.
        public let message: String
    }

    enum Part: Hashable, Sendable {
        case text(String)
        case placeholder(Placeholder)
        case anything
    }

    /// The most characters of a pattern.
    public static let longest = 300
    /// The most `*` in one.
    static let mostStars = 8

    /// The pattern as it was written.
    public let description: String
    /// What it consists of, name by name: the slashes are between them.
    let names: [[Part]]

    /// Reads a pattern.
    /// - Throws: ``Problem``.
    public init(parsing text: String) throws(Problem) {
        guard text.count <= Self.longest else {
            throw Problem(column: Self.longest + 1, message: "it is longer than \(Self.longest) characters")
        }
        var reader = NamingPatternReader(text)
        names = try reader.read()
        description = text
    }

    /// What a pattern is for one service; nil where the catalogue does not say something that it needs, or says what no entity can be called.
    func filled(_ value: (Placeholder) -> String?) -> NameShape? {
        var shape = NameShape()
        for parts in names {
            var name = NameShape.Name()
            for part in parts {
                switch part {
                case .anything: name.appendGap()
                case .text(let text): name.append(text)
                case .placeholder(let placeholder):
                    guard let value = value(placeholder)?.lowercased(), !value.isEmpty, value.utf8.allSatisfy(Self.isAllowed) else {
                        return nil
                    }
                    name.append(value, weight: placeholder == .service ? 1_000 : placeholder == .environment ? 1 : 10)
                }
            }
            shape.names.append(name)
        }
        return shape
    }

    /// Whether a byte can be part of a queue's, topic's or subscription's name.
    static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default: false
        }
    }
}

/// Reads a pattern character by character.
private struct NamingPatternReader {
    private let characters: [Character]
    private var place = 0
    private var names: [[NamingPattern.Part]] = [[]]
    private var text = ""
    private var stars = 0
    private var isAboutService = false

    init(_ text: String) { characters = Array(text) }

    private func problem(_ message: String, at place: Int? = nil) -> NamingPattern.Problem {
        NamingPattern.Problem(column: (place ?? self.place) + 1, message: message)
    }

    mutating func read() throws(NamingPattern.Problem) -> [[NamingPattern.Part]] {
        guard !characters.isEmpty else { throw problem("it is empty") }
        while place < characters.count {
            let character = characters[place]
            switch character {
            case "*":
                endText()
                if case .anything? = names.last?.last { throw problem("two stars stand side by side; one is anything within a name") }
                stars += 1
                guard stars <= NamingPattern.mostStars else { throw problem("it has more than \(NamingPattern.mostStars) stars") }
                append(.anything)
            case "{": try readPlaceholder()
            case "}": throw problem("'}' closes nothing")
            case "/":
                try endName()
                names.append([])
            default:
                guard let byte = character.utf8.first, character.utf8.count == 1, NamingPattern.isAllowed(byte) else {
                    throw problem("no entity has '\(character)' in its name")
                }
                text.append(contentsOf: character.lowercased())
            }
            place += 1
        }
        try endName()
        guard isAboutService else {
            throw problem("it has none of {service}, {system} and {owner}: it would fit every service", at: 0)
        }
        return names
    }

    private mutating func append(_ part: NamingPattern.Part) { names[names.count - 1].append(part) }

    private mutating func endText() {
        if !text.isEmpty { append(.text(text)) }
        text = ""
    }

    private mutating func endName() throws(NamingPattern.Problem) {
        endText()
        if names.last?.isEmpty ?? true { throw problem("a name is empty") }
    }

    private mutating func readPlaceholder() throws(NamingPattern.Problem) {
        endText()
        let start = place
        guard let end = characters[place...].firstIndex(of: "}") else { throw problem("'{' is not closed") }
        let word = String(characters[(start + 1)..<end])
        guard let placeholder = NamingPattern.Placeholder(rawValue: word) else {
            let known = NamingPattern.Placeholder.allCases.map(\.rawValue)
            let meant = Spelling.nearest(to: word, among: known).map { "; did you mean {\($0)}?" }
            throw problem(
                "'{\(word.prefix(40))}' is not known" + (meant ?? "; there is \(known.map { "{\($0)}" }.joined(separator: ", "))"))
        }
        if placeholder != .environment { isAboutService = true }
        append(.placeholder(placeholder))
        place = end
    }
}

/// What the entities of one service may be called: texts with gaps between them, name by name.
struct NameShape: Hashable, Sendable {
    /// One name: its texts in order; anything may stand between two of them.
    struct Name: Hashable, Sendable {
        private(set) var texts: [[UInt8]] = [[]]
        /// How well each text tells one service from another.
        private(set) var weights: [Int] = [0]

        mutating func append(_ text: String, weight: Int = 0) {
            texts[texts.count - 1] += Array(text.utf8)
            weights[weights.count - 1] += weight == 0 ? 0 : weight + text.utf8.count
        }

        mutating func appendGap() {
            texts.append([])
            weights.append(0)
        }

        /// Whether it fits, in one walk: each text is taken where it comes first, which leaves the most to those behind it.
        func fits(_ name: ArraySlice<UInt8>) -> Bool {
            guard let first = texts.first, let last = texts.last, name.starts(with: first) else { return false }
            guard texts.count > 1 else { return name.count == first.count }
            guard name.count >= first.count + last.count, name.suffix(last.count).elementsEqual(last) else { return false }
            var rest = name.dropFirst(first.count).dropLast(last.count)
            for text in texts.dropFirst().dropLast() {
                guard let start = rest.indices.first(where: { rest[$0...].starts(with: text) }) else { return false }
                rest = rest[start...].dropFirst(text.count)
            }
            return true
        }
    }

    var names: [Name] = []

    /// The whole of it where it has no gap.
    var exact: [UInt8]? {
        guard names.allSatisfy({ $0.texts.count == 1 }) else { return nil }
        return Array(names.map { $0.texts[0] }.joined(separator: [UInt8(ascii: "/")]))
    }

    /// The text that tells it best from those of other services: what fits has it somewhere.
    var key: [UInt8] {
        var best: (text: [UInt8], weight: Int) = ([], -1)
        for name in names {
            for (text, weight) in zip(name.texts, name.weights) where weight > best.weight { best = (text, weight) }
        }
        return best.text
    }

    /// Whether a path in lower case fits.
    func fits(_ path: [UInt8]) -> Bool {
        let parts = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return parts.count == names.count && zip(names, parts).allSatisfy { $0.fits($1) }
    }
}
