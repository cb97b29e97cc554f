/// Whether an entity may be sent to and received from.
public enum EntityAvailability: String, Sendable, Hashable, CaseIterable {
    /// Both.
    case active = "Active"
    /// Neither.
    case disabled = "Disabled"
    /// Receiving only.
    case sendDisabled = "SendDisabled"
    /// Sending only; peeking still works.
    case receiveDisabled = "ReceiveDisabled"

    var acceptsSends: Bool { self == .active || self == .receiveDisabled }
    var allowsReceives: Bool { self == .active || self == .sendDisabled }
    var allowsPeeks: Bool { self != .disabled }
}

/// The settings a queue and a subscription share. Times are in milliseconds.
public struct QueueSettings: Sendable, Hashable {
    /// How long a peek-lock, or a session lock, lasts.
    public var lockDuration: Int64 = 60_000
    /// After how many failed deliveries a message is dead-lettered.
    public var maxDeliveryCount = 10
    /// How long a message without a shorter time to live of its own stays; nil for ever.
    public var defaultTimeToLive: Int64?
    /// Whether expired messages are dead-lettered rather than dropped.
    public var deadLetteringOnExpiration = false
    /// Whether messages are received by session only.
    public var requiresSession = false
    /// For how long message ids are remembered to drop duplicates; nil for no duplicate detection. Queues only.
    public var duplicateDetectionWindow: Int64?
    /// The queue or topic every arriving message is passed on to.
    public var forwardTo: String?
    /// The queue or topic every dead-lettered message is passed on to.
    public var forwardDeadLetteredMessagesTo: String?
    /// Whether its messages are spread over partitions, which their sequence numbers name. Fixed when it is made; not for subscriptions.
    public var isPartitioned = false
    /// The quota of the entity with its sub-queues. Queues only.
    public var maximumSizeInMegabytes = 1024
    /// Whether the entity may be used.
    public var availability = EntityAvailability.active
    /// Free text of whoever made the entity.
    public var userMetadata = ""
    /// Whether a message is dead-lettered when a rule of the subscription cannot be evaluated. Subscriptions only.
    public var deadLetteringOnFilterEvaluationExceptions = true
    /// After how long without use the entity is removed; nil for never.
    public var autoDeleteOnIdle: Int64?
    /// The largest message, in kilobytes, where it is not the tier's.
    public var maximumMessageKilobytes: Int?
    /// What administration keeps.
    public var administrative = AdministrativeSettings()

    /// The service's defaults.
    public init() {}
}

/// The settings of a topic. Times are in milliseconds.
public struct TopicSettings: Sendable, Hashable {
    /// How long a message without a shorter time to live of its own stays in the subscriptions; nil for ever.
    public var defaultTimeToLive: Int64?
    /// For how long message ids are remembered to drop duplicates; nil for no duplicate detection.
    public var duplicateDetectionWindow: Int64?
    /// Whether its messages, and those of its subscriptions, are spread over partitions. Fixed when it is made.
    public var isPartitioned = false
    /// The quota of the topic with its subscriptions.
    public var maximumSizeInMegabytes = 1024
    /// Whether the entity may be used.
    public var availability = EntityAvailability.active
    /// Free text of whoever made the entity.
    public var userMetadata = ""
    /// After how long without use the entity is removed; nil for never.
    public var autoDeleteOnIdle: Int64?
    /// The largest message, in kilobytes, where it is not the tier's.
    public var maximumMessageKilobytes: Int?
    /// What administration keeps.
    public var administrative = AdministrativeSettings()

    /// The service's defaults.
    public init() {}
}
