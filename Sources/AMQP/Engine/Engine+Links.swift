import DequeModule
import NIOCore

/// How a link is to be attached.
public struct LinkOptions: Sendable {
    /// The link's name, unique among those of the two containers and the direction.
    public var name: String
    /// What we are on the link.
    public var role: Role
    /// Where messages come from.
    public var source: Source?
    /// Where messages go.
    public var target: Target?
    /// 0 unsettled, 1 settled, 2 mixed.
    public var senderSettleMode: UInt8?
    /// 0 first, 1 second.
    public var receiverSettleMode: UInt8?
    /// The largest message we accept, in bytes; nil leaves it to the configuration.
    public var maxMessageSize: UInt64?
    /// Properties of the link.
    public var properties: AMQPMap?
    /// Extensions wanted.
    public var desiredCapabilities: [Symbol]?

    /// Creates options.
    public init(name: String, role: Role, source: Source?, target: Target?) {
        self.name = name
        self.role = role
        self.source = source
        self.target = target
    }
}

/// What to answer to a peer's attach, where it differs from what the peer asked.
public struct LinkAnswer: Sendable {
    /// The source to answer with; nil echoes the peer's.
    public var source: Source?
    /// The target to answer with; nil echoes the peer's.
    public var target: Target?
    /// The largest message accepted or sent, in bytes.
    public var maxMessageSize: UInt64?
    /// Properties of the link.
    public var properties: AMQPMap?
    /// Creates an answer that echoes everything.
    public init() {}
}

extension Engine {
    // MARK: Attaching

    /// Attaches a link.
    /// - Returns: the link, or nil when the session is gone or has no handle left.
    public mutating func attach(_ session: SessionID, _ options: LinkOptions) -> LinkID? {
        guard let index = index(of: session), sessions[index]?.state != .endSent, state != .closed, state != .closeSent,
            let id = place(options.name, options.role, .attachSent, in: index, maxMessageSize: options.maxMessageSize)
        else { return nil }
        let attach = Attach(
            name: options.name, handle: id.handle, role: options.role, senderSettleMode: options.senderSettleMode,
            receiverSettleMode: options.receiverSettleMode, source: options.source, target: options.target,
            initialDeliveryCount: options.role == .sender ? 0 : nil, maxMessageSize: options.maxMessageSize,
            desiredCapabilities: options.desiredCapabilities, properties: options.properties)
        write(.attach(attach), channel: session.channel)
        return id
    }

    private mutating func place(
        _ name: String, _ role: Role, _ state: Link.State, in index: Int, maxMessageSize: UInt64?
    ) -> LinkID? {
        guard let session = sessions[index] else { return nil }
        let handle = session.links.firstIndex { $0 == nil } ?? session.links.count
        guard handle <= Int(min(configuration.handleMax, session.remoteHandleMax)) else { return nil }
        let id = LinkID(session: session.id, handle: UInt32(handle), serial: nextSerial())
        let limit = maxMessageSize.flatMap { $0 == 0 ? nil : Int(clamping: $0) } ?? configuration.maxMessageSize
        let link = Link(id: id, name: name, role: role, state: state, maxMessageSize: min(limit, configuration.maxMessageSize))
        if handle < session.links.count { sessions[index]?.links[handle] = link } else { sessions[index]?.links.append(link) }
        return id
    }

