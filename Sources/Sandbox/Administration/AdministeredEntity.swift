public import ServiceBus

/// A namespace as its administration shows it.
public struct AdministeredNamespace: Hashable, Sendable {
    /// The name, such as `sbemulatorns`.
    public var name: String
    /// `Basic`, `Standard` or `Premium`.
    public var tier: String
    /// The messaging units of a Premium namespace.
    public var messagingUnits: Int?
    /// When it was created.
    public var createdAt: Timestamp
    /// When it was last changed.
    public var modifiedAt: Timestamp

    /// A namespace.
    public init(name: String, tier: String = "Standard", messagingUnits: Int? = nil, createdAt: Timestamp, modifiedAt: Timestamp) {
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
public struct AdministeredEntity: Hashable, Sendable {
    /// What it is.
    public enum Kind: Hashable, Sendable {
        /// A queue.
        case queue
        /// A topic with so many subscriptions.
        case topic(subscriptionCount: Int)
        /// A subscription of the topic of that name.
        case subscription(topic: String)
    }

    /// The queue's, topic's or subscription's own name.
    public var name: String
    /// What it is.
    public var kind: Kind
    /// When it was created.
    public var createdAt: Timestamp
    /// When its settings were last changed.
    public var updatedAt: Timestamp
    /// When it was last used, `nil` for never.
    public var accessedAt: Timestamp?
    /// Its messages.
    public var counts = EntityCounts()
    /// The bytes of its messages.
    public var sizeInBytes: Int64 = 0
    /// Whether it takes and gives messages.
    public var status = EntityStatus.active
    /// How long a peek-lock lasts.
    public var lockDuration = Duration.seconds(60)
    /// The quota.
    public var maxSizeInMegabytes = 1024
    /// Whether repeated message ids are dropped.
    public var requiresDuplicateDetection = false
    /// For how long message ids are remembered.
    public var duplicateDetectionWindow = Duration.seconds(600)
    /// Whether messages need a session id.
    public var requiresSession = false
    /// How long messages live, `nil` for ever.
    public var defaultTimeToLive: Duration?
    /// Whether expired messages are dead-lettered.
    public var deadLetteringOnExpiration = false
    /// Whether messages whose rules fail are dead-lettered.
    public var deadLetteringOnFilterErrors = true
    /// Failed deliveries before a message is dead-lettered.
    public var maxDeliveryCount = 10
    /// Whether batches are accepted.
    public var enablesBatchedOperations = true
    /// Whether order is kept.
    public var supportsOrdering = true
    /// Where messages are forwarded.
    public var forwardTo: String?
    /// Where dead letters are forwarded.
    public var forwardDeadLetteredMessagesTo: String?
    /// Free text of whoever made it.
    public var userMetadata: String?
    /// After how long without use it is removed, `nil` for never.
    public var autoDeleteOnIdle: Duration?
    /// Whether it is partitioned.
    public var isPartitioned = false
    /// Whether messages may be kept in memory only.
    public var isExpress = false
    /// The largest message in kilobytes.
    public var maxMessageSizeInKilobytes = 256

    /// An entity with the service's defaults.
    public init(name: String, kind: Kind, createdAt: Timestamp, updatedAt: Timestamp, accessedAt: Timestamp? = nil) {
        self.name = name
        self.kind = kind
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.accessedAt = accessedAt
    }
}

/// A rule of a subscription as its administration shows it.
public struct AdministeredRule: Hashable, Sendable {
    /// Which messages it takes.
    public enum Filter: Hashable, Sendable {
        /// All.
        case all
        /// None.
        case none
        /// Those for which the expression is true.
        case sql(String)
        /// Those whose properties equal the given ones.
        case correlation(Correlation)
    }

    /// The conditions of a correlation filter; `nil` is no condition.
    public struct Correlation: Hashable, Sendable {
        /// The correlation id.
        public var correlationID: String?
        /// The message id.
        public var messageID: String?
        /// The address sent to.
        public var to: String?
        /// The address to answer to.
        public var replyTo: String?
        /// The subject.
        public var label: String?
        /// The session id.
        public var sessionID: String?
        /// The session to answer to.
        public var replyToSessionID: String?
        /// The content type.
        public var contentType: String?
        /// Application properties.
        public var properties: [Property] = []

        /// No conditions.
        public init() {}
    }

    /// A typed value of an application property.
    public struct Property: Hashable, Sendable {
        /// The types a filter may compare with.
        public enum ValueType: String, Hashable, Sendable {
            case string, int, long, boolean, double, dateTime, duration
        }
        /// The property's name.
        public var key: String
        /// The value's XML Schema type.
        public var type: ValueType
        /// The value in that type's XML form.
        public var value: String

        /// A property.
        public init(key: String, type: ValueType, value: String) {
            self.key = key
            self.type = type
            self.value = value
        }
    }

    /// The name.
    public var name: String
    /// Which messages it takes.
    public var filter: Filter
    /// The SQL action, `nil` for none.
    public var action: String?
    /// Values of a SQL filter's parameters.
    public var filterParameters: [Property] = []
    /// Values of the action's parameters.
    public var actionParameters: [Property] = []
    /// When it was created.
    public var createdAt: Timestamp

    /// A rule.
    public init(name: String, filter: Filter, action: String? = nil, createdAt: Timestamp) {
        self.name = name
        self.filter = filter
        self.action = action
        self.createdAt = createdAt
    }
}
