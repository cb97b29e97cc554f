public import NIOCore

/// Sessions: first-in first-out groups of messages that one receiver at a time holds as a whole.
extension MessageQueue {
    /// Locks a session.
    ///
    /// - Parameter id: its id, or nil for the next one that has messages and is not held.
    /// - Returns: nil when the next one is asked for and there is none now.
    /// - Throws: ``BrokerError`` with reason `sessionLocked` when another receiver holds it; see ``checkReceiver(withSession:)``.
    public func acceptSession(_ id: String?) throws(BrokerError) -> SessionLease? {
        try enter(.receive)
        defer { broker.leave() }
        try verifyReceiver(withSession: true)
        let session: MessageSession
        if let id {
            guard id.utf16.count <= broker.limits.maximumIdentifierLength else {
                throw broker.error(.invalidArgument, BrokerText.identifierTooLong("SessionId"), entity.systemName)
            }
            if sessions[OrdinalText(id)]?.lease != nil {
                throw broker.error(.sessionLocked, BrokerText.sessionLocked(id), entity.systemName)
            }
            session = self.session(named: id)
        } else {
            guard let next = waitingSessions.first?.element else { return nil }
            session = next
        }
        let lease = SessionLease(sessionID: session.id, token: broker.random.uuid(), lockedUntil: broker.now + lockDuration)
        session.lease = lease
        broker.deadlines.set(session, to: lease.lockedUntil)
        settleWaiting(session)
        entity.accessedAt = broker.now
        return lease
    }

    /// Extends a session's lock to a full lock duration from now.
    ///
    /// - Returns: when the lock ends now, in milliseconds since 1970.
    /// - Throws: ``BrokerError`` with reason `sessionLockLost`.
    public func renewSession(_ id: String) throws(BrokerError) -> Int64 {
        try enter(.settle)
        defer { broker.leave() }
        guard let session = sessions[OrdinalText(id)], var lease = session.lease else { throw sessionLost() }
        lease.lockedUntil = broker.now + lockDuration
        session.lease = lease
        broker.deadlines.set(session, to: lease.lockedUntil)
        session.locked.forEach(from: .min) { message in
            message.lockedUntil = lease.lockedUntil
            return true
        }
        return lease.lockedUntil
    }

    /// Gives a session back. What was delivered and not settled is ready again and not counted as a failed delivery.
    ///
    /// Does nothing when the lease has ended already.
    public func releaseSession(_ lease: SessionLease) {
        broker.enter()
        defer { broker.leave() }
        guard !entity.isRemoved, let session = sessions[OrdinalText(lease.sessionID)], session.lease?.token == lease.token else { return }
        end(session, countsDeliveries: false, at: broker.now)
    }

    /// The state of a session; nil when it has none.
    ///
    /// - Throws: ``BrokerError`` with reason `sessionLockLost` when nobody holds the session.
    public func sessionState(_ id: String) throws(BrokerError) -> ByteBuffer? {
        try enter(.peek)
        defer { broker.leave() }
        guard let session = sessions[OrdinalText(id)], session.lease != nil else { throw sessionLost() }
        return session.state
    }

    /// Sets or clears the state of a session.
    ///
    /// - Throws: ``BrokerError`` with reason `sessionLockLost` when nobody holds the session, `quotaExceeded` when the state is too large.
    public func setSessionState(_ state: ByteBuffer?, of id: String) throws(BrokerError) {
        try enter(.receive)
        defer { broker.leave() }
        guard let session = sessions[OrdinalText(id)], session.lease != nil else { throw sessionLost() }
        let bytes = state?.readableBytes ?? 0
        guard bytes <= broker.limits.maximumSessionStateBytes else {
            throw broker.error(.quotaExceeded, BrokerText.sessionStateTooLarge(broker.limits.maximumSessionStateBytes), entity.systemName)
        }
        let growth = bytes - (session.state?.readableBytes ?? 0)
        if let refusal = broker.quotaRefusal(adding: growth, to: entity) { throw refusal }
        entity.grow(by: growth)
        // A copy, so that the state does not keep the frame it came in alive.
        session.state = state.map { ByteBuffer(bytes: $0.readableBytesView) }
        session.stateUpdatedAt = broker.now
        broker.journal?.note(session)
    }

