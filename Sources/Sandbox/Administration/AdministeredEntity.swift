internal import ServiceBus

/// A namespace as its administration shows it.
struct AdministeredNamespace: Hashable, Sendable {
    /// The name, such as `sbemulatorns`.
    var name: String
    /// `Basic`, `Standard` or `Premium`.
    var tier: String
    /// The messaging units of a Premium namespace.
    var messagingUnits: Int?
    /// When it was created.
    var createdAt: Timestamp
    /// When it was last changed.
    var modifiedAt: Timestamp

    /// A namespace.
    init(name: String, tier: String = "Standard", messagingUnits: Int? = nil, createdAt: Timestamp, modifiedAt: Timestamp) {
        self.name = name
        self.tier = tier
        self.messagingUnits = messagingUnits
        self.createdAt = createdAt
        self.modifiedAt = modifiedAt
    }
}

/// A queue, topic or subscription as its administration shows it: settings, counts and times. What does not apply to a kind is not shown for it.
///
/// The defaults are the service's.
struct AdministeredEntity: Hashable, Sendable {
    /// What it is.
    enum Kind: Hashable, Sendable {
        /// A queue.
        case queue
        /// A topic with so many subscriptions.
        case topic(subscriptionCount: Int)
        /// A subscription of the topic of that name.
        case subscription(topic: String)
    }

    /// The queue's, topic's or subscription's own name.
    var name: String
    /// What it is.
    var kind: Kind
    /// When it was created.
    var createdAt: Timestamp
    /// When its settings were last changed.
    var updatedAt: Timestamp
    /// When it was last used, `nil` for never.
    var accessedAt: Timestamp?
    /// Its messages.
    var counts = EntityCounts()
    /// The bytes of its messages.
    var sizeInBytes: Int64 = 0
    /// Whether it takes and gives messages.
    var status = EntityStatus.active
    /// How long a peek-lock lasts.
    var lockDuration = Duration.seconds(60)
    /// The quota.
    var maxSizeInMegabytes = 1024
    /// Whether repeated message ids are dropped.
    var requiresDuplicateDetection = false
    /// For how long message ids are remembered.
    var duplicateDetectionWindow = Duration.seconds(600)
    /// Whether messages need a session id.
    var requiresSession = false
    /// How long messages live, `nil` for ever.
    var defaultTimeToLive: Duration?
    /// Whether expired messages are dead-lettered.
    var deadLetteringOnExpiration = false
    /// Whether messages whose rules fail are dead-lettered.
    var deadLetteringOnFilterErrors = true
    /// Failed deliveries before a message is dead-lettered.
    var maxDeliveryCount = 10
    /// Whether batches are accepted.
    var enablesBatchedOperations = true
    /// Whether order is kept.
    var supportsOrdering = true
    /// Where messages are forwarded.
    var forwardTo: String?
    /// Where dead letters are forwarded.
    var forwardDeadLetteredMessagesTo: String?
    /// Free text of whoever made it.
    var userMetadata: String?
    /// After how long without use it is removed, `nil` for never.
    var autoDeleteOnIdle: Duration?
    /// Whether it is partitioned.
    var isPartitioned = false
    /// Whether messages may be kept in memory only.
    var isExpress = false
    /// The largest message in kilobytes.
    var maxMessageSizeInKilobytes = 256
    /// Whether anybody may use it.
    var isAnonymouslyAccessible = false
    /// Whether senders are told when no subscription wants their message.
    var filtersBeforePublishing = false
    /// The keys that open it alone.
    var authorizationRules: [EntityAuthorizationRule] = []

    /// An entity with the service's defaults.
    init(name: String, kind: Kind, createdAt: Timestamp, updatedAt: Timestamp, accessedAt: Timestamp? = nil) {
        self.name = name
        self.kind = kind
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.accessedAt = accessedAt
    }
}
