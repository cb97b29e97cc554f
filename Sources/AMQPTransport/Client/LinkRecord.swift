import AMQP
import DequeModule
import NIOCore

/// What the client knows of one link. Lives on the event loop.
class LinkRecord {
    var remoteMaxMessageSize: UInt64?
    var attach: Attach?
    /// The attach frame is on its way: the moment to grant credit in the same write.
    func attachSent(_ id: LinkID, _ core: ClientCore) {}
    func flow(_ flow: LinkFlow, _ core: ClientCore) {}
    func deliver(_ delivery: Delivery, _ core: ClientCore) {}
    func end(_ error: TransportError) {}
}

/// Messages handed over in one call, and the caller that waits for all their outcomes.
final class SendBatch {
    private var outcomes: [Result<DeliveryState, TransportError>?]
    private var missing: Int
    private var waiter: ClientCore.Waiter<[Result<DeliveryState, TransportError>]>?
    private let onFailure: ((TransportError) -> Void)?

    init(count: Int, _ waiter: ClientCore.Waiter<[Result<DeliveryState, TransportError>]>) {
        outcomes = Array(repeating: nil, count: count)
        missing = count
        self.waiter = waiter
        onFailure = nil
        if count == 0 { complete() }
    }

    /// One message nobody waits for, unless it fails.
    init(onFailure: @escaping (TransportError) -> Void) {
        outcomes = [nil]
        missing = 1
        self.onFailure = onFailure
    }

