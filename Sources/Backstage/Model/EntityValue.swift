/// A value of an entity's `spec`, as the catalogue has it.
public enum EntityValue: Hashable, Sendable {
    /// Nothing.
    case null
    /// A truth value.
    case bool(Bool)
    /// A whole number.
    case integer(Int64)
    /// A number with a fraction.
    case number(Double)
    /// Text.
    case text(String)
    /// Values in order.
    case list([EntityValue])
    /// Keys and values in order.
    case map([Entry])

    /// A key and its value.
    public struct Entry: Hashable, Sendable {
        /// The key.
        public var key: String
        /// The value.
        public var value: EntityValue

        /// Creates an entry.
        public init(key: String, value: EntityValue) {
            self.key = key
            self.value = value
        }
    }

    /// The value of a key; nil when there is none or this is no mapping.
    public subscript(key: String) -> EntityValue? {
        guard case .map(let entries) = self else { return nil }
        // A closure for each entry would be most of the cost of opening a large catalogue in a build that is not optimised.
        for entry in entries where entry.key == key { return entry.value }
        return nil
    }

    /// The text, if it is one.
    public var text: String? {
        if case .text(let text) = self { text } else { nil }
    }

    /// The texts of a list of texts; a single text counts as a list of one.
    public var texts: [String] {
        switch self {
        case .text(let text): [text]
        case .list(let values): values.compactMap(\.text)
        default: []
        }
    }

    /// Reads a YAML value.
    package init(_ node: YAMLNode) {
        switch node.content {
        case .scalar(let text, let isPlain):
            if !isPlain {
                self = .text(text)
            } else if node.isNull {
                self = .null
            } else if let bool = node.bool {
                self = .bool(bool)
            } else if let integer = node.integer {
                self = .integer(integer)
            } else if let first = text.utf8.first, !first.isASCIILetter, let number = Double(text) {
                self = .number(number)
            } else {
                self = .text(text)
            }
        case .list(let elements): self = .list(elements.map { EntityValue($0) })
        case .map(let entries): self = .map(entries.map { Entry(key: $0.key, value: EntityValue($0.value)) })
        }
    }
}

extension UInt8 {
    fileprivate var isASCIILetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }
}
