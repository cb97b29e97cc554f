internal import GRDB
internal import NIOCore
internal import ServiceBus

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Writing down what the journal has noted.
extension NamespaceStore {
    func write(_ journal: BrokerJournal, to db: Database) throws {
        // First what is gone: a new entity may have an old one's name.
        for entity in journal.entities where entity.isRemoved { try remove(entity, db) }
        for entity in journal.entities where !entity.isRemoved { try save(entity, db) }
        for entity in journal.counters where !entity.isRemoved { try saveCounters(of: entity, db) }
        for session in journal.sessions { try save(session, db) }
        try saveMessages(journal.messages, db)
        try saveRemembered(journal.remembered, db)
    }

    // MARK: Entities

    private func remove(_ entity: QueueEntity, _ db: Database) throws {
        guard entity.kept.row != 0 else { return }
        try db.cachedStatement(sql: "DELETE FROM entity WHERE id = ?").execute(arguments: [entity.kept.row])
        try db.cachedStatement(sql: "DELETE FROM counters WHERE entity = ?").execute(arguments: [entity.kept.row])
        try db.cachedStatement(sql: "DELETE FROM remembered WHERE entity = ?").execute(arguments: [entity.kept.row])
        for rule in entity.keptRules { try deleteRule(rule.row, db) }
    }

    private func save(_ entity: QueueEntity, _ db: Database) throws {
        let isNew = entity.kept.row == 0
        if isNew {
            lastRow.entity += 1
            entity.kept.row = lastRow.entity
        }
        let settings: StoredSettings
        var (path, topicRow): (String, Int64?) = (entity.path, nil)
        let kind: EntityKind
        switch entity.kind {
        case .queue:
            kind = .queue
            settings = StoredSettings(entity.settings)
        case .topic(let topic):
            kind = .topic
            settings = StoredSettings(topic.settings)
        case .subscription(let topic, let name):
            kind = .subscription
            (path, topicRow) = (name, topic.input.kept.row)
            settings = StoredSettings(entity.settings)
        }
        try db.cachedStatement(
            sql: """
                INSERT INTO entity (id, kind, path, topic, key, availability, settings, createdAt, updatedAt) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET availability = excluded.availability, settings = excluded.settings, updatedAt = excluded.updatedAt
                """
        ).execute(
            arguments: [
                entity.kept.row, kind.rawValue, path, topicRow, entity.path.lowercased(), entity.settings.availability.rawValue,
                try Self.json(settings), entity.createdAt, entity.updatedAt,
            ])
        if isNew { try saveCounters(of: entity, db) }
        try saveRules(of: entity, db)
    }

