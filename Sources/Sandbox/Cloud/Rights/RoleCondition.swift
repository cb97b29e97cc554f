/// The condition of a role assignment (Azure: "Azure role assignment condition format and syntax"), as far as giving and taking roles goes: which action
/// it is, and which role for whom.
struct RoleCondition: Hashable, Sendable {
    /// What is asked about an assignment that is to be made (`@Request`) or taken away (`@Resource`).
    struct Attributes: Hashable, Sendable {
        var roleDefinitionID: String
        var principalID: String
        var principalType: String
    }

    /// Why a text is no condition that can be evaluated here.
    struct Fault: Error, Hashable, CustomStringConvertible {
        let description: String
    }

    /// The longest text; the service's own limit.
    static let maximumBytes = 8192

    private indirect enum Node: Hashable, Sendable {
        case actionMatches(String)
        case compare(Source, Attribute, Comparison, isForAll: Bool, [String])
        case not(Node)
        case and(Node, Node)
        case or(Node, Node)
    }

    private enum Source: String, Hashable, Sendable {
        case request = "@request"
        case resource = "@resource"
    }

    private enum Attribute: String, Hashable, Sendable, CaseIterable {
        case roleDefinitionID = "microsoft.authorization/roleassignments:roledefinitionid"
        case principalID = "microsoft.authorization/roleassignments:principalid"
        case principalType = "microsoft.authorization/roleassignments:principaltype"
    }

    private enum Comparison: String, Hashable, Sendable {
        case guidEquals = "guidequals"
        case guidNotEquals = "guidnotequals"
        case stringEquals = "stringequals"
        case stringNotEquals = "stringnotequals"
        case stringEqualsIgnoreCase = "stringequalsignorecase"
        case stringNotEqualsIgnoreCase = "stringnotequalsignorecase"

        func holds(_ left: String, _ right: String) -> Bool {
            switch self {
            case .guidEquals, .stringEqualsIgnoreCase: left.lowercased() == right.lowercased()
            case .guidNotEquals, .stringNotEqualsIgnoreCase: left.lowercased() != right.lowercased()
            case .stringEquals: left == right
            case .stringNotEquals: left != right
            }
        }
    }

    private let root: Node

    /// Whether the role counts for an operation. A comparison with what is not there is false.
    /// - Parameters:
    ///   - operation: such as `Microsoft.Authorization/roleAssignments/write`.
    ///   - request: what is to be made; nil for other operations.
    ///   - resource: what is there; nil where nothing is.
    func holds(_ operation: String, request: Attributes?, resource: Attributes?) -> Bool {
        Self.holds(root, operation, request, resource)
    }

    private static func holds(_ node: Node, _ operation: String, _ request: Attributes?, _ resource: Attributes?) -> Bool {
        switch node {
        case .actionMatches(let pattern): return RolePermission.matches(pattern, operation)
        case .not(let inner): return !holds(inner, operation, request, resource)
        case .and(let left, let right):
            return holds(left, operation, request, resource) && holds(right, operation, request, resource)
        case .or(let left, let right):
            return holds(left, operation, request, resource) || holds(right, operation, request, resource)
        case .compare(let source, let attribute, let comparison, let isForAll, let values):
            guard let attributes = source == .request ? request : resource else { return false }
            let value =
                switch attribute {
                case .roleDefinitionID: attributes.roleDefinitionID
                case .principalID: attributes.principalID
                case .principalType: attributes.principalType
                }
            return isForAll
                ? values.allSatisfy { comparison.holds(value, $0) } : values.contains { comparison.holds(value, $0) }
        }
    }
}

// MARK: Reading

extension RoleCondition {
    /// Reads a condition.
    /// - Throws: ``Fault`` for what is none, and for what is not about giving and taking roles.
    init(_ text: String) throws(Fault) {
        guard text.utf8.count <= Self.maximumBytes else {
            throw Fault(description: "it is longer than \(Self.maximumBytes) characters")
        }
        var reader = Reader(text)
        root = try reader.disjunction(depth: 0)
        guard reader.isAtEnd else { throw Fault(description: "there is more behind its end: '\(reader.rest)'") }
    }

    private struct Reader {
        private static let deepest = 32
        private let bytes: [UInt8]
        private var position = 0

        init(_ text: String) { bytes = Array(text.utf8) }

