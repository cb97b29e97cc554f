/// Looking at messages without touching them, and removing many at once.
extension MessageQueue {
    /// Looks at messages without touching them, locked, deferred, scheduled and expired ones included.
    ///
    /// - Parameters:
    ///   - from: the sequence number to start at.
    ///   - maxCount: how many to give at most; a page holds at most ``BrokerLimits/maximumPeekCount`` messages and ``BrokerLimits/maximumPeekBytes`` bytes.
    ///   - sessionID: only messages of this session. Where the entity keeps no sessions (a sub-queue) this looks at every message.
    ///   - omitsBody: leave the bodies out.
    /// - Returns: messages in order; none when there are no more.
    /// - Throws: ``BrokerError`` when the entity is gone or disabled.
    public func peek(from: Int64, maxCount: Int, sessionID: String? = nil, omitsBody: Bool = false) throws(BrokerError) -> [Delivery] {
        var page: [Delivery] = []
        try browse(from: from, maxCount: maxCount, sessionID: sessionID, omitsBody: omitsBody) { page.append($0) }
        return page
    }

    /// As ``peek(from:maxCount:sessionID:omitsBody:)``, handing over each message instead of collecting them.
    func browse(
        from: Int64, maxCount: Int, sessionID: String?, omitsBody: Bool, _ visit: (Delivery) -> Void
    ) throws(BrokerError) {
        try enter(.peek)
        defer { broker.leave() }
        let limit = min(maxCount, broker.limits.maximumPeekCount)
        let budget = broker.limits.maximumPeekBytes
        var count = 0
        var bytes = 0
        func take(_ message: StoredMessage) -> Bool {
            if count >= limit { return false }
            let delivery = Delivery(message, as: .peeked(omitsBody: omitsBody))
            bytes += delivery.encodedSize
            if bytes > budget, count > 0 { return false }
            count += 1
            visit(delivery)
            return true
        }
        if let sessionID, requiresSession {
            sessions[OrdinalText(sessionID)]?.messages.forEach(from: from, take)
        } else if let sessionID {
            all.forEach(from: from) { message in
                IncomingMessage(reopening: message.envelope).sessionID?.isOrdinallyEqual(to: sessionID) == true ? take(message) : true
            }
        } else {
            all.forEach(from: from, take)
        }
    }

    /// Removes messages that nobody holds, oldest first: `com.microsoft:batch-delete-messages`.
    ///
    /// - Parameters:
    ///   - maxCount: how many at most; bounded by ``BrokerLimits/maximumDeleteCount``.
    ///   - cutoff: only messages enqueued before this time, in milliseconds since 1970.
    ///   - sessionID: only messages of this session.
    /// - Returns: how many were removed. Locked, deferred and scheduled messages stay.
    /// - Throws: ``BrokerError`` when the entity is gone or disabled.
    public func delete(maxCount: Int, enqueuedBefore cutoff: Int64, sessionID: String? = nil) throws(BrokerError) -> Int {
        try enter(.receive)
        defer { broker.leave() }
        let limit = min(maxCount, broker.limits.maximumDeleteCount)
        var doomed: [StoredMessage] = []
        // Numbers are given in order of arrival, so the first message that is too new ends the search, save in a partitioned entity.
        let isOrdered = !entity.settings.isPartitioned
        let take = { (message: StoredMessage) -> Bool in
            if doomed.count >= limit { return false }
            if message.enqueuedTime >= cutoff { return !isOrdered }
            if message.state == .ready { doomed.append(message) }
            return true
        }
        if let sessionID {
            guard requiresSession else { throw broker.error(.notAllowed, BrokerText.sessionReceiverRefused, entity.systemName) }
            sessions[OrdinalText(sessionID)]?.ready.forEach(from: .min, take)
        } else if requiresSession {
            all.forEach(from: .min, take)
        } else {
            ready.forEach(from: .min, take)
        }
        for message in doomed {
            unready(message)
            remove(message)
        }
        return doomed.count
    }
}
