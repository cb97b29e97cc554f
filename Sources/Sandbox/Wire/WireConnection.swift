import AMQP
import AMQPTransport
import NIOCore

/// One client's connection to the sandbox.
final class WireConnection: ConnectionOwner {
    let hub: WireHub
    /// Nil before the connection and after it. It lets go of its owner, this, when its channel is gone.
    private(set) var handler: EngineHandler?
    /// What the client may do.
    var rights = ConnectionRights()
    private var sessions: [SessionID: WireSession] = [:]
    /// The session used last: most clients have one.
    private var recentSession: WireSession?
    /// Deliveries accepted in this turn, to be settled together.
    var accepted: (session: SessionID, first: UInt32, last: UInt32)?
    /// Transactions begun here that have not ended.
    var transactions: [TransactionID: WireTransaction] = [:]
    let watch: ConnectionWatch
    /// Whether the hub has it on its list of connections that wait to speak.
    var isHeld = false
    /// Whether we have closed it: until the client has answered its links are still there.
    private var isClosing = false
    /// Links with something to send that waits for the client to read.
    private var stalled: [WireLink] = []

    init(hub: WireHub) {
        self.hub = hub
        watch = ConnectionWatch(hub, now: hub.now)
        hub.add(self)
    }

    func bind(_ handler: EngineHandler) { self.handler = handler }

    func setNeedsFlush() {
        flushAccepted()
        handler?.setNeedsFlush()
    }

    func willFlush() { flushAccepted() }
    func mayFlush() -> Bool { hub.mayTell(self) }

    /// Sends what was held back.
    func flush() { handler?.flush() }

    /// Ends the connection without a word.
    func abort() { handler?.abort() }

    func stop() { close(AMQPError(.connectionForced, "The sandbox is stopping.")) }

    /// Closes the connection with a reason.
    func close(_ error: AMQPError) {
        isClosing = true
        handler?.engine.close(error)
        handler?.flush()
    }

    func transportFailed(_ error: any Error) {}

    // MARK: Events

    func handle(_ event: Event, _ handler: EngineHandler) {
        switch event {
        case .saslInitiated(let initial):
            handler.engine.completeSASL(rights.authenticate(initial, hub.access, takesKeys: !hub.isLocalAuthDisabled))
        case .opened: watch.start(self)
        case .linkAttached: break
        case .sessionBegun(let id, _): sessions[id] = WireSession(id)
        case .sessionEnded(let id, _): forget(id)
        case .linkRequested(let id, let attach): attach.role == .sender ? openIncoming(id, attach) : openOutgoing(id, attach)
        case .linkDetached(let id, _, _): forget(id)
        case .flow(let id, let flow): received(flow, id)
        case .delivery(let id, let delivery): received(delivery, id)
        case .disposition(let session, let disposition): received(disposition, session)
        case .closed:
            for id in Array(sessions.keys) { forget(id) }
            stalled = []
            watch.stop()
            hub.remove(self)
            self.handler = nil
        }
    }

    // MARK: Links

    func session(_ id: SessionID) -> WireSession? {
        if let recentSession, recentSession.id == id { return recentSession }
        let session = sessions[id]
        recentSession = session
        return session
    }

    /// The name a client gave its link.
    func name(of id: LinkID) -> String { handler?.engine.name(id) ?? "" }

    func link(_ id: LinkID) -> WireLink? { session(id.session)?.link(id) }

    /// Every link.
    var links: [WireLink] { sessions.values.flatMap(\.links) }

    func add(_ link: WireLink) {
        session(link.id.session)?.insert(link)
        watch.linkAdded(self)
    }

    /// Forgets a link that is gone, and what was delivered on it: that stays locked until its time is over, or is free again with its session.
    func forget(_ id: LinkID) {
        guard let session = session(id.session), let link = session.remove(id) else { return }
        if case .outgoing(let outgoing) = link { session.unsettled.forget(outgoing) }
        end(link)
        watch.linkRemoved(self)
    }

    private func forget(_ id: SessionID) {
        guard let session = sessions.removeValue(forKey: id) else { return }
        if recentSession === session { recentSession = nil }
        for link in session.links { end(link) }
        watch.linkRemoved(self)
    }

