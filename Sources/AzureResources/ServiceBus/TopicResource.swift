public import Identity

/// A topic as Azure Resource Manager describes it (Microsoft.ServiceBus/namespaces/topics).
public struct TopicResource: Hashable, Sendable {
    /// Its id.
    public let id: ResourceID
    /// Its name; Azure Resource Manager writes `~` where the entity's path has a slash.
    public let name: String
    /// How long messages live that do not say.
    public let defaultMessageTimeToLive: Duration?
    /// How much it may hold, in megabytes.
    public let maxSizeInMegabytes: Int64?
    /// The largest message, in kilobytes.
    public let maxMessageSizeInKilobytes: Int64?
    /// Whether messages with a known id are dropped.
    public let requiresDuplicateDetection: Bool?
    /// For how long message ids are remembered.
    public let duplicateDetectionHistoryTimeWindow: Duration?
    /// Whether the service may write messages in batches.
    public let enableBatchedOperations: Bool?
    /// Which operations it takes.
    public let status: EntityResourceStatus?
    /// Whether messages keep their order.
    public let supportOrdering: Bool?
    /// After how long without use it is removed.
    public let autoDeleteOnIdle: Duration?
    /// Whether it is spread over several message stores.
    public let enablePartitioning: Bool?
    /// Whether messages are held in memory for a while.
    public let enableExpress: Bool?
    /// A note of its owner.
    public let userMetadata: String?
    /// Its size in bytes.
    public let sizeInBytes: Int64?
    /// How many subscriptions it has.
    public let subscriptionCount: Int?
    /// Its messages by kind: a topic itself holds scheduled ones only.
    public let counts: CountDetails?
    /// When it was made.
    public let createdAt: WallTime?
    /// When it was last changed.
    public let updatedAt: WallTime?
    /// When it was last used; nil when it never was.
    public let accessedAt: WallTime?
}

extension TopicResource: Decodable {
    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        id = try fields.commonID("id")
        name = try fields.text("name")
        let properties = try fields.object("properties")
        defaultMessageTimeToLive = try properties.duration("defaultMessageTimeToLive")
        maxSizeInMegabytes = try properties.optional("maxSizeInMegabytes")
        maxMessageSizeInKilobytes = try properties.optional("maxMessageSizeInKilobytes")
        requiresDuplicateDetection = try properties.optional("requiresDuplicateDetection")
        duplicateDetectionHistoryTimeWindow = try properties.duration("duplicateDetectionHistoryTimeWindow")
        enableBatchedOperations = try properties.optional("enableBatchedOperations")
        status = try properties.optional("status")
        supportOrdering = try properties.optional("supportOrdering")
        autoDeleteOnIdle = try properties.duration("autoDeleteOnIdle")
        enablePartitioning = try properties.optional("enablePartitioning")
        enableExpress = try properties.optional("enableExpress")
        userMetadata = try properties.optionalText("userMetadata")
        sizeInBytes = try properties.optional("sizeInBytes")
        subscriptionCount = try properties.optional("subscriptionCount")
        counts = try properties.optional("countDetails")
        createdAt = try properties.time("createdAt")
        updatedAt = try properties.time("updatedAt")
        accessedAt = try properties.time("accessedAt")
    }
}
