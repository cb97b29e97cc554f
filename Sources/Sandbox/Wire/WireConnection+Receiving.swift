import AMQP
import AMQPTransport
import NIOCore

/// What the client sends: messages, tokens and requests.
extension WireConnection {
    func received(_ delivery: AMQP.Delivery, _ id: LinkID) {
        guard case .incoming(let link)? = link(id) else { return }
        link.lastActivity = hub.now
        switch link.node {
        case .entity(let address, let destination):
            receive(delivery, address, destination, id.session)
            topUp(id, Self.entityCredit)
        case .cbs:
            if !delivery.settled { accept(delivery.id, id.session) }
            answerTokens(delivery)
            return topUp(id, Self.requestCredit)
        case .management(let address):
            acceptRequest(delivery, id.session)
            answerManagement(delivery, address, id.session)
            topUp(id, Self.requestCredit)
        case .coordinator:
            coordinate(delivery, id)
            topUp(id, Self.requestCredit)
        }
        _ = isDetachedByFault(id, .publisher, &link.progress)
    }

    private func receive(_ delivery: AMQP.Delivery, _ address: EntityAddress, _ destination: EntityAddress?, _ session: SessionID) {
        let result: Result<Void, BrokerError>
        do throws(BrokerError) {
            try store(delivery, address, destination, session)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        if delivery.settled || hub.faults.takeLostDisposition() { return }
        var state: DeliveryState = .accepted
        switch result {
        case .success where delivery.state == nil: return accept(delivery.id, session)
        case .success: break
        case .failure(let error): state = .rejected(error.amqpError)
        }
        // In a transaction the outcome is told as a part of it (part 4, 4.4.1), as long as there is one.
        if case .transactional(let id, _)? = delivery.state, isLive(id) {
            state = .transactional(transactionID: id, outcome: state)
        }
        flushAccepted()
        dispose(session, role: .receiver, first: delivery.id, last: delivery.id, state: state)
    }

    /// Takes a request, whatever its answer will be. In a transaction that is told as a part of it (part 4, 4.4.1): the service's documents
    /// name no exception for requests.
    private func acceptRequest(_ delivery: AMQP.Delivery, _ session: SessionID) {
        if delivery.settled { return }
        guard case .transactional(let id, _)? = delivery.state, isLive(id) else { return accept(delivery.id, session) }
        flushAccepted()
        dispose(
            session, role: .receiver, first: delivery.id, last: delivery.id, state: .transactional(transactionID: id, outcome: .accepted))
    }

    private func isLive(_ transaction: ByteBuffer) -> Bool { TransactionID(transaction).map { transactions[$0] != nil } ?? false }

    private func store(
        _ delivery: AMQP.Delivery, _ address: EntityAddress, _ destination: EntityAddress?, _ session: SessionID
    ) throws(BrokerError) {
        if let refusal = hub.faults.takeRefusal() { throw hub.broker.busy(refusal, address.path) }
        let message: Message
        do throws(CodecError) {
            message = try Message(sent: delivery.payload)
        } catch {
            throw hub.broker.unreadable("The message", error, address.path)
        }
        let isBatch = delivery.format == IncomingMessage.batchFormat
        let transaction = try transaction(of: delivery.state, address, session)
        if !isBatch, transaction == nil, destination == nil {
            try hub.broker.send(IncomingMessage(message), to: address)
            return
        }
        let messages = isBatch ? try IncomingMessage.unpack(message) : [IncomingMessage(message)]
        if let transaction {
            try hub.broker.send(messages, to: address, transferringTo: destination, in: transaction)
        } else if let destination {
            try hub.broker.send(messages, to: address, transferringTo: destination)
        } else {
            try hub.broker.send(messages, to: address)
        }
    }

    private func topUp(_ id: LinkID, _ credit: UInt32) { handler?.engine.topUp(id, credit) }
}
