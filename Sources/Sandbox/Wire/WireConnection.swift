import AMQP
import AMQPTransport
import NIOCore

/// One client's connection to the sandbox.
final class WireConnection: ConnectionOwner {
    /// What a link that a client sends on leads to.
    private enum Incoming {
        case entity(EntityAddress)
        case cbs
        case management(EntityAddress)
    }

    private struct Unsettled {
        var token: UUIDBytes
        var link: OutgoingLink
    }

    private struct DeliveryKey: Hashable {
        var session: SessionID
        var number: UInt32
    }

    private static let entityCredit: UInt32 = 1000
    private static let requestCredit: UInt32 = 100

    private let hub: WireHub
    private weak var handler: EngineHandler?
    /// What SASL PLAIN allowed; nil for a client that brings tokens.
    private var plainGrant: AccessPolicy.Grant?
    /// What tokens allow, by the path they are for.
    private var grants: [String: AccessPolicy.Grant] = [:]
    private var incoming: [LinkID: Incoming] = [:]
    private var outgoing: [LinkID: OutgoingLink] = [:]
    /// Links that answers leave on, by their address and by the reply address the client gave them.
    private var replies: [LinkID: (address: String, replyTo: String)] = [:]
    private var queuedReplies: [LinkID: [ByteBuffer]] = [:]
    private var unsettled: [DeliveryKey: Unsettled] = [:]
    private var draining: Set<LinkID> = []
    /// Deliveries accepted in this turn, to be settled together.
    private var accepted: (session: SessionID, first: UInt32, last: UInt32)?
    private var tagCounter: UInt64 = 0

    init(hub: WireHub) {
        self.hub = hub
        hub.add(self)
    }

    func bind(_ handler: EngineHandler) { self.handler = handler }

    /// The credit left on a link; none once the connection is gone.
    func credit(_ id: LinkID) -> UInt32 { handler?.engine.credit(id) ?? 0 }

    func setNeedsFlush() {
        flushAccepted()
        handler?.setNeedsFlush()
    }

    func willFlush() { flushAccepted() }

    func stop() {
        handler?.engine.close(AMQPError(.connectionForced, "The sandbox is stopping."))
        handler?.flush()
    }

    func transportFailed(_ error: any Error) {}

    // MARK: Events

    func handle(_ event: Event, _ handler: EngineHandler) {
        switch event {
        case .saslInitiated(let initial): authenticate(initial, handler)
        case .opened, .sessionBegun, .linkAttached: break
        case .sessionEnded(let id, _):
            for link in outgoing.keys where link.session == id { forget(link) }
            for link in incoming.keys where link.session == id { forget(link) }
            for link in replies.keys where link.session == id { forget(link) }
            unsettled = unsettled.filter { $0.key.session != id }
        case .linkRequested(let id, let attach): attach.role == .sender ? openIncoming(id, attach) : openOutgoing(id, attach)
        case .linkDetached(let id, _, _): forget(id)
        case .flow(let id, let flow): received(flow, id)
        case .delivery(let id, let delivery): received(delivery, id)
        case .disposition(let session, let disposition): received(disposition, session)
        case .closed:
            for link in outgoing.values { link.end() }
            outgoing = [:]
            hub.remove(self)
        }
    }

    private func forget(_ id: LinkID) {
        incoming[id] = nil
        replies[id] = nil
        queuedReplies[id] = nil
        draining.remove(id)
        outgoing.removeValue(forKey: id)?.end()
    }

    private func authenticate(_ initial: SASLInit, _ handler: EngineHandler) {
        guard initial.mechanism == "PLAIN" else { return handler.engine.completeSASL(initial.mechanism != "EXTERNAL") }
        let parts = (initial.initialResponse ?? ByteBuffer()).readableBytesView.split(separator: 0, omittingEmptySubsequences: false)
        if parts.count == 3 {
            plainGrant = hub.access.grant(user: String(decoding: parts[1], as: UTF8.self), key: String(decoding: parts[2], as: UTF8.self))
        }
        handler.engine.completeSASL(plainGrant != nil)
    }

    // MARK: Rights

    private func isAllowed(_ rights: Rights, _ address: EntityAddress) -> Bool {
        if let plainGrant { return plainGrant.rights.isSuperset(of: rights) }
        let now = hub.now
        let path = address.path.lowercased()
        return grants.values.contains { $0.expiresAt > now && $0.rights.isSuperset(of: rights) && $0.covers(path) }
    }