    private func saveCounters(of entity: QueueEntity, _ db: Database) throws {
        try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO counters (entity, accessedAt, lastNumber, partitions, nextPartition) VALUES (?, ?, ?, ?, ?)"
        ).execute(
            arguments: [
                entity.kept.row, entity.accessedAt, entity.lastSequenceNumber,
                entity.partitions.isEmpty ? "[]" : try Self.json(entity.partitions), entity.nextPartition,
            ])
    }

    // MARK: Rules

    /// Brings the rows in line with the rules. Both are in the order in which rules were made, so what is in neither place is new or gone.
    private func saveRules(of entity: QueueEntity, _ db: Database) throws {
        let old = entity.keptRules
        var kept: [(row: Int64, rule: SubscriptionRule)] = []
        kept.reserveCapacity(entity.rules.count)
        var next = 0
        for rule in entity.rules {
            guard let place = old[next...].firstIndex(where: { $0.rule.settings.name == rule.settings.name }) else {
                lastRow.rule += 1
                try saveRule(lastRow.rule, rule, of: entity, db)
                kept.append((lastRow.rule, rule))
                continue
            }
            for gone in old[next..<place] { try deleteRule(gone.row, db) }
            next = place + 1
            let (row, before) = old[place]
            if before.settings != rule.settings || before.createdAt != rule.createdAt { try saveRule(row, rule, of: entity, db) }
            kept.append((row, rule))
        }
        for gone in old[next...] { try deleteRule(gone.row, db) }
        entity.keptRules = kept
    }

    private func saveRule(_ row: Int64, _ rule: SubscriptionRule, of entity: QueueEntity, _ db: Database) throws {
        try db.cachedStatement(sql: "INSERT OR REPLACE INTO rule (id, entity, createdAt, definition) VALUES (?, ?, ?, ?)")
            .execute(arguments: [row, entity.kept.row, rule.createdAt, try Self.json(StoredRule(rule.settings))])
    }

    private func deleteRule(_ row: Int64, _ db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM rule WHERE id = ?").execute(arguments: [row])
    }

    // MARK: Sessions and duplicates

    private func save(_ session: MessageSession, _ db: Database) throws {
        if session.isForgotten {
            guard session.kept.row != 0 else { return }
            return try db.cachedStatement(sql: "DELETE FROM session WHERE id = ?").execute(arguments: [session.kept.row])
        }
        // One that is there for its lock alone is nothing to keep, until it has something.
        if session.kept.row == 0, !session.outlastsLocks { return }
        if session.kept.row == 0 {
            lastRow.session += 1
            session.kept.row = lastRow.session
        }
        try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO session (id, entity, name, ordinal, state, stateUpdatedAt) VALUES (?, ?, ?, ?, ?, ?)"
        ).execute(
            arguments: [
                session.kept.row, session.queue.entity.kept.row, Data(session.id.utf8), session.ordinal,
                session.state.map { Data($0.readableBytesView) }, session.stateUpdatedAt,
            ])
    }

    private func saveRemembered(_ remembered: [(id: String, entity: QueueEntity, time: Int64)], _ db: Database) throws {
        if remembered.isEmpty { return }
        let insert = try db.cachedStatement(sql: "INSERT OR REPLACE INTO remembered (entity, time, id) VALUES (?, ?, ?)")
        var entities: [ObjectIdentifier: QueueEntity] = [:]
        for (id, entity, time) in remembered where !entity.isRemoved {
            try insert.execute(arguments: [entity.kept.row, time, Data(id.utf8)])
            entities[ObjectIdentifier(entity)] = entity
        }
        for entity in entities.values {
            guard let oldest = entity.history.oldest else { continue }
            try db.cachedStatement(sql: "DELETE FROM remembered WHERE entity = ? AND time < ?").execute(arguments: [
                entity.kept.row, oldest,
            ])
        }
    }

    // MARK: Messages

    private func saveMessages(_ messages: ContiguousArray<StoredMessage>, _ db: Database) throws {
        if messages.isEmpty { return }
        let delete = try db.cachedStatement(sql: "DELETE FROM message WHERE id = ?")
        let update = try db.cachedStatement(
            sql: "UPDATE message SET part = ?, number = ?, state = ?, deliveryCount = ?, session = ? WHERE id = ?")
        let write = try db.cachedStatement(sql: MessageRow.writing)
        for message in messages {
            let row = message.kept.row
            if !message.isPlaced {
                if row != 0 { try delete.execute(arguments: [row]) }
            } else if row != 0, !message.hasNewContent {
                try update.execute(
                    arguments: [
                        message.queue.subQueue.rawValue, message.sequenceNumber, message.lastingState.rawValue, message.deliveryCount,
                        message.session.map { Data($0.id.utf8) }, row,
                    ])
            } else {
                if row == 0 {
                    lastRow.message += 1
                    message.kept.row = lastRow.message
                }
                try write.execute(arguments: MessageRow.arguments(message))
                message.hasNewContent = false
            }
        }
    }

    private static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

/// What an entity is, as it is kept.
enum EntityKind: Int64 {
    case queue = 0
    case topic = 1
    case subscription = 2
}