    func finish(_ position: Int, _ outcome: Result<DeliveryState, TransportError>) {
        guard outcomes.indices.contains(position), outcomes[position] == nil else { return }
        outcomes[position] = outcome
        missing -= 1
        if let onFailure {
            switch outcome {
            case .failure(let error): onFailure(error)
            case .success(.accepted): break
            case .success(let state): onFailure(.outcome(state))
            }
        }
        if missing == 0 { complete() }
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

/// A link we send on: messages wait here for credit, in order.
final class SenderRecord: LinkRecord {
    struct Queued {
        var message: OutboundMessage
        var position: Int
        var batch: SendBatch
    }

    private var queue: Deque<Queued> = []
    private var nextTag: UInt64 = 0
    private let settled: Bool

    init(settled: Bool) { self.settled = settled }

    func enqueue(_ messages: [OutboundMessage], _ batch: SendBatch, _ id: LinkID, _ core: ClientCore) {
        for (position, message) in messages.enumerated() {
            queue.append(Queued(message: message, position: position, batch: batch))
        }
        pump(id, core)
    }

    func enqueueRequest(_ message: OutboundMessage, _ id: LinkID, _ core: ClientCore, onFailure: @escaping (TransportError) -> Void) {
        enqueue([message], SendBatch(onFailure: onFailure), id, core)
    }

    func remove(_ batch: SendBatch) { queue.removeAll { $0.batch === batch } }

    override func flow(_ flow: LinkFlow, _ core: ClientCore) {
        guard let id = core.links.first(where: { $0.value === self })?.key else { return }
        pump(id, core)
        if flow.drain { core.handler?.engine.drained(id) }
    }

    private func pump(_ id: LinkID, _ core: ClientCore) {
        guard let handler = core.handler else { return }
        while let next = queue.first {
            if let limit = remoteMaxMessageSize, limit > 0, UInt64(next.message.bytes.readableBytes) > limit {
                queue.removeFirst()
                let error = AMQPError(
                    .messageSizeExceeded, "the message has \(next.message.bytes.readableBytes) bytes; the entity takes \(limit)")
                next.batch.finish(next.position, .failure(.link(error)))
                continue
            }
            let tag = ByteBuffer(integer: nextTag)
            guard
                let number = handler.engine.send(
                    id, head: next.message.bytes, tag: tag, format: next.message.format, settled: settled, state: next.message.state)
            else { break }
            nextTag &+= 1
            queue.removeFirst()
            if settled {
                next.batch.finish(next.position, .success(.accepted))
            } else {
                core.outgoing[number] = ClientCore.Outgoing(link: id, position: next.position, batch: next.batch)
            }
        }
        handler.setNeedsFlush()
    }

    override func end(_ error: TransportError) {
        let waiting = queue
        queue = []
        for entry in waiting { entry.batch.finish(entry.position, .failure(error)) }
    }
}

/// A link we receive on: deliveries wait here for the application, at most as many as the credit granted.
final class ReceiverRecord: LinkRecord {
    private var buffer: Deque<Delivery> = []
    private var waiter: ClientCore.Waiter<[Delivery]>?
    private var ended: TransportError?
    private var drainWaiters: [ClientCore.Waiter<Void>] = []
    private var id: LinkID?
    /// Credit kept topped up to this; nil when the application grants it itself.
    private let window: UInt32?
    private var maximum = 0

    init(window: UInt32?) { self.window = window }

    override func attachSent(_ id: LinkID, _ core: ClientCore) {
        self.id = id
        if let window { core.handler?.engine.setCredit(id, window) }
    }

    override func deliver(_ delivery: Delivery, _ core: ClientCore) {
        buffer.append(delivery)
        if !drainWaiters.isEmpty, let id, core.handler?.engine.credit(id) == 0 { finishDrain() }
        if let waiter {
            self.waiter = nil
            waiter.resume(returning: take(core))
        }
    }

    func next(_ maximum: Int, _ waiter: ClientCore.Waiter<[Delivery]>, _ core: ClientCore) {
        self.maximum = maximum
        if !buffer.isEmpty {
            waiter.resume(returning: take(core))
        } else if let ended {
            if case .closed = ended { waiter.resume(returning: []) } else { waiter.resume(throwing: ended) }
        } else if self.waiter != nil {
            waiter.resume(throwing: TransportError.system("a receiver has one consumer at a time"))
        } else {
            self.waiter = waiter
        }
    }

    /// Stops waiting; what arrives stays buffered.
    func cancelNext(_ error: any Error) {
        waiter?.resume(throwing: error)
        waiter = nil
    }

    private func take(_ core: ClientCore) -> [Delivery] {
        let count = min(max(maximum, 1), buffer.count)
        let batch = Array(buffer.prefix(count))
        buffer.removeFirst(count)
        if let window, let id, let handler = core.handler {
            // Topped up at half, so that one flow pays for many deliveries.
            let target = window > UInt32(clamping: buffer.count) ? window &- UInt32(clamping: buffer.count) : 0
            if handler.engine.credit(id) <= target / 2 {
                handler.engine.setCredit(id, target)
                handler.setNeedsFlush()
            }
        }
        return batch
    }

    /// Everything that arrived and was not taken.
    func takeAll() -> [Delivery] {
        defer { buffer = [] }
        return Array(buffer)
    }

    func drain(_ waiter: ClientCore.Waiter<Void>, _ core: ClientCore) {
        guard ended == nil, let id, let handler = core.handler, handler.engine.credit(id) > 0 else { return waiter.resume() }
        drainWaiters.append(waiter)
        handler.engine.setCredit(id, handler.engine.credit(id), drain: true)
        handler.setNeedsFlush()
    }

    override func flow(_ flow: LinkFlow, _ core: ClientCore) {
        if flow.credit == 0, !drainWaiters.isEmpty { finishDrain() }
    }

    func finishDrain() {
        let waiters = drainWaiters
        drainWaiters = []
        for waiter in waiters { waiter.resume() }
    }

    override func end(_ error: TransportError) {
        ended = error
        finishDrain()
        if let waiter {
            self.waiter = nil
            if case .closed = error { waiter.resume(returning: []) } else { waiter.resume(throwing: error) }
        }
    }
}

/// The receiving half of a request/response pair: answers find their request by correlation id.
final class ResponseRecord: LinkRecord {
    static let window: UInt32 = 200
    private var pending: [String: ClientCore.Waiter<Message>] = [:]
    private var timers: [String: Scheduled<Void>] = [:]
    private var ended: TransportError?
    private var id: LinkID?
    /// Answers to be settled with one disposition.
    private var first: UInt32?
    private var last: UInt32 = 0

    override func attachSent(_ id: LinkID, _ core: ClientCore) {
        self.id = id
        core.handler?.engine.setCredit(id, Self.window)
    }

    func expect(_ key: String, timeout: TimeAmount, _ waiter: ClientCore.Waiter<Message>, _ core: ClientCore) {
        if let ended { return waiter.resume(throwing: ended) }
        pending[key] = waiter
        timers[key] = core.eventLoop.assumeIsolated().scheduleTask(in: timeout) {
            self.fail(key, TransportError.timeout("request"))
        }
    }

    func fail(_ key: String, _ error: any Error) {
        timers.removeValue(forKey: key)?.cancel()
        pending.removeValue(forKey: key)?.resume(throwing: error)
    }

    override func deliver(_ delivery: Delivery, _ core: ClientCore) {
        guard let handler = core.handler, let id else { return }
        if !delivery.settled {
            handler.engine.dispose(id.session, role: .receiver, first: delivery.id, settled: true, state: .accepted)
        }
        if handler.engine.credit(id) <= Self.window / 2 { handler.engine.setCredit(id, Self.window) }
        let message: Message
        do throws(CodecError) {
            message = try Message(delivery.payload)
        } catch {
            // Without a correlation id nobody can be told; the request times out, which is what happened.
            return
        }
        guard let key = message.properties?.correlationID?.text else { return }
        timers.removeValue(forKey: key)?.cancel()
        pending.removeValue(forKey: key)?.resume(returning: message)
    }

    override func end(_ error: TransportError) {
        ended = error
        let waiting = pending
        pending = [:]
        for timer in timers.values { timer.cancel() }
        timers = [:]
        for waiter in waiting.values { waiter.resume(throwing: error) }
    }
}
