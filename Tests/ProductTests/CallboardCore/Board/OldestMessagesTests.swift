import AMQP
import ServiceBus
import Testing

@testable import CallboardCore

/// The ages of oldest messages: which queues are looked at, how often, and what is made of it.
@Suite("Oldest messages")
struct OldestMessagesTests {
    private let now = Timestamp(milliseconds: 1_795_000_000_000)

    private func queue(_ name: String, active: Int64 = 0, dead: Int64 = 0) throws -> EntityDescription {
        EntityDescription(path: try .queue(name), kind: .queue, counts: EntityCounts(active: active, deadLetter: dead))
    }

    private func due(_ oldest: inout OldestMessages, _ entities: [EntityDescription], after seconds: Int = 0) -> [String] {
        let moment = now.advanced(by: .seconds(seconds))
        return oldest.due(in: EntityListing(entities: entities, asOf: moment), now: moment).map(\.path.displayName)
    }

    private func message(_ number: Int64, state: Int32 = 0) throws -> PeekedMessage {
        try Messages.make(number) { content in
            content.messageAnnotations["x-opt-message-state"] = .int(state)
        }
    }

    @Test("dead letters go before what waits, many before few; empty queues and topics are left alone")
    func order() throws {
        var oldest = OldestMessages()
        let topic = EntityDescription(path: try .topic("t"), kind: .topic, counts: EntityCounts(active: 5, deadLetter: 5))
        let entities = [try queue("few", active: 900, dead: 2), try queue("many", dead: 80), try queue("empty"), topic]
        #expect(due(&oldest, entities) == ["many/$deadletterqueue", "few/$deadletterqueue", "few"])
    }

    @Test("an entity that ends when nobody uses it is not kept alive by looking; one in partitions has no first message")
    func leftAlone() throws {
        var oldest = OldestMessages()
        var ending = try queue("ending", dead: 1)
        ending.settings = [.init(name: "AutoDeleteOnIdle", value: "PT1H")]
        var partitioned = try queue("partitioned", dead: 1)
        partitioned.settings = [.init(name: "EnablePartitioning", value: "true")]
        var usual = try queue("usual", dead: 1)
        usual.settings = [
            .init(name: "AutoDeleteOnIdle", value: "P10675199DT2H48M5.4775807S"), .init(name: "EnablePartitioning", value: "false"),
        ]
        #expect(due(&oldest, [ending, partitioned, usual]) == ["usual/$deadletterqueue"])
    }

    @Test("a bounded number at a time, and next time those that had no turn")
    func bounded() throws {
        var oldest = OldestMessages()
        let entities = try (100..<160).map { try queue("q-\($0)", dead: 5) }
        let first = oldest.due(in: EntityListing(entities: entities, asOf: now), now: now)
        #expect(first.count == OldestMessages.mostAtOnce)
        for candidate in first { oldest.note(.success([]), of: candidate, now: now) }
        let second = oldest.due(in: EntityListing(entities: entities, asOf: now), now: now)
        #expect(Set(first).isDisjoint(with: second))
    }

    @Test("what was looked at is good for a while: longer for dead letters, not at all when there are fewer than then")
    func lifetime() throws {
        var oldest = OldestMessages()
        let entities = [try queue("q", active: 9, dead: 9)]
        for candidate in oldest.due(in: EntityListing(entities: entities, asOf: now), now: now) {
            oldest.note(.success([try message(1)]), of: candidate, now: now)
        }
        #expect(due(&oldest, entities, after: 59).isEmpty)
        #expect(due(&oldest, entities, after: 60) == ["q"])
        #expect(due(&oldest, entities, after: 300) == ["q/$deadletterqueue", "q"])
        #expect(due(&oldest, [try queue("q", active: 9, dead: 8)], after: 1) == ["q/$deadletterqueue"])
    }

    @Test("scheduled and deferred messages are no backlog; where only those come first, nothing is claimed")
    func states() throws {
        var oldest = OldestMessages()
        let candidate = OldestMessages.Candidate(path: try .queue("q"), count: 9)
        oldest.note(.success([try message(1, state: 2), try message(2, state: 1), try message(3)]), of: candidate, now: now)
        #expect(oldest.reading(of: candidate.path).value == Timestamp(milliseconds: 1_795_000_000_003))
        oldest.note(.success(try (1...8).map { try message($0, state: 2) }), of: candidate, now: now)
        #expect(oldest.reading(of: candidate.path) == .unavailable("the first 8 messages are scheduled or deferred"))
    }

    @Test("the oldest of several is as old as the look that is longest ago; what failed says why")
    func several() throws {
        var oldest = OldestMessages()
        let paths = try ["a", "b", "c"].map { try EntityPath.queue($0).deadLetter }
        #expect(oldest.oldest(of: paths) == .pending)
        let denied = OperatorError(.notPermitted, "no", neededRight: "Listen")
        oldest.note(.failure(denied), of: .init(path: paths[2], count: 1), now: now)
        #expect(oldest.oldest(of: paths) == .notPermitted(needs: "Listen"))
        oldest.note(.success([try message(50)]), of: .init(path: paths[0], count: 1), now: now)
        oldest.note(.success([try message(20)]), of: .init(path: paths[1], count: 1), now: now.advanced(by: .seconds(9)))
        #expect(oldest.oldest(of: paths) == .known(Timestamp(milliseconds: 1_795_000_000_020), at: now))
    }
}
