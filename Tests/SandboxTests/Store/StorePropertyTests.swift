import AMQP
import FoundationEssentials
import NIOCore
import Testing

@testable import Sandbox

/// A broker that is kept, and opened again at points that chance chooses, against one that stays in memory and has its locks and
/// transactions ended there: the same random steps, and after each the same answer.
@Suite struct StorePropertyTests {
    private static let longSteps = ProcessInfo.processInfo.environment["CALLBOARD_PROPERTY_STEPS"].flatMap { Int($0) }
    private static let steps = longSteps ?? 1500
    private static let seeds: [UInt64] = [1, 2, 3] + (longSteps == nil ? [] : [.random(in: 100 ... .max)])

    @Test(arguments: seeds)
    func equalsTheOneInMemory(seed: UInt64) throws {
        var run = try StorePropertyRun(seed: seed)
        for step in 0..<Self.steps {
            let answers = try run.step()
            guard answers.memory == answers.kept else {
                Issue.record("step \(step): \(answers.name) answered \(answers.kept), expected \(answers.memory)")
                return
            }
            guard step % 20 == 0 else { continue }
            let (seen, expected) = (try NamespaceView(run.kept.broker), try NamespaceView(run.memory.broker))
            guard seen == expected else {
                Issue.record("step \(step), \(answers.name): saw \(seen), expected \(expected)")
                return
            }
        }
        #expect(run.reopenings > 5)
    }
}

private struct StorePropertyRun {
    /// What both answered to a step.
    struct Answers {
        var name: String
        var memory: String
        var kept: String
    }

    /// A lock, under the token that each of the two gave it.
    private struct Lock {
        var address: String
        var memory: UUIDBytes
        var kept: UUIDBytes
    }

    private struct Lease {
        var address: String
        var memory: SessionLease
        var kept: SessionLease
    }

    private static let queues = ["q", "s", "p", "t/subscriptions/all", "t/subscriptions/even", "q/$deadletterqueue", "graveyard"]

    let fixture = StoreFixture()
    let memory: BrokerFixture
    private(set) var kept: KeptNamespace
    private(set) var reopenings = 0
    private var random: TestRandom
    private var locks: [Lock] = []
    private var leases: [Lease] = []
    private var transactions: [(memory: TransactionID, kept: TransactionID)] = []
    private var bodies = 0

    init(seed: UInt64) throws {
        random = TestRandom(state: seed)
        memory = BrokerFixture()
        kept = try fixture.open(Self.populate)
        try Self.populate(memory.broker)
    }

    private static func populate(_ broker: Broker) throws {
        var settings = QueueSettings()
        settings.lockDuration = 10_000
        settings.maxDeliveryCount = 3
        settings.deadLetteringOnExpiration = true
        settings.duplicateDetectionWindow = 30_000
        try broker.createQueue("q", settings)
        settings.requiresSession = true
        settings.duplicateDetectionWindow = nil
        try broker.createQueue("s", settings)
        settings.requiresSession = false
        settings.isPartitioned = true
        try broker.createQueue("p", settings)
        settings.isPartitioned = false
        try broker.createQueue("graveyard", settings)
        settings.forwardTo = "q"
        try broker.createQueue("forwards", settings)
        settings.forwardTo = nil
        settings.forwardDeadLetteredMessagesTo = "graveyard"
        try broker.createTopic("t")
        try broker.createSubscription("all", of: "t", settings)
        try broker.createSubscription(
            "even", of: "t", settings, rules: [RuleSettings(name: "even", filter: .sql("n % 2 = 0"), action: "SET changed = n + 1")])
    }

