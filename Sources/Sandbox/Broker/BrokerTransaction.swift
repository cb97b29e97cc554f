import AMQP
public import NIOCore

/// The name of a transaction, as its broker gave it.
public struct TransactionID: Hashable, Sendable, CustomStringConvertible {
    /// The text the service uses: `txn:` and something unique.
    public let description: String

    init(_ description: String) { self.description = description }

    /// Reads the name a peer gives; nil when it cannot be one.
    public init?(_ bytes: ByteBuffer) {
        guard bytes.readableBytes <= 128, let text = String(validating: bytes.readableBytesView, as: UTF8.self) else { return nil }
        description = text
    }

    /// The name as a peer gets it.
    public var bytes: ByteBuffer { ByteBuffer(string: description) }
}

/// Work on one or several entities that becomes effective together, or not at all.
///
/// Until then a message that was sent exists only here, and a message that was settled stays locked, its lock running on.
final class BrokerTransaction: DeadlineBearer {
    enum Operation {
        /// - Parameters:
        ///   - number: the sequence number that was promised for it.
        ///   - destination: where the entity is to pass it on to.
        case send(IncomingMessage, QueueEntity, number: Int64?, destination: String?)
        case settle(StoredMessage, UUIDBytes, Settlement)
    }

    let id: TransactionID
    var operations: [Operation] = []
    /// The messages among them that are sent.
    var sent = 0
    /// The bytes of those.
    var bytes = 0
    /// Why it can only be rolled back.
    private(set) var fault: String?
    private unowned let broker: Broker

    init(_ id: TransactionID, _ broker: Broker) {
        self.id = id
        self.broker = broker
    }

    override func deadlineReached(at now: Int64) { broker.transactionTimedOut(self) }

    /// From now on it can only be rolled back. The first reason counts.
    func spoil(_ reason: String) { fault = fault ?? reason }

    /// Lets go of the messages it settled: they are locked as before.
    func undo() {
        for case .settle(let message, let token, _) in operations where message.isLocked(under: token) { message.isEnlisted = false }
        operations = []
    }
}
