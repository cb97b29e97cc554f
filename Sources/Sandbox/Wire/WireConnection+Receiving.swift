import AMQP
import AMQPTransport
import NIOCore

/// What the client sends: messages, tokens and requests.
extension WireConnection {
    func received(_ delivery: AMQP.Delivery, _ id: LinkID) {
        guard case .incoming(let link)? = link(id) else { return }
        switch link.node {
        case .entity(let address):
            receive(delivery, address, id.session)
            topUp(id, Self.entityCredit)
        case .cbs:
            if !delivery.settled { accept(delivery.id, id.session) }
            answerTokens(delivery)
            return topUp(id, Self.requestCredit)
        case .management(let address):
            if !delivery.settled { accept(delivery.id, id.session) }
            answerManagement(delivery, address)
            topUp(id, Self.requestCredit)
        }
        _ = isDetachedByFault(id, .publisher, &link.progress)
    }

    private func receive(_ delivery: AMQP.Delivery, _ address: EntityAddress, _ session: SessionID) {
        let result = store(delivery, address)
        if delivery.settled || hub.faults.takeLostDisposition() { return }
        switch result {
        case .success: accept(delivery.id, session)
        case .failure(let error):
            flushAccepted()
            dispose(session, role: .receiver, first: delivery.id, last: delivery.id, state: .rejected(error.amqpError))
        }
    }

    private func store(_ delivery: AMQP.Delivery, _ address: EntityAddress) -> Result<Void, BrokerError> {
        if let refusal = hub.faults.takeRefusal() { return .failure(hub.broker.busy(refusal, address.path)) }
        let message: Message
        do throws(CodecError) {
            message = try Message(sent: delivery.payload)
        } catch {
            return .failure(hub.broker.unreadable("The message", error, address.path))
        }
        do throws(BrokerError) {
            let messages = try IncomingMessage.unpack(message, format: delivery.format)
            if messages.count == 1 { try hub.broker.send(messages[0], to: address) } else { try hub.broker.send(messages, to: address) }
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    private func topUp(_ id: LinkID, _ credit: UInt32) {
        guard let handler, handler.engine.credit(id) <= credit / 2 else { return }
        handler.engine.setCredit(id, credit)
    }
}