    private func unauthorised(_ claim: String, _ address: EntityAddress) -> AMQPError {
        AMQPError(
            .unauthorizedAccess,
            "Unauthorized access. '\(claim)' claim(s) are required to perform this operation. "
                + "Resource: 'sb://\(hub.broker.namespace)/\(address)'. TrackingId:\(UUIDBytes.random())_G1, SystemTracker:gateway7, "
                + "Timestamp:\(TrackingText.timestamp(hub.now))")
    }

    // MARK: Links the client sends on

    private func openIncoming(_ id: LinkID, _ attach: Attach) {
        guard let handler else { return }
        if case .coordinator? = attach.target {
            return handler.engine.refuse(id, AMQPError(.notImplemented, "The sandbox has no transaction coordinator."))
        }
        guard let text = attach.target?.address, let address = EntityAddress(parsing: text) else {
            return handler.engine.refuse(id, AMQPError(.invalidField, "The link has no target address."))
        }
        var answer = LinkAnswer()
        if address.path.lowercased() == "$cbs" {
            incoming[id] = .cbs
            handler.engine.accept(id, attach, answer: answer)
            handler.engine.setCredit(id, Self.requestCredit)
            return
        }
        if address.isManagement {
            // Which right a request needs depends on the request.
            guard isAllowed(.listen, address) || isAllowed(.send, address) else {
                return handler.engine.refuse(id, unauthorised("Listen", address))
            }
            do throws(BrokerError) {
                _ = try hub.broker.queue(at: EntityAddress(path: address.path, subQueue: address.subQueue))
            } catch {
                return handler.engine.refuse(id, error.amqpError)
            }
            incoming[id] = .management(address)
            handler.engine.accept(id, attach, answer: answer)
            handler.engine.setCredit(id, Self.requestCredit)
            return
        }
        do throws(BrokerError) {
            try hub.broker.checkSender(to: address)
        } catch {
            return handler.engine.refuse(id, error.amqpError)
        }
        guard isAllowed(.send, address) else { return handler.engine.refuse(id, unauthorised("Send", address)) }
        incoming[id] = .entity(address)
        answer.maxMessageSize = UInt64(hub.broker.limits.maximumMessageBytes)
        answer.takesLargerMessages = true
        handler.engine.accept(id, attach, answer: answer)
        handler.engine.setCredit(id, Self.entityCredit)
    }

    private func received(_ delivery: AMQP.Delivery, _ id: LinkID) {
        guard let handler, let target = incoming[id] else { return }
        switch target {
        case .entity(let address):
            switch store(delivery, address) {
            case .success: accept(delivery.id, id.session, delivery.settled)
            case .failure(let error):
                if !delivery.settled {
                    flushAccepted()
                    handler.engine.dispose(
                        id.session, role: .receiver, first: delivery.id, settled: true, state: .rejected(error.amqpError))
                }
            }
            topUp(id, Self.entityCredit)
        case .cbs:
            accept(delivery.id, id.session, delivery.settled)
            answerCBS(delivery, id)
            topUp(id, Self.requestCredit)
        case .management(let address):
            accept(delivery.id, id.session, delivery.settled)
            answerManagement(delivery, address, id)
            topUp(id, Self.requestCredit)
        }
    }