    private mutating func pick(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
    private mutating func pick<T>(_ list: [T]) -> T { list[pick(list.count)] }

    /// Does the same with both.
    private func both(_ name: String, _ body: (Broker) throws -> some Any) -> Answers {
        Answers(name: name, memory: Self.answer { try body(memory.broker) }, kept: Self.answer { try body(kept.broker) })
    }

    private static func answer(_ body: () throws -> some Any) -> String {
        do {
            return "\(try body())"
        } catch let error as BrokerError {
            return "\(error.reason)"
        } catch {
            return "\(error)"
        }
    }

    private static func queue(_ address: String, _ broker: Broker) throws -> MessageQueue {
        try broker.queue(at: BrokerFixture.address(address))
    }

    mutating func step() throws -> Answers {
        switch pick(30) {
        case 0...6: return try send()
        case 7...10: return receive()
        case 11...15: return settle()
        case 16: return receiveDeferred()
        case 17: return cancel()
        case 18: return pass()
        case 19: return accept()
        case 20: return release()
        case 21: return setState()
        case 22: return begin()
        case 23: return try sendInTransaction()
        case 24: return settleInTransaction()
        case 25: return endTransaction()
        case 26: return changeRules()
        case 27: return changeEntities()
        case 28: return delete()
        default: return try reopen()
        }
    }

    private mutating func message() throws -> IncomingMessage {
        bodies += 1
        let (body, session) = ("m\(bodies)", "s\(pick(4))")
        let id = pick(4) == 0 ? "id\(pick(20))" : body
        let ttl = pick(3) == 0 ? UInt32(pick(30_000)) : nil
        let scheduledAt = pick(5) == 0 ? fixture.clock.milliseconds + Int64(pick(20_000)) : nil
        let number = bodies
        return try BrokerFixture.message(body) {
            $0.applicationProperties = ["n": .int(Int32(number))]
            ($0.messageID, $0.sessionID, $0.ttl, $0.scheduledAt) = (id, session, ttl, scheduledAt)
        }
    }

    private mutating func send() throws -> Answers {
        let address = try BrokerFixture.address(pick(["q", "s", "p", "t", "t", "forwards", "made"]))
        let messages = try (0...pick(3)).map { _ in try message() }
        return both("send to \(address)") { try $0.send(messages, to: address) }
    }

    private mutating func receive() -> Answers {
        let address = pick(Self.queues)
        let (count, mode): (Int, MessageQueue.ReceiveMode) = (pick(5), pick(5) == 0 ? .receiveAndDelete : .peekLock)
        let lease = leases.isEmpty ? nil : leases[pick(leases.count)]
        func receive(_ broker: Broker, _ session: SessionLease?) throws -> [Delivery] {
            try Self.queue(address, broker).receive(maxCount: count, mode: mode, session: address == "s" ? session : nil)
        }
        var (first, second): ([Delivery], [Delivery]) = ([], [])
        let answers = Answers(
            name: "receive from \(address)",
            memory: Self.answer {
                first = try receive(memory.broker, lease?.memory)
                return first.map(\.sequenceNumber)
            },
            kept: Self.answer {
                second = try receive(kept.broker, lease?.kept)
                return second.map(\.sequenceNumber)
            })
        note(first, second, address)
        return answers
    }

    private mutating func note(_ first: [Delivery], _ second: [Delivery], _ address: String) {
        for (first, second) in zip(first, second) {
            guard let memory = first.lockToken, let kept = second.lockToken else { continue }
            locks.append(Lock(address: address, memory: memory, kept: kept))
        }
    }

    private mutating func anySettlement() -> Settlement {
        switch pick(7) {
        case 0, 1: .complete
        case 2: .abandon(properties: pick(2) == 0 ? [:] : ["attempt": .int(1)])
        case 3: .release
        case 4: .defer(properties: ["deferred": true])
        case 5: .deadLetter(reason: "App", description: "said so", properties: ["n2": .long(2)])
        default: .deadLetter(reason: nil, description: nil)
        }
    }

    private mutating func settle() -> Answers {
        guard !locks.isEmpty else { return pass() }
        let lock = locks.remove(at: pick(locks.count))
        let settlement = anySettlement()
        let answers = Answers(
            name: "settle in \(lock.address)",
            memory: Self.answer { try Self.queue(lock.address, memory.broker).settle(lock.memory, settlement) },
            kept: Self.answer { try Self.queue(lock.address, kept.broker).settle(lock.kept, settlement) })
        // Perhaps a transaction has it.
        if answers.memory != "()" { locks.append(lock) }
        return answers
    }

    private mutating func receiveDeferred() -> Answers {
        let address = pick(["q", "p", "t/subscriptions/all"])
        let deferred = (try? Self.queue(address, memory.broker).peekAll().filter { $0.state == .deferred }.map(\.sequenceNumber)) ?? []
        let numbers = deferred.isEmpty ? [7] : [pick(deferred)]
        var (first, second): ([Delivery], [Delivery]) = ([], [])
        let answers = Answers(
            name: "receive deferred \(numbers) from \(address)",
            memory: Self.answer {
                first = try Self.queue(address, memory.broker).receiveDeferred(numbers, mode: .peekLock)
                return first.map(\.deliveryCount)
            },
            kept: Self.answer {
                second = try Self.queue(address, kept.broker).receiveDeferred(numbers, mode: .peekLock)
                return second.map(\.deliveryCount)
            })
        note(first, second, address)
        return answers
    }

    private mutating func cancel() -> Answers {
        let address = pick(["q", "s", "p", "t"])
        let scheduled = (try? Self.queue(address, memory.broker).peekAll().filter { $0.state == .scheduled }.map(\.sequenceNumber)) ?? []
        let numbers = scheduled.isEmpty ? [7] : [pick(scheduled)]
        return both("cancel \(numbers) in \(address)") { try Self.queue(address, $0).cancelScheduled(numbers) }
    }

    private mutating func pass() -> Answers {
        fixture.clock.milliseconds += Int64(pick(4000))
        memory.clock.milliseconds = fixture.clock.milliseconds
        return both("time passes") { $0.advance() }
    }

    private mutating func delete() -> Answers {
        let (address, count) = (pick(Self.queues), pick(10))
        return both("delete from \(address)") { try Self.queue(address, $0).delete(maxCount: count, enqueuedBefore: .max) }
    }

    // MARK: Sessions

    private mutating func accept() -> Answers {
        let id = pick(2) == 0 ? "s\(pick(5))" : nil
        var (first, second): (SessionLease?, SessionLease?)
        let answers = Answers(
            name: "accept session",
            memory: Self.answer {
                first = try Self.queue("s", memory.broker).acceptSession(id)
                return first?.sessionID ?? "none"
            },
            kept: Self.answer {
                second = try Self.queue("s", kept.broker).acceptSession(id)
                return second?.sessionID ?? "none"
            })
        if let first, let second { leases.append(Lease(address: "s", memory: first, kept: second)) }
        return answers
    }

    private mutating func release() -> Answers {
        guard !leases.isEmpty else { return pass() }
        let lease = leases.remove(at: pick(leases.count))
        return Answers(
            name: "release session",
            memory: Self.answer { try Self.queue("s", memory.broker).releaseSession(lease.memory) },
            kept: Self.answer { try Self.queue("s", kept.broker).releaseSession(lease.kept) })
    }

    private mutating func setState() -> Answers {
        let id = "s\(pick(5))"
        let state = pick(3) == 0 ? nil : ByteBuffer(string: "state \(bodies)")
        return both("set state of \(id)") { try Self.queue("s", $0).setSessionState(state, of: id) }
    }

    // MARK: Transactions

    private mutating func begin() -> Answers {
        guard transactions.count < 3, let first = try? memory.broker.beginTransaction(), let second = try? kept.broker.beginTransaction()
        else { return pass() }
        transactions.append((first, second))
        return Answers(name: "begin", memory: "", kept: "")
    }

    private mutating func sendInTransaction() throws -> Answers {
        guard !transactions.isEmpty else { return pass() }
        let ids = pick(transactions)
        let (address, messages) = (try BrokerFixture.address(pick(["q", "p", "t"])), [try message()])
        let reserves = pick(2) == 0
        return Answers(
            name: "send in transaction",
            memory: Self.answer { try memory.broker.send(messages, to: address, in: ids.memory, reservesNumbers: reserves) },
            kept: Self.answer { try kept.broker.send(messages, to: address, in: ids.kept, reservesNumbers: reserves) })
    }

    private mutating func settleInTransaction() -> Answers {
        guard !transactions.isEmpty, !locks.isEmpty else { return pass() }
        let (ids, lock, settlement) = (pick(transactions), pick(locks), anySettlement())
        return Answers(
            name: "settle in transaction",
            memory: Self.answer { try Self.queue(lock.address, memory.broker).settle(lock.memory, settlement, in: ids.memory) },
            kept: Self.answer { try Self.queue(lock.address, kept.broker).settle(lock.kept, settlement, in: ids.kept) })
    }

    private mutating func endTransaction() -> Answers {
        guard !transactions.isEmpty else { return pass() }
        let ids = transactions.remove(at: pick(transactions.count))
        let commits = pick(3) != 0
        return Answers(
            name: commits ? "commit" : "roll back",
            memory: Self.answer { commits ? try memory.broker.commit(ids.memory) : try memory.broker.rollBack(ids.memory) },
            kept: Self.answer { commits ? try kept.broker.commit(ids.kept) : try kept.broker.rollBack(ids.kept) })
    }

    // MARK: Administration

    private mutating func changeRules() -> Answers {
        let (name, path) = ("r\(pick(4))", "t/subscriptions/all")
        let rule = RuleSettings(name: name, filter: .sql("n % 3 = \(pick(3))"), action: pick(2) == 0 ? "SET third = 1" : nil)
        switch pick(3) {
        case 0: return both("add rule") { try $0.addRule(rule, to: path) }
        case 1: return both("replace rule") { try $0.replaceRule(rule, in: path) }
        default: return both("remove rule") { try $0.removeRule(name, from: path) }
        }
    }

    private mutating func changeEntities() -> Answers {
        var settings = QueueSettings()
        settings.maxDeliveryCount = 2 + pick(4)
        let availability: EntityAvailability = pick([.active, .active, .receiveDisabled, .sendDisabled])
        switch pick(4) {
        case 0: return both("create queue") { try $0.createQueue("made", settings) }
        case 1: return both("remove queue") { try $0.remove("MADE") }
        case 2: return both("update queue") { try $0.update("graveyard", to: settings) }
        default: return both("set status") { try $0.setAvailability(availability, of: "t") }
        }
    }

    // MARK: The end

    /// Keeps and opens again, or only keeps. Whoever is in memory has locks, sessions and transactions ended instead.
    private mutating func reopen() throws -> Answers {
        try kept.keep()
        guard pick(3) == 0 else { return Answers(name: "keep", memory: "", kept: "") }
        reopenings += 1
        kept = try fixture.reopen()
        for ids in transactions { try? memory.broker.rollBack(ids.memory) }
        for lock in locks { try? Self.queue(lock.address, memory.broker).settle(lock.memory, .release) }
        for lease in leases { try? Self.queue("s", memory.broker).releaseSession(lease.memory) }
        (transactions, locks, leases) = ([], [], [])
        // Which partition is served next is the one thing that nobody is promised.
        try Self.queue("p", memory.broker).servedPartition = 0
        return both("open again") { $0.snapshots().map(\.counts) }
    }
}
