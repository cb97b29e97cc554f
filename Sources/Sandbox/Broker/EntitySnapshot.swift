/// The state of one entity at one moment: what administration lists and shows. Times are in milliseconds since 1970.
public struct EntitySnapshot: Sendable, Hashable {
    /// What the entity is.
    public enum Kind: Sendable, Hashable {
        /// A queue.
        case queue(QueueSettings)
        /// A topic.
        case topic(TopicSettings, subscriptionCount: Int)
        /// A subscription.
        case subscription(topic: String, name: String, QueueSettings, rules: [RuleSettings])
    }

    /// How many messages there are, as the service counts them.
    public struct Counts: Sendable, Hashable {
        /// Ready, locked and deferred.
        public var active = 0
        /// In the dead-letter queue.
        public var deadLetter = 0
        /// Not yet active.
        public var scheduled = 0
        /// On their way to another entity. Always 0: forwarding here takes no time.
        public var transfer = 0
        /// In the transfer dead-letter queue.
        public var transferDeadLetter = 0
    }

    /// `queue`, `topic` or `topic/Subscriptions/name`.
    public let path: String
    /// What it is, with its settings.
    public let kind: Kind
    /// Whether it may be used.
    public let availability: EntityAvailability
    /// Its messages.
    public let counts: Counts
    /// The bytes of its messages and session states, sub-queues included.
    public let sizeInBytes: Int
    /// When it was made.
    public let createdAt: Int64
    /// When its settings last changed.
    public let updatedAt: Int64
    /// When it was last sent to or received from.
    public let accessedAt: Int64

    init(_ entity: QueueEntity, _ topic: Topic?) {
        path = entity.path
        availability = entity.settings.availability
        sizeInBytes = entity.sizeInBytes
        createdAt = entity.createdAt
        updatedAt = entity.updatedAt
        accessedAt = entity.accessedAt
        kind =
            switch entity.kind {
            case .queue: .queue(entity.settings)
            case .topic(let topic): .topic(topic.settings, subscriptionCount: topic.subscriptions.count)
            case .subscription(let topic, let name):
                .subscription(topic: topic.input.path, name: name, entity.settings, rules: entity.rules.map(\.settings))
            }
        counts =
            !entity.isInUse
            ? Counts()
            : Counts(
                active: entity.active.activeCount, deadLetter: entity.deadLetter.count, scheduled: entity.active.scheduledCount,
                transfer: 0, transferDeadLetter: entity.transferDeadLetter.count)
    }
}
