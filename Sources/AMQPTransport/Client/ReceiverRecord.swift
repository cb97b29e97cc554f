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
    /// Whether credit was taken back from a sender that has not answered a drain: what it sent before it knew may still come.
    private var isWithdrawn = false
    /// Whether nothing is wanted any more.
    private var isClosing = false

    init(window: UInt32?) { self.window = window }

    override func attachSent(_ core: ClientCore) {
        if let window, let id { core.handler?.engine.setCredit(id, window) }
    }

    override func deliver(_ delivery: Delivery, _ core: ClientCore) {
        buffer.append(delivery)
        if isDraining { finishDrainIfDone(core) }
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

    /// Whether a delivery may still begin, or has begun and is not whole: its credit is spent with its first frame.
    private func mayGetMore(_ handler: EngineHandler) -> Bool {
        guard let id else { return false }
        return handler.engine.credit(id) > 0 || handler.engine.unfinishedDelivery(id) != nil
    }

    /// Stops deliveries: asks the sender to use the credit up or give it back, and waits until what has begun is whole.
    func drain(_ waiter: CheckedContinuation<Bool, Never>, isLast: Bool, _ core: ClientCore) {
        isClosing = isClosing || isLast
        guard ended == nil, let id, let handler = core.handler, isDraining || mayGetMore(handler) else {
            return waiter.resume(returning: true)
        }
        isDraining = true
        drainWaiters.append(waiter)
        let credit = handler.engine.credit(id)
        guard credit > 0 else { return }
        handler.engine.setCredit(id, credit, drain: true)
        handler.setNeedsFlush()
    }

    override func flow(_ flow: LinkFlow, _ core: ClientCore) {
        guard flow.credit == 0, isDraining else { return }
        isWithdrawn = false
        finishDrainIfDone(core)
    }

    /// Gives up waiting for the answer, and takes the credit back without one: only what is on its way can still arrive.
    func giveUpDrain(_ core: ClientCore) {
        guard !drainWaiters.isEmpty else { return }
        if let id, let handler = core.handler, handler.engine.credit(id) > 0 {
            isWithdrawn = true
            handler.engine.setCredit(id, 0)
            handler.setNeedsFlush()
        }
        finishDrain(isAnswered: false)
    }

    /// The delivery that is not whole; nil when none is, or when the link has ended.
    func unfinished(_ core: ClientCore) -> UInt32? {
        guard ended == nil, let id else { return nil }
        return core.handler?.engine.unfinishedDelivery(id)
    }

    private func finishDrainIfDone(_ core: ClientCore) {
        guard isDraining, !isWithdrawn, let handler = core.handler, !mayGetMore(handler) else { return }
        finishDrain(isAnswered: true)
    }

    private func finishDrain(isAnswered: Bool) {
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
