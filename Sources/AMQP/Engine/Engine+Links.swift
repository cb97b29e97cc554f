import DequeModule
import NIOCore

/// Links (part 2, 2.6).
extension Engine {
    // MARK: Attaching

    /// Attaches a link.
    /// - Returns: the link, or nil when the session is gone or has no handle left, or the frame is larger than the peer takes.
    public mutating func attach(_ session: SessionID, _ options: LinkOptions) -> LinkID? {
        guard let index = index(of: session), sessions[index]?.isEnding == false,
            let id = place(options.name, options.role, .attachSent, in: index, maxMessageSize: options.maxMessageSize)
        else { return nil }
        if options.role == .sender { edit(id) { $0.deliveryCount = options.initialDeliveryCount } }
        let attach = Attach(
            name: options.name, handle: id.handle, role: options.role, senderSettleMode: options.senderSettleMode,
            receiverSettleMode: options.receiverSettleMode, source: options.source, target: options.target,
            initialDeliveryCount: options.role == .sender ? options.initialDeliveryCount : nil,
            maxMessageSize: options.maxMessageSize, desiredCapabilities: options.desiredCapabilities, properties: options.properties)
        guard write(.attach(attach), channel: session.channel) else {
            sessions[index]?.remove(id.slot, unfinished: &unfinishedBytes)
            return nil
        }
        return id
    }

    private mutating func place(
        _ name: String, _ role: Role, _ state: Link.State, in index: Int, maxMessageSize: UInt64?
    ) -> LinkID? {
        guard let session = sessions[index]?.id, let count = sessions[index]?.links.count, let most = sessions[index]?.remoteHandleMax
        else {
            return nil
        }
        let handle = sessions[index]?.links.firstIndex { $0 == nil } ?? count
        guard handle <= Int(min(configuration.handleMax, most)) else { return nil }
        let id = LinkID(session: session, handle: UInt32(clamping: handle), serial: nextSerial())
        let link = Link(id: id, name: name, role: role, state: state, maxMessageSize: largest(maxMessageSize))
        if handle < count { sessions[index]?.links[handle] = link } else { sessions[index]?.links.append(link) }
        return id
    }

    /// The largest message a link is to accept.
    private func largest(_ wanted: UInt64?) -> Int {
        guard let wanted, wanted > 0 else { return configuration.maxMessageSize }
        return min(Int(clamping: wanted), configuration.maxMessageSize)
    }

    mutating func received(_ attach: Attach, channel: UInt16) throws(EngineError) {
        guard let index = index(ofRemoteChannel: channel) else {
            throw .violation(AMQPError(.notAllowed, "attach on channel \(channel), which has no session"))
        }
        guard sessions[index]?.state == .begun else { return }
        guard attach.handle <= configuration.handleMax else {
            throw .violation(AMQPError(.framingError, "handle \(attach.handle) is above handle-max \(configuration.handleMax)"))
        }
        guard sessions[index]?.handleOfRemote[attach.handle] == nil else {
            return fail(session: index, AMQPError(.handleInUse, "handle \(attach.handle) is in use"))
        }
        if let slot = unanswered(attach, in: index) {
            sessions[index]?.handleOfRemote[attach.handle] = slot
            sessions[index]?.links[slot]?.remoteHandle = attach.handle
            sessions[index]?.links[slot]?.learn(attach)
            // A link we gave up before the peer answered waits for the peer's detach only.
            guard sessions[index]?.links[slot]?.state == .attachSent, let id = sessions[index]?.links[slot]?.id else { return }
            sessions[index]?.links[slot]?.state = .attached
            events.append(.linkAttached(id, attach))
        } else {
            guard let id = place(attach.name, attach.role.opposite, .attachReceived, in: index, maxMessageSize: nil) else {
                return fail(session: index, AMQPError(.resourceLimitExceeded, "no link handle is left in this session"))
            }
            sessions[index]?.handleOfRemote[attach.handle] = id.slot
            sessions[index]?.links[id.slot]?.remoteHandle = attach.handle
            sessions[index]?.links[id.slot]?.learn(attach)
            events.append(.linkRequested(id, attach))
        }
    }

