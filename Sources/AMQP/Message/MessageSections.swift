public import NIOCore

/// How a message is to be transferred (part 3, 3.2.1). Nil fields were not sent.
public struct Header: Hashable, Sendable {
    /// Whether the message must survive a restart.
    public var durable: Bool?
    /// 0 to 9; absent means 4.
    public var priority: UInt8?
    /// Milliseconds the message is worth keeping.
    public var ttl: UInt32?
    /// Whether nobody else acquired it before.
    public var firstAcquirer: Bool?
    /// Earlier deliveries that failed; absent means 0.
    public var deliveryCount: UInt32?

    /// Creates a header.
    @inlinable
    public init(
        durable: Bool? = nil, priority: UInt8? = nil, ttl: UInt32? = nil, firstAcquirer: Bool? = nil, deliveryCount: UInt32? = nil
    ) {
        self.durable = durable
        self.priority = priority
        self.ttl = ttl
        self.firstAcquirer = firstAcquirer
        self.deliveryCount = deliveryCount
    }

    init(from reader: inout WireReader, in buffer: ByteBuffer) throws(CodecError) {
        var fields = try reader.enterFields()
        durable = try reader.boolean(&fields)
        priority = try reader.ubyte(&fields)
        ttl = try reader.uint(&fields)
        firstAcquirer = try reader.boolean(&fields)
        deliveryCount = try reader.uint(&fields)
        try reader.leave(fields)
    }

    func encode(to writer: inout SpanWriter) {
        writer.composite(Descriptor.header, 5) {
            $0.optional(durable)
            $0.optional(ubyte: priority)
            $0.optional(uint: ttl)
            $0.optional(firstAcquirer)
            $0.optional(uint: deliveryCount)
        }
    }
}

/// The immutable properties of a message (part 3, 3.2.4). Nil fields were not sent.
public struct Properties: Hashable, Sendable {
    /// The message's id: a string, ulong, uuid or binary.
    public var messageID: AMQPValue?
    /// The user who sent it.
    public var userID: ByteBuffer?
    /// The node it is meant for.
    public var to: String?
    /// What it is about (Service Bus: label, subject).
    public var subject: String?
    /// Where answers go.
    public var replyTo: String?
    /// The id of a related message: a string, ulong, uuid or binary.
    public var correlationID: AMQPValue?
    /// The MIME type of the body.
    public var contentType: Symbol?
    /// The encoding of the body, for instance gzip.
    public var contentEncoding: Symbol?
    /// When it expires, in milliseconds since 1970.
    public var absoluteExpiryTime: Int64?
    /// When it was created, in milliseconds since 1970.
    public var creationTime: Int64?
    /// The group it belongs to (Service Bus: session id).
    public var groupID: String?
    /// Its place in the group.
    public var groupSequence: UInt32?
    /// The group answers belong to.
    public var replyToGroupID: String?

    /// Creates properties; what is not named is not sent.
    @inlinable
    public init(
        messageID: AMQPValue? = nil,
        userID: ByteBuffer? = nil,
        to: String? = nil,
        subject: String? = nil,
        replyTo: String? = nil,
        correlationID: AMQPValue? = nil,
        contentType: Symbol? = nil,
        contentEncoding: Symbol? = nil,
        absoluteExpiryTime: Int64? = nil,
        creationTime: Int64? = nil,
        groupID: String? = nil,
        groupSequence: UInt32? = nil,
        replyToGroupID: String? = nil
    ) {
        self.messageID = messageID
        self.userID = userID
        self.to = to
        self.subject = subject
        self.replyTo = replyTo
        self.correlationID = correlationID
        self.contentType = contentType
        self.contentEncoding = contentEncoding
        self.absoluteExpiryTime = absoluteExpiryTime
        self.creationTime = creationTime
        self.groupID = groupID
        self.groupSequence = groupSequence
        self.replyToGroupID = replyToGroupID
    }

    init(from reader: inout WireReader, in buffer: ByteBuffer) throws(CodecError) {
        var fields = try reader.enterFields()
        messageID = try reader.value(&fields, buffer)
        userID = try reader.binary(&fields, buffer)
        to = try reader.address(&fields)
        subject = try reader.string(&fields)
        replyTo = try reader.address(&fields)
        correlationID = try reader.value(&fields, buffer)
        contentType = try reader.symbol(&fields)
        contentEncoding = try reader.symbol(&fields)
        absoluteExpiryTime = try reader.timestamp(&fields)
        creationTime = try reader.timestamp(&fields)
        groupID = try reader.string(&fields)
        groupSequence = try reader.uint(&fields)
        replyToGroupID = try reader.string(&fields)
        try reader.leave(fields)
    }

    func encode(to writer: inout SpanWriter) {
        writer.composite(Descriptor.properties, 13) {
            $0.optional(messageID)
            $0.optional(userID)
            $0.optional(to)
            $0.optional(subject)
            $0.optional(replyTo)
            $0.optional(correlationID)
            $0.optional(contentType)
            $0.optional(contentEncoding)
            $0.optional(timestamp: absoluteExpiryTime)
            $0.optional(timestamp: creationTime)
            $0.optional(groupID)
            $0.optional(uint: groupSequence)
            $0.optional(replyToGroupID)
        }
    }
}

/// A message's body (part 3, 3.2.6 to 3.2.8).
public enum Body: Hashable, Sendable {
    /// No body section.
    case none
    /// One or more data sections.
    case data([ByteBuffer])
    /// One value of any type.
    case value(AMQPValue)
    /// One or more sequences of values.
    case sequence([[AMQPValue]])

    func encode(to writer: inout SpanWriter) {
        switch self {
        case .none: break
        case .data(let sections):
            for section in sections {
                writer.descriptor(Descriptor.data)
                writer.binary(section)
            }
        case .value(let value):
            writer.descriptor(Descriptor.amqpValue)
            writer.value(value)
        case .sequence(let sections):
            for section in sections {
                writer.descriptor(Descriptor.amqpSequence)
                writer.list(section)
            }
        }
    }
}
