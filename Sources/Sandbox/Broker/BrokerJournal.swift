/// What has changed in a namespace since it was last kept: the objects themselves, not what happened to them.
///
/// So a message that came and went in between leaves no trace, and one that was changed five times is written once. Locks and transactions
/// that have not ended are nothing to keep: whoever opens what was kept finds messages as if no lock had ever been on them. A broker without
/// a journal notes nothing.
///
/// Whoever keeps a namespace takes what is noted here, writes it down, and calls ``clear()``.
final class BrokerJournal {
    /// Messages that arrived, changed or left.
    private(set) var messages: ContiguousArray<StoredMessage> = []
    /// Sessions that appeared, changed or were forgotten.
    private(set) var sessions: [MessageSession] = []
    /// Entities that were made, changed or removed.
    private(set) var entities: [QueueEntity] = []
    /// Entities that gave sequence numbers, or were used.
    private(set) var counters: [QueueEntity] = []
    /// Message ids that duplicate detection has to remember.
    private(set) var remembered: [(id: String, entity: QueueEntity, time: Int64)] = []
    /// Whether anything is noted.
    private(set) var hasChanges = false
    /// Whether the one who keeps the namespace has been told.
    var isAnnounced = false

    func note(_ message: StoredMessage) {
        if message.kept.isNoted { return }
        message.kept.isNoted = true
        messages.append(message)
        hasChanges = true
    }

    func note(_ session: MessageSession) {
        if session.kept.isNoted { return }
        session.kept.isNoted = true
        sessions.append(session)
        hasChanges = true
    }

    func note(_ entity: QueueEntity) {
        if entity.kept.isNoted { return }
        entity.kept.isNoted = true
        entities.append(entity)
        hasChanges = true
    }

    func noteCounters(of entity: QueueEntity) {
        if entity.areCountersNoted { return }
        entity.areCountersNoted = true
        counters.append(entity)
        hasChanges = true
    }

    func remember(_ id: String, in entity: QueueEntity, at time: Int64) {
        remembered.append((id, entity, time))
        hasChanges = true
    }

    /// Forgets what was noted, once it is kept.
    func clear() {
        for message in messages { message.kept.isNoted = false }
        for session in sessions { session.kept.isNoted = false }
        for entity in entities { entity.kept.isNoted = false }
        for entity in counters { entity.areCountersNoted = false }
        messages.removeAll(keepingCapacity: messages.count < Self.usualCount)
        sessions.removeAll(keepingCapacity: true)
        entities.removeAll(keepingCapacity: true)
        counters.removeAll(keepingCapacity: true)
        remembered.removeAll(keepingCapacity: remembered.count < Self.usualCount)
        hasChanges = false
        isAnnounced = false
    }

    /// Room for more than this is given back: it was needed once.
    private static var usualCount: Int { 100_000 }
}

/// Where an object is kept, and whether that has to be brought up to date.
struct KeptMark {
    /// The number of its row; 0 while it has none.
    var row: Int64 = 0
    var isNoted = false
}
