/// A place in a document whose value is hidden: `$.customer.email`, `$.lines[*].card`, `$..notes`.
///
/// The usual signs of JSON paths: `.name` and `['name']`, `[3]`, `.*` and `[*]` for any one step, `..` and `**` for any number of them. The
/// leading `$` may be left out, ASCII case does not count. In XML a name is that of an element without its prefix, counted from the top
/// element, and `@name` that of an attribute.
public struct MaskingPath: Hashable, Sendable, CustomStringConvertible {
    enum Step: Hashable, Sendable {
        case name(String)
        case index(Int)
        case any
        case descent
    }

    /// More steps than this are refused: their state is the bits of a word.
    static let mostSteps = 60

    /// The path as it was written.
    public let description: String
    let steps: [Step]

    /// Reads a path.
    /// - Throws: ``Problem`` when it is none.
    public init(_ text: String) throws(Problem) {
        description = text
        var reader = Reader(text)
        steps = try reader.steps()
        guard !steps.isEmpty else { throw Problem(message: "a path names at least one step, as in $.customer.email") }
        guard steps.count <= Self.mostSteps else { throw Problem(message: "a path has at most \(Self.mostSteps) steps") }
        guard steps.last != .descent else { throw Problem(message: "a path ends with a name: which fields does '..' or '**' lead to?") }
    }

    /// Why a text is no path.
    public struct Problem: Error, Hashable {
        /// What is wrong with it.
        public var message: String
    }

    private struct Reader {
        private var rest: Substring

        init(_ text: String) { rest = text[...] }

        mutating func steps() throws(Problem) -> [Step] {
            if rest.first == "$" { rest.removeFirst() }
            var steps: [Step] = []
            var isFirst = true
            while let first = rest.first {
                if first == "[" {
                    steps.append(try bracket())
                } else {
                    if first == "." {
                        rest.removeFirst()
                        if rest.first == "." {
                            rest.removeFirst()
                            if steps.last != .descent { steps.append(.descent) }
                            if rest.first == "[" { continue }
                        }
                    } else if !isFirst {
                        throw Problem(message: "'.' or '[' is missing before '\(rest.prefix(20))'")
                    }
                    steps.append(try name())
                }
                isFirst = false
            }
            return steps
        }

        private mutating func name() throws(Problem) -> Step {
            let name = rest.prefix { $0 != "." && $0 != "[" && $0 != "]" }
            rest = rest[name.endIndex...]
            switch name {
            case "": throw Problem(message: "a name is missing\(rest.isEmpty ? " at the end" : " before '\(rest.prefix(20))'")")
            case "*": return .any
            case "**": return .descent
            default: return .name(name.lowercased())
            }
        }

        private mutating func bracket() throws(Problem) -> Step {
            rest.removeFirst()
            if let quote = rest.first, quote == "'" || quote == "\"" {
                rest.removeFirst()
                guard let end = rest.firstIndex(of: quote), rest[end...].dropFirst().first == "]" else {
                    throw Problem(message: "a name in brackets ends with \(quote)]")
                }
                let name = rest[..<end]
                rest = rest[end...].dropFirst(2)
                guard !name.isEmpty else { throw Problem(message: "a name in brackets is empty") }
                return .name(name.lowercased())
            }
            guard let end = rest.firstIndex(of: "]") else { throw Problem(message: "']' is missing") }
            let inner = rest[..<end]
            rest = rest[end...].dropFirst()
            if inner == "*" { return .any }
            guard let index = Int(inner), index >= 0 else {
                throw Problem(message: "'[\(inner.prefix(20))]' is neither [*], [0] nor ['name']")
            }
            return .index(index)
        }
    }
}

/// How far each of the paths has come at one place of a document: a bit for each step that may be next.
struct MaskingPaths: Sendable {
    private let paths: [[MaskingPath.Step]]

    init(_ paths: [MaskingPath]) { self.paths = paths.map(\.steps) }

    var isEmpty: Bool { paths.isEmpty }

    /// A place of a document, as the paths see it.
    struct Place: Sendable {
        fileprivate var progress: [UInt64]
        /// Whether a path leads here.
        fileprivate(set) var isHidden: Bool
    }

    /// The top of a document.
    var root: Place {
        Place(progress: paths.map { Self.closed(1, $0) }, isHidden: false)
    }

    /// The place of a member.
    func member(_ name: String, of place: Place) -> Place {
        let folded = name.lowercased()
        return step(from: place) { step in
            if case .name(let wanted) = step { wanted == folded } else { false }
        }
    }

    /// The place of an element.
    func element(_ index: Int, of place: Place) -> Place {
        step(from: place) { step in
            if case .index(let wanted) = step { wanted == index } else { false }
        }
    }

    private func step(from place: Place, fits: (MaskingPath.Step) -> Bool) -> Place {
        var next = Place(progress: [], isHidden: false)
        next.progress.reserveCapacity(paths.count)
        for (steps, progress) in zip(paths, place.progress) {
            var bits: UInt64 = 0
            for (index, step) in steps.enumerated() where progress & 1 << UInt64(index) != 0 {
                switch step {
                case .descent: bits |= 1 << UInt64(index)
                case .any: bits |= 1 << UInt64(index + 1)
                case .name, .index: if fits(step) { bits |= 1 << UInt64(index + 1) }
                }
            }
            bits = Self.closed(bits, steps)
            if bits & 1 << UInt64(steps.count) != 0 { next.isHidden = true }
            next.progress.append(bits)
        }
        return next
    }

    /// A descent may also be of no steps.
    private static func closed(_ bits: UInt64, _ steps: [MaskingPath.Step]) -> UInt64 {
        var bits = bits
        for (index, step) in steps.enumerated() where step == .descent && bits & 1 << UInt64(index) != 0 { bits |= 1 << UInt64(index + 1) }
        return bits
    }
}
