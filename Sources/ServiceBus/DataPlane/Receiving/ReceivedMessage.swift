package import AMQP
internal import NIOCore

/// A message that was received: what a peek would show of it, and the lock under which we hold it.
///
/// Everything that can be read of a ``PeekedMessage`` can be read here as well.
@dynamicMemberLookup
public struct ReceivedMessage: Sendable {
    /// The message.
    public let content: PeekedMessage
    /// What settles it.
    let handle: MessageHandle

    /// A lock on a message.
    public struct Lock: Hashable, Sendable, CustomStringConvertible {
        /// What the service knows it by.
        package let token: UUIDBytes
        /// When it ends, as the service said; in a session the session's lock counts instead.
        public let until: Timestamp?

        /// The token's usual form.
        public var description: String { token.description }
    }

    /// The lock; nil when it was received and deleted, and there is nothing to settle.
    public var lock: Lock? { handle.lock }

    /// Reads what a property of the message says.
    public subscript<Value>(dynamicMember path: KeyPath<PeekedMessage, Value>) -> Value { content[keyPath: path] }

    /// A delivery of a link; nil when it is no message of an entity.
    init?(_ delivery: AMQP.Delivery, linkSerial: Int) {
        guard let message = try? Message(delivery.payload), let content = PeekedMessage(message) else { return nil }
        var bare = delivery
        bare.payload = ByteBuffer()
        self.content = content
        handle = MessageHandle(
            sequenceNumber: content.sequenceNumber,
            lock: delivery.settled ? nil : Self.token(delivery).map { Lock(token: $0, until: Self.lockedUntil(message)) },
            origin: .link(serial: linkSerial, delivery: bare))
    }

    /// An entry of an answer of `$management`.
    init?(_ message: Message, lockToken: UUIDBytes?) {
        guard let content = PeekedMessage(message) else { return nil }
        self.content = content
        handle = MessageHandle(
            sequenceNumber: content.sequenceNumber, lock: lockToken.map { Lock(token: $0, until: Self.lockedUntil(message)) },
            origin: .management)
    }

    /// The service's delivery tag is the lock token in .NET's byte order.
    private static func token(_ delivery: AMQP.Delivery) -> UUIDBytes? {
        var tag = delivery.tag
        guard tag.readableBytes == 16, let (high, low) = tag.readMultipleIntegers(as: (UInt64, UInt64).self) else { return nil }
        return UUIDBytes(high: high, low: low).swappedToDotNetOrder
    }

    private static func lockedUntil(_ message: Message) -> Timestamp? {
        guard case .timestamp(let milliseconds)? = message.messageAnnotations?["x-opt-locked-until"] else { return nil }
        return Timestamp(milliseconds: milliseconds)
    }
}

/// What settles a received message: all that is kept of one that is only held.
struct MessageHandle: Sendable {
    /// How a message reached us, which decides how it can be settled.
    enum Origin: Sendable {
        /// On a link: settled there for as long as that link lives. The delivery is without its bytes.
        case link(serial: Int, delivery: AMQP.Delivery)
        /// In an answer of `$management`: settled there by its lock token.
        case management
    }

    let sequenceNumber: SequenceNumber
    let lock: ReceivedMessage.Lock?
    let origin: Origin

    /// The delivery, if it came on the link of this number and is not settled.
    func delivery(of linkSerial: Int) -> AMQP.Delivery? {
        guard case .link(linkSerial, let delivery) = origin, !delivery.settled else { return nil }
        return delivery
    }
}

extension ForwardedMessage {
    /// The copy of a message that was received.
    /// - Parameter changes: what it is to have otherwise.
    public init(_ message: ReceivedMessage, changes: CopyChanges = .none) {
        self.init(message.content, changes: changes)
    }
}
