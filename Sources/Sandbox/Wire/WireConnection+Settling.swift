import AMQP
import AMQPTransport

/// What the client says of messages it received (reference 1.9).
extension WireConnection {
    func received(_ disposition: Disposition, _ id: SessionID) {
        // Only a receiver's word settles what we sent; a sender's about its own deliveries needs nothing more.
        guard disposition.role == .receiver, let session = session(id) else { return }
        let isSettled = disposition.settled == true
        let settlement = disposition.state.flatMap { Settlement($0) }
        // A state that is no outcome changes nothing; settled without a state, the delivery is forgotten and stays locked.
        guard settlement != nil || (isSettled && disposition.state == nil) else { return }
        let now = hub.now
        var run: (first: UInt32, last: UInt32)?
        func confirm() {
            guard let range = run else { return }
            run = nil
            dispose(id, role: .sender, first: range.first, last: range.last, state: disposition.state?.confirmation)
        }
        for number in session.unsettled.numbers(from: disposition.first, through: disposition.last ?? disposition.first) {
            guard let entry = session.unsettled.remove(number), let settlement else { continue }
            entry.link.lastActivity = now
            let failure = settle(entry, settlement, disposition.state, id)
            if isSettled || hub.faults.takeLostDisposition() { continue }
            if let failure {
                confirm()
                dispose(id, role: .sender, first: number, last: number, state: .rejected(failure.amqpError))
            } else if run?.last == number &- 1 {
                run?.last = number
            } else {
                confirm()
                run = (number, number)
            }
        }
        confirm()
    }

    private func settle(
        _ entry: UnsettledDeliveries.Entry, _ settlement: Settlement, _ state: DeliveryState?, _ session: SessionID
    ) -> BrokerError? {
        do throws(BrokerError) {
            if let transaction = try transaction(of: state, entry.link.address, session) {
                try entry.link.queue.settle(entry.token, settlement, in: transaction)
            } else {
                try entry.link.queue.settle(entry.token, settlement)
            }
            return nil
        } catch {
            return error
        }
    }
}

extension DeliveryState {
    /// The outcome as the service confirms it: the same, but without the reason given for dead-lettering, which clients would take for a failure.
    var confirmation: DeliveryState {
        switch self {
        case .rejected: .rejected(nil)
        case .transactional(let id, let outcome?): .transactional(transactionID: id, outcome: outcome.confirmation)
        default: self
        }
    }
}
