/// HTTP header fields in the order they were added; names compare without regard to case, and a name may occur more than once.
///
/// Anything that prints header fields prints the values of sensitive ones as `<redacted>`.
public struct HeaderFields: Sendable, Hashable {
    /// One field.
    public struct Field: Sendable, Hashable {
        /// The name as it was given.
        public let name: String
        /// The value as it was given.
        public let value: String
    }

    /// All fields in order.
    public private(set) var fields: [Field] = []

    /// No fields.
    public init() {}

    /// The given fields.
    public init(_ fields: [(name: String, value: String)]) {
        self.fields = fields.map { Field(name: $0.name, value: $0.value) }
    }

    /// Adds a field behind the others.
    public mutating func append(name: String, value: String) {
        self.fields.append(Field(name: name, value: value))
    }

    /// The first value of `name`. Setting replaces all fields of that name; `nil` removes them.
    public subscript(name: String) -> String? {
        get { self.fields.first { Self.isSame($0.name, name) }?.value }
        set {
            self.fields.removeAll { Self.isSame($0.name, name) }
            if let newValue { self.append(name: name, value: newValue) }
        }
    }

    /// Fields whose values are credentials. Compared in lower case.
    private static let sensitiveNames: Set<String> = [
        "authorization", "proxy-authorization", "cookie", "set-cookie", "servicebussupplementaryauthorization",
        "servicebusdlqsupplementaryauthorization", "x-identity-header", "x-ms-authorization-auxiliary", "x-api-key", "api-key",
    ]

    /// Whether the value of `name` must not be shown.
    public static func isSensitive(_ name: String) -> Bool {
        self.sensitiveNames.contains(name.lowercased())
    }

    private static func isSame(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count && left.lowercased() == right.lowercased()
    }
}

extension HeaderFields.Field: CustomStringConvertible, CustomReflectable {
    /// `name: value`, or `name: <redacted>`.
    public var description: String {
        "\(self.name): \(HeaderFields.isSensitive(self.name) ? "<redacted>" : self.value)"
    }

    /// Shows no more than the description, so that `dump` and test reports are as discreet.
    public var customMirror: Mirror { Mirror(self, children: [:], displayStyle: .struct) }
}

extension HeaderFields: CustomStringConvertible, ExpressibleByDictionaryLiteral {
    /// All fields, sensitive values redacted.
    public var description: String { self.fields.description }

    /// The given fields in the order they are written.
    public init(dictionaryLiteral elements: (String, String)...) {
        self.init(elements.map { (name: $0.0, value: $0.1) })
    }
}
