import NIOCore

/// Putting a namespace back as it was kept, before anybody uses it: nothing is checked, forwarded or told about, and no deadline is looked at
/// until the first operation.
extension QueueEntity {
    /// What an entity has been through.
    struct Past {
        /// Times in milliseconds since 1970.
        var createdAt: Int64
        var updatedAt: Int64
        var accessedAt: Int64
        var lastSequenceNumber: Int64 = 0
        /// The last number of each partition; empty before the first message of a partitioned entity, and in all others.
        var partitions: [Int64] = []
        var nextPartition = 0
        /// The message ids seen within the duplicate detection window, the oldest first.
        var remembered: [(id: String, time: Int64)] = []
    }
}

extension Broker {
    func restoreQueue(_ path: String, _ settings: QueueSettings, _ past: QueueEntity.Past) -> QueueEntity {
        let entity = addQueue(path, settings, at: past.createdAt)
        entity.resume(past)
        return entity
    }

    /// - Parameter availability: the topic's status, which is not always the one in its settings.
    func restoreTopic(_ path: String, _ settings: TopicSettings, _ availability: EntityAvailability, _ past: QueueEntity.Past) -> Topic {
        let topic = addTopic(path, settings, at: past.createdAt)
        topic.input.settings.availability = availability
        topic.input.resume(past)
        return topic
    }

    /// - Throws: ``BrokerError`` when a rule cannot be read any more.
    func restoreSubscription(
        _ name: String, of topic: Topic, _ settings: QueueSettings, rules: [(settings: RuleSettings, createdAt: Int64)],
        _ past: QueueEntity.Past
    ) throws(BrokerError) -> QueueEntity {
        var compiled: [SubscriptionRule] = []
        for rule in rules {
            compiled.append(
                try compile(rule.settings, systemName: "Topic:\(topic.input.path)|\(name)", createdAt: rule.createdAt))
        }
        let entity = addSubscription(name, of: topic, settings, compiled, at: past.createdAt)
        entity.resume(past)
        return entity
    }

    /// Lets time begin to count: entities that end when nobody uses them have been used just now, for nobody could use them while they were
    /// kept; sessions that were there for a lock alone are forgotten.
    func finishRestoring() {
        for entity in entities.values {
            if entity.settings.autoDeleteOnIdle != nil { entity.accessedAt = max(entity.accessedAt, now) }
            if entity.isInUse { entity.active.forgetIdleSessions() }
        }
        for entity in entities.values { scheduleIdleExpiry(of: entity) }
    }
}

extension MessageQueue {
    /// Puts a message back in its place and its state, which is not ``StoredMessage/State/locked``.
    func putBack(_ message: StoredMessage, sessionID: String?) {
        attach(message, sessionID: sessionID)
        switch message.state {
        case .scheduled:
            scheduledCount += 1
            broker.deadlines.set(message, to: message.envelope.scheduledEnqueueTime ?? message.enqueuedTime)
        case .ready:
            if let session = message.session {
                session.ready.insert(message, at: message.sequenceNumber)
                settleWaiting(session)
            } else {
                ready.insert(message, at: message.sequenceNumber)
            }
            if subQueue == .active, message.expiresAt != .max { broker.deadlines.set(message, to: message.expiresAt) }
        case .deferred, .locked: break
        }
    }

    /// Puts a session back that has a state, or will have messages.
    func putBack(_ session: (id: String, ordinal: Int64, row: Int64), state: ByteBuffer?, stateUpdatedAt: Int64) {
        let restored = addSession(session.id, ordinal: session.ordinal)
        restored.kept.row = session.row
        restored.state = state
        restored.stateUpdatedAt = stateUpdatedAt
        entity.grow(by: state?.readableBytes ?? 0)
    }

    fileprivate func forgetIdleSessions() {
        for session in Array(sessions.values) where session.isIdle { settleWaiting(session) }
    }
}
