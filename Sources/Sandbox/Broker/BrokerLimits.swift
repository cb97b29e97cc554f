/// What a namespace accepts and holds: the quotas of a tier, and bounds on what peers can make this process keep.
public struct BrokerLimits: Sendable, Hashable {
    /// The largest message, in bytes, with all its sections.
    public var maximumMessageBytes = 262_144
    /// The largest properties plus application-properties of a message, in bytes; above it a message is dead-lettered (HeaderSizeExceeded).
    public var maximumHeaderBytes = 65_536
    /// The longest message id, session id and partition key, in UTF-16 units as the service counts them.
    public var maximumIdentifierLength = 128
    /// The largest state of one session, in bytes.
    public var maximumSessionStateBytes = 262_144
    /// The most messages of one peek.
    public var maximumPeekCount = 250
    /// Where a page of a peek stops, in bytes; at least one message is always given.
    public var maximumPeekBytes = 1_048_576
    /// The most messages one batch delete removes.
    public var maximumDeleteCount = 4000
    /// The most messages one receive, or one receive by sequence number, gives.
    public var maximumReceiveCount = 5000
    /// The most messages sent in one transaction.
    public var maximumTransactionMessages = 100
    /// When a transaction that nobody ends is rolled back, in milliseconds after it began.
    public var transactionTimeout: Int64 = 120_000
    /// The most transactions at a time.
    public var maximumTransactions = 10_000
    /// How many entities a message may be forwarded through.
    public var maximumHops = 4
    /// The most queues, and separately the most topics.
    public var maximumEntities = 10_000
    /// The most subscriptions of one topic.
    public var maximumSubscriptions = 2000
    /// The most rules of one subscription.
    public var maximumRules = 2000
    /// The most message ids one entity remembers for duplicate detection; beyond it the oldest are forgotten early.
    public var maximumRememberedIDs = 1_000_000
    /// The most bytes of messages and session state in the whole namespace. The service has no such quota: this protects the process.
    public var maximumNamespaceBytes = 4 << 30

    /// The quotas of the Standard tier.
    public static let standard: BrokerLimits = {
        var limits = BrokerLimits()
        limits.maximumDeleteCount = 500
        return limits
    }()

    /// The quotas of the Premium tier with large messages enabled (100 MB).
    public static let premium: BrokerLimits = {
        var limits = BrokerLimits()
        limits.maximumMessageBytes = 104_857_600
        limits.maximumSessionStateBytes = 104_857_600
        return limits
    }()

    /// The Standard tier's message sizes with the Premium tier's batch delete.
    public init() {}
}
