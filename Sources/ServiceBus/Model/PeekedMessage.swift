package import AMQP
internal import NIOCore

/// Where a message stands in its queue.
public enum MessageState: Hashable, Sendable, CustomStringConvertible {
    /// Ready to be received, or locked by a receiver (peek cannot tell which).
    case active
    /// Set aside; only to be had by its sequence number.
    case deferred
    /// Waiting for its time.
    case scheduled
    /// A state this version does not know.
    case other(Int64)

    /// Reads `x-opt-message-state`; absent means active.
    init(_ value: Int64?) {
        switch value {
        case nil, 0: self = .active
        case 1: self = .deferred
        case 2: self = .scheduled
        case .some(let other): self = .other(other)
        }
    }

    /// The word used in JSON and on screen.
    public var description: String {
        switch self {
        case .active: "active"
        case .deferred: "deferred"
        case .scheduled: "scheduled"
        case .other(let value): "state-\(value)"
        }
    }
}

/// The body of a message as it was sent.
public struct MessageBody: Hashable, Sendable {
    /// What the body is made of on the wire.
    public enum Kind: String, Hashable, Sendable {
        /// No body, or it was not asked for.
        case none
        /// Bytes.
        case data
        /// One typed value.
        case value
        /// Sequences of typed values.
        case sequence
    }

    /// What it is made of.
    public var kind: Kind
    /// The bytes of a data body, or of a value that is binary.
    public var bytes: [UInt8]
    /// The value or sequence of the other kinds.
    public var content: PropertyValue?
    /// The number of bytes of a data body; for other kinds, of its encoding.
    public var sizeBytes: Int

    /// The text of a data body that is valid UTF-8, or of a value that is a string; else nil.
    public var text: String? {
        if case .text(let text) = content?.content { return text }
        return kind == .data ? String(validating: bytes, as: UTF8.self) : nil
    }
}

/// A message seen without being locked: its delivery count is untouched and nobody else notices.
///
/// The received bytes are kept as they came; every property is read from them on demand.
public struct PeekedMessage: Sendable {
    /// One application property.
    public struct Property: Hashable, Sendable {
        /// Its name.
        public var name: String
        /// Its value and wire type.
        public var value: PropertyValue
    }

    /// The message as received.
    package let message: Message
    /// The number the entity gave it.
    public let sequenceNumber: SequenceNumber
    /// What was taken out of it where masking is on; nil when it is as received.
    public internal(set) var redaction: Redaction?

    /// Reads a received message; nil when it bears no sequence number and so did not come from an entity.
    package init?(_ message: Message) {
        guard let number = Self.sequenceNumber(of: message) else { return nil }
        self.init(message, number: number)
    }

    /// A received message whose ``sequenceNumber(of:)`` this is.
    init(_ message: consuming Message, number: Int64) {
        self.message = message
        sequenceNumber = SequenceNumber(number)
    }

    /// The number an entity gave a message; nil when it bears none.
    static func sequenceNumber(of message: borrowing Message) -> Int64? {
        do throws(CodecError) {
            var annotations = try message.readMessageAnnotations()
            while annotations.next() {
                if annotations.key == "x-opt-sequence-number" { return annotations.value.integer }
            }
        } catch {}
        return nil
    }

    /// All fields at once, read where they lie.
    public var fields: MessageFields {
        @_lifetime(borrow self)
        get { MessageFields(message) }
    }

    /// The application's properties, read where they lie.
    @_lifetime(borrow self)
    public func readApplicationProperties() -> PropertyReader { PropertyReader(message.read()) }

    /// The number it got when it first entered, before it was forwarded or scheduled.
    public var enqueuedSequenceNumber: SequenceNumber? { fields.enqueuedSequenceNumber }
    /// The message id, whatever its type, as text.
    public var messageID: String? { fields.messageID.text }
    /// The correlation id, whatever its type, as text.
    public var correlationID: String? { fields.correlationID.text }
    /// The session it belongs to.
    public var sessionID: String? { fields.sessionID.string }
    /// The partition key.
    public var partitionKey: String? { fields.partitionKey.string }
    /// What it is about.
    public var subject: String? { fields.subject.string }
    /// Whom it is addressed to.
    public var to: String? { fields.to.string }
    /// Where answers go.
    public var replyTo: String? { fields.replyTo.string }
    /// The session answers belong to.
    public var replyToSessionID: String? { fields.replyToSessionID.string }
    /// The MIME type of the body.
    public var contentType: String? { fields.contentType.string }
    /// The encoding of the body.
    public var contentEncoding: String? { fields.contentEncoding.string }
    /// How long it was to live; nil for ever. A header holds at most 49 days: for more, from creation to expiry.
    public var timeToLive: Duration? { fields.timeToLive }
    /// When the entity took it.
    public var enqueuedTime: Timestamp? { fields.enqueuedTime }
    /// When it expires. Counted from when the entity took it, as the service counts; a sender's own reckoning only where that is all there is.
    public var expiresAt: Timestamp? { fields.expiresAt }
    /// When it is to become active.
    public var scheduledEnqueueTime: Timestamp? { fields.scheduledEnqueueTime }
    /// How often it was delivered.
    public var deliveryCount: Int { fields.deliveryCount }
    /// Where it stands.
    public var state: MessageState { fields.state }
    /// The entity it was dead-lettered from.
    public var deadLetterSource: String? { fields.deadLetterSource.string }
    /// Why it was dead-lettered.
    public var deadLetterReason: String? { fields.deadLetterReason.text }
    /// More about why.
    public var deadLetterErrorDescription: String? { fields.deadLetterErrorDescription.text }
    /// The application's properties in the order they were sent.
    public var applicationProperties: [Property] {
        var properties: [Property] = []
        var reader = readApplicationProperties()
        while reader.next() { properties.append(Property(name: reader.name.text ?? "null", value: reader.value.property)) }
        return properties
    }
    /// The size of the whole message as received, in bytes.
    public var encodedSize: Int { message.buffer.readableBytes }
    /// What the body is made of, without decoding it.
    public var hasBody: Bool { message.bodyKind != .none }

    /// The body, decoded now.
    public var body: MessageBody {
        switch message.body {
        case .none: return MessageBody(kind: .none, bytes: [], content: nil, sizeBytes: 0)
        case .data(let sections):
            var bytes: [UInt8] = []
            bytes.reserveCapacity(sections.reduce(0) { $0 + $1.readableBytes })
            for section in sections { bytes.append(contentsOf: section.readableBytesView) }
            return MessageBody(kind: .data, bytes: bytes, content: nil, sizeBytes: bytes.count)
        case .value(let value):
            let content = PropertyValue(value)
            let bytes: [UInt8] = if case .bytes(let bytes) = content.content { bytes } else { [] }
            return MessageBody(kind: .value, bytes: bytes, content: content, sizeBytes: message.bytes(of: .body)?.readableBytes ?? 0)
        case .sequence(let sections):
            let elements = sections.flatMap { $0 }.map { PropertyValue.content($0) }
            return MessageBody(
                kind: .sequence, bytes: [], content: PropertyValue(typeName: "sequence", content: .list(elements)),
                sizeBytes: message.bytes(of: .body)?.readableBytes ?? 0)
        }
    }
}
