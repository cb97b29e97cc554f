import AMQP
import FoundationEssentials
import NIOCore
import Testing

@testable import Sandbox

/// The broker against ``QueueModel``: the same random steps, and after each the same answer.
@Suite struct BrokerPropertyTests {
    /// Enough to meet every rule often. `script/soak` sets `CALLBOARD_PROPERTY_STEPS` for a long run, which has seeds of its own besides.
    private static let longSteps = ProcessInfo.processInfo.environment["CALLBOARD_PROPERTY_STEPS"].flatMap { Int($0) }
    private static let steps = longSteps ?? 3000
    /// Seed, and whether the queue requires sessions. The seed of a run that fails is in its name.
    private static let runs: [(UInt64, Bool)] =
        [(1, false), (2, true), (3, false), (4, true)]
        + (longSteps == nil ? [] : [(.random(in: 100 ... .max), false), (.random(in: 100 ... .max), true)])

    @Test(arguments: runs)
    func behavesLikeTheModelUnderRandomSteps(seed: UInt64, requiresSession: Bool) throws {
        var run = try PropertyRun(seed: seed, requiresSession: requiresSession)
        for step in 0..<Self.steps {
            try run.step()
            let (counts, expected) = (try run.fixture.counts(), run.model.counts)
            guard counts == expected else {
                Issue.record("step \(step): counts \(counts), expected \(expected)")
                return
            }
            guard step % 10 == 0 else { continue }
            let (seen, wanted) = (try run.views(), [QueueModel.view(run.model.active), QueueModel.view(run.model.dead)])
            guard seen == wanted else {
                Issue.record("step \(step): saw \(seen), expected \(wanted)")
                return
            }
        }
        // What died, died of what the model says.
        let reasons = try run.fixture.deadLetters.peekAll().map { try $0.property("DeadLetterReason")?.text }
        #expect(reasons == run.model.dead.sorted { $0.number < $1.number }.map(\.reason))
        try run.emptyAndCheckNothingIsLeft()
    }
}

private struct PropertyRun {
    let fixture: BrokerFixture
    let queue: MessageQueue
    var model: QueueModel
    var random: TestRandom
    /// Leases as the broker gave them, lost ones included.
    private var leases: [SessionLease] = []
    /// Tokens as the broker gave them, lost ones included.
    private var tokens: [UUIDBytes] = []
    /// Transactions not discharged, those that ran out of time included.
    private var transactions: [TransactionID] = []
    private var bodies = 0

    init(seed: UInt64, requiresSession: Bool) throws {
        fixture = try BrokerFixture.withQueue {
            $0.lockDuration = 10_000
            $0.maxDeliveryCount = 3
            $0.deadLetteringOnExpiration = true
            $0.requiresSession = requiresSession
        }
        queue = try fixture.q
        model = QueueModel(lockDuration: 10_000, maxDeliveryCount: 3, requiresSession: requiresSession, now: fixture.clock.milliseconds)
        random = TestRandom(state: seed)
    }

    private mutating func pick(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }

    mutating func step() throws {
        switch pick(24) {
        case 0...5: if model.active.count < 60 { try send() }
        case 6...8: try receive()
        case 9...12: try settle()
        case 13: try renew()
        case 14: try receiveDeferred()
        case 15: try cancel()
        case 16: if model.requiresSession { try accept() }
        case 17: if model.requiresSession { try release() }
        case 18: try drainDeadLetters()
        case 19: try begin()
        case 20: try sendInTransaction()
        case 21: try settleInTransaction()
        case 22: try endTransaction()
        default: pass()
        }
    }

    private mutating func pass() {
        fixture.clock.milliseconds += Int64(pick(4000))
        // Whether or not the timer fires: the next operation catches up.
        if pick(2) == 0 { fixture.broker.advance() }
        model.pass(to: fixture.clock.milliseconds)
    }