    /// The place of the link of ours that an attach answers: same name, other end, and no answer yet.
    private func unanswered(_ attach: Attach, in index: Int) -> Int? {
        let key = Link.Key(name: attach.name, role: attach.role.opposite)
        return sessions[index]?.links.firstIndex { link in
            guard let link, link.remoteHandle == nil, link.state == .attachSent || link.isDetaching else { return false }
            return link.key == key
        }
    }

    /// Accepts a link the peer asked for.
    public mutating func accept(_ id: LinkID, _ attach: Attach, answer: LinkAnswer = LinkAnswer()) {
        guard let index = index(of: id.session), let link = sessions[index]?.link(id), link.state == .attachReceived else { return }
        let reply = Attach(
            name: link.name, handle: id.handle, role: link.role, senderSettleMode: attach.senderSettleMode,
            receiverSettleMode: attach.receiverSettleMode, source: answer.source ?? attach.source ?? Source(),
            target: answer.target ?? attach.target ?? .address(nil),
            initialDeliveryCount: link.role == .sender ? 0 : nil, maxMessageSize: answer.maxMessageSize, properties: answer.properties)
        guard write(.attach(reply), channel: id.session.channel) else {
            return refuse(id, AMQPError(.resourceLimitExceeded, "the answer to the attach is larger than max-frame-size"))
        }
        let size = largest(answer.takesLargerMessages ? nil : answer.maxMessageSize)
        edit(id) {
            $0.state = .attached
            $0.maxMessageSize = size
        }
    }

    /// Refuses a link the peer asked for: an attach without source and target, then a detach with the reason (part 2, 2.6.3).
    /// ``Event/linkDetached(_:_:closed:)`` follows when the peer has answered.
    public mutating func refuse(_ id: LinkID, _ error: AMQPError) {
        guard let index = index(of: id.session), let link = sessions[index]?.link(id), link.state == .attachReceived else { return }
        writeEmptyAttach(link)
        write(.detach(Detach(handle: id.handle, closed: true, error: error)), channel: id.session.channel)
        edit(id) { $0.state = .detachSent(isReported: false) }
    }

    private mutating func writeEmptyAttach(_ link: Link) {
        let reply = Attach(
            name: link.name, handle: link.id.handle, role: link.role, initialDeliveryCount: link.role == .sender ? 0 : nil)
        write(.attach(reply), channel: link.id.session.channel)
    }

    // MARK: Detaching

    /// Detaches a link; ``Event/linkDetached(_:_:closed:)`` follows when the peer has answered. What waits to be sent on it is dropped.
    public mutating func detach(_ id: LinkID, closed: Bool = true, _ error: AMQPError? = nil) {
        detach(id, closed: closed, error, isReported: false)
    }

    private mutating func detach(_ id: LinkID, closed: Bool, _ error: AMQPError?, isReported: Bool) {
        guard let index = index(of: id.session), let link = sessions[index]?.link(id), !link.isDetaching else { return }
        if link.state == .attachReceived { writeEmptyAttach(link) }
        write(.detach(Detach(handle: id.handle, closed: closed, error: error)), channel: id.session.channel)
        edit(id) { $0.state = .detachSent(isReported: isReported) }
        sessions[index]?.links[id.slot]?.abandonPartial(&unfinishedBytes)
        sessions[index]?.dropPending(of: id)
    }

    /// Detaches a link because of the peer's misbehaviour on it; the owner is told at once.
    mutating func fail(link id: LinkID, _ error: AMQPError) {
        detach(id, closed: true, error, isReported: true)
        events.append(.linkDetached(id, error, closed: true))
    }

