import AMQP
import AMQPTransport
import NIOCore

/// A link the sandbox sends on: somebody receives from a queue.
final class OutgoingLink {
    let id: LinkID
    let address: EntityAddress
    let queue: MessageQueue
    let mode: MessageQueue.ReceiveMode
    weak var connection: WireConnection?
    private let hub: WireHub
    var isWaiting = false
    private var isPumping = false
    /// When something last left or was settled on it, in milliseconds since 1970.
    var lastActivity: Int64
    /// Whether it waits for the client to read.
    var isStalled = false
    /// Whether the receiver wants its credit used up or given back.
    var isDraining = false
    var progress = FaultSwitches.Progress()
    /// The session held, in an entity that requires sessions.
    private(set) var lease: SessionLease?
    /// The attach to answer when a session becomes free.
    private var pendingAttach: Attach?
    private var acceptTimer: Scheduled<Void>?
    private var tagCounter: UInt64 = 0
    /// As much is taken from the queue before looking again whether the client reads.
    private static let batchBytes = 262_144
    /// As many messages. One, while a fault may end the link after any: what was taken and cannot be sent any more would be lost.
    private var batchCount: Int { hub.faults.remaining.detachAfterDeliveries > 0 ? 1 : 250 }

    init(
        _ id: LinkID, _ address: EntityAddress, _ queue: MessageQueue, _ mode: MessageQueue.ReceiveMode, _ connection: WireConnection,
        _ hub: WireHub
    ) {
        self.id = id
        self.address = address
        self.queue = queue
        self.mode = mode
        self.connection = connection
        self.hub = hub
        lastActivity = hub.now
    }

    /// Does what the receiver's flow asks for. A flow that comes with the attach has to wait for the answer to that.
    func follow() {
        guard let connection, pendingAttach == nil else { return }
        if connection.credit(id) > 0 { pump() } else if isDraining { connection.drained(self) }
    }

    /// Sends what is there, as far as credit and the client's reading go; then waits, or gives the credit back when the receiver drains.
    ///
    /// Asking the queue lets happen what is due, and the broker may tell of it before it answers: that comes back here, for a link that has
    /// its place in the line. What is taken then would be taken on credit that is promised to the messages of that very answer.
    func pump() {
        guard let connection, !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        do throws(BrokerError) {
            while true {
                let credit = connection.credit(id)
                guard credit > 0, connection.hasRoom(for: .outgoing(self)) else { return }
                let deliveries = try queue.receive(
                    maxCount: min(Int(credit), batchCount), maxBytes: Self.batchBytes, mode: mode, session: lease)
                if deliveries.isEmpty {
                    // Something may have come while the answer was on its way.
                    if queue.hasReady(in: lease) { continue }
                    break
                }
                lastActivity = hub.now
                for delivery in deliveries where !send(delivery, on: connection) { return }
            }
            if isDraining { connection.drained(self) } else { hub.wait(self) }
        } catch {
            connection.detach(id, error.amqpError)
        }
    }

    /// - Returns: false when the link is gone: what was taken for it stays locked.
    private func send(_ delivery: Delivery, on connection: WireConnection) -> Bool {
        let isSettled = mode == .receiveAndDelete
        guard let handler = connection.handler,
            let number = handler.engine.send(id, head: delivery.prefix, body: delivery.bare, tag: tag(delivery), settled: isSettled)
        else { return false }
        if let token = delivery.lockToken, !isSettled {
            connection.session(id.session)?.unsettled.insert(.init(token: token, link: self), at: number)
        }
        return !connection.isDetachedByFault(id, .consumer, &progress)
    }

    /// The lock token in .NET's byte order; without a lock, a number of our own.
    private func tag(_ delivery: Delivery) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(16)
        if let token = delivery.lockToken?.swappedToDotNetOrder {
            buffer.writeMultipleIntegers(token.high, token.low)
        } else {
            tagCounter &+= 1
            buffer.writeMultipleIntegers(UInt64(0), tagCounter)
        }
        return buffer
    }

    // MARK: Sessions

    private static let noSession = "The operation did not complete within the allotted timeout. "

    /// Answers an attach that asks for a session.
    ///
    /// The answer that there is none leaves a little before the client's patience ends: one that crosses the end of the client's session
    /// would cost .NET its whole connection (reference 1.3).
    /// - Parameters:
    ///   - name: the session asked for; nil for the next one with messages.
    ///   - timeout: how long the client will wait, in milliseconds.
    func accept(session name: String?, _ attach: Attach, timeout: Int64) throws(BrokerError) {
        if let lease = try queue.acceptSession(name) {
            answer(attach, lease)
            return
        }
        pendingAttach = attach
        hub.waitForSession(self)
        let patience = timeout - min(timeout / 10, 1000)
        acceptTimer = hub.loop.assumeIsolated().scheduleTask(in: .milliseconds(patience)) { [weak self] in
            guard let self, pendingAttach != nil else { return }
            pendingAttach = nil
            hub.forget(self)
            connection?.refuse(id, AMQPError("com.microsoft:timeout", hub.broker.tracked(Self.noSession, by: "gateway7")))
            connection?.setNeedsFlush()
        }
    }

    /// Takes a session that became free. False when there is none after all.
    func tryAcceptNextSession() -> Bool {
        guard let attach = pendingAttach, let lease = try? queue.acceptSession(nil) else { return false }
        pendingAttach = nil
        acceptTimer?.cancel()
        answer(attach, lease)
        follow()
        connection?.setNeedsFlush()
        return true
    }

    private func answer(_ attach: Attach, _ lease: SessionLease) {
        self.lease = lease
        var answer = LinkAnswer()
        var source = attach.source ?? Source(address: address.description)
        source.filter = AMQPMap([.init(key: .symbol("com.microsoft:session-filter"), value: .string(lease.sessionID))])
        answer.source = source
        let ticks = lease.lockedUntil.multipliedReportingOverflow(by: 10_000).partialValue.addingReportingOverflow(621_355_968_000_000_000)
        answer.properties = AMQPMap([.init(key: .symbol("com.microsoft:locked-until-utc"), value: .long(ticks.partialValue))])
        connection?.accept(id, attach, answer)
    }

    /// The link is gone.
    func end() {
        acceptTimer?.cancel()
        pendingAttach = nil
        hub.forget(self)
        if let lease { queue.releaseSession(lease) }
        lease = nil
    }
}

extension BrokerError {
    var amqpError: AMQPError { AMQPError(Symbol(condition), description) }
}
