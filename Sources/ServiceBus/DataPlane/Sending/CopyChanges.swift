internal import AMQP
internal import NIOCore

/// What a copy of a message is to have otherwise than the original.
///
/// Everything that is not named stays: bytes of the body, kind of body, types, session and ids.
public struct CopyChanges: Hashable, Sendable {
    /// Names of application properties that are left out; one that ends with `*` stands for all that begin so.
    public var stripped: [String]
    /// What a new message id begins with; the sequence number of the original follows, so that the same message always gets the same new
    /// id. The old id is kept in ``originalIDProperty``. nil keeps the id.
    public var newIDPrefix: String?
    /// Application properties that are added, or take the place of those of their names.
    public var added: [OutgoingMessage.Property]
    /// A new body; nil keeps the body as it is.
    public var body: OutgoingMessage.Body?

    /// The application property that keeps the id a message had before it got a new one.
    public static let originalIDProperty = "x-original-message-id"

    /// The application property that names the one subscription that a copy is meant for, where the rules of the others look at it.
    public static let onlySubscriptionProperty = "callboard-only-subscription"

    /// Creates changes.
    public init(
        stripped: [String] = [], newIDPrefix: String? = nil, added: [OutgoingMessage.Property] = [], body: OutgoingMessage.Body? = nil
    ) {
        self.stripped = stripped
        self.newIDPrefix = newIDPrefix
        self.added = added
        self.body = body
    }

    /// Nothing is changed.
    public static let none = CopyChanges()

    /// What a message gets when it is dead-lettered, and what frameworks add to it then: left out of a copy that is to be processed again
    /// (Azure.Messaging.ServiceBus, the copy constructor of `ServiceBusMessage`; MassTransit, NServiceBus and Rebus).
    public static let traces = [
        "DeadLetterReason", "DeadLetterErrorDescription", "MT-Fault-*", "NServiceBus.ExceptionInfo.*", "NServiceBus.FailedQ",
        "NServiceBus.TimeOfFailure", "NServiceBus.Transport.Recovery", "rbs2-error-details", "rbs2-source-queue",
    ]

    /// Whether an application property is left out.
    public func strips(_ name: String) -> Bool {
        stripped.contains { $0.hasSuffix("*") ? name.hasPrefix($0.dropLast()) : name == $0 }
    }

    /// The new message id of a message.
    public func newID(of number: SequenceNumber) -> String? { newIDPrefix.map { "\($0)-\(number)" } }

    /// The properties, application properties and body of the copy.
    ///
    /// A section in which nothing changes is copied as it is.
    func write(_ message: Message, _ number: SequenceNumber, into bytes: inout ByteBuffer) {
        var added = added
        writeProperties(message, number, &added, into: &bytes)
        writeApplicationProperties(message, added, into: &bytes)
        if let body {
            MessageContent(body: body.content).encode(into: &bytes)
        } else if let section = message.bytes(of: .body) {
            bytes.writeImmutableBuffer(section)
        }
    }
    private func writeProperties(
        _ message: Message, _ number: SequenceNumber, _ added: inout [OutgoingMessage.Property], into bytes: inout ByteBuffer
    ) {
        let section = message.bytes(of: .properties)
        // What cannot be decoded is copied as it is rather than lost.
        guard let id = newID(of: number), var properties = message.properties ?? (section == nil ? Properties() : nil) else {
            if let section { bytes.writeImmutableBuffer(section) }
            return
        }
        if let old = properties.messageID {
            added.append(OutgoingMessage.Property(name: Self.originalIDProperty, value: PropertyValue(old)))
        }
        properties.messageID = .string(id)
        bytes.writeAMQP { $0.properties(properties) }
    }

    private func writeApplicationProperties(
        _ message: Message, _ added: [OutgoingMessage.Property], into bytes: inout ByteBuffer
    ) {
        let section = message.bytes(of: .applicationProperties)
        guard let old = message.applicationProperties ?? (section == nil ? AMQPMap() : nil) else {
            if let section { bytes.writeImmutableBuffer(section) }
            return
        }
        let kept = old.pairs.filter { pair in
            guard let name = pair.key.text else { return true }
            return !strips(name) && !added.contains { $0.name == name }
        }
        if kept.count == old.pairs.count, added.isEmpty {
            if let section { bytes.writeImmutableBuffer(section) }
            return
        }
        var content = MessageContent()
        content.applicationProperties = AMQPMap(kept + added.map { AMQPMap.Pair(key: .string($0.name), value: $0.value.amqpValue) })
        content.encode(into: &bytes)
    }
}
