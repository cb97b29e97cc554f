import AMQP
import DequeModule
import NIOCore

/// The client's tables: who waits for what. Lives on the connection's event loop; never blocks it.
///
/// Every waiter is a continuation that is resumed exactly once: by the peer's answer, a time-out, cancellation, or the connection's end.
/// Whoever resumes it takes it out of its table first.
final class ClientCore: EngineOwner {
    typealias Waiter<T> = CheckedContinuation<T, any Error>

    /// A message whose outcome is not known yet.
    struct Outgoing {
        var link: LinkID
        /// Which of its caller's messages this is.
        var position: Int
        var batch: SendBatch
    }

    /// A settlement that waits for the sender's answer.
    struct Settling {
        var link: LinkID
        /// Which of its caller's deliveries this is.
        var position: Int
        var batch: SettleBatch
    }

    let eventLoop: any EventLoop
    private let signs: LifeSigns
    private(set) var handler: EngineHandler?
    private(set) var failure: TransportError?
    private(set) var isOpen = false
    /// What is being waited for until the connection is open.
    var step = "opening the AMQP connection"
    private var socketError: (any Error)?
    private var session: SessionID?
    private var opening: [Waiter<Void>] = []
    private var closing: [Waiter<Void>] = []
    private var closeTimer: Scheduled<Void>?
    /// The records of living links, by the slot of their id.
    private var records: [LinkRecord?] = []
    /// Receivers whose waiters get what this read brought.
    private var ready: [ReceiverRecord] = []
    private var attaching: [LinkID: Waiter<LinkID>] = [:]
    private var detaching: [LinkID: [Waiter<Void>]] = [:]
    var outgoing: [UInt32: Outgoing] = [:]
    private var settling: [UInt32: Settling] = [:]

    /// - Parameter signs: what others read of this connection's life.
    init(eventLoop: any EventLoop, signs: LifeSigns) {
        self.eventLoop = eventLoop
        self.signs = signs
    }

    func bind(_ handler: EngineHandler) {
        self.handler = handler
        session = handler.engine.begin()
        handler.setNeedsFlush()
    }

    // MARK: Connection

    func waitUntilOpen(_ waiter: Waiter<Void>) {
        if let failure {
            waiter.resume(throwing: failure)
        } else if isOpen {
            waiter.resume()
        } else {
            opening.append(waiter)
        }
    }

    func close(_ waiter: Waiter<Void>) {
        guard failure == nil, let handler else { return waiter.resume() }
        closing.append(waiter)
        guard closing.count == 1 else { return }
        // A peer that does not answer, or does not even read, is left alone after a moment.
        closeTimer = eventLoop.assumeIsolated().scheduleTask(in: .seconds(3)) { self.end(.closed) }
        handler.engine.close()
        handler.setNeedsFlush()
    }

    func transportFailed(_ error: any Error) {
        if socketError == nil { socketError = error }
    }

    /// Gives the connection up, and tells the peer where that is possible.
    func end(_ error: TransportError) {
        guard failure == nil else { return }
        failAll(error)
        handler?.engine.close()
        handler?.flush()
        handler?.abort()
    }

    /// Ends everything that waits.
    private func failAll(_ error: TransportError) {
        guard failure == nil else { return }
        failure = error
        signs.ended(error)
        isOpen = false
        closeTimer?.cancel()
        for waiter in take(&opening) { waiter.resume(throwing: error) }
        for waiter in take(&attaching).values { waiter.resume(throwing: error) }
        for waiters in take(&detaching).values { for waiter in waiters { waiter.resume() } }
        for sent in take(&outgoing).values { sent.batch.finish(sent.position, .failure(error)) }
        for entry in take(&settling).values { entry.batch.finish(entry.position, .failure(error)) }
        willFlush()
        for record in take(&records) { record?.end(error) }
        for waiter in take(&closing) { waiter.resume() }
    }

    private func take<Table: RangeReplaceableCollection>(_ table: inout Table) -> Table {
        defer { table = Table() }
        return table
    }

    private func take<Key, Value>(_ table: inout [Key: Value]) -> [Key: Value] {
        defer { table = [:] }
        return table
    }

    // MARK: Events

