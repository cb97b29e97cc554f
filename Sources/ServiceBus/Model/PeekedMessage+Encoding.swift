internal import AMQP
internal import NIOCore

/// Why bytes are no message that an entity had.
public struct EncodedMessageError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong with them.
    public let description: String
}

/// The message as bytes: for files that must give back exactly what was seen.
extension PeekedMessage {
    /// Reads a message from its bytes, as ``withEncodedBytes(_:)`` gives them.
    ///
    /// - Parameter encoded: all sections of one AMQP message (part 3, 3.2), the service's annotations among them. Hostile bytes are refused.
    /// - Throws: ``EncodedMessageError`` when they are not exactly one message, or it bears no sequence number and so did not come from an
    ///   entity.
    public init(encoded: [UInt8]) throws(EncodedMessageError) {
        let received: Message
        do throws(CodecError) { received = try Message(ByteBuffer(bytes: encoded)) } catch {
            throw EncodedMessageError(description: error.description)
        }
        guard let message = PeekedMessage(received) else {
            throw EncodedMessageError(description: "it has no sequence number of an entity")
        }
        self = message
    }

    /// Calls a closure with the message's bytes as they were received: every section, and ``encodedSize`` of them. They are valid only while
    /// the closure runs.
    public func withEncodedBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try message.buffer.withUnsafeReadableBytes(body)
    }
}
