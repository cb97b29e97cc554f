public import AMQP
import NIOCore

/// How deliveries are settled.
public enum Settlement: Sendable, Hashable {
    /// By the sender, before they leave: receive-and-delete.
    case atSender
    /// By us; the sender is told.
    case atReceiver
    /// By the sender, after we proposed an outcome: we learn whether it held (Service Bus peek-lock).
    case confirmed
}

/// How a receiving link is opened.
public struct ReceiverOptions: Sendable {
    /// The link's name.
    public var name: String
    /// Where messages come from.
    public var source: Source
    /// Our end's address, for the peer's logs.
    public var target: String?
    /// How deliveries are settled.
    public var settlement: Settlement
    /// Credit kept topped up to this many deliveries; nil when the caller grants it exactly.
    public var window: UInt32?
    /// Properties of the link.
    public var properties: AMQPMap?
    /// How long the peer may take to answer the attach; nil for the connection's own limit.
    public var attachTimeout: Duration?

    /// A link from a node.
    public init(name: String, address: String, settlement: Settlement, window: UInt32?) {
        self.name = name
        source = Source(address: address)
        target = name
        self.settlement = settlement
        self.window = window
    }
}

/// A link to receive on: deliveries come in the order sent, at most as many as the credit granted.
public struct AMQPReceiver: Sendable {
    let connection: AMQPConnection
    let id: LinkID
    let record: NIOLoopBound<ReceiverRecord>
    /// The link's name.
    public let name: String
    /// How deliveries are settled.
    public let settlement: Settlement
    /// The source the peer answered with.
    public let source: Source?
    /// The link properties the peer answered with.
    public let properties: AMQPMap?

    /// Waits for deliveries and takes those that are there.
    /// - Parameters:
    ///   - maximum: the most to take.
    ///   - timeout: how long to wait; nil for as long as it takes.
    /// - Returns: at least one delivery; none when the link was closed by us, or when none came in time.
    /// - Throws: ``TransportError`` when the link or connection ended otherwise, after what had arrived before was taken.
    public func next(maximum: Int = 1000, timeout: Duration? = nil) async throws -> [Delivery] {
        try await connection.nextDeliveries(record, maximum: maximum, timeout: timeout)
    }

    /// Whether the link still lives: a service may detach one that is idle.
    public var isOpen: Bool { connection.isAttached(id) }

    /// Whether it is a link of this connection.
    public func isOn(_ connection: AMQPConnection) -> Bool { self.connection === connection }

    /// Grants credit: the number of deliveries we will take from now on.
    public func setCredit(_ credit: UInt32) async { await connection.setCredit(record, credit) }

    /// Accepts deliveries without waiting for an answer; deliveries with neighbouring numbers share a frame.
    public func accept(_ deliveries: [Delivery]) async { await settle(deliveries, .accepted) }

    /// Settles deliveries with an outcome, without waiting for an answer.
    public func settle(_ deliveries: [Delivery], _ state: DeliveryState) async {
        await connection.settle(deliveries, on: id, state)
    }

    /// Proposes an outcome and waits for what the sender settled with.
    /// - Parameter timeout: how long to wait; afterwards the outcome is unknown.
    public func settleConfirmed(_ delivery: Delivery, _ state: DeliveryState, timeout: Duration = .seconds(30)) async throws
        -> DeliveryState?
    {
        let answers = await settleConfirmed([delivery], state, timeout: timeout)
        guard let answer = answers.first else { return nil }
        return try answer.get()
    }

    /// Proposes one outcome for many deliveries and waits for what the sender settled each with; neighbours share a frame.
    /// - Parameter timeout: how long to wait for all.
    /// - Returns: in the order of the deliveries, the sender's state, or why there is none: then the outcome is unknown.
    public func settleConfirmed(
        _ deliveries: [Delivery], _ state: DeliveryState, timeout: Duration = .seconds(30)
    ) async -> [Result<DeliveryState?, any Error>] {
        await connection.settleConfirmed(deliveries, on: id, state, timeout: timeout)
    }

    /// Takes unused credit back: afterwards nothing arrives until credit is granted again.
    /// - Parameter timeout: how long the peer may take.
    /// - Returns: what had arrived and was not taken, and whether the peer answered. When it did not, more may still arrive: close the link.
    public func drain(timeout: Duration = .seconds(2)) async -> (deliveries: [Delivery], isAnswered: Bool) {
        await connection.drain(record, timeout: timeout, isLast: false)
    }

    /// Ends the link and leaves nothing locked: unused credit goes back, and what arrived unseen, whole or in part, is released.
    /// - Returns: whether anything had arrived that nobody will see. What its sender had settled is lost then.
    @discardableResult
    public func close(drainTimeout: Duration = .seconds(2)) async -> Bool {
        let (unseen, isAnswered) = await connection.drain(record, timeout: drainTimeout, isLast: true)
        if !unseen.isEmpty { await settle(unseen, .released) }
        var isCutOff = false
        if !isAnswered { isCutOff = await connection.settleUnfinished(record, on: id, settlement == .atSender ? nil : .released) }
        await connection.detach(id)
        return isCutOff || !unseen.isEmpty
    }
}

extension AMQPReceiver: AsyncSequence {
    /// Deliveries, one by one, until the link is closed.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let receiver: AMQPReceiver
        var batch: ArraySlice<Delivery> = []

        /// The next delivery; nil when the link was closed by us.
        public mutating func next() async throws -> Delivery? {
            if batch.isEmpty { batch = try await receiver.next()[...] }
            return batch.popFirst()
        }
    }

    /// Iterates over deliveries; one consumer at a time.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(receiver: self) }
}