    private func store(_ delivery: AMQP.Delivery, _ address: EntityAddress) -> Result<Void, BrokerError> {
        let message: Message
        do throws(CodecError) {
            message = try Message(sent: delivery.payload)
        } catch {
            return .failure(BrokerError(.invalidArgument, "The message cannot be read: \(error.description)."))
        }
        do throws(BrokerError) {
            let messages = try IncomingMessage.unpack(message, format: delivery.format)
            _ = messages.count == 1 ? [try hub.broker.send(messages[0], to: address)] : try hub.broker.send(messages, to: address)
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    private func topUp(_ id: LinkID, _ credit: UInt32) {
        guard let handler, handler.engine.credit(id) <= credit / 2 else { return }
        handler.engine.setCredit(id, credit)
    }

    /// Accepts a delivery, together with its neighbours of this turn.
    private func accept(_ number: UInt32, _ session: SessionID, _ isSettled: Bool) {
        if isSettled { return }
        if let current = accepted, current.session == session, number == current.last &+ 1 {
            accepted?.last = number
        } else {
            flushAccepted()
            accepted = (session, number, number)
        }
    }

    private func flushAccepted() {
        guard let range = accepted, let handler else { return }
        accepted = nil
        handler.engine.dispose(range.session, role: .receiver, first: range.first, last: range.last, settled: true, state: .accepted)
    }

    // MARK: Links the client receives on

    private func openOutgoing(_ id: LinkID, _ attach: Attach) {
        guard let handler else { return }
        guard let text = attach.source?.address, let address = EntityAddress(parsing: text) else {
            return handler.engine.refuse(id, AMQPError(.invalidField, "The link has no source address."))
        }
        if address.path.lowercased() == "$cbs" || address.isManagement {
            replies[id] = (text, attach.target?.address ?? text)
            handler.engine.accept(id, attach)
            return
        }
        guard isAllowed(.listen, address) else { return handler.engine.refuse(id, unauthorised("Listen", address)) }
        do throws(BrokerError) {
            let queue = try hub.broker.queue(at: address)
            let filter = attach.source?.filter?["com.microsoft:session-filter"]
            try queue.checkReceiver(withSession: filter != nil)
            let link = OutgoingLink(id, address, queue, attach.senderSettleMode == 1 ? .receiveAndDelete : .peekLock, self, hub)
            outgoing[id] = link
            if let filter {
                let timeout = attach.properties?["com.microsoft:timeout"]?.integer ?? 65_000
                try link.accept(session: filter.sessionName, attach, timeout: max(0, min(timeout, 600_000)))
            } else {
                var answer = LinkAnswer()
                answer.maxMessageSize = UInt64(hub.broker.limits.maximumMessageBytes) + 4096
                handler.engine.accept(id, attach, answer: answer)
            }
        } catch {
            outgoing.removeValue(forKey: id)?.end()
            handler.engine.refuse(id, error.amqpError)
        }
    }

    func accept(_ id: LinkID, _ attach: Attach, _ answer: LinkAnswer) { handler?.engine.accept(id, attach, answer: answer) }
    func refuse(_ id: LinkID, _ error: AMQPError) {
        outgoing.removeValue(forKey: id)?.end()
        handler?.engine.refuse(id, error)
    }

    private func received(_ flow: LinkFlow, _ id: LinkID) {
        if let link = outgoing[id] {
            if flow.drain { draining.insert(id) } else { draining.remove(id) }
            if flow.credit > 0 { link.pump() } else if flow.drain { drained(id) }
        } else if replies[id] != nil {
            sendQueuedReplies(id)
        }
    }

    func isDraining(_ id: LinkID) -> Bool { draining.contains(id) }

    func drained(_ id: LinkID) {
        draining.remove(id)
        handler?.engine.drained(id)
    }

    func send(_ delivery: Delivery, on link: OutgoingLink, tag: ByteBuffer) {
        guard let handler else { return }
        let isSettled = link.mode == .receiveAndDelete
        let number = handler.engine.send(link.id, head: delivery.prefix, body: delivery.bare, tag: tag, settled: isSettled)
        if let number, let token = delivery.lockToken, !isSettled {
            unsettled[DeliveryKey(session: link.id.session, number: number)] = Unsettled(token: token, link: link)
        }
    }

    func detach(_ id: LinkID, _ error: AMQPError) {
        handler?.engine.detach(id, error)
        outgoing.removeValue(forKey: id)?.end()
        setNeedsFlush()
    }

    func sessionLost(_ address: EntityAddress, _ lease: SessionLease) {
        for (id, link) in outgoing where link.address == address && link.lease?.token == lease.token {
            detach(
                id,
                AMQPError(
                    "com.microsoft:session-lock-lost", "The session lock has expired on the MessageSession. Accept a new MessageSession."))
        }
    }

    func detachAll(from address: EntityAddress, _ error: AMQPError) {
        for (id, link) in outgoing where link.address.path.lowercased() == address.path.lowercased() { detach(id, error) }
        for (id, target) in incoming {
            guard case .entity(let entity) = target, entity.path.lowercased() == address.path.lowercased() else { continue }
            handler?.engine.detach(id, error)
            incoming[id] = nil
            setNeedsFlush()
        }
    }

    // MARK: Settlement

    private func received(_ disposition: Disposition, _ session: SessionID) {
        // Only a receiver's word settles what we sent; a sender's about its own deliveries needs nothing more.
        guard disposition.role == .receiver, let handler else { return }
        let last = disposition.last ?? disposition.first
        let count = last &- disposition.first
        guard count <= UInt32(clamping: unsettled.count) || count < 10_000 else { return }
        var good: (first: UInt32, last: UInt32)?
        func flush() {
            guard let range = good else { return }
            good = nil
            handler.engine.dispose(
                session, role: .sender, first: range.first, last: range.last, settled: true, state: disposition.state?.confirmation)
        }
        for step in 0...count {
            let number = disposition.first &+ step
            let key = DeliveryKey(session: session, number: number)
            guard let entry = unsettled[key] else { continue }
            let result: Result<Void, BrokerError>
            if let state = disposition.state {
                guard let settlement = Settlement(state) else { continue }
                do throws(BrokerError) {
                    try entry.link.queue.settle(entry.token, settlement)
                    result = .success(())
                } catch {
                    result = .failure(error)
                }
            } else if disposition.settled == true {
                result = .success(())
            } else {
                continue
            }
            unsettled[key] = nil
            if disposition.settled == true { continue }
            switch result {
            case .success:
                if good?.last == number &- 1 {
                    good?.last = number
                } else {
                    flush()
                    good = (number, number)
                }
            case .failure(let error):
                flush()
                handler.engine.dispose(session, role: .sender, first: number, settled: true, state: .rejected(error.amqpError))
            }
        }
        flush()
    }

    // MARK: Answers

    /// Finds the link an answer leaves on: by the reply address, else by the node's address.
    private func replyLink(_ request: Message, _ node: String) -> LinkID? {
        if let replyTo = request.properties?.replyTo, let match = replies.first(where: { $0.value.replyTo == replyTo }) { return match.key }
        let wanted = EntityAddress(parsing: node)
        return replies.first { EntityAddress(parsing: $0.value.address) == wanted }?.key
    }

    private func reply(_ content: MessageContent, on id: LinkID) {
        queuedReplies[id, default: []].append(content.encoded)
        sendQueuedReplies(id)
    }

    private func sendQueuedReplies(_ id: LinkID) {
        guard let handler, var queue = queuedReplies.removeValue(forKey: id) else { return }
        var sent = 0
        while sent < queue.count {
            tagCounter &+= 1
            guard handler.engine.send(id, head: queue[sent], tag: ByteBuffer(integer: tagCounter)) != nil else { break }
            sent += 1
        }
        queue.removeFirst(sent)
        // A client that asks and never grants credit for answers does not get to fill our memory.
        if queue.count > 1000 {
            handler.engine.detach(id, AMQPError(.resourceLimitExceeded, "Too many unread responses."))
        } else if !queue.isEmpty {
            queuedReplies[id] = queue
        }
    }

    private func answerCBS(_ delivery: AMQP.Delivery, _ id: LinkID) {
        guard let request = try? Message(delivery.payload), let link = replyLink(request, "$cbs") else { return }
        let (status, text) = putToken(request)
        var content = MessageContent(body: .value(.null))
        var properties = Properties()
        properties.correlationID = request.properties?.messageID
        content.properties = properties
        content.applicationProperties = AMQPMap([
            .init(key: .string("status-code"), value: .int(status)), .init(key: .string("status-description"), value: .string(text)),
        ])
        reply(content, on: link)
    }

    private func putToken(_ request: Message) -> (Int32, String) {
        let application = request.applicationProperties ?? AMQPMap()
        guard application["operation"]?.text == "put-token" else { return (400, "The operation is not put-token.") }
        guard let audience = application["name"]?.text else { return (400, "The request names no audience.") }
        guard case .value(.string(let token)) = request.body else { return (400, "The body is not a token.") }
        do throws(AccessPolicy.Refusal) {
            let grant = try hub.access.grant(token: token, now: hub.now)
            let path = AccessPolicy.path(ofAudience: audience)
            guard grant.covers(path) || path.isEmpty else {
                return (401, "InvalidAudience: The authorization header contains a token for another resource.")
            }
            guard grants.count < 1000 || grants[path] != nil else { return (403, "Too many tokens on one connection.") }
            grants[path] = AccessPolicy.Grant(path: path, rights: grant.rights, expiresAt: grant.expiresAt)
            return (202, "Accepted")
        } catch {
            return (error.status, error.text)
        }
    }

    private func answerManagement(_ delivery: AMQP.Delivery, _ address: EntityAddress, _ id: LinkID) {
        guard let request = try? Message(delivery.payload), let link = replyLink(request, address.description) else { return }
        let node = ManagementNode(
            broker: hub.broker, address: EntityAddress(path: address.path, subQueue: address.subQueue), now: hub.now,
            mayListen: isAllowed(.listen, address), maySend: isAllowed(.send, address))
        reply(node.answer(request), on: link)
    }
}

extension DeliveryState {
    /// The outcome as the service confirms it: the same, but without the reason given for dead-lettering, which clients would take for a failure.
    fileprivate var confirmation: DeliveryState { if case .rejected = self { .rejected(nil) } else { self } }
}

extension AMQPValue {
    /// The session a filter names: plain, or wrapped in a described value; nil asks for the next one.
    fileprivate var sessionName: String? {
        if case .described(_, let value) = self { value.text } else { text }
    }
}