    private mutating func send() throws {
        bodies += 1
        let body = "m\(bodies)"
        let session = model.requiresSession ? "s\(pick(5))" : nil
        let ttl = pick(3) == 0 ? UInt32(pick(30_000)) : nil
        let scheduledAt = pick(5) == 0 ? model.now + Int64(pick(20_000)) : nil
        let number = try fixture.send(body) {
            $0.ttl = ttl
            $0.scheduledAt = scheduledAt
            if let session { $0.sessionID = session }
        }
        #expect(number == model.send(body, session: session, ttl: ttl.map(Int64.init), scheduledAt: scheduledAt))
    }

    private mutating func receive() throws {
        let count = pick(4)
        var lease: SessionLease?
        if model.requiresSession {
            guard !leases.isEmpty else { return }
            let held = leases[pick(leases.count)]
            guard model.leases[held.sessionID]?.token == held.token else {
                #expect(refusal { try queue.receive(maxCount: count, mode: .peekLock, session: held) } == .sessionLockLost)
                return
            }
            lease = held
        }
        let expected = model.ready(in: lease?.sessionID).prefix(count)
        let mode: MessageQueue.ReceiveMode = pick(8) == 0 ? .receiveAndDelete : .peekLock
        let deliveries = try queue.receive(maxCount: count, mode: mode, session: lease)
        #expect(deliveries.map(\.sequenceNumber) == expected.map(\.number))
        #expect(try deliveries.map { try $0.text } == expected.map(\.body))
        #expect(deliveries.map { Int($0.deliveryCount) } == expected.map(\.failures))
        for delivery in deliveries {
            if let token = delivery.lockToken {
                tokens.append(token)
                model.lock(delivery.sequenceNumber, token, deferred: false)
            } else {
                model.active.removeAll { $0.number == delivery.sequenceNumber }
            }
        }
    }

    private mutating func anySettlement() -> Settlement {
        switch pick(6) {
        case 0, 1: .complete
        case 2: .abandon()
        case 3: .release
        case 4: .defer()
        default: .deadLetter(reason: "App", description: nil)
        }
    }

    // MARK: Transactions

    private mutating func begin() throws {
        guard model.transactions.count < 3 else { return }
        let id = try fixture.broker.beginTransaction()
        transactions.append(id)
        model.transactions[id] = .init(until: model.now + QueueModel.transactionTimeout)
    }

    private mutating func sendInTransaction() throws {
        guard !transactions.isEmpty, model.active.count < 60 else { return }
        let id = transactions[pick(transactions.count)]
        bodies += 1
        let body = "m\(bodies)"
        let session = model.requiresSession ? "s\(pick(5))" : nil
        let scheduledAt = pick(4) == 0 ? model.now + Int64(pick(20_000)) : nil
        let message = try BrokerFixture.message(body) {
            $0.scheduledAt = scheduledAt
            if let session { $0.sessionID = session }
        }
        let answer = refusal { try fixture.broker.send([message], to: BrokerFixture.address("q"), in: id) }
        #expect(answer == (model.transactions[id] == nil ? .transactionUnknown : nil))
        model.transactions[id]?.operations.append(.send(body, session: session, ttl: nil, scheduledAt: scheduledAt))
    }

    private mutating func settleInTransaction() throws {
        guard !transactions.isEmpty, !tokens.isEmpty else { return }
        let id = transactions[pick(transactions.count)]
        // Seldom one that is lost: it spoils the transaction.
        let held = tokens.filter { model.holds($0) }
        let token = held.isEmpty || pick(12) == 0 ? tokens[pick(tokens.count)] : held[pick(held.count)]
        let settlement = anySettlement()
        let isHeld = model.holds(token)
        let answer = refusal { try queue.settle(token, settlement, in: id) }
        guard model.transactions[id] != nil else {
            #expect(answer == .transactionUnknown)
            return
        }
        #expect(answer == (isHeld ? nil : model.requiresSession ? .sessionLockLost : .messageLockLost))
        model.settle(token, settlement, in: id)
    }

    private mutating func endTransaction() throws {
        guard !transactions.isEmpty else { return }
        let id = transactions.remove(at: pick(transactions.count))
        let isOpen = model.transactions[id] != nil
        if pick(3) == 0 {
            #expect(refusal { try fixture.broker.rollBack(id) } == (isOpen ? nil : .transactionTimedOut))
            model.rollBack(id)
        } else {
            let answer = refusal { try fixture.broker.commit(id) }
            let isDone = model.commit(id)
            #expect(answer == (isDone ? nil : isOpen ? .transactionRolledBack : .transactionTimedOut))
        }
    }