    mutating func received(_ attach: Attach, channel: UInt16) throws(EngineError) {
        guard let index = index(ofRemoteChannel: channel), let session = sessions[index] else {
            throw .violation(AMQPError(.notAllowed, "attach on channel \(channel), which has no session"))
        }
        guard session.state == .begun else { return }
        guard session.handleOfRemote[attach.handle] == nil else {
            return fail(session: index, AMQPError(.handleInUse, "handle \(attach.handle) is in use"))
        }
        guard attach.handle <= configuration.handleMax else {
            throw .violation(AMQPError(.framingError, "handle \(attach.handle) is above handle-max \(configuration.handleMax)"))
        }
        let ourRole = attach.role.opposite
        let key = Link.Key(name: attach.name, role: ourRole)
        if let position = session.links.firstIndex(where: { $0?.key == key && $0?.state == .attachSent && $0?.remoteHandle == nil }),
            let link = session.links[position]
        {
            sessions[index]?.handleOfRemote[attach.handle] = position
            sessions[index]?.links[position]?.remoteHandle = attach.handle
            sessions[index]?.links[position]?.state = .attached
            apply(attach, to: link.id)
            events.append(.linkAttached(link.id, attach))
        } else if let position = session.links.firstIndex(where: { $0?.key == key && $0?.state == .detachSent && $0?.remoteHandle == nil })
        {
            // We gave up before the peer answered: remember its handle so that its detach finds the link.
            sessions[index]?.handleOfRemote[attach.handle] = position
            sessions[index]?.links[position]?.remoteHandle = attach.handle
        } else {
            guard let id = place(attach.name, ourRole, .attachReceived, in: index, maxMessageSize: nil) else {
                return fail(session: index, AMQPError(.resourceLimitExceeded, "no link handle is left in this session"))
            }
            sessions[index]?.handleOfRemote[attach.handle] = Int(id.handle)
            sessions[index]?.links[Int(id.handle)]?.remoteHandle = attach.handle
            apply(attach, to: id)
            events.append(.linkRequested(id, attach))
        }
    }

    private mutating func apply(_ attach: Attach, to id: LinkID) {
        update(id) { link in
            guard attach.role == .sender else { return }
            let count = attach.initialDeliveryCount ?? 0
            // Credit granted before the sender's count was known counts from that count.
            link.grantedLimit = count &+ (link.grantedLimit &- link.deliveryCount)
            link.deliveryCount = count
        }
    }

    /// Accepts a link the peer asked for.
    public mutating func accept(_ id: LinkID, _ attach: Attach, answer: LinkAnswer = LinkAnswer()) {
        guard let link = link(id), link.state == .attachReceived else { return }
        let size = answer.maxMessageSize.flatMap { $0 > 0 ? min(Int(clamping: $0), configuration.maxMessageSize) : nil }
        update(id) {
            $0.state = .attached
            $0.maxMessageSize = size ?? $0.maxMessageSize
        }
        let reply = Attach(
            name: link.name, handle: id.handle, role: link.role, senderSettleMode: attach.senderSettleMode,
            receiverSettleMode: attach.receiverSettleMode, source: answer.source ?? attach.source ?? Source(),
            target: answer.target ?? attach.target ?? .address(nil),
            initialDeliveryCount: link.role == .sender ? 0 : nil, maxMessageSize: answer.maxMessageSize, properties: answer.properties)
        write(.attach(reply), channel: id.session.channel)
    }

    /// Refuses a link the peer asked for: an attach without source and target, then a detach with the reason (part 2, 2.6.3).
    public mutating func refuse(_ id: LinkID, _ error: AMQPError) {
        guard let link = link(id), link.state == .attachReceived else { return }
        let reply = Attach(
            name: link.name, handle: id.handle, role: link.role, initialDeliveryCount: link.role == .sender ? 0 : nil)
        write(.attach(reply), channel: id.session.channel)
        write(.detach(Detach(handle: id.handle, closed: true, error: error)), channel: id.session.channel)
        update(id) { $0.state = .detachSent }
    }

    // MARK: Detaching

    /// Detaches a link; ``Event/linkDetached(_:_:closed:)`` follows when the peer has answered.
    public mutating func detach(_ id: LinkID, closed: Bool = true, _ error: AMQPError? = nil) {
        guard let link = link(id), link.state != .detachSent, let index = index(of: id.session) else { return }
        write(.detach(Detach(handle: id.handle, closed: closed, error: error)), channel: id.session.channel)
        update(id) {
            $0.state = .detachSent
            $0.partial = nil
        }
        sessions[index]?.pending.removeAll { $0.handle == id.handle && $0.serial == id.serial }
    }

