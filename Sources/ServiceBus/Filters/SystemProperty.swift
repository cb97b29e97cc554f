/// A property of a message that the `sys.` scope names: the public properties of `BrokeredMessage`, and the names newer SDKs give them.
///
/// Source: service-bus-messaging-sql-filter and service-bus-messages-payloads of Microsoft's documentation.
public enum SystemProperty: String, Hashable, Sendable, CaseIterable {
    /// The MIME type of the body.
    case contentType = "ContentType"
    /// The correlation id.
    case correlationID = "CorrelationId"
    /// The entity it was dead-lettered from.
    case deadLetterSource = "DeadLetterSource"
    /// How often it was delivered.
    case deliveryCount = "DeliveryCount"
    /// The number it got where it first entered.
    case enqueuedSequenceNumber = "EnqueuedSequenceNumber"
    /// When the entity took it.
    case enqueuedTime = "EnqueuedTimeUtc"
    /// When it expires.
    case expiresAt = "ExpiresAtUtc"
    /// What it is about; newer SDKs say Subject.
    case label = "Label"
    /// Until when it is locked.
    case lockedUntil = "LockedUntilUtc"
    /// The token of its lock.
    case lockToken = "LockToken"
    /// The message id.
    case messageID = "MessageId"
    /// The partition key.
    case partitionKey = "PartitionKey"
    /// Where answers go.
    case replyTo = "ReplyTo"
    /// The session answers belong to.
    case replyToSessionID = "ReplyToSessionId"
    /// When it is to become active.
    case scheduledEnqueueTime = "ScheduledEnqueueTimeUtc"
    /// The number the entity gave it.
    case sequenceNumber = "SequenceNumber"
    /// The session it belongs to.
    case sessionID = "SessionId"
    /// Its size in bytes.
    case size = "Size"
    /// Where it stands.
    case state = "State"
    /// How long it may live.
    case timeToLive = "TimeToLive"
    /// Whom it is addressed to.
    case to = "To"
    /// The partition key of the entity it is sent by way of.
    case viaPartitionKey = "ViaPartitionKey"

    private static let aliases: [String: SystemProperty] = [
        "subject": .label, "enqueuedtime": .enqueuedTime, "expiresat": .expiresAt, "lockeduntil": .lockedUntil,
        "scheduledenqueuetime": .scheduledEnqueueTime, "transactionpartitionkey": .viaPartitionKey,
    ]
    private static let names = Dictionary(uniqueKeysWithValues: allCases.map { ($0.rawValue.lowercased(), $0) })

    /// The property of a name in any case; nil when the service knows none.
    public init?(named name: String) {
        let name = name.lowercased()
        guard let property = Self.names[name] ?? Self.aliases[name] else { return nil }
        self = property
    }

    /// Whether an action may change it: those with a public setter.
    public var isSettable: Bool {
        switch self {
        case .contentType, .correlationID, .label, .messageID, .partitionKey, .replyTo, .replyToSessionID, .scheduledEnqueueTime,
            .sessionID, .timeToLive, .to, .viaPartitionKey:
            true
        case .deadLetterSource, .deliveryCount, .enqueuedSequenceNumber, .enqueuedTime, .expiresAt, .lockedUntil, .lockToken,
            .sequenceNumber, .size, .state:
            false
        }
    }
}
