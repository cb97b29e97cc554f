import AMQP
import AMQPTransport
import NIOCore

/// Requests of the client and their answers: tokens (reference 1.6) and `$management` (1.12).
extension WireConnection {
    /// Answers that may wait for a client that asks and does not read.
    private static let maximumQueuedReplies = 1000
    private static let maximumQueuedBytes = 134_217_728

    /// Finds the link an answer leaves on: by the reply address, else by the node's address.
    private func replyLink(_ request: Message, _ node: EntityAddress) -> ReplyLink? {
        var match: ReplyLink?
        let replyTo = request.properties?.replyTo
        for case .replies(let link) in links {
            if let replyTo, link.replyTo == replyTo { return link }
            if link.address == node { match = match ?? link }
        }
        return match
    }

    private func reply(_ answer: EncodedAnswer, on link: ReplyLink) {
        link.queue.append(answer)
        link.queuedBytes += answer.size
        sendReplies(link)
    }

    func sendReplies(_ link: ReplyLink) {
        guard let handler else { return }
        while let next = link.queue.first {
            guard credit(link.id) > 0, hasRoom(for: .replies(link)),
                handler.engine.send(link.id, head: next.head, body: next.body, tag: link.nextTag()) != nil
            else { break }
            link.queue.removeFirst()
            link.queuedBytes -= next.size
            if link.address?.isManagement == true, isDetachedByFault(link.id, .consumer, &link.progress) { return }
        }
        // A client that asks and does not take the answers does not get to fill our memory.
        if link.queue.count > Self.maximumQueuedReplies || link.queuedBytes > Self.maximumQueuedBytes {
            detach(link.id, AMQPError(.resourceLimitExceeded, hub.broker.tracked("Too many unread responses.", by: "gateway7")))
        }
    }

    func answerTokens(_ delivery: AMQP.Delivery) {
        guard let request = try? Message(delivery.payload), let link = replyLink(request, EntityAddress(path: "$cbs")) else { return }
        let (status, text) = rights.putToken(request, hub.access, hub.broker, now: hub.now, hub.cloud)
        watch.tokenPut(self)
        var content = MessageContent(body: .value(.null))
        var properties = Properties()
        properties.correlationID = request.properties?.messageID
        content.properties = properties
        content.applicationProperties = AMQPMap([
            .init(key: .string("status-code"), value: .int(status)), .init(key: .string("status-description"), value: .string(text)),
        ])
        reply(EncodedAnswer(head: content.encoded), on: link)
    }

    func answerManagement(_ delivery: AMQP.Delivery, _ address: EntityAddress, _ session: SessionID) {
        guard let request = try? Message(delivery.payload), let link = replyLink(request, address) else { return }
        var node = ManagementNode(
            broker: hub.broker, address: address.entity, now: hub.now, mayListen: isAllowed(.listen, address),
            maySend: isAllowed(.send, address))
        if let refusal = hub.faults.takeRefusal() {
            node.refusal = hub.broker.busy(refusal, address.path)
        } else {
            do throws(BrokerError) { node.transaction = try transaction(of: delivery.state, address, session) } catch {
                node.refusal = error
            }
        }
        let answer = node.answer(request)
        if hub.faults.takeLostResponse() { return }
        hub.afterDelay { [weak self] in
            guard let self, self.link(link.id) != nil else { return }
            reply(answer, on: link)
            setNeedsFlush()
        } orNow: {
            reply(answer, on: link)
        }
    }
}
