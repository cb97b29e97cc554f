import AMQP
import DequeModule
import NIOCore

/// Messages handed over in one call, and who waits for their outcomes: a caller for all of them, or a request for its only one.
final class SendBatch {
    private var outcomes: [Result<DeliveryState, TransportError>?]
    private var missing: Int
    private var waiter: ClientCore.Waiter<[Result<DeliveryState, TransportError>]>?
    private let request: PendingRequest?

    init(count: Int, _ waiter: ClientCore.Waiter<[Result<DeliveryState, TransportError>]>) {
        outcomes = Array(repeating: nil, count: count)
        missing = count
        self.waiter = waiter
        request = nil
        if count == 0 { complete() }
    }

    /// One message that nobody waits for unless it fails: then its request does.
    init(_ request: PendingRequest) {
        outcomes = [nil]
        missing = 1
        self.request = request
    }

    func finish(_ position: Int, _ outcome: Result<DeliveryState, TransportError>) {
        guard outcomes.indices.contains(position), outcomes[position] == nil else { return }
        outcomes[position] = outcome
        missing -= 1
        switch outcome {
        case .success(.accepted), .success(.transactional(_, .accepted?)): break
        case .success(let state): request?.fail(TransportError.outcome(state))
        case .failure(let error): request?.fail(error)
        }
        if missing == 0 { complete() }
    }

    /// Ends what has no outcome yet.
    func finishAll(_ error: TransportError) {
        for position in outcomes.indices { finish(position, .failure(error)) }
    }

    /// The caller no longer waits: what has no outcome is unknown to it.
    func giveUp(_ error: any Error) {
        waiter?.resume(throwing: error)
        waiter = nil
    }

    private func complete() {
        waiter?.resume(returning: outcomes.map { $0 ?? .failure(.closed) })
        waiter = nil
    }
}

/// A link we send on: messages wait here, in order, for credit and for room on the way out.
final class SenderRecord: LinkRecord {
    private struct Queued {
        var message: OutboundMessage
        var position: Int
        var batch: SendBatch
    }

    private var queue: Deque<Queued> = []
    /// Settled messages the engine still holds back: they count as sent when it no longer does.
    private var leaving: [(position: Int, batch: SendBatch)] = []
    private var nextTag: UInt64 = 0
    private let settled: Bool

    init(settled: Bool) { self.settled = settled }

    func enqueue(_ messages: [OutboundMessage], _ batch: SendBatch, _ core: ClientCore) {
        for (position, message) in messages.enumerated() {
            queue.append(Queued(message: message, position: position, batch: batch))
        }
        pump(core)
    }

    /// Whether something of a batch has not left yet.
    func isWaiting(_ batch: SendBatch) -> Bool { queue.contains { $0.batch === batch } }

    /// Takes back what has not left yet.
    func remove(_ batch: SendBatch) { queue.removeAll { $0.batch === batch } }

    /// Ends what has no outcome yet: what has left may have been taken, what waits never leaves.
    func giveUp(_ batch: SendBatch, _ error: TransportError, _ core: ClientCore) {
        let waiting = queue.filter { $0.batch === batch }
        remove(batch)
        for entry in waiting { batch.finish(entry.position, .failure(.unsent(error))) }
        core.forget(batch)
        batch.finishAll(error)
    }

    override func flow(_ flow: LinkFlow, _ core: ClientCore) {
        pump(core)
        if flow.drain, let id { core.handler?.engine.drained(id) }
    }

    override func resumeSending(_ core: ClientCore) {
        if !queue.isEmpty || !leaving.isEmpty { pump(core) }
    }

    private func pump(_ core: ClientCore) {
        guard let handler = core.handler, let id else { return }
        if !leaving.isEmpty, handler.engine.pendingMessages(id.session) == 0 {
            let gone = leaving
            leaving = []
            for entry in gone { entry.batch.finish(entry.position, .success(.accepted)) }
        }
        let limit = attach?.maxMessageSize ?? 0
        while let next = queue.first {
            let size = next.message.bytes.readableBytes
            if limit > 0, UInt64(size) > limit {
                queue.removeFirst()
                let error = AMQPError(.messageSizeExceeded, "the message has \(size) bytes; the entity takes \(limit)")
                next.batch.finish(next.position, .failure(.unsent(.link(error))))
                continue
            }
            guard handler.engine.credit(id) > 0, handler.hasRoom(on: id.session),
                let number = handler.engine.send(
                    id, head: next.message.bytes, tag: ByteBuffer(integer: nextTag), format: next.message.format, settled: settled,
                    state: next.message.state)
            else { break }
            nextTag &+= 1
            queue.removeFirst()
            if !settled {
                core.outgoing[number] = ClientCore.Outgoing(link: id, position: next.position, batch: next.batch)
            } else if handler.engine.pendingMessages(id.session) == 0 {
                next.batch.finish(next.position, .success(.accepted))
            } else {
                leaving.append((next.position, next.batch))
                _ = handler.hasRoom(on: id.session)
            }
        }
        handler.setNeedsFlush()
    }

    override func end(_ error: TransportError) {
        let waiting = queue
        let held = leaving
        queue = []
        leaving = []
        for entry in held { entry.batch.finish(entry.position, .failure(error)) }
        for entry in waiting { entry.batch.finish(entry.position, .failure(.unsent(error))) }
    }
}
