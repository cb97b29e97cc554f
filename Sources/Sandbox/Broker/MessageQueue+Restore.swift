/// Putting messages where they were, rather than sending them: for an estate that is there from the start.
extension MessageQueue {
    /// What a message has been through before it is put here.
    struct Past {
        /// Its number; the entity gives higher ones from now on.
        var sequenceNumber: Int64
        /// When it arrived, in milliseconds since 1970.
        var enqueuedTime: Int64
        /// Deliveries that failed.
        var deliveryCount: UInt32 = 0
        /// Whether it was set aside.
        var isDeferred = false
    }

    /// Adds a message with a past. Only its session id is looked at: it is neither checked, forwarded nor told about as a new one.
    func restore(_ message: IncomingMessage, _ past: Past) {
        entity.reserveSequenceNumbers(through: past.sequenceNumber)
        let stored = StoredMessage(
            message.envelope, sequenceNumber: past.sequenceNumber, enqueuedSequenceNumber: past.sequenceNumber,
            enqueuedTime: past.enqueuedTime,
            expiresAt: subQueue == .active ? entity.expiry(of: message.envelope, from: past.enqueuedTime) : .max,
            state: past.isDeferred ? .deferred : .ready, deliveryCount: past.deliveryCount, hops: 0, queue: self)
        if subQueue != .active {
            insertDead(stored, isDeferred: past.isDeferred)
        } else if past.isDeferred {
            attach(stored, sessionID: message.sessionID)
        } else {
            insert(stored, sessionID: message.sessionID, at: broker.now)
        }
    }
}
