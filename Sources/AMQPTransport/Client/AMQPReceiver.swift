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
    /// How deliveries are settled.
    public let settlement: Settlement
    /// The link properties the peer answered with.
    public let properties: AMQPMap?

    /// Waits for deliveries and takes those that are there.
    /// - Parameter maximum: the most to take.
    /// - Returns: at least one delivery; none when the link was closed by us.
    /// - Throws: ``TransportError`` when the link or connection ended otherwise, after what had arrived before was taken.
    public func next(maximum: Int = 1000) async throws -> [Delivery] {
        try await connection.nextDeliveries(record, maximum: maximum)
    }

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
        try await connection.settleConfirmed(delivery.id, on: id, state, timeout: timeout)
    }

    /// Ends the link and leaves nothing locked: unused credit goes back, and what arrived unseen is released.
    public func close(drainTimeout: Duration = .seconds(2)) async {
        let unseen = await connection.drain(record, timeout: drainTimeout)
        if !unseen.isEmpty { await settle(unseen, .released) }
        await connection.detach(id)
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