    /// Lists session ids in the order in which the sessions appeared.
    ///
    /// - Parameters:
    ///   - stateUpdatedAfter: only sessions whose state was set after this time (milliseconds since 1970); nil for all that have messages or state.
    ///   - skip: how many to pass over.
    ///   - top: how many to give at most.
    /// - Throws: ``BrokerError`` when the entity is gone or disabled, or does not require sessions.
    public func sessionIDs(stateUpdatedAfter: Int64?, skip: Int, top: Int) throws(BrokerError) -> [String] {
        try enter(.peek)
        defer { broker.leave() }
        guard requiresSession else { throw broker.error(.notAllowed, BrokerText.sessionReceiverRefused, entity.systemName) }
        var ids: [String] = []
        var toSkip = max(0, skip)
        let limit = min(top, broker.limits.maximumPeekCount)
        sessionOrder.forEach(from: .min) { session in
            if ids.count >= limit { return false }
            let isListed =
                if let stateUpdatedAfter { session.state != nil && session.stateUpdatedAt > stateUpdatedAfter } else {
                    !session.messages.isEmpty || session.state != nil
                }
            if isListed {
                if toSkip > 0 { toSkip -= 1 } else { ids.append(session.id) }
            }
            return true
        }
        return ids
    }

    // MARK: Keeping

    /// The session of a name, made when it is new.
    func session(named id: String) -> MessageSession {
        if let session = sessions[OrdinalText(id)] { return session }
        return addSession(id, ordinal: nextSessionOrdinal)
    }

    /// Adds a session at its place in the list.
    @discardableResult
    func addSession(_ id: String, ordinal: Int64) -> MessageSession {
        let session = MessageSession(id: id, ordinal: ordinal, queue: self)
        nextSessionOrdinal = max(nextSessionOrdinal, ordinal + 1)
        sessions[OrdinalText(id)] = session
        sessionOrder.insert(session, at: ordinal)
        return session
    }

    /// The session a lease still holds.
    func heldSession(_ lease: SessionLease) throws(BrokerError) -> MessageSession {
        guard let session = sessions[OrdinalText(lease.sessionID)], session.lease?.token == lease.token else { throw sessionLost() }
        return session
    }

    private func sessionLost() -> BrokerError { broker.error(.sessionLockLost, BrokerText.sessionLockLost, entity.systemName) }

    /// Brings the list of waiting sessions up to date after a change to one, and forgets a session that holds nothing.
    func settleWaiting(_ session: MessageSession) {
        let key = session.lease == nil ? session.ready.firstKey : nil
        if key != session.waitingKey {
            if let old = session.waitingKey { waitingSessions.remove(old) }
            if let key { waitingSessions.insert(session, at: key) }
            session.waitingKey = key
        }
        if session.isIdle, sessions[OrdinalText(session.id)] === session {
            sessions[OrdinalText(session.id)] = nil
            sessionOrder.remove(session.ordinal)
            session.isForgotten = true
            broker.journal?.note(session)
        }
    }

    func sessionLockExpired(_ session: MessageSession, at now: Int64) {
        guard let lease = session.lease else { return }
        end(session, countsDeliveries: true, at: now)
        broker.report(.sessionLockLost(self, lease))
    }

    private func end(_ session: MessageSession, countsDeliveries: Bool, at now: Int64) {
        session.lease = nil
        broker.deadlines.cancel(session)
        while let message = session.locked.popFirst() {
            locks[message.lockToken] = nil
            if countsDeliveries { lockExpired(message, at: now) } else { giveBack(message, hasFailed: false, at: now) }
        }
        if session.waitingKey == nil, !session.ready.isEmpty { broker.announce(self) }
        settleWaiting(session)
    }
}