    private mutating func settle() throws {
        guard !tokens.isEmpty else { return }
        let token = tokens.remove(at: pick(tokens.count))
        let settlement = anySettlement()
        let isHeld = model.holds(token)
        let answer = refusal { try queue.settle(token, settlement) }
        #expect(answer == (isHeld ? nil : model.requiresSession ? .sessionLockLost : .messageLockLost))
        model.settle(token, settlement)
    }

    private mutating func renew() throws {
        if model.requiresSession {
            let id = "s\(pick(5))"
            #expect((refusal { try queue.renewSession(id) } == nil) == (model.leases[id] != nil))
            model.renewSession(id)
        } else if !tokens.isEmpty {
            let token = tokens[pick(tokens.count)]
            #expect((refusal { try queue.renewLock(token) } == nil) == model.active.contains { $0.token == token })
            model.renew(token)
        }
    }

    private mutating func receiveDeferred() throws {
        guard let entry = model.active.filter({ $0.state == .deferred }).randomElement(using: &random) else { return }
        // In a session entity deferred messages are received by whoever holds the session.
        if let session = entry.session, model.leases[session] == nil { return }
        model.expireDeferred(entry.number)
        let isThere = model.active.contains { $0.number == entry.number }
        guard isThere else {
            #expect(refusal { try queue.receiveDeferred([entry.number], mode: .peekLock) } == .messageNotFound)
            return
        }
        let delivery = try #require(try queue.receiveDeferred([entry.number], mode: .peekLock, sessionID: entry.session).first)
        #expect(try delivery.text == entry.body)
        let token = try delivery.token
        tokens.append(token)
        model.lock(entry.number, token, deferred: true)
    }

    private mutating func cancel() throws {
        let number = Int64(pick(bodies + 1))
        let index = model.active.firstIndex { entry in
            if case .scheduled = entry.state { entry.number == number } else { false }
        }
        #expect((refusal { try queue.cancelScheduled([number]) } == nil) == (index != nil))
        if let index { model.active.remove(at: index) }
    }

    private mutating func accept() throws {
        let id = pick(2) == 0 ? "s\(pick(5))" : nil
        if let id, model.leases[id] != nil {
            #expect(refusal { try queue.acceptSession(id) } == .sessionLocked)
            return
        }
        let expected = id ?? model.nextSession
        let lease = try queue.acceptSession(id)
        #expect(lease?.sessionID == expected)
        guard let lease else { return }
        leases.append(lease)
        model.leases[lease.sessionID] = .init(token: lease.token, until: lease.lockedUntil)
    }

    private mutating func release() throws {
        guard !leases.isEmpty else { return }
        let lease = leases.remove(at: pick(leases.count))
        queue.releaseSession(lease)
        if model.leases[lease.sessionID]?.token == lease.token { model.endSession(lease.sessionID, isFailure: false) }
    }

    /// Keeps the dead-letter queue small.
    private mutating func drainDeadLetters() throws {
        guard model.dead.count > 30 else { return }
        let taken = try fixture.deadLetters.receive(maxCount: 20, mode: .receiveAndDelete).map(\.sequenceNumber)
        let expected = model.dead.map(\.number).sorted().prefix(20)
        #expect(taken == Array(expected))
        model.dead.removeAll { expected.contains($0.number) }
    }

    func views() throws -> [[String]] {
        try [queue, fixture.deadLetters].map { queue in
            try queue.peekAll().map { "\($0.sequenceNumber) \(try $0.text) \($0.state.rawValue) \($0.deliveryCount)" }
        }
    }

    /// Ends everything that is held, deletes everything, and looks whether anything is left behind.
    func emptyAndCheckNothingIsLeft() throws {
        for id in model.transactions.keys { try fixture.broker.rollBack(id) }
        #expect(fixture.broker.transactionBytes == 0)
        try fixture.broker.remove("q")
        #expect(fixture.broker.sizeInBytes == 0)
        #expect(fixture.broker.nextDeadline == nil)
    }
}
