import AMQP
import AMQPTransport

/// A transaction of a client, and what it may span.
struct WireTransaction {
    /// The link it was begun on; it ends with it.
    let coordinator: LinkID
    /// The queues and topics it touched, in lower case.
    private var entities: Set<String> = []
    /// Whether all of it came over the coordinator's session: only then it may span several entities.
    private var isInOneSession = true

    init(coordinator: LinkID) { self.coordinator = coordinator }

    /// Notes work on an entity; answers whether it may be a part.
    mutating func admits(_ entity: EntityAddress, _ session: SessionID) -> Bool {
        var joined = self
        if session != coordinator.session { joined.isInOneSession = false }
        joined.entities.insert(entity.topLevel)
        guard joined.isInOneSession || joined.entities.count == 1 else { return false }
        self = joined
        return true
    }
}

/// The transaction coordinator (part 4 of the standard; reference 1.14).
extension WireConnection {
    /// Begins or ends a transaction.
    func coordinate(_ delivery: AMQP.Delivery, _ id: LinkID) {
        guard !delivery.settled else {
            // There is no way to answer (part 4, 4.2).
            return detach(id, AMQPError(.notAllowed, hub.broker.tracked("A message to the coordinator must not be settled.", by: "gtm")))
        }
        var state: DeliveryState
        var isDischarge = false
        do {
            switch try TransactionRequest.decode(try Message(delivery.payload)) {
            case .declare(let declare) where declare.globalID != nil:
                let text = "Distributed transactions are not offered."
                state = .rejected(AMQPError(.notImplemented, hub.broker.tracked(text, by: "gtm")))
            case .declare:
                let transaction = try hub.broker.beginTransaction()
                transactions[transaction] = WireTransaction(coordinator: id)
                state = .declared(transactionID: transaction.bytes)
            case .discharge(let discharge):
                isDischarge = true
                try end(discharge)
                state = .accepted
            }
        } catch let error as BrokerError {
            state = .rejected(error.amqpError)
        } catch {
            state = .rejected(AMQPError(.decodeError, hub.broker.tracked("The request cannot be read: \(error).", by: "gtm")))
        }
        if isDischarge, hub.faults.takeLostDisposition() { return }
        flushAccepted()
        dispose(id.session, role: .receiver, first: delivery.id, last: delivery.id, state: state)
    }

    private func end(_ discharge: Discharge) throws(BrokerError) {
        // Another client's transaction is none of ours.
        let id = TransactionID(discharge.transactionID)
        guard let id, transactions.removeValue(forKey: id) != nil else {
            throw hub.broker.error(.transactionUnknown, BrokerText.transactionNotDeclared, "gtm")
        }
        if discharge.fail == true { try hub.broker.rollBack(id) } else { try hub.broker.commit(id) }
    }

    /// The transaction a delivery, disposition or request is a part of; nil when it is of none.
    /// - Throws: ``BrokerError`` with reason `transactionUnknown` when it is not one of this client's, or may not span this entity too.
    func transaction(of state: DeliveryState?, _ entity: EntityAddress, _ session: SessionID) throws(BrokerError) -> TransactionID? {
        guard case .transactional(let bytes, _)? = state else { return nil }
        guard let id = TransactionID(bytes), transactions[id]?.admits(entity, session) == true else {
            throw hub.broker.noActiveTransaction(TransactionID(bytes), entity.path)
        }
        return id
    }

    func rollBackTransactions(of coordinator: LinkID) {
        for (id, transaction) in transactions where transaction.coordinator == coordinator {
            transactions[id] = nil
            // One that ran out of time is rolled back already.
            try? hub.broker.rollBack(id)
        }
    }
}

extension EntityAddress {
    /// The queue or topic, in lower case: a subscription belongs to its topic, a sub-queue to its queue.
    fileprivate var topLevel: String {
        let path = path.lowercased()
        let marker = "/subscriptions/"
        guard let end = path.utf8.indices.first(where: { path[$0...].hasPrefix(marker) }) else { return path }
        return String(path[..<end])
    }
}
