internal import Identity

/// The members of a JSON object, read by name: missing and null are the same, and what is needed and not there names itself in the error.
struct JSONFields {
    struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    private let container: KeyedDecodingContainer<Name>
    private let texts: SharedTexts?

    init(_ decoder: any Decoder) throws {
        container = try decoder.container(keyedBy: Name.self)
        texts = CodingUserInfoKey.sharedTexts.flatMap { decoder.userInfo[$0] } as? SharedTexts
    }

    private init(_ container: KeyedDecodingContainer<Name>, _ texts: SharedTexts?) {
        self.container = container
        self.texts = texts
    }

    /// A member that must be there.
    func required<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws -> Value {
        try container.decode(type, forKey: Name(stringValue: name))
    }

    /// A member that may be missing or null.
    func optional<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws -> Value? {
        try container.decodeIfPresent(type, forKey: Name(stringValue: name))
    }

    /// A list that may be missing or null.
    func list<Value: Decodable>(_ name: String, of type: Value.Type = Value.self) throws -> [Value] {
        try optional(name, as: [Value].self) ?? []
    }

    /// An object that must be there.
    func object(_ name: String) throws -> JSONFields {
        JSONFields(try container.nestedContainer(keyedBy: Name.self, forKey: Name(stringValue: name)), texts)
    }

    /// An object that may be missing or null.
    func optionalObject(_ name: String) throws -> JSONFields? {
        let name = Name(stringValue: name)
        guard container.contains(name), try !container.decodeNil(forKey: name) else { return nil }
        return JSONFields(try container.nestedContainer(keyedBy: Name.self, forKey: name), texts)
    }

    func text(_ name: String) throws -> String { try required(name) }
    func optionalText(_ name: String) throws -> String? { try optional(name) }
    func id(_ name: String) throws -> ResourceID { ResourceID(try text(name)) }
    func optionalID(_ name: String) throws -> ResourceID? { try optionalText(name).map(ResourceID.init) }

    /// An id that others name as well: a scope, a role, an assignment that a schedule is of.
    func commonID(_ name: String) throws -> ResourceID { ResourceID(shared(try text(name))) }
    func optionalCommonID(_ name: String) throws -> ResourceID? { try optionalCommonText(name).map(ResourceID.init) }
    /// A text that many elements of a list have.
    func optionalCommonText(_ name: String) throws -> String? { try optionalText(name).map { shared($0) } }
    func guid(_ name: String) throws -> GUID { GUID(try text(name)) }
    func optionalGUID(_ name: String) throws -> GUID? { try optionalText(name).map(GUID.init) }

    private func shared(_ text: String) -> String { texts?.shared(text) ?? text }

    /// A moment. .NET's first one, in the year 1, is how the service says "never": nil.
    func time(_ name: String) throws -> WallTime? {
        guard let text = try optionalText(name), !text.hasPrefix("0001-01-01") else { return nil }
        guard let time = WallTime(rfc3339: text) else { throw mismatch(name, "a time") }
        return time
    }

    /// An ISO 8601 duration.
    func duration(_ name: String) throws -> Duration? {
        guard let text = try optionalText(name) else { return nil }
        guard let duration = ISODuration.parse(text) else { throw mismatch(name, "a duration") }
        return duration
    }

    func mismatch(_ name: String, _ expected: String) -> DecodingError {
        .dataCorruptedError(forKey: Name(stringValue: name), in: container, debugDescription: "It is not \(expected).")
    }
}