    mutating func received(_ detach: Detach, channel: UInt16) {
        // pyamqp detaches its management link after it ended the session: nothing is left to detach then.
        guard let index = index(ofRemoteChannel: channel), sessions[index]?.state == .begun,
            let slot = sessions[index]?.handleOfRemote[detach.handle], let link = sessions[index]?.links[slot]
        else { return }
        sessions[index]?.remove(slot, unfinished: &unfinishedBytes)
        let closed = detach.closed ?? false
        switch link.state {
        case .detachSent(isReported: true): return
        case .detachSent: break
        case .attachReceived:
            // It gave up before it was answered; our detach needs an attach all the same.
            writeEmptyAttach(link)
            write(.detach(Detach(handle: link.id.handle, closed: closed)), channel: link.id.session.channel)
        case .attachSent, .attached:
            write(.detach(Detach(handle: link.id.handle, closed: closed)), channel: link.id.session.channel)
        }
        events.append(.linkDetached(link.id, detach.error, closed: closed))
    }

    // MARK: Credit (part 2, 2.6.7)

    /// Grants credit to the sender: in total, not in addition.
    /// - Parameters:
    ///   - credit: deliveries we will take from now on.
    ///   - drain: whether the sender is to use it up or give it back at once.
    public mutating func setCredit(_ id: LinkID, _ credit: UInt32, drain: Bool = false) {
        guard let index = index(of: id.session) else { return }
        let isGranted = edit(id) { link in
            guard link.role == .receiver, link.state == .attached || link.state == .attachSent else { return false }
            link.grant(credit, drain: drain)
            return true
        }
        guard isGranted == true else { return }
        writeFlow(id, index)
    }

    /// Receiver: grants credit again, in total, when half of it is used.
    public mutating func topUp(_ id: LinkID, _ credit: UInt32) {
        if let left = edit(id, { $0.credit }), left <= credit / 2 { setCredit(id, credit) }
    }

    /// Answers a drain: gives back what credit is left, when everything sent before has left.
    public mutating func drained(_ id: LinkID) {
        guard let index = index(of: id.session), edit(id, { $0.giveBack() }) == true else { return }
        writeFlow(id, index)
        edit(id) { $0.drain = false }
    }

    private mutating func writeFlow(_ id: LinkID, _ index: Int) {
        var flow = sessionFlow(index)
        guard let link = sessions[index]?.link(id) else { return }
        link.describe(in: &flow)
        write(.flow(flow), channel: id.session.channel)
    }

    mutating func received(_ flow: Flow, remoteHandle: UInt32, session index: Int) {
        guard let slot = sessions[index]?.handleOfRemote[remoteHandle], let linkState = sessions[index]?.links[slot]?.state,
            linkState == .attached || linkState == .attachReceived
        else { return }
        sessions[index]?.links[slot]?.receive(flow)
        guard let link = sessions[index]?.links[slot] else { return }
        if flow.echo == true, linkState == .attached { writeFlow(link.id, index) }
        events.append(.flow(link.id, LinkFlow(credit: link.credit, drain: flow.drain ?? false, available: flow.available)))
    }

    // MARK: The table

    @discardableResult
    mutating func edit<T>(_ id: LinkID, _ body: (inout Link) -> T) -> T? {
        guard let index = index(of: id.session) else { return nil }
        return sessions[index]?.edit(id, body) ?? nil
    }

    /// The credit left on a link.
    public func credit(_ id: LinkID) -> UInt32 {
        guard let index = index(of: id.session) else { return 0 }
        return sessions[index]?.link(id)?.credit ?? 0
    }

    /// Receiver: the number of the delivery of which some frames have come and others are still to come; nil between deliveries.
    public func unfinishedDelivery(_ id: LinkID) -> UInt32? {
        guard let index = index(of: id.session) else { return nil }
        return sessions[index]?.link(id)?.partial?.id
    }

    /// The name a link was attached with.
    public func name(_ id: LinkID) -> String? {
        guard let index = index(of: id.session) else { return nil }
        return sessions[index]?.link(id)?.name
    }
}