    func handle(_ event: Event, _ handler: EngineHandler) {
        switch event {
        case .delivery(let id, let delivery): record(id)?.deliver(delivery, self)
        case .disposition(let id, let disposition): if id == session { received(disposition) }
        case .flow(let id, let flow): record(id)?.flow(flow, self)
        case .opened:
            isOpen = true
            for waiter in take(&opening) { waiter.resume() }
        case .closed(let error): failAll(reason(error))
        case .sessionBegun(let id, _):
            if id != session { handler.engine.end(id, AMQPError(.notAllowed, "this client accepts no sessions")) }
        case .sessionEnded(let id, let error): if id == session { end(.connection(.closedByPeer(error))) }
        case .linkRequested(let id, _): handler.engine.refuse(id, AMQPError(.notAllowed, "this client accepts no links"))
        case .linkAttached(let id, let attach): attached(id, attach)
        case .linkDetached(let id, let error, _): detached(id, error)
        case .saslInitiated: break
        }
    }

    /// Why the connection is over. A socket's error names the cause better than the lost connection that follows from it.
    private func reason(_ error: EngineError?) -> TransportError {
        switch error {
        case nil: return .closed
        case .disconnected?:
            guard let socketError else { return .connection(.disconnected) }
            return TransportError(lost: socketError)
        case let error?: return .connection(error)
        }
    }

    /// A receiver's buffer has something for a waiter.
    func handOver(to record: ReceiverRecord) { ready.append(record) }

    func willFlush() {
        for record in take(&ready) { record.handOver(self) }
    }

    func resumeSending() {
        for record in records { record?.resumeSending(self) }
    }

    // MARK: Links

    /// The record of a living link.
    func record(_ id: LinkID) -> LinkRecord? {
        guard records.indices.contains(id.slot), let record = records[id.slot], record.id == id else { return nil }
        return record
    }

    private func removeRecord(_ id: LinkID) -> LinkRecord? {
        guard let record = record(id) else { return nil }
        records[id.slot] = nil
        signs.detached(id)
        return record
    }

    func attach(_ options: LinkOptions, _ record: LinkRecord, _ waiter: Waiter<LinkID>) {
        if let failure { return waiter.resume(throwing: failure) }
        guard let handler, let session, let id = handler.engine.attach(session, options) else {
            return waiter.resume(throwing: TransportError.system("the connection has no room for another link"))
        }
        while records.count <= id.slot { records.append(nil) }
        records[id.slot] = record
        record.id = id
        signs.attached(id)
        attaching[id] = waiter
        record.attachSent(self)
        handler.setNeedsFlush()
    }

    private func attached(_ id: LinkID, _ attach: Attach) {
        // Without the terminus we asked for, a detach with the reason follows (part 2, 2.6.3).
        let isRefused = attach.role == .sender ? attach.source == nil : attach.target == nil
        guard !isRefused else { return }
        record(id)?.attach = attach
        attaching.removeValue(forKey: id)?.resume(returning: id)
    }

    private func detached(_ id: LinkID, _ error: AMQPError?) {
        let record = removeRecord(id)
        let asked = detaching.removeValue(forKey: id)
        attaching.removeValue(forKey: id)?.resume(throwing: TransportError.link(error))
        failUnsettled(of: id, error)
        record?.end(asked == nil ? .link(error) : .closed)
        for waiter in asked ?? [] { waiter.resume() }
    }

    /// What was under way on a link that is gone has no known outcome.
    private func failUnsettled(of id: LinkID, _ error: AMQPError?) {
        for (number, sent) in outgoing where sent.link == id {
            outgoing[number] = nil
            sent.batch.finish(sent.position, .failure(.link(error)))
        }
        for (number, entry) in settling where entry.link == id {
            settling[number] = nil
            entry.batch.finish(entry.position, .failure(TransportError.link(error)))
        }
    }

    /// Forgets the messages of a batch that wait for their outcome.
    func forget(_ batch: SendBatch) {
        for (number, sent) in outgoing where sent.batch === batch { outgoing[number] = nil }
    }

    func detach(_ id: LinkID, _ waiter: Waiter<Void>?) {
        guard failure == nil, let handler, record(id) != nil else {
            waiter?.resume()
            return
        }
        detaching[id, default: []].append(contentsOf: waiter.map { [$0] } ?? [])
        handler.engine.detach(id)
        handler.setNeedsFlush()
    }