    private func end(_ link: WireLink) {
        switch link {
        case .outgoing(let outgoing): outgoing.end()
        case .incoming(let incoming): if case .coordinator = incoming.node { rollBackTransactions(of: incoming.id) }
        case .replies: break
        }
    }

    func refuse(_ id: LinkID, _ error: AMQPError) {
        forget(id)
        handler?.engine.refuse(id, error)
    }

    func detach(_ id: LinkID, _ error: AMQPError) {
        flushAccepted()
        handler?.engine.detach(id, error)
        forget(id)
        setNeedsFlush()
    }

    /// Detaches a link by force when a fault says so.
    /// - Returns: whether it is gone.
    func isDetachedByFault(_ id: LinkID, _ kind: ForcedDetach.Kind, _ progress: inout FaultSwitches.Progress) -> Bool {
        guard hub.faults.detachesLink(&progress) else { return false }
        detach(id, ForcedDetach.idle(kind, name: name(of: id), hub.broker))
        return true
    }

    func sessionLost(_ address: EntityAddress, _ lease: SessionLease) {
        for case .outgoing(let link) in links where link.address == address && link.lease?.token == lease.token {
            detach(link.id, hub.broker.sessionLockLost(address.path).amqpError)
        }
    }

    func detachAll(from address: EntityAddress, _ error: AMQPError) {
        let path = address.path.lowercased()
        for link in links where link.entity?.path.lowercased() == path { detach(link.id, error) }
    }

    // MARK: Sending

    /// The credit left on a link; none once the link is detached, or the connection closed or gone. What was taken on it could not be sent.
    func credit(_ id: LinkID) -> UInt32 {
        guard let handler, !isClosing, link(id) != nil else { return 0 }
        return handler.engine.credit(id)
    }

    /// Whether a message sent now would leave at once. When not, the link is asked again as soon as the client has read.
    func hasRoom(for link: WireLink) -> Bool {
        guard let handler else { return false }
        if handler.hasRoom(on: link.id.session) { return true }
        switch link {
        case .outgoing(let outgoing) where !outgoing.isStalled:
            outgoing.isStalled = true
            stalled.append(link)
        case .replies(let replies) where !replies.isStalled:
            replies.isStalled = true
            stalled.append(link)
        default: break
        }
        return false
    }

    func resumeSending() {
        let waiting = stalled
        stalled = []
        for link in waiting {
            switch link {
            case .outgoing(let outgoing):
                outgoing.isStalled = false
                if self.link(outgoing.id) != nil { outgoing.pump() }
            case .replies(let replies):
                replies.isStalled = false
                if self.link(replies.id) != nil { sendReplies(replies) }
            case .incoming: break
            }
        }
    }

    // MARK: Outcomes

    /// Tells the client the state of deliveries, later when a fault says so.
    func dispose(_ session: SessionID, role: Role, first: UInt32, last: UInt32, state: DeliveryState?) {
        hub.afterDelay { [weak self] in
            guard let self, let handler else { return }
            handler.engine.dispose(session, role: role, first: first, last: last, settled: true, state: state)
            handler.setNeedsFlush()
        } orNow: {
            handler?.engine.dispose(session, role: role, first: first, last: last, settled: true, state: state)
        }
    }

    /// Accepts a delivery, together with its neighbours of this turn.
    func accept(_ number: UInt32, _ session: SessionID) {
        if let current = accepted, current.session == session, number == current.last &+ 1 {
            accepted?.last = number
        } else {
            flushAccepted()
            accepted = (session, number, number)
        }
    }

    func flushAccepted() {
        guard let range = accepted else { return }
        accepted = nil
        dispose(range.session, role: .receiver, first: range.first, last: range.last, state: .accepted)
    }
}

extension WireLink {
    /// The entity a link sends to or receives from; nil for tokens, requests and answers.
    var entity: EntityAddress? {
        switch self {
        case .incoming(let link): if case .entity(let address, _) = link.node { address } else { nil }
        case .outgoing(let link): link.address
        case .replies: nil
        }
    }
}
