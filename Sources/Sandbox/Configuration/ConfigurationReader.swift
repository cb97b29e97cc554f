internal import ServiceBus

/// Walks a configuration document, remembering where it is and collecting what is wrong rather than stopping at the first fault.
struct ConfigurationReader {
    private(set) var problems: [ConfigurationProblem] = []
    private(set) var warnings: [ConfigurationProblem] = []

    /// A value and its place.
    struct Node {
        var json: PositionedJSON
        var path: String
    }

    mutating func fault(_ node: Node, _ message: String) {
        problems.append(ConfigurationProblem(line: node.json.line, path: node.path, message: message))
    }

    private mutating func wrongType(_ node: Node, _ wanted: String) {
        fault(node, "must be \(wanted), not \(node.json.value.kind)")
    }

    // MARK: Objects

    /// The members of an object. Names are compared without regard to case; unknown ones are warned about.
    mutating func members(of node: Node, known: [String]) -> Members {
        guard case .object(let pairs) = node.json.value else {
            wrongType(node, "an object")
            return Members(node: node, pairs: [])
        }
        for (key, value) in pairs where !known.contains(where: { $0.lowercased() == key.lowercased() }) {
            warnings.append(ConfigurationProblem(line: value.line, path: "\(node.path).\(key)", message: "unknown setting, ignored"))
        }
        return Members(node: node, pairs: pairs)
    }

    struct Members {
        let node: Node
        fileprivate let pairs: [(key: String, value: PositionedJSON)]

        /// A member that is there and not null.
        subscript(_ name: String) -> Node? {
            guard let pair = pairs.first(where: { $0.key.lowercased() == name.lowercased() }) else { return nil }
            if case .null = pair.value.value { return nil }
            return Node(json: pair.value, path: "\(node.path).\(pair.key)")
        }

        /// Every member.
        var all: [(name: String, node: Node)] {
            pairs.map { ($0.key, Node(json: $0.value, path: "\(node.path).\($0.key)")) }
        }
    }

    // MARK: Values

    /// The elements of a list; none when it is absent.
    mutating func elements(_ node: Node?) -> [Node] {
        guard let node else { return [] }
        guard case .array(let elements) = node.json.value else {
            wrongType(node, "a list")
            return []
        }
        return elements.enumerated().map { Node(json: $0.element, path: "\(node.path)[\($0.offset)]") }
    }

    mutating func string(_ node: Node?) -> String? {
        guard let node else { return nil }
        if case .string(let text) = node.json.value { return text }
        wrongType(node, "a string")
        return nil
    }

    /// A text that is not empty.
    mutating func text(_ node: Node?) -> String? {
        let text = string(node)
        return text?.isEmpty == true ? nil : text
    }

    mutating func bool(_ node: Node?) -> Bool? {
        guard let node else { return nil }
        switch node.json.value {
        case .bool(let value): return value
        // Configuration tools that write everything as text are common enough.
        case .string(let text) where text.lowercased() == "true": return true
        case .string(let text) where text.lowercased() == "false": return false
        default:
            wrongType(node, "true or false")
            return nil
        }
    }

    mutating func integer(_ node: Node?, in range: ClosedRange<Int>) -> Int? {
        guard let node else { return nil }
        guard case .number(let value, let text) = node.json.value else {
            wrongType(node, "a whole number")
            return nil
        }
        guard let integer = Int(exactly: value) else {
            fault(node, "must be a whole number, not \(text)")
            return nil
        }
        guard range.contains(integer) else {
            fault(node, "must be from \(range.lowerBound) to \(range.upperBound), not \(text)")
            return nil
        }
        return integer
    }

    /// A duration in milliseconds. Unlimited is `Int64.max`.
    mutating func duration(_ node: Node?, in range: ClosedRange<Int64>, allowsUnlimited: Bool = false) -> Int64? {
        guard let node else { return nil }
        guard let text = string(node) else { return nil }
        switch ISODuration.parse(text) {
        case nil:
            fault(node, "'\(text)' is not an ISO 8601 duration (for instance PT1M)")
            return nil
        case .unlimited where allowsUnlimited: return .max
        case .unlimited:
            fault(node, "must be limited")
            return nil
        case .milliseconds(let value):
            if range.contains(value) { return value }
            let upper = range.upperBound == .max ? "on" : "to \(Self.seconds(range.upperBound))"
            fault(node, "must be from \(Self.seconds(range.lowerBound)) \(upper), not \(text)")
            return nil
        }
    }

    private static func seconds(_ milliseconds: Int64) -> String {
        milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
    }

    /// A name that an entity may have.
    mutating func name(_ node: Node?, in parent: Node, maximumLength: Int, taken: inout Set<String>) -> String? {
        guard let node else {
            fault(parent, "has no Name")
            return nil
        }
        guard let name = string(node) else { return nil }
        guard Broker.isValidName(name, maximumLength: maximumLength) else {
            fault(
                node,
                "'\(name)' is not a valid name: letters, digits, '-', '_', '.' and '/', beginning and ending with a letter or digit, "
                    + "at most \(maximumLength)")
            return nil
        }
        guard taken.insert(name.lowercased()).inserted else {
            fault(node, "'\(name)' is there twice (names are compared without regard to case)")
            return nil
        }
        return name
    }
}
