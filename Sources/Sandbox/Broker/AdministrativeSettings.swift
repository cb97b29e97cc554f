/// What administration keeps of an entity for those who ask, and the data plane does not look at.
public struct AdministrativeSettings: Sendable, Hashable {
    /// Whether the service may store operations in batches.
    public var enablesBatchedOperations = true
    /// Whether order is promised.
    public var supportsOrdering = true
    /// Whether messages may be kept in memory only.
    public var isExpress = false
    /// Whether anybody may use the entity.
    public var isAnonymouslyAccessible = false
    /// Whether senders are told when no subscription wants their message. Topics only.
    public var filtersBeforePublishing = false
    /// For how long message ids would be remembered, in milliseconds, while duplicates are not detected.
    public var idleDuplicateDetectionWindow: Int64?
    /// The keys that open this entity alone.
    public var authorizationRules: [EntityAuthorizationRule] = []

    /// The service's defaults.
    public init() {}
}

/// A named pair of keys that opens one queue or topic. Times are in milliseconds since 1970.
public struct EntityAuthorizationRule: Sendable, Hashable {
    /// The rule's name, which tokens mention.
    public var name: String
    /// What its keys allow.
    public var rights: Rights
    /// One key, as text.
    public var primaryKey: String
    /// The other, so that one can be replaced while the other is in use.
    public var secondaryKey: String
    /// When it was made.
    public var createdAt: Int64
    /// When it was last changed.
    public var modifiedAt: Int64

    /// Creates a rule.
    public init(name: String, rights: Rights, primaryKey: String, secondaryKey: String, createdAt: Int64, modifiedAt: Int64) {
        self.name = name
        self.rights = rights
        self.primaryKey = primaryKey
        self.secondaryKey = secondaryKey
        self.createdAt = createdAt
        self.modifiedAt = modifiedAt
    }
}
