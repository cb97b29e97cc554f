public import Identity

/// A subscription of a topic as Azure Resource Manager describes it (Microsoft.ServiceBus/namespaces/topics/subscriptions).
public struct SubscriptionResource: Hashable, Sendable {
    /// Its id.
    public let id: ResourceID
    /// Its name.
    public let name: String
    /// How long a receiver has for a message.
    public let lockDuration: Duration?
    /// Whether messages belong to sessions.
    public let requiresSession: Bool?
    /// How long messages live that do not say.
    public let defaultMessageTimeToLive: Duration?
    /// Whether expired messages become dead letters.
    public let deadLetteringOnMessageExpiration: Bool?
    /// Whether messages that a rule's filter has no answer for become dead letters.
    public let deadLetteringOnFilterEvaluationExceptions: Bool?
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
    /// Whether it belongs to one client id.
    public let isClientAffine: Bool?
    /// A note of its owner.
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
}

extension SubscriptionResource: Decodable {
    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        id = try fields.id("id")
        name = try fields.text("name")
        let properties = try fields.object("properties")
        lockDuration = try properties.duration("lockDuration")
        requiresSession = try properties.optional("requiresSession")
        defaultMessageTimeToLive = try properties.duration("defaultMessageTimeToLive")
        deadLetteringOnMessageExpiration = try properties.optional("deadLetteringOnMessageExpiration")
        deadLetteringOnFilterEvaluationExceptions = try properties.optional("deadLetteringOnFilterEvaluationExceptions")
        maxDeliveryCount = try properties.optional("maxDeliveryCount")
        status = try properties.optional("status")
        enableBatchedOperations = try properties.optional("enableBatchedOperations")
        autoDeleteOnIdle = try properties.duration("autoDeleteOnIdle")
        forwardTo = try properties.optionalText("forwardTo")
        forwardDeadLetteredMessagesTo = try properties.optionalText("forwardDeadLetteredMessagesTo")
        isClientAffine = try properties.optional("isClientAffine")
        userMetadata = try properties.optionalText("userMetadata")
        messageCount = try properties.optional("messageCount")
        counts = try properties.optional("countDetails")
        createdAt = try properties.time("createdAt")
        updatedAt = try properties.time("updatedAt")
        accessedAt = try properties.time("accessedAt")
    }
}
