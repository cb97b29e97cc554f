/// Which entities of a catalogue are meant: those for which all conditions of any of the sets hold. Without a set, all.
public struct CatalogueFilter: Hashable, Sendable {
    /// A condition on one field.
    public struct Condition: Hashable, Sendable {
        /// The field's path, such as `spec.type`, `metadata.annotations.azure-service-bus/queues` or `relations.ownedBy`; case does not matter.
        public var key: String
        /// The value, without regard to case; nil when the field need only be there.
        public var value: String?

        /// Creates a condition.
        public init(_ key: String, _ value: String? = nil) {
            self.key = key
            self.value = value
        }
    }

    /// The sets of conditions.
    public var anyOf: [[Condition]]

    /// Creates a filter.
    public init(anyOf: [[Condition]] = []) { self.anyOf = anyOf }

    /// Entities of some kinds.
    public init(kinds: [String]) { self.init(anyOf: kinds.map { [Condition("kind", $0)] }) }

    /// All entities.
    public static let all = CatalogueFilter()

    /// What an operator's board is made of. Locations and templates say nothing of who runs what.
    public static let estate = CatalogueFilter(kinds: ["component", "resource", "api", "system", "domain", "group", "user"])
}

/// A list to ask a backend for.
public struct CatalogueQuery: Hashable, Sendable {
    /// A field to order by.
    public struct Order: Hashable, Sendable {
        /// The field's path.
        public var field: String
        /// Whether the greatest comes first.
        public var isDescending: Bool

        /// Creates an order.
        public init(_ field: String, isDescending: Bool = false) {
            self.field = field
            self.isDescending = isDescending
        }
    }

    /// Which entities.
    public var filter = CatalogueFilter.all
    /// The paths of the fields to be told; empty for all. An entity can only be read when `kind` and `metadata.name` are among them.
    public var fields = EntityFields.model
    /// The most entities of a page.
    public var limit = 500
    /// The order; the backend's own when empty.
    public var order: [Order] = []
    /// Text to search for.
    public var text: String?

    /// Creates a query.
    public init(filter: CatalogueFilter = .all) { self.filter = filter }

    /// The parameters of the first page's request.
    func parameters() throws(BackstageError) -> URLParameters {
        var parameters = try filter.parameters()
        if !fields.isEmpty { parameters.add("fields", fields.joined(separator: ",")) }
        parameters.add("limit", String(limit))
        for order in order { parameters.add("orderField", "\(order.field),\(order.isDescending ? "desc" : "asc")") }
        if let text, !text.isEmpty { parameters.add("fullTextFilterTerm", text) }
        return parameters
    }
}

extension CatalogueFilter {
    /// A parameter for each set; the conditions of a set are separated by commas, which cannot be escaped.
    func parameters() throws(BackstageError) -> URLParameters {
        var parameters = URLParameters()
        for set in anyOf where !set.isEmpty {
            for condition in set {
                guard !condition.key.isEmpty, !condition.key.contains(where: { $0 == "," || $0 == "=" }),
                    condition.value?.contains(",") != true
                else {
                    throw BackstageError(
                        .invalidQuery,
                        "A catalogue filter cannot say '\(condition.key)=\(condition.value ?? "")': there is no way to write a comma in it."
                    )
                }
            }
            parameters.add(
                "filter", set.map { condition in condition.value.map { "\(condition.key)=\($0)" } ?? condition.key }.joined(separator: ","))
        }
        return parameters
    }
}

/// The parameters of a URL in order.
struct URLParameters: Hashable, Sendable {
    /// `a=1&b=2`, encoded.
    private(set) var text = ""

    mutating func add(_ name: String, _ value: String) {
        if !text.isEmpty { text += "&" }
        text += name + "=" + Self.encoded(value)
    }

    /// Everything but the unreserved characters (RFC 3986 2.3) as `%XX`.
    static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"),
                UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                bytes.append(byte)
            default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
