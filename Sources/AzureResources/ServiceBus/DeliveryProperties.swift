public import Identity

/// What queues and subscriptions have in common: whatever messages are received from, as Azure Resource Manager describes it.
public struct DeliveryProperties: Hashable, Sendable {
    /// How long a receiver has for a message.
    public let lockDuration: Duration?
    /// Whether messages belong to sessions.
    public let requiresSession: Bool?
    /// How long messages live that do not say; `P10675199DT2H48M5.4775807S` is "for ever".
    public let defaultMessageTimeToLive: Duration?
    /// Whether expired messages become dead letters.
    public let deadLetteringOnMessageExpiration: Bool?
    /// After how many deliveries a message becomes a dead letter.
    public let maxDeliveryCount: Int?
    /// Which operations it takes.
    public let status: EntityResourceStatus?
    /// Whether the service may write messages in batches.
    public let enableBatchedOperations: Bool?
    /// After how long without use it is removed.
    public let autoDeleteOnIdle: Duration?
    /// Where its messages go.
    public let forwardTo: String?
    /// Where its dead letters go.
    public let forwardDeadLetteredMessagesTo: String?
    /// A note of its owner, up to 1024 characters.
    public let userMetadata: String?
    /// All of its messages.
    public let messageCount: Int64?
    /// Its messages by kind.
    public let counts: CountDetails?
    /// When it was made.
    public let createdAt: WallTime?
    /// When it was last changed.
    public let updatedAt: WallTime?
    /// When it was last used; nil when it never was.
    public let accessedAt: WallTime?

    /// Reads them from an entity's `properties`.
    init(_ properties: JSONFields) throws {
        lockDuration = try properties.duration("lockDuration")
        requiresSession = try properties.optional("requiresSession")
        defaultMessageTimeToLive = try properties.duration("defaultMessageTimeToLive")
        deadLetteringOnMessageExpiration = try properties.optional("deadLetteringOnMessageExpiration")
        maxDeliveryCount = try properties.optional("maxDeliveryCount")
        status = try properties.optional("status")
        enableBatchedOperations = try properties.optional("enableBatchedOperations")
        autoDeleteOnIdle = try properties.duration("autoDeleteOnIdle")
        forwardTo = try properties.optionalText("forwardTo")
        forwardDeadLetteredMessagesTo = try properties.optionalText("forwardDeadLetteredMessagesTo")
        userMetadata = try properties.optionalText("userMetadata")
        messageCount = try properties.optional("messageCount")
        counts = try properties.optional("countDetails")
        createdAt = try properties.time("createdAt")
        updatedAt = try properties.time("updatedAt")
        accessedAt = try properties.time("accessedAt")
    }
}
