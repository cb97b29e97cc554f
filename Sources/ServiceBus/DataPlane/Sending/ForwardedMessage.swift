package import AMQP
package import NIOCore

/// An exact copy of a received message, to be sent on.
///
/// Properties, application properties, body and footer are the bytes that were received: values keep their types, maps their order, the
/// body its kind and its sections. Of the header, durability, priority and time to live are kept. Annotations that the service writes
/// itself are left out, and with them the time a message was once scheduled for; the sender's own, such as the partition key, are kept.
public struct ForwardedMessage: Sendable {
    /// Annotations that say where and when a message lay, and nothing about the message.
    private static let written: Set<String> = [
        "x-opt-sequence-number", "x-opt-enqueued-time", "x-opt-locked-until", "x-opt-enqueue-sequence-number", "x-opt-offset",
        "x-opt-message-state", "x-opt-deadletter-source", "x-opt-lock-token", "x-opt-partition-id", "x-opt-scheduled-enqueue-time",
        "x-opt-via-partition-key",
    ]

    /// The message to be sent.
    package let encoded: ByteBuffer
    let batchEnvelope: ByteBuffer

    /// How large it is as it is sent, in bytes.
    public var encodedSize: Int { encoded.readableBytes }

    /// The copy of a message that was peeked with its body.
    /// - Parameter changes: what it is to have otherwise.
    public init(_ message: PeekedMessage, changes: CopyChanges = .none) {
        self.init(message.message, number: message.sequenceNumber, changes)
    }

    package init(_ message: Message) { self.init(message, number: SequenceNumber(0), .none) }

    private init(_ message: Message, number: SequenceNumber, _ changes: CopyChanges) {
        var bytes = ByteBuffer()
        bytes.reserveCapacity(message.buffer.readableBytes)
        if let header = message.header, header.durable != nil || header.priority != nil || header.ttl != nil {
            Header(durable: header.durable, priority: header.priority, ttl: header.ttl).encode(into: &bytes)
        }
        let annotations = message.messageAnnotations ?? AMQPMap()
        let kept = annotations.pairs.filter { pair in pair.key.text.map { !Self.written.contains($0) } ?? true }
        MessageContent.encode(messageAnnotations: AMQPMap(kept), into: &bytes)
        if changes == .none {
            bytes.writeImmutableBuffer(message.bareBytes)
        } else {
            changes.write(message, number, into: &bytes)
        }
        if let footer = message.bytes(of: .footer) { bytes.writeImmutableBuffer(footer) }
        encoded = bytes
        let properties = message.properties
        batchEnvelope = MessageBatch.envelope(
            messageID: changes.newID(of: number).map { .string($0) } ?? properties?.messageID, sessionID: properties?.groupID,
            partitionKey: annotations["x-opt-partition-key"])
    }
}
