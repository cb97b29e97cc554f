internal import AMQP
internal import NIOCore

/// A message to be sent, in Service Bus's terms.
public struct OutgoingMessage: Hashable, Sendable {
    /// What the body is made of.
    public enum Body: Hashable, Sendable {
        /// Bytes, sent as one data section.
        case data([UInt8])
        /// One typed value.
        case value(PropertyValue)
        /// One sequence of typed values.
        case sequence([PropertyValue])
    }

    /// One application property.
    public struct Property: Hashable, Sendable {
        /// Its name.
        public var name: String
        /// Its value and wire type.
        public var value: PropertyValue
        /// Creates a property.
        public init(name: String, value: PropertyValue) {
            self.name = name
            self.value = value
        }
    }

    /// The message id.
    public var messageID: String?
    /// The correlation id.
    public var correlationID: String?
    /// The session.
    public var sessionID: String?
    /// The partition key.
    public var partitionKey: String?
    /// What it is about.
    public var subject: String?
    /// Whom it is addressed to.
    public var to: String?
    /// Where answers go.
    public var replyTo: String?
    /// The session answers belong to.
    public var replyToSessionID: String?
    /// The MIME type of the body.
    public var contentType: String?
    /// The encoding of the body.
    public var contentEncoding: String?
    /// How long it may live.
    public var timeToLive: Duration?
    /// When it is to become active.
    public var scheduledEnqueueTime: Timestamp?
    /// Annotations about the message, in order; those above have fields of their own.
    public var messageAnnotations: [Property] = []
    /// The application's properties, in order.
    public var applicationProperties: [Property] = []
    /// The body.
    public var body: Body

    /// Creates a message with a body and nothing else.
    public init(body: Body = .data([])) { self.body = body }

    func encoded() -> ByteBuffer {
        var content = MessageContent()
        if let timeToLive {
            let (seconds, attoseconds) = timeToLive.components
            let milliseconds = seconds.multipliedReportingOverflow(by: 1000)
            let total = milliseconds.overflow ? Int64.max : milliseconds.partialValue &+ attoseconds / 1_000_000_000_000_000
            content.header = Header(ttl: UInt32(clamping: total))
        }
        var annotations: [AMQPMap.Pair] = []
        if let partitionKey { annotations.append(.init(key: .symbol("x-opt-partition-key"), value: .string(partitionKey))) }
        if let scheduledEnqueueTime {
            annotations.append(
                .init(key: .symbol("x-opt-scheduled-enqueue-time"), value: .timestamp(scheduledEnqueueTime.milliseconds)))
        }
        for annotation in messageAnnotations {
            annotations.append(.init(key: .symbol(Symbol(annotation.name)), value: annotation.value.amqpValue))
        }
        content.messageAnnotations = AMQPMap(annotations)
        var properties = Properties()
        properties.messageID = messageID.map { .string($0) }
        properties.correlationID = correlationID.map { .string($0) }
        properties.groupID = sessionID
        properties.subject = subject
        properties.to = to
        properties.replyTo = replyTo
        properties.replyToGroupID = replyToSessionID
        properties.contentType = contentType.map { Symbol($0) }
        properties.contentEncoding = contentEncoding.map { Symbol($0) }
        content.properties = properties
        content.applicationProperties = AMQPMap(
            applicationProperties.map { AMQPMap.Pair(key: .string($0.name), value: $0.value.amqpValue) })
        content.body = body.content
        return content.encoded
    }

    /// What stands before the messages of a batch that begins with this one.
    var batchEnvelope: ByteBuffer {
        MessageBatch.envelope(
            messageID: messageID.map { .string($0) }, sessionID: sessionID, partitionKey: partitionKey.map { .string($0) })
    }
}

extension OutgoingMessage.Body {
    /// The body as it is encoded.
    var content: AMQP.Body {
        switch self {
        case .data(let bytes): .data([ByteBuffer(bytes: bytes)])
        case .value(let value): .value(value.amqpValue)
        case .sequence(let values): .sequence([values.map(\.amqpValue)])
        }
    }
}

extension OutgoingMessage {
    /// The message as a topic's rules would see it; nil only if what we encode were no message.
    var filterSubject: MessageSubject? {
        let bytes = encoded()
        guard let message = try? Message(bytes) else { return nil }
        return MessageSubject(
            message,
            MessageSubject.Circumstances(
                timeToLive: timeToLive?.dotNetTicks.map { $0 / 10_000 }, scheduledEnqueueTime: scheduledEnqueueTime?.milliseconds,
                partitionKey: partitionKey, size: bytes.readableBytes))
    }
}
