/// The end of an entity that nobody uses (AutoDeleteOnIdle).
///
/// Use does not move the deadline: when it comes, the entity's last use decides whether this is the end or a new one is set. So a busy
/// queue costs one look per idle time, not one per message.
final class IdleExpiry: DeadlineBearer {
    private unowned let entity: QueueEntity

    init(of entity: QueueEntity) { self.entity = entity }

    override func deadlineReached(at now: Int64) { entity.broker.idleTimeReached(entity) }
}

extension Broker {
    /// Sets or cancels the end of an entity after its settings were set.
    func scheduleIdleExpiry(of entity: QueueEntity) {
        guard let idle = entity.settings.autoDeleteOnIdle else {
            if let expiry = entity.idleExpiry { deadlines.cancel(expiry) }
            entity.idleExpiry = nil
            return
        }
        let expiry = entity.idleExpiry ?? IdleExpiry(of: entity)
        entity.idleExpiry = expiry
        deadlines.set(expiry, to: Self.end(of: idle, from: lastUse(of: entity)))
    }

    fileprivate func idleTimeReached(_ entity: QueueEntity) {
        guard let idle = entity.settings.autoDeleteOnIdle, let expiry = entity.idleExpiry else { return }
        // Whoever waits for messages uses the entity, though nothing happens.
        if isAwaited?(entity.path) == true { entity.accessedAt = now }
        let end = Self.end(of: idle, from: lastUse(of: entity))
        if end > now { return deadlines.set(expiry, to: end) }
        // It exists: its deadline was set.
        try? remove(entity.path)
    }

    /// Of a topic, use of its subscriptions counts.
    private func lastUse(of entity: QueueEntity) -> Int64 {
        var last = max(entity.accessedAt, entity.updatedAt)
        if case .topic(let topic) = entity.kind {
            for subscription in topic.subscriptions {
                if isAwaited?(subscription.path) == true { return now }
                last = max(last, subscription.accessedAt, subscription.updatedAt)
            }
        }
        return last
    }

    private static func end(of idle: Int64, from use: Int64) -> Int64 {
        let (end, overflow) = use.addingReportingOverflow(idle)
        return overflow ? .max : end
    }
}
