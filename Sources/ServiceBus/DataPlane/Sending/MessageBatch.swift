internal import AMQP
internal import AMQPTransport
internal import NIOCore

/// Messages that travel in one transfer and are taken all or none (message format 0x80013700: each data section is a whole message).
///
/// All of them should have the same session or partition key: the service files the batch by that of the first.
public struct MessageBatch: Sendable {
    /// The message format of a batch.
    static let format: UInt32 = 0x8001_3700
    /// The service takes no batch above this, even where single messages may be larger (Premium's large messages).
    private static let largest = 1_048_576
    /// Assumed where a link names no limit: what every tier takes.
    private static let assumed = 262_144

    /// The most bytes it may have.
    public let maximumBytes: Int
    /// How many messages it holds.
    public private(set) var count = 0
    /// Its size as sent, in bytes.
    public private(set) var sizeBytes = 0
    private var envelope = ByteBuffer()
    private var sections = ByteBuffer()

    init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    /// What a batch may have on a link that takes messages of up to `linkLimit` bytes; nil and 0 say that it names none.
    static func limit(linkLimit: UInt64?) -> Int {
        guard let linkLimit, linkLimit > 0 else { return assumed }
        return min(Int(clamping: linkLimit), largest)
    }

    /// Whether it holds nothing.
    public var isEmpty: Bool { count == 0 }

    /// Adds a message if there is room for it.
    /// - Returns: false when there is none: send the batch and start another. A message that does not fit an empty batch is too large for
    ///   the entity.
    public mutating func tryAdd(_ message: OutgoingMessage) -> Bool { tryAdd(message.encoded(), first: { message.batchEnvelope }) }

    /// Adds an exact copy of a received message if there is room for it.
    public mutating func tryAdd(_ copy: ForwardedMessage) -> Bool { tryAdd(copy.encoded, first: { copy.batchEnvelope }) }

    private mutating func tryAdd(_ message: ByteBuffer, first: () -> ByteBuffer) -> Bool {
        let head = isEmpty ? first() : envelope
        // The section's descriptor, and the length in one byte or four.
        let added = message.readableBytes + (message.readableBytes < 256 ? 5 : 8)
        guard head.readableBytes + sections.readableBytes + added <= maximumBytes else { return false }
        envelope = head
        sections.writeAMQP { $0.data(message) }
        count += 1
        sizeBytes = envelope.readableBytes + sections.readableBytes
        return true
    }

    /// The transfer.
    var outbound: OutboundMessage {
        var bytes = envelope
        bytes.writeImmutableBuffer(sections)
        return OutboundMessage(bytes, format: Self.format)
    }

    /// What stands before the messages: the first one's id, session and partition key.
    static func envelope(messageID: AMQPValue?, sessionID: String?, partitionKey: AMQPValue?) -> ByteBuffer {
        var content = MessageContent()
        if let partitionKey { content.messageAnnotations = AMQPMap([.init(key: .symbol("x-opt-partition-key"), value: partitionKey)]) }
        if messageID != nil || sessionID != nil { content.properties = Properties(messageID: messageID, groupID: sessionID) }
        return content.encoded
    }
}
