/// A queue as Azure Resource Manager describes it (Microsoft.ServiceBus/namespaces/queues). What it shares with subscriptions are members of its own
/// (``DeliveryProperties``).
@dynamicMemberLookup
public struct QueueResource: Hashable, Sendable {
    /// Its id.
    public let id: ResourceID
    /// Its name; Azure Resource Manager writes `~` where the entity's path has a slash.
    public let name: String
    /// What it shares with subscriptions.
    public let delivery: DeliveryProperties
    /// How much it may hold, in megabytes: for a partitioned queue sixteen times what was asked for.
    public let maxSizeInMegabytes: Int64?
    /// The largest message, in kilobytes.
    public let maxMessageSizeInKilobytes: Int64?
    /// Whether messages with a known id are dropped.
    public let requiresDuplicateDetection: Bool?
    /// For how long message ids are remembered.
    public let duplicateDetectionHistoryTimeWindow: Duration?
    /// Whether it is spread over several message stores.
    public let enablePartitioning: Bool?
    /// Whether messages are held in memory for a while.
    public let enableExpress: Bool?
    /// Its size in bytes.
    public let sizeInBytes: Int64?

    /// One of the properties that it shares with subscriptions.
    public subscript<Value>(dynamicMember member: KeyPath<DeliveryProperties, Value>) -> Value { delivery[keyPath: member] }
}

extension QueueResource: Decodable {
    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        id = try fields.commonID("id")
        name = try fields.text("name")
        let properties = try fields.object("properties")
        delivery = try DeliveryProperties(properties)
        maxSizeInMegabytes = try properties.optional("maxSizeInMegabytes")
        maxMessageSizeInKilobytes = try properties.optional("maxMessageSizeInKilobytes")
        requiresDuplicateDetection = try properties.optional("requiresDuplicateDetection")
        duplicateDetectionHistoryTimeWindow = try properties.duration("duplicateDetectionHistoryTimeWindow")
        enablePartitioning = try properties.optional("enablePartitioning")
        enableExpress = try properties.optional("enableExpress")
        sizeInBytes = try properties.optional("sizeInBytes")
    }
}
