public import Identity

/// A shared access rule of a namespace or an entity: its name and what its keys allow. The keys themselves are not part of it.
public struct AuthorizationRuleResource: Hashable, Sendable, Decodable {
    /// What a key allows.
    public struct KeyRight: ServiceWord {
        /// As the service wrote it.
        public let rawValue: String
        /// A word as the service wrote it.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// Receiving.
        public static let listen = KeyRight(rawValue: "Listen")
        /// Sending.
        public static let send = KeyRight(rawValue: "Send")
        /// Everything.
        public static let manage = KeyRight(rawValue: "Manage")
        /// The words that have names.
        public static let known: [KeyRight] = [listen, send, manage]
    }

    /// Its id.
    public let id: ResourceID
    /// Its name.
    public let name: String
    /// What its keys allow.
    public let rights: Set<KeyRight>

    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        id = try fields.id("id")
        name = try fields.text("name")
        rights = Set(try fields.object("properties").list("rights", of: KeyRight.self))
    }

    /// The namespace or entity whose rule it is.
    public var owner: ResourceID { ResourceID(id.segments.dropLast(2).joined(separator: "/")) }
}

/// The keys of a shared access rule. They are fetched only when somebody asks for them, and nothing prints them.
public struct AccessKeys: Sendable, Decodable {
    /// The rule's name.
    public let keyName: String
    /// The first key.
    public let primaryKey: Secret
    /// The second one.
    public let secondaryKey: Secret
    /// A connection string with the first key.
    public let primaryConnectionString: Secret
    /// A connection string with the second one.
    public let secondaryConnectionString: Secret
    /// A connection string to the geo-disaster recovery alias with the first key; nil when there is no alias.
    public let aliasPrimaryConnectionString: Secret?
    /// A connection string to the geo-disaster recovery alias with the second key.
    public let aliasSecondaryConnectionString: Secret?
    /// `x-ms-correlation-request-id` of the answer they came in: what joins it to the Activity Log.
    public internal(set) var correlationID: String?

    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        keyName = try fields.text("keyName")
        primaryKey = Secret(try fields.text("primaryKey"))
        secondaryKey = Secret(try fields.text("secondaryKey"))
        primaryConnectionString = Secret(try fields.text("primaryConnectionString"))
        secondaryConnectionString = Secret(try fields.text("secondaryConnectionString"))
        aliasPrimaryConnectionString = try fields.optionalText("aliasPrimaryConnectionString").map { Secret($0) }
        aliasSecondaryConnectionString = try fields.optionalText("aliasSecondaryConnectionString").map { Secret($0) }
    }
}

extension AccessKeys {
    package init(
        keyName: String, primaryKey: Secret, secondaryKey: Secret, primaryConnectionString: Secret, secondaryConnectionString: Secret,
        correlationID: String? = nil
    ) {
        self.keyName = keyName
        self.primaryKey = primaryKey
        self.secondaryKey = secondaryKey
        self.primaryConnectionString = primaryConnectionString
        self.secondaryConnectionString = secondaryConnectionString
        aliasPrimaryConnectionString = nil
        aliasSecondaryConnectionString = nil
        self.correlationID = correlationID
    }

    /// One of both keys.
    public func key(_ kind: AccessKeyKind) -> Secret { kind == .primary ? primaryKey : secondaryKey }

    /// The connection string with one of both keys: to the geo-disaster recovery alias where there is one, so that it holds after a failover.
    public func connectionString(_ kind: AccessKeyKind) -> Secret {
        switch kind {
        case .primary: aliasPrimaryConnectionString ?? primaryConnectionString
        case .secondary: aliasSecondaryConnectionString ?? secondaryConnectionString
        }
    }
}

/// Which of a rule's two keys.
public enum AccessKeyKind: String, Hashable, Sendable, CaseIterable {
    /// The first.
    case primary = "PrimaryKey"
    /// The second.
    case secondary = "SecondaryKey"

    /// The one that this is not.
    public var other: AccessKeyKind { self == .primary ? .secondary : .primary }
}
