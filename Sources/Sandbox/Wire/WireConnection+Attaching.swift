import AMQP
import AMQPTransport
import NIOCore

/// Links the client asks for (reference 1.4).
extension WireConnection {
    static let entityCredit: UInt32 = 1000
    static let requestCredit: UInt32 = 100
    /// What the service adds to a message on its way out: a link to receive on takes so much more than one to send on.
    private static let annotationsAllowance = 4096
    /// The longest wait for a session a client can ask for, and the service's when it asks for none; in milliseconds.
    private static let longestAccept: Int64 = 600_000
    private static let usualAccept: Int64 = 65_000

    /// Whether an open link may go on doing what it does.
    func isAllowed(_ needed: Rights, _ address: EntityAddress) -> Bool { rights.allow(needed, on: address, at: hub.now, hub.cloud) }

    /// Whether a link may be opened.
    private func mayOpen(_ needed: Rights, _ address: EntityAddress) -> Bool {
        rights.allowOpening(needed, on: address, at: hub.now, hub.cloud)
    }

    func unauthorised(_ claim: String, _ address: EntityAddress) -> AMQPError {
        AMQPError(.unauthorizedAccess, hub.broker.tracked(ForcedDetach.unauthorised(claim, address, hub.broker), by: "gateway7"))
    }

    private func invalid(_ text: String) -> AMQPError { AMQPError(.invalidField, hub.broker.tracked(text, by: "gateway7")) }

    // MARK: Links the client sends on

    func openIncoming(_ id: LinkID, _ attach: Attach) {
        guard let handler else { return }
        if case .coordinator? = attach.target { return accept(id, attach, .coordinator, credit: Self.requestCredit) }
        guard let text = attach.target?.address, let address = EntityAddress(parsing: text) else {
            return handler.engine.refuse(id, invalid("The link has no target address."))
        }
        if address.isTokens { return accept(id, attach, .cbs, credit: Self.requestCredit) }
        do throws(BrokerError) {
            if address.isManagement {
                // Which right a request needs depends on the request.
                guard mayOpen(.listen, address) || mayOpen(.send, address) else {
                    return handler.engine.refuse(id, unauthorised("Listen", address))
                }
                _ = try hub.broker.queue(at: address.entity)
                accept(id, attach, .management(address), credit: Self.requestCredit)
            } else {
                try hub.broker.checkSender(to: address)
                guard mayOpen(.send, address) else { return handler.engine.refuse(id, unauthorised("Send", address)) }
                let destination = attach.properties?["com.microsoft:transfer-destination-address"]?.text
                    .flatMap { EntityAddress(parsing: $0) }
                if let destination {
                    // Send via: the right is needed for both.
                    try hub.broker.checkSender(to: destination)
                    guard mayOpen(.send, destination) else { return handler.engine.refuse(id, unauthorised("Send", destination)) }
                }
                accept(id, attach, .entity(address, transferringTo: destination), credit: Self.entityCredit)
            }
        } catch {
            handler.engine.refuse(id, error.amqpError)
        }
    }

    private func accept(_ id: LinkID, _ attach: Attach, _ node: IncomingLink.Node, credit: UInt32) {
        var answer = LinkAnswer()
        if case .entity = node {
            answer.maxMessageSize = UInt64(hub.broker.limits.maximumMessageBytes)
            // They are taken in to be rejected, each by itself, as the service does it.
            answer.takesLargerMessages = true
        }
        add(.incoming(IncomingLink(id, node, at: hub.now)))
        handler?.engine.accept(id, attach, answer: answer)
        handler?.engine.setCredit(id, credit)
    }

    // MARK: Links the client receives on

    func openOutgoing(_ id: LinkID, _ attach: Attach) {
        guard let handler else { return }
        guard let text = attach.source?.address, let address = EntityAddress(parsing: text) else {
            return handler.engine.refuse(id, invalid("The link has no source address."))
        }
        if address.isTokens || address.isManagement {
            add(.replies(ReplyLink(id, address: address, replyTo: attach.target?.address ?? text)))
            handler.engine.accept(id, attach)
            return
        }
        guard mayOpen(.listen, address) else { return handler.engine.refuse(id, unauthorised("Listen", address)) }
        do throws(BrokerError) {
            let queue = try hub.broker.queue(at: address)
            let filter = attach.source?.filter?["com.microsoft:session-filter"]
            try queue.checkReceiver(withSession: filter != nil)
            let link = OutgoingLink(id, address, queue, attach.senderSettleMode == 1 ? .receiveAndDelete : .peekLock, self, hub)
            add(.outgoing(link))
            if let filter {
                let timeout = attach.properties?["com.microsoft:timeout"]?.integer ?? Self.usualAccept
                try link.accept(session: filter.sessionName, attach, timeout: max(0, min(timeout, Self.longestAccept)))
            } else {
                accept(id, attach, LinkAnswer())
            }
        } catch {
            refuse(id, error.amqpError)
        }
    }

    /// Accepts a link the client receives messages on.
    func accept(_ id: LinkID, _ attach: Attach, _ answer: LinkAnswer) {
        var answer = answer
        answer.maxMessageSize = UInt64(hub.broker.limits.maximumMessageBytes + Self.annotationsAllowance)
        handler?.engine.accept(id, attach, answer: answer)
    }

    func received(_ flow: LinkFlow, _ id: LinkID) {
        switch link(id) {
        case .outgoing(let link)?:
            link.isDraining = flow.drain
            link.follow()
        case .replies(let link)?: sendReplies(link)
        // Some clients grant credit on links they send on: it means nothing.
        case .incoming?, nil: break
        }
    }

    func drained(_ link: OutgoingLink) {
        link.isDraining = false
        handler?.engine.drained(link.id)
    }
}

extension AMQPValue {
    /// The session a filter names: plain, or wrapped in a described value; nil asks for the next one.
    fileprivate var sessionName: String? {
        if case .described(_, let value) = self { value.text } else { text }
    }
}

extension EntityAddress {
    /// Whether this is the node that tokens are put to.
    fileprivate var isTokens: Bool { path.lowercased() == "$cbs" }

    /// The entity whose requests this address takes.
    var entity: EntityAddress { EntityAddress(path: path, subQueue: subQueue) }
}
