public import ServiceBus

/// What one message says of why it lies where it lies: enough to explain it, to name it and to find it again, without its body.
public struct DeadLetterEvidence: Hashable, Sendable {
    /// The number the entity gave it.
    public var sequenceNumber: SequenceNumber
    /// The message id.
    public var messageID: String?
    /// What it is about.
    public var subject: String?
    /// When the entity took it.
    public var enqueuedTime: Timestamp?
    /// How long it was to live; nil for ever.
    public var timeToLive: Duration?
    /// How often it was delivered.
    public var deliveryCount: Int
    /// Why it was dead-lettered.
    public var reason: String?
    /// More about why.
    public var errorDescription: String?
    /// The entity it was dead-lettered from, where dead letters of several are collected.
    public var source: String?
    /// What a framework says of its failure.
    public var fault: FrameworkFault?

    /// Reads a message.
    public init(_ message: PeekedMessage) {
        let fields = message.fields
        sequenceNumber = message.sequenceNumber
        messageID = fields.messageID.text
        subject = fields.subject.text
        enqueuedTime = fields.enqueuedTime
        timeToLive = fields.timeToLive
        deliveryCount = fields.deliveryCount
        reason = fields.deadLetterReason.text
        errorDescription = fields.deadLetterErrorDescription.text
        source = message.deadLetterSource
        fault = FrameworkFault(message)
    }

    /// Evidence of a reason alone, of which no message was looked at.
    public init(reason: String?, deliveryCount: Int = 0) {
        sequenceNumber = SequenceNumber(0)
        self.reason = reason
        self.deliveryCount = deliveryCount
    }
}