    /// Gives up waiting for an attach; the link is detached when the peer answers after all.
    func cancelAttach(_ record: LinkRecord, _ error: any Error) {
        guard let id = record.id, let waiter = attaching.removeValue(forKey: id) else { return }
        waiter.resume(throwing: error)
        detach(id, nil)
    }

    /// Gives up waiting for the answer to a detach.
    func finishDetach(_ id: LinkID) {
        guard let waiters = detaching.removeValue(forKey: id) else { return }
        failUnsettled(of: id, nil)
        removeRecord(id)?.end(.closed)
        for waiter in waiters { waiter.resume() }
    }

    // MARK: Settlement

    /// Proposes an outcome for deliveries, neighbours in one frame; the batch learns what their sender settled each with.
    func settle(_ batch: SettleBatch, on id: LinkID, _ state: DeliveryState) {
        guard let handler, record(id) != nil else { return batch.finishAll(failure ?? TransportError.link(nil)) }
        var position = 0
        while position < batch.numbers.count {
            let first = position
            while position < batch.numbers.count, position == first || batch.numbers[position] == batch.numbers[position - 1] &+ 1,
                settling[batch.numbers[position]] == nil
            {
                settling[batch.numbers[position]] = Settling(link: id, position: position, batch: batch)
                position += 1
            }
            if position == first {
                batch.finish(position, .failure(TransportError.system("the delivery is being settled already")))
                position += 1
                continue
            }
            let (low, high) = (batch.numbers[first], batch.numbers[position - 1])
            guard !handler.engine.dispose(id.session, role: .receiver, first: low, last: high, settled: false, state: state) else {
                continue
            }
            for refused in first..<position {
                settling[batch.numbers[refused]] = nil
                batch.finish(refused, .failure(TransportError.system("the outcome is larger than a frame the server takes")))
            }
        }
        handler.setNeedsFlush()
    }

    /// Gives up waiting for the answers a batch still misses: whether those outcomes held is unknown.
    func giveUp(_ batch: SettleBatch, _ error: any Error) {
        for number in batch.numbers where settling[number]?.batch === batch { settling[number] = nil }
        batch.finishAll(error)
    }

    private func received(_ disposition: Disposition) {
        let first = disposition.first
        let distance = (disposition.last ?? first) &- first
        if disposition.role == .sender {
            for number in numbers(first, distance, settling) {
                guard let entry = settling.removeValue(forKey: number) else { continue }
                entry.batch.finish(entry.position, .success(disposition.state))
            }
            return
        }
        let isSettled = disposition.settled == true
        guard isSettled || disposition.state?.isTerminal == true else { return }
        var run: (first: UInt32, last: UInt32)?
        for number in numbers(first, distance, outgoing) {
            guard let sent = outgoing.removeValue(forKey: number) else { continue }
            sent.batch.finish(sent.position, outcome(disposition))
            if isSettled { continue }
            // The receiver waits for our word (receiver-settle-mode second): neighbours share a frame.
            if let current = run, current.last &+ 1 == number {
                run = (current.first, number)
            } else {
                settle(run, disposition.state)
                run = (number, number)
            }
        }
        settle(run, disposition.state)
    }

    private func outcome(_ disposition: Disposition) -> Result<DeliveryState, TransportError> {
        guard let state = disposition.state, state.isTerminal else {
            return .failure(.system("the server settled a message without saying whether it took it"))
        }
        return .success(state)
    }

    private func settle(_ run: (first: UInt32, last: UInt32)?, _ state: DeliveryState?) {
        guard let run, let session, let handler else { return }
        handler.engine.dispose(session, role: .sender, first: run.first, last: run.last, settled: true, state: state)
        handler.setNeedsFlush()
    }

    /// The numbers of a range that a table may hold. The range is the peer's word: whichever is shorter, it or the table, is walked.
    private func numbers<Value>(_ first: UInt32, _ distance: UInt32, _ table: [UInt32: Value]) -> [UInt32] {
        if Int(distance) < table.count { return (0...distance).map { first &+ $0 } }
        return table.keys.filter { $0 &- first <= distance }.sorted { $0 &- first < $1 &- first }
    }
}

@available(*, unavailable)
extension ClientCore: Sendable {}