        var isAtEnd: Bool { bytes[position...].allSatisfy(Self.isSpace) }
        var rest: String { String(decoding: bytes[position...].prefix(40), as: UTF8.self) }

        mutating func disjunction(depth: Int) throws(Fault) -> Node {
            var node = try conjunction(depth: depth)
            while take("||") || takeWord("or") { node = .or(node, try conjunction(depth: depth)) }
            return node
        }

        private mutating func conjunction(depth: Int) throws(Fault) -> Node {
            var node = try factor(depth: depth)
            while take("&&") || takeWord("and") { node = .and(node, try factor(depth: depth)) }
            return node
        }

        private mutating func factor(depth: Int) throws(Fault) -> Node {
            guard depth < Self.deepest else { throw Fault(description: "it is nested too deeply") }
            if take("!") || takeWord("not") { return .not(try factor(depth: depth + 1)) }
            if take("(") {
                let node = try disjunction(depth: depth + 1)
                guard take(")") else { throw Fault(description: "a ')' is missing before '\(rest)'") }
                return node
            }
            let name = word()
            switch name.lowercased() {
            case "actionmatches":
                let patterns = try values()
                guard let pattern = patterns.first, patterns.count == 1 else {
                    throw Fault(description: "ActionMatches takes one action")
                }
                return .actionMatches(pattern)
            case "@request", "@resource":
                guard let source = Source(rawValue: name.lowercased()) else { break }
                return try comparison(of: source)
            default: break
            }
            throw Fault(description: "'\(name.prefix(60))' is not known here, before '\(rest)'")
        }

        private mutating func comparison(of source: Source) throws(Fault) -> Node {
            guard take("[") else { throw Fault(description: "a '[' is missing before '\(rest)'") }
            let name = text(until: UInt8(ascii: "]"))
            guard take("]"), let attribute = Attribute(rawValue: name.lowercased()) else {
                throw Fault(description: "the attribute '\(name.prefix(100))' is not known here")
            }
            var function = word()
            var isForAll = false
            if let colon = function.firstIndex(of: ":") {
                // One value stands on the left, so only the word before "Values" counts.
                switch function[..<colon].lowercased() {
                case "foranyofanyvalues", "forallofanyvalues": isForAll = false
                case "foranyofallvalues", "forallofallvalues": isForAll = true
                default: throw Fault(description: "'\(function.prefix(60))' is not known here")
                }
                function = String(function[function.index(after: colon)...])
            }
            guard let comparison = Comparison(rawValue: function.lowercased()) else {
                throw Fault(description: "the function '\(function.prefix(60))' is not known here")
            }
            return .compare(source, attribute, comparison, isForAll: isForAll, try values())
        }

        /// `{a, 'b'}`, or one value in quotes.
        private mutating func values() throws(Fault) -> [String] {
            if let quoted = try quotedText() { return [quoted] }
            guard take("{") else { throw Fault(description: "a '{' is missing before '\(rest)'") }
            var values: [String] = []
            repeat {
                let value = try quotedText() ?? word()
                guard !value.isEmpty else { throw Fault(description: "a value is missing before '\(rest)'") }
                values.append(value)
            } while take(",")
            guard take("}") else { throw Fault(description: "a '}' is missing before '\(rest)'") }
            return values
        }

        private mutating func quotedText() throws(Fault) -> String? {
            guard take("'") else { return nil }
            let value = text(until: UInt8(ascii: "'"))
            guard take("'") else { throw Fault(description: "a quote has no end") }
            return value
        }

        // MARK: Characters

        private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

        private mutating func skipSpace() { while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 } }

        private mutating func take(_ symbol: String) -> Bool {
            skipSpace()
            guard bytes[position...].starts(with: symbol.utf8) else { return false }
            position += symbol.utf8.count
            return true
        }

        private mutating func takeWord(_ wanted: String) -> Bool {
            let before = position
            if word().lowercased() == wanted { return true }
            position = before
            return false
        }

        /// Letters, digits and what GUIDs, names and functions are made of.
        private mutating func word() -> String {
            skipSpace()
            let start = position
            while position < bytes.count, Self.isWord(bytes[position]) { position += 1 }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }

        private static func isWord(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
            case UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "@"), UInt8(ascii: "_"): true
            default: false
            }
        }

        private mutating func text(until end: UInt8) -> String {
            let start = position
            while position < bytes.count, bytes[position] != end { position += 1 }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }
    }
}
