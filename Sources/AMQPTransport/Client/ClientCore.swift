import AMQP
import DequeModule
import NIOCore

/// The client's tables: who waits for what. Lives on the connection's event loop; never blocks it.
///
/// Every waiter is a continuation that is resumed exactly once: by the peer's answer, a time-out, cancellation, or the connection's end.
final class ClientCore: EngineOwner {
    typealias Waiter<T> = CheckedContinuation<T, any Error>

    struct Outgoing {
        var link: LinkID
        /// Which of its caller's messages this is.
        var position: Int
        var batch: SendBatch
    }

    let eventLoop: any EventLoop
    private(set) var handler: EngineHandler?
    private var opening: [Waiter<Void>] = []
    private var closing: [Waiter<Void>] = []
    private(set) var failure: TransportError?
    private var socketError: (any Error)?
    private(set) var isOpen = false
    private var session: SessionID?
    private var sessionIsReady = false
    var links: [LinkID: LinkRecord] = [:]
    private var attaching: [LinkID: Waiter<LinkID>] = [:]
    private var detaching: [LinkID: [Waiter<Void>]] = [:]
    var outgoing: [UInt32: Outgoing] = [:]
    /// Settlements that wait for the sender's answer, by delivery number.
    var settling: [UInt32: Waiter<DeliveryState?>] = [:]

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

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
        handler.engine.close()
        handler.setNeedsFlush()
        // A peer that does not answer the close is left alone after a moment.
        eventLoop.assumeIsolated().scheduleTask(in: .seconds(2)) { self.end(.closed) }
    }

    func transportFailed(_ error: any Error) {
        if socketError == nil { socketError = error }
    }

    /// Ends everything that waits.
    func end(_ error: TransportError) {
        guard failure == nil else { return }
        failure = error
        isOpen = false
        handler?.abort()
        for waiter in opening { waiter.resume(throwing: error) }
        opening = []
        for (_, waiter) in attaching { waiter.resume(throwing: error) }
        attaching = [:]
        for waiters in detaching.values { for waiter in waiters { waiter.resume() } }
        detaching = [:]
        for (_, sent) in outgoing { sent.batch.finish(sent.position, .failure(error)) }
        outgoing = [:]
        for (_, waiter) in settling { waiter.resume(throwing: error) }
        settling = [:]
        let ended = links
        links = [:]
        for record in ended.values { record.end(error) }
        for waiter in closing { waiter.resume() }
        closing = []
    }

    // MARK: Events

    func handle(_ event: Event, _ handler: EngineHandler) {
        switch event {
        case .opened:
            isOpen = true
            for waiter in opening { waiter.resume() }
            opening = []
        case .closed(let error):
            end(socketError.map { TransportError(socket: $0) } ?? error.map { .connection($0) } ?? .closed)
        case .sessionBegun: sessionIsReady = true
        case .sessionEnded(_, let error):
            end(.connection(.closedByPeer(error)))
        case .linkRequested(let id, _):
            handler.engine.refuse(id, AMQPError(.notAllowed, "this client accepts no links"))
        case .linkAttached(let id, let attach): attached(id, attach)
        case .linkDetached(let id, let error, _): detached(id, error)
        case .flow(let id, let flow): links[id]?.flow(flow, self)
        case .delivery(let id, let delivery): links[id]?.deliver(delivery, self)
        case .disposition(_, let disposition): received(disposition)
        case .saslInitiated: break
        }
    }

    // MARK: Links

    func attach(_ options: LinkOptions, _ record: LinkRecord, _ waiter: Waiter<LinkID>) {
        if let failure { return waiter.resume(throwing: failure) }
        guard let handler, let session, let id = handler.engine.attach(session, options) else {
            return waiter.resume(throwing: TransportError.system("no link handle is left on this connection"))
        }
        links[id] = record
        attaching[id] = waiter
        record.attachSent(id, self)
        handler.setNeedsFlush()
    }

    private func attached(_ id: LinkID, _ attach: Attach) {
        // Without the terminus we asked for, a detach with the reason follows (part 2, 2.6.3).
        let isRefused = attach.role == .sender ? attach.source == nil : attach.target == nil
        guard !isRefused else { return }
        links[id]?.remoteMaxMessageSize = attach.maxMessageSize
        links[id]?.attach = attach
        attaching.removeValue(forKey: id)?.resume(returning: id)
    }

    private func detached(_ id: LinkID, _ error: AMQPError?) {
        let record = links.removeValue(forKey: id)
        let asked = detaching.removeValue(forKey: id)
        let reason: TransportError = asked == nil ? .link(error) : .closed
        attaching.removeValue(forKey: id)?.resume(throwing: TransportError.link(error))
        for (number, sent) in outgoing where sent.link == id {
            outgoing[number] = nil
            sent.batch.finish(sent.position, .failure(.link(error)))
        }
        record?.end(reason)
        for waiter in asked ?? [] { waiter.resume() }
    }

    func detach(_ id: LinkID, _ waiter: Waiter<Void>?) {
        guard failure == nil, let handler, links[id] != nil else {
            waiter?.resume()
            return
        }
        detaching[id, default: []].append(contentsOf: waiter.map { [$0] } ?? [])
        handler.engine.detach(id)
        handler.setNeedsFlush()
    }

    /// Gives up waiting for an attach.
    func cancelAttach(_ record: LinkRecord, _ error: any Error) {
        guard let id = links.first(where: { $0.value === record })?.key, let waiter = attaching.removeValue(forKey: id) else { return }
        waiter.resume(throwing: error)
        detach(id, nil)
    }

    /// Gives up waiting for the answer to a detach.
    func finishDetach(_ id: LinkID) {
        links[id]?.end(.closed)
        links[id] = nil
        for waiter in detaching.removeValue(forKey: id) ?? [] { waiter.resume() }
    }

    // MARK: Settlement

    private func received(_ disposition: Disposition) {
        let last = disposition.last ?? disposition.first
        let count = last &- disposition.first
        // The range is the peer's word: walk whichever is shorter, it or our table.
        if disposition.role == .receiver {
            guard disposition.settled == true || disposition.state?.isTerminal == true else { return }
            forEach(in: disposition.first, count, outgoing.count, outgoing.keys) { number in
                guard let sent = outgoing.removeValue(forKey: number) else { return }
                sent.batch.finish(sent.position, .success(disposition.state ?? .accepted))
                if disposition.settled != true, let handler {
                    handler.engine.dispose(sent.link.session, role: .sender, first: number, settled: true, state: disposition.state)
                }
            }
        } else {
            forEach(in: disposition.first, count, settling.count, settling.keys) { number in
                settling.removeValue(forKey: number)?.resume(returning: disposition.state)
            }
        }
    }

    private func forEach(
        in first: UInt32, _ count: UInt32, _ known: Int, _ keys: some Collection<UInt32>, _ body: (UInt32) -> Void
    ) {
        if Int(count) < known {
            for step in 0...count { body(first &+ step) }
        } else {
            for number in Array(keys) where number &- first <= count { body(number) }
        }
    }
}

@available(*, unavailable)
extension ClientCore: Sendable {}