    mutating func received(_ detach: Detach, channel: UInt16) {
        // pyamqp detaches its management link after it ended the session: nothing is left to detach then.
        guard let index = index(ofRemoteChannel: channel), let session = sessions[index], session.state == .begun,
            let position = session.handleOfRemote[detach.handle], let link = session.links[position]
        else { return }
        sessions[index]?.handleOfRemote[detach.handle] = nil
        sessions[index]?.links[position] = nil
        sessions[index]?.pending.removeAll { $0.handle == link.id.handle && $0.serial == link.id.serial }
        if link.state != .detachSent {
            write(.detach(Detach(handle: link.id.handle, closed: detach.closed)), channel: session.id.channel)
        }
        events.append(.linkDetached(link.id, detach.error, closed: detach.closed ?? false))
    }

    // MARK: Credit (part 2, 2.6.7)

    /// Grants credit to the sender: in total, not in addition.
    /// - Parameters:
    ///   - credit: deliveries we will take from now on.
    ///   - drain: whether the sender is to use it up or give it back at once.
    public mutating func setCredit(_ id: LinkID, _ credit: UInt32, drain: Bool = false) {
        guard let index = index(of: id.session), let link = link(id), link.role == .receiver, link.state != .detachSent else { return }
        update(id) {
            $0.credit = credit
            $0.drain = drain
            let limit = $0.deliveryCount &+ credit
            if Serial.isAfter(limit, $0.grantedLimit) { $0.grantedLimit = limit }
        }
        write(.flow(linkFlow(id, index)), channel: id.session.channel)
    }

    /// Answers a drain: gives back what credit is left.
    public mutating func drained(_ id: LinkID) {
        guard let index = index(of: id.session), let link = link(id), link.role == .sender, link.state == .attached, link.drain else {
            return
        }
        update(id) {
            $0.deliveryCount &+= $0.credit
            $0.credit = 0
        }
        write(.flow(linkFlow(id, index)), channel: id.session.channel)
        update(id) { $0.drain = false }
    }

    private func linkFlow(_ id: LinkID, _ index: Int) -> Flow {
        var flow = sessionFlow(index)
        guard let link = link(id) else { return flow }
        flow.handle = id.handle
        flow.deliveryCount = link.deliveryCount
        flow.linkCredit = link.credit
        flow.drain = link.drain
        return flow
    }

    mutating func received(_ flow: Flow, remoteHandle: UInt32, session index: Int) {
        guard let position = sessions[index]?.handleOfRemote[remoteHandle], let link = sessions[index]?.links[position],
            link.state == .attached || link.state == .attachReceived
        else { return }
        let id = link.id
        if link.role == .sender {
            // Some clients send credit for links they send on; it means nothing there (the role is then ours to receive).
            let base = flow.deliveryCount ?? 0
            let limit = base &+ (flow.linkCredit ?? 0)
            update(id) {
                $0.credit = Serial.isAfter(limit, $0.deliveryCount) ? limit &- $0.deliveryCount : 0
                $0.drain = flow.drain ?? false
            }
        } else {
            update(id) { link in
                if let count = flow.deliveryCount, Serial.isAfter(count, link.deliveryCount) {
                    // The sender gave credit back (drain).
                    let used = count &- link.deliveryCount
                    link.credit = link.credit > used ? link.credit &- used : 0
                    link.deliveryCount = count
                }
                if link.credit == 0 { link.drain = false }
            }
        }
        if flow.echo == true { write(.flow(linkFlow(id, index)), channel: id.session.channel) }
        guard let link = self.link(id) else { return }
        events.append(.flow(id, LinkFlow(credit: link.credit, drain: flow.drain ?? false, available: flow.available)))
    }

    // MARK: The table

    func link(_ id: LinkID) -> Link? {
        guard let index = index(of: id.session), let session = sessions[index] else { return nil }
        let handle = Int(id.handle)
        guard session.links.indices.contains(handle), let link = session.links[handle], link.id == id else { return nil }
        return link
    }

    mutating func update(_ id: LinkID, _ body: (inout Link) -> Void) {
        guard let index = index(of: id.session) else { return }
        let handle = Int(id.handle)
        guard sessions[index]?.links.indices.contains(handle) == true, sessions[index]?.links[handle]?.id == id else { return }
        sessions[index]?.links[handle]?.edit(body)
    }

    /// The credit left on a link.
    public func credit(_ id: LinkID) -> UInt32 { link(id)?.credit ?? 0 }

    /// The name a link was attached with.
    public func name(_ id: LinkID) -> String? { link(id)?.name }
}
