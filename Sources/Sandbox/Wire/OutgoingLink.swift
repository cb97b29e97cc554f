import AMQP
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
    /// The session held, in an entity that requires sessions.
    private(set) var lease: SessionLease?
    /// The attach to answer when a session becomes free.
    private var pendingAttach: Attach?
    private var acceptTimer: Scheduled<Void>?
    private var tagCounter: UInt64 = 0

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
    }

    /// Sends what is there, as far as credit goes; then waits, or gives the credit back when the receiver drains.
    func pump() {
        guard let connection, pendingAttach == nil else { return }
        do throws(BrokerError) {
            while true {
                let credit = Int(connection.credit(id))
                guard credit > 0 else { return }
                let deliveries = try queue.receive(maxCount: min(credit, 500), mode: mode, session: lease)
                if deliveries.isEmpty { break }
                for delivery in deliveries { connection.send(delivery, on: self, tag: tag(delivery)) }
            }
            if connection.isDraining(id) { connection.drained(id) } else { hub.wait(self) }
        } catch {
            connection.detach(id, error.amqpError)
        }
    }

    /// The lock token in .NET's byte order; without a lock, a number of our own.
    private func tag(_ delivery: Delivery) -> ByteBuffer {
        var buffer = ByteBuffer()
        if let token = delivery.lockToken?.swappedToDotNetOrder {
            buffer.writeMultipleIntegers(token.high, token.low)
        } else {
            tagCounter &+= 1
            buffer.writeMultipleIntegers(UInt64(0), tagCounter)
        }
        return buffer
    }

    // MARK: Sessions

    /// Answers an attach that asks for a session.
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
        acceptTimer = hub.loop.assumeIsolated().scheduleTask(in: .milliseconds(timeout)) { [weak self] in
            guard let self, pendingAttach != nil else { return }
            pendingAttach = nil
            hub.forget(self)
            connection?.refuse(id, AMQPError("com.microsoft:timeout", "The operation did not complete within the allotted timeout."))
            connection?.setNeedsFlush()
        }
    }

    /// Takes a session that became free. False when there is none after all.
    func tryAcceptNextSession() -> Bool {
        guard let attach = pendingAttach, let lease = try? queue.acceptSession(nil) else { return false }
        pendingAttach = nil
        acceptTimer?.cancel()
        answer(attach, lease)
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
