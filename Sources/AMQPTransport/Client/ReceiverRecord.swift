import AMQP
import DequeModule
import NIOCore

/// A link we receive on: deliveries wait here for the application, at most as many as the credit granted. It outlives the link until
/// the application has taken them.
final class ReceiverRecord: LinkRecord {
    private var buffer: Deque<Delivery> = []
    private var waiter: ClientCore.Waiter<[Delivery]>?
    private var maximum = 0
    private var ended: TransportError?
    private var drainWaiters: [CheckedContinuation<Bool, Never>] = []
    /// Credit kept topped up to this; nil when the application grants it itself.
    private let window: UInt32?
    /// Whether nothing is wanted for now: no credit is granted.
    private var isDraining = false
    /// Whether nothing is wanted any more.
    private var isClosing = false

    init(window: UInt32?) { self.window = window }

    override func attachSent(_ core: ClientCore) {
        if let window, let id { core.handler?.engine.setCredit(id, window) }
    }

    override func deliver(_ delivery: Delivery, _ core: ClientCore) {
        buffer.append(delivery)
        if !drainWaiters.isEmpty, let id, core.handler?.engine.credit(id) == 0 { finishDrain(isAnswered: true) }
        // Handed over when the whole read is in the buffer: a waiter wakes up once for many deliveries.
        if waiter != nil, buffer.count == 1 { core.handOver(to: self) }
    }

    /// Gives a waiter what has arrived.
    func handOver(_ core: ClientCore) {
        guard let waiter, !buffer.isEmpty else { return }
        self.waiter = nil
        waiter.resume(returning: take(core))
    }

    // MARK: Taking

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
        guard let waiter else { return }
        self.waiter = nil
        waiter.resume(throwing: error)
    }

    /// Nothing came in time.
    func stopWaiting() {
        guard let waiter else { return }
        self.waiter = nil
        waiter.resume(returning: [])
    }

    private func take(_ core: ClientCore) -> [Delivery] {
        let count = min(max(maximum, 1), buffer.count)
        let batch = Array(buffer.prefix(count))
        buffer.removeFirst(count)
        topUp(core)
        return batch
    }

    /// Topped up at half, so that one flow pays for many deliveries.
    private func topUp(_ core: ClientCore) {
        guard let window, let id, ended == nil, !isDraining, !isClosing, let handler = core.handler else { return }
        let waiting = UInt32(clamping: buffer.count)
        let target = window > waiting ? window &- waiting : 0
        guard handler.engine.credit(id) <= target / 2 else { return }
        handler.engine.setCredit(id, target)
        handler.setNeedsFlush()
    }

    /// Everything that arrived and was not taken.
    func takeAll() -> [Delivery] {
        defer { buffer = [] }
        return Array(buffer)
    }

    // MARK: Credit

    /// Grants credit on the application's behalf.
    func grant(_ credit: UInt32, _ core: ClientCore) {
        guard let id, ended == nil, !isDraining, !isClosing, let handler = core.handler else { return }
        handler.engine.setCredit(id, credit)
        handler.setNeedsFlush()
    }

    /// Stops deliveries: asks the sender to use the credit up or give it back.
    func drain(_ waiter: CheckedContinuation<Bool, Never>, isLast: Bool, _ core: ClientCore) {
        isClosing = isClosing || isLast
        guard ended == nil, let id, let handler = core.handler, handler.engine.credit(id) > 0 else { return waiter.resume(returning: true) }
        isDraining = true
        drainWaiters.append(waiter)
        handler.engine.setCredit(id, handler.engine.credit(id), drain: true)
        handler.setNeedsFlush()
    }

    override func flow(_ flow: LinkFlow, _ core: ClientCore) {
        if flow.credit == 0, !drainWaiters.isEmpty { finishDrain(isAnswered: true) }
    }

    func finishDrain(isAnswered: Bool) {
        guard isDraining else { return }
        // Without an answer the sender may still use the credit: granting more would only add to it.
        isDraining = !isAnswered
        let waiters = drainWaiters
        drainWaiters = []
        for waiter in waiters { waiter.resume(returning: isAnswered) }
    }

    override func end(_ error: TransportError) {
        ended = error
        finishDrain(isAnswered: true)
        // What has arrived comes first; whoever asks again learns of the end.
        guard let waiter, buffer.isEmpty else { return }
        self.waiter = nil
        if case .closed = error { waiter.resume(returning: []) } else { waiter.resume(throwing: error) }
    }
}
