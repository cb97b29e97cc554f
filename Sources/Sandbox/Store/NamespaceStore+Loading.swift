internal import GRDB
internal import NIOCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Filling a broker with what is kept.
extension NamespaceStore {
    /// Puts everything back into an empty broker, which from then on notes what changes.
    ///
    /// - Throws: ``StoreError`` with code `damaged` when something cannot be right; the broker is of no use then.
    func load(into broker: Broker) throws(StoreError) {
        do {
            try database.read { db in
                let entities = try loadEntities(into: broker, db)
                try loadSessions(into: entities, db)
                try loadMessages(into: entities, db)
            }
        } catch {
            throw StoreError(opening: file, error)
        }
        broker.journal = BrokerJournal()
        broker.finishRestoring()
    }

    /// Numbers that may be counted on from, and times that may be added to.
    private static let numbers: Range<Int64> = 0..<1 << 62
    private static let times: Range<Int64> = 0..<1 << 53

    private func rowNumber(_ row: Row) throws -> Int64 {
        let number: Int64 = try row.decode(atIndex: 0)
        guard number > 0, Self.numbers.contains(number) else { throw Impossible("row number \(number)") }
        return number
    }

    // MARK: Entities

    private func loadEntities(into broker: Broker, _ db: Database) throws -> [Int64: QueueEntity] {
        var rules = try loadRules(db)
        var remembered = try loadRemembered(db)
        var entities: [Int64: QueueEntity] = [:]
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT id, kind, path, topic, availability, settings, createdAt, updatedAt, accessedAt, lastNumber, partitions, nextPartition, key
                FROM entity LEFT JOIN counters ON entity = id ORDER BY id
                """)
        while let row = try rows.next() {
            let id = try rowNumber(row)
            let path: String = try row.decode(atIndex: 2)
            let topicRow: Int64? = try row.decode(atIndex: 3)
            guard let availability = EntityAvailability(rawValue: try row.decode(atIndex: 4)) else {
                throw Impossible("the status of '\(path)'")
            }
            let settings = try JSONDecoder().decode(StoredSettings.self, from: Data(try row.decode(String.self, atIndex: 5).utf8))
            // Nothing that is counted from now on may overflow.
            guard Self.times.contains(settings.lockDuration ?? 0) else { throw Impossible("the lock duration of '\(path)'") }
            let past = try past(in: row, path, remembered.removeValue(forKey: id) ?? [])
            let entity: QueueEntity
            switch EntityKind(rawValue: try row.decode(atIndex: 1)) {
            case .queue?: entity = broker.restoreQueue(path, settings.queueSettings, past)
            case .topic?: entity = broker.restoreTopic(path, settings.topicSettings, availability, past).input
            case .subscription?:
                guard case .topic(let topic)? = topicRow.flatMap({ entities[$0] })?.kind else { throw Impossible("the topic of '\(path)'") }
                let kept = rules.removeValue(forKey: id) ?? []
                entity = try broker.restoreSubscription(
                    path, of: topic, settings.queueSettings, rules: kept.map { ($0.settings, $0.createdAt) }, past)
                entity.keptRules = zip(kept, entity.rules).map { ($0.row, $1) }
            case nil: throw Impossible("the kind of '\(path)'")
            }
            guard try row.decode(String.self, atIndex: 12) == entity.path.lowercased() else { throw Impossible("the key of '\(path)'") }
            entity.kept.row = id
            entities[id] = entity
            lastRow.entity = id
        }
        return entities
    }

    private func past(in row: Row, _ path: String, _ remembered: [(id: String, time: Int64)]) throws -> QueueEntity.Past {
        let createdAt: Int64 = try row.decode(atIndex: 6)
        var past = QueueEntity.Past(
            createdAt: createdAt, updatedAt: try row.decode(atIndex: 7),
            accessedAt: try row.decode(Int64?.self, atIndex: 8) ?? createdAt)
        past.remembered = remembered
        let areTimes = ([past.createdAt, past.updatedAt, past.accessedAt] + remembered.map(\.time)).allSatisfy(Self.times.contains)
        guard areTimes else { throw Impossible("a time of '\(path)'") }
        guard let last = try row.decode(Int64?.self, atIndex: 9) else { return past }
        past.lastSequenceNumber = last
        past.partitions = try JSONDecoder().decode([Int64].self, from: Data(try row.decode(String.self, atIndex: 10).utf8))
        past.nextPartition = try row.decode(atIndex: 11)
        let isPossible =
            Self.numbers.contains(last) && (past.partitions.isEmpty || past.partitions.count == QueueEntity.partitionCount)
            && past.partitions.allSatisfy { (0..<1 << (QueueEntity.partitionShift - 1)).contains($0) }
            && (0..<QueueEntity.partitionCount).contains(past.nextPartition)
        guard isPossible else { throw Impossible("the last sequence number of '\(path)'") }
        return past
    }

    private func loadRules(_ db: Database) throws -> [Int64: [(row: Int64, settings: RuleSettings, createdAt: Int64)]] {
        var rules: [Int64: [(row: Int64, settings: RuleSettings, createdAt: Int64)]] = [:]
        let rows = try Row.fetchCursor(db, sql: "SELECT id, entity, createdAt, definition FROM rule ORDER BY id")
        while let row = try rows.next() {
            let definition = try JSONDecoder().decode(StoredRule.self, from: Data(try row.decode(String.self, atIndex: 3).utf8))
            lastRow.rule = try rowNumber(row)
            rules[try row.decode(atIndex: 1), default: []].append(
                (row: lastRow.rule, settings: try definition.settings, createdAt: try row.decode(atIndex: 2)))
        }
        return rules
    }

    private func loadRemembered(_ db: Database) throws -> [Int64: [(id: String, time: Int64)]] {
        var remembered: [Int64: [(id: String, time: Int64)]] = [:]
        let rows = try Row.fetchCursor(db, sql: "SELECT entity, time, id FROM remembered ORDER BY entity, time")
        while let row = try rows.next() {
            remembered[try row.decode(atIndex: 0), default: []].append(
                (id: String(decoding: try row.decode(Data.self, atIndex: 2), as: UTF8.self), time: try row.decode(atIndex: 1)))
        }
        return remembered
    }

    // MARK: Sessions and messages

    private func loadSessions(into entities: [Int64: QueueEntity], _ db: Database) throws {
        let rows = try Row.fetchCursor(db, sql: "SELECT id, entity, name, ordinal, state, stateUpdatedAt FROM session ORDER BY id")
        while let row = try rows.next() {
            let id = try rowNumber(row)
            let ordinal: Int64 = try row.decode(atIndex: 3)
            guard let queue = entities[try row.decode(atIndex: 1)]?.active, queue.requiresSession, Self.numbers.contains(ordinal) else {
                throw Impossible("session \(id)")
            }
            queue.putBack(
                (id: String(decoding: try row.decode(Data.self, atIndex: 2), as: UTF8.self), ordinal: ordinal, row: id),
                state: try row.decode(Data?.self, atIndex: 4).map { ByteBuffer(bytes: $0) }, stateUpdatedAt: try row.decode(atIndex: 5))
            lastRow.session = id
        }
    }

    private func loadMessages(into entities: [Int64: QueueEntity], _ db: Database) throws {
        let rows = try Row.fetchCursor(db, sql: MessageRow.reading)
        while let row = try rows.next() {
            _ = try rowNumber(row)
            let kept = try MessageRow(row)
            guard let queue = entities[kept.entity]?.part(kept.part), (kept.session != nil) == queue.requiresSession,
                queue.all[kept.number] == nil
            else { throw Impossible("the place of message \(kept.id)") }
            let message = StoredMessage(
                kept.envelope, sequenceNumber: kept.number, enqueuedSequenceNumber: kept.enqueuedNumber, enqueuedTime: kept.enqueuedAt,
                expiresAt: kept.expiresAt, state: kept.state, deliveryCount: kept.deliveryCount, hops: kept.hops, queue: queue)
            message.kept.row = kept.id
            queue.putBack(message, sessionID: kept.session)
            lastRow.message = kept.id
        }
    }
}
