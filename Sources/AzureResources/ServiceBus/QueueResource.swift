public import Identity

/// A queue as Azure Resource Manager describes it (Microsoft.ServiceBus/namespaces/queues).
public struct QueueResource: Hashable, Sendable {
    /// Its id.
    public let id: ResourceID
    /// Its name; Azure Resource Manager writes `~` where the entity's path has a slash.
    public let name: String
    /// How long a receiver has for a message.
    public let lockDuration: Duration?
    /// How much it may hold, in megabytes: for a partitioned queue sixteen times what was asked for.
    public let maxSizeInMegabytes: Int64?
    /// The largest message, in kilobytes.
    public let maxMessageSizeInKilobytes: Int64?
    /// Whether messages with a known id are dropped.
    public let requiresDuplicateDetection: Bool?
    /// Whether messages belong to sessions.
    public let requiresSession: Bool?
    /// How long messages live that do not say; `P10675199DT2H48M5.4775807S` is "for ever".
    public let defaultMessageTimeToLive: Duration?
    /// Whether expired messages become dead letters.
    public let deadLetteringOnMessageExpiration: Bool?
    /// For how long message ids are remembered.
    public let duplicateDetectionHistoryTimeWindow: Duration?
    /// After how many deliveries a message becomes a dead letter.
    public let maxDeliveryCount: Int?
    /// Which operations it takes.
    public let status: EntityResourceStatus?
    /// Whether the service may write messages in batches.
    public let enableBatchedOperations: Bool?
    /// After how long without use it is removed.
    public let autoDeleteOnIdle: Duration?
    /// Whether it is spread over several message stores.
    public let enablePartitioning: Bool?
    /// Whether messages are held in memory for a while.
    public let enableExpress: Bool?
    /// Where its messages go.
    public let forwardTo: String?
    /// Where its dead letters go.
    public let forwardDeadLetteredMessagesTo: String?
    /// A note of its owner, up to 1024 characters.
    public let userMetadata: String?
    /// Its size in bytes.
    public let sizeInBytes: Int64?
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

extension QueueResource: Decodable {
    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        id = try fields.id("id")
        name = try fields.text("name")
        let properties = try fields.object("properties")
        lockDuration = try properties.duration("lockDuration")
        maxSizeInMegabytes = try properties.optional("maxSizeInMegabytes")
        maxMessageSizeInKilobytes = try properties.optional("maxMessageSizeInKilobytes")
        requiresDuplicateDetection = try properties.optional("requiresDuplicateDetection")
        requiresSession = try properties.optional("requiresSession")
        defaultMessageTimeToLive = try properties.duration("defaultMessageTimeToLive")
        deadLetteringOnMessageExpiration = try properties.optional("deadLetteringOnMessageExpiration")
        duplicateDetectionHistoryTimeWindow = try properties.duration("duplicateDetectionHistoryTimeWindow")
        maxDeliveryCount = try properties.optional("maxDeliveryCount")
        status = try properties.optional("status")
        enableBatchedOperations = try properties.optional("enableBatchedOperations")
        autoDeleteOnIdle = try properties.duration("autoDeleteOnIdle")
        enablePartitioning = try properties.optional("enablePartitioning")
        enableExpress = try properties.optional("enableExpress")
        forwardTo = try properties.optionalText("forwardTo")
        forwardDeadLetteredMessagesTo = try properties.optionalText("forwardDeadLetteredMessagesTo")
        userMetadata = try properties.optionalText("userMetadata")
        sizeInBytes = try properties.optional("sizeInBytes")
        messageCount = try properties.optional("messageCount")
        counts = try properties.optional("countDetails")
        createdAt = try properties.time("createdAt")
        updatedAt = try properties.time("updatedAt")
        accessedAt = try properties.time("accessedAt")
    }
}
