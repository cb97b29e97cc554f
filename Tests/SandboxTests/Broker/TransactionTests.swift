import AMQP
import Testing

@testable import Sandbox

@Suite struct TransactionTests {
    private func two() throws -> BrokerFixture {
        let fixture = try BrokerFixture.withQueue()
        try fixture.broker.createQueue("other")
        return fixture
    }

    private func send(_ fixture: BrokerFixture, _ body: String, to address: String = "q", in id: TransactionID) throws {
        try fixture.broker.send([BrokerFixture.message(body)], to: BrokerFixture.address(address), in: id)
    }

    @Test func nothingIsSeenBeforeTheCommitAndEverythingAfter() throws {
        let fixture = try two()
        try fixture.send("in")
        let delivery = try fixture.q.receiveOne()
        let id = try fixture.broker.beginTransaction()
        try send(fixture, "out", to: "other", in: id)
        try fixture.q.settle(delivery.token, .complete, in: id)
        #expect(try fixture.q.count == 1)
        #expect(try fixture.queue("other").count == 0)
        try fixture.broker.commit(id)
        #expect(try fixture.q.count == 0)
        #expect(try fixture.queue("other").texts() == ["out"])
        #expect(fixture.broker.transactionBytes == 0)
    }

    @Test func theWholeCommitIsAnnouncedAtOnce() throws {
        let fixture = try two()
        let id = try fixture.broker.beginTransaction()
        for body in ["a", "b"] { try send(fixture, body, in: id) }
        try send(fixture, "c", to: "other", in: id)
        var seen: [String: Int] = [:]
        fixture.broker.onEvent = { event in
            if case .messagesAvailable(let queue) = event { seen[queue.address.path] = queue.count }
        }
        try fixture.broker.commit(id)
        #expect(seen == ["q": 2, "other": 1])
    }

    @Test func afterARollbackMessagesAreLockedAsBefore() throws {
        let fixture = try two()
        try fixture.send("in")
        let delivery = try fixture.q.receiveOne()
        let id = try fixture.broker.beginTransaction()
        try send(fixture, "out", in: id)
        try fixture.q.settle(delivery.token, .deadLetter(reason: "x", description: nil), in: id)
        try fixture.broker.rollBack(id)
        #expect(try fixture.q.texts() == ["in"])
        #expect(fixture.broker.transactionBytes == 0)
        // The same lock, with what was left of its time.
        fixture.pass(milliseconds: 59_999)
        #expect(try fixture.q.receive(maxCount: 1, mode: .peekLock).isEmpty)
        try fixture.q.settle(delivery.token, .complete)
        #expect(try fixture.counts() == EntitySnapshot.Counts())
    }

    @Test func whatIsSettledInATransactionIsSettledByNobodyElse() throws {
        let fixture = try two()
        try fixture.send("in")
        let token = try fixture.q.receiveOne().token
        let (first, second) = (try fixture.broker.beginTransaction(), try fixture.broker.beginTransaction())
        try fixture.q.settle(token, .complete, in: first)
        #expect(refusal { try fixture.q.settle(token, .complete) } == .messageLockLost)
        #expect(refusal { try fixture.q.settle(token, .abandon(), in: second) } == .messageLockLost)
        try fixture.broker.commit(first)
        #expect(refusal { try fixture.broker.commit(second) } == .transactionRolledBack)
        #expect(try fixture.q.count == 0)
    }

    @Test func aLockThatRunsOutRollsEverythingBack() throws {
        let fixture = try two()
        try fixture.send("in")
        let token = try fixture.q.receiveOne().token
        let id = try fixture.broker.beginTransaction()
        try fixture.q.settle(token, .complete, in: id)
        try send(fixture, "out", in: id)
        fixture.pass(milliseconds: 60_000)
        #expect(refusal { try fixture.broker.commit(id) } == .transactionRolledBack)
        #expect(try fixture.q.texts() == ["in"])
        #expect(try fixture.q.receiveOne().deliveryCount == 1)
    }

    @Test func aLockCanBeRenewedMeanwhile() throws {
        let fixture = try two()
        try fixture.send("in")
        let token = try fixture.q.receiveOne().token
        let id = try fixture.broker.beginTransaction()
        try fixture.q.settle(token, .complete, in: id)
        fixture.pass(milliseconds: 50_000)
        _ = try fixture.q.renewLock(token)
        fixture.pass(milliseconds: 50_000)
        try fixture.broker.commit(id)
        #expect(try fixture.q.count == 0)
    }

    @Test func anEntityThatClosesMeanwhileRollsEverythingBack() throws {
        let fixture = try two()
        let id = try fixture.broker.beginTransaction()
        try send(fixture, "a", in: id)
        try send(fixture, "b", to: "other", in: id)
        try fixture.broker.remove("other")
        #expect(refusal { try fixture.broker.commit(id) } == .transactionRolledBack)
        #expect(try fixture.q.count == 0)
    }

    /// The ways in which what was settled can be gone with its entity.
    enum Removal: String, CaseIterable { case queue, deadLetters, session, subscription, topic, idleness }

    @Test(arguments: Removal.allCases) func anEntityThatIsRemovedMeanwhileRollsEverythingBack(removal: Removal) throws {
        let fixture = BrokerFixture()
        var settings = QueueSettings()
        settings.requiresSession = removal == .session
        settings.autoDeleteOnIdle = removal == .idleness ? 30_000 : nil
        try fixture.broker.createQueue("q", settings)
        try fixture.broker.createQueue("other")
        try fixture.broker.createTopic("t")
        try fixture.broker.createSubscription("s", of: "t", QueueSettings())
        let address =
            switch removal {
            case .queue, .session, .idleness: "q"
            case .deadLetters: "q/$deadletterqueue"
            case .subscription, .topic: "t/subscriptions/s"
            }
        try fixture.send("in", to: address.hasPrefix("t") ? "t" : "q") { if removal == .session { $0.sessionID = "s" } }
        if removal == .deadLetters { try fixture.q.settle(fixture.q.receiveOne().token, .deadLetter(reason: nil, description: nil)) }
        let lease = removal == .session ? try fixture.q.acceptSession("s") : nil
        let token = try fixture.queue(address).receiveOne(session: lease).token
        let (id, second) = (try fixture.broker.beginTransaction(), try fixture.broker.beginTransaction())
        try fixture.queue(address).settle(token, .complete, in: id)
        try send(fixture, "out", to: "other", in: id)
        switch removal {
        case .idleness: fixture.pass(milliseconds: 30_000)
        case .topic: try fixture.broker.remove("t")
        default: try fixture.broker.remove(removal == .subscription ? "t/subscriptions/s" : "q")
        }
        #expect(refusal { try fixture.queue(address) } == .entityNotFound)
        #expect(refusal { try fixture.broker.commit(id) } == .transactionRolledBack)
        #expect(try fixture.queue("other").count == 0)
        #expect(fixture.broker.sizeInBytes == 0)
        try fixture.broker.rollBack(second)
    }

    @Test(arguments: [false, true]) func aMessageWhoseTimeIsOverMeanwhileRollsEverythingBack(isForwarded: Bool) throws {
        let fixture = try BrokerFixture.withQueue {
            $0.deadLetteringOnExpiration = isForwarded
            $0.forwardDeadLetteredMessagesTo = isForwarded ? "other" : nil
        }
        try fixture.broker.createQueue("other")
        try fixture.send("in") { $0.ttl = 30_000 }
        let token = try fixture.q.receiveOne().token
        let id = try fixture.broker.beginTransaction()
        try fixture.q.settle(token, .complete, in: id)
        // The lock ends, and the message with it.
        fixture.pass(milliseconds: 60_000)
        let size = fixture.broker.sizeInBytes
        #expect(refusal { try fixture.broker.commit(id) } == .transactionRolledBack)
        #expect(fixture.broker.sizeInBytes == size)
        #expect(try fixture.queue("other").count == (isForwarded ? 1 : 0))
    }

    @Test func aTransactionLastsTwoMinutes() throws {
        let fixture = try two()
        try fixture.send("in")
        let token = try fixture.q.receiveOne().token
        let id = try fixture.broker.beginTransaction()
        fixture.pass(milliseconds: 50_000)
        _ = try fixture.q.renewLock(token)
        fixture.pass(milliseconds: 50_000)
        _ = try fixture.q.renewLock(token)
        try fixture.q.settle(token, .complete, in: id)
        fixture.pass(milliseconds: 20_000)
        // The lock lives on; the transaction does not.
        #expect(refusal { try send(fixture, "late", in: id) } == .transactionUnknown)
        #expect(refusal { try fixture.broker.commit(id) } == .transactionTimedOut)
        try fixture.q.settle(token, .complete)
    }

    @Test func aTransactionEndsOnce() throws {
        let fixture = try two()
        let id = try fixture.broker.beginTransaction()
        try fixture.broker.commit(id)
        #expect(refusal { try fixture.broker.commit(id) } == .transactionUnknown)
        #expect(refusal { try fixture.broker.rollBack(id) } == .transactionUnknown)
    }

    @Test func theHundredAndFirstMessageIsTooMany() throws {
        let fixture = try two()
        let id = try fixture.broker.beginTransaction()
        for number in 0..<100 { try send(fixture, "\(number)", in: id) }
        #expect(refusal { try send(fixture, "100", in: id) } == .notAllowed)
        // The service lets such a transaction fail as a whole.
        #expect(refusal { try fixture.broker.commit(id) } == .transactionRolledBack)
        #expect(try fixture.q.count == 0)
    }

    @Test func aPartThatFailsRollsEverythingBack() throws {
        let fixture = try two()
        let parts: [(BrokerError.Reason, (TransactionID) throws -> Void)] = [
            (.messageTooLarge, { try send(fixture, String(repeating: "x", count: 300_000), in: $0) }),
            (.entityNotFound, { try send(fixture, "x", to: "nowhere", in: $0) }),
            (.messageLockLost, { try fixture.q.settle(UUIDBytes(high: 1, low: 2), .complete, in: $0) }),
        ]
        for (reason, part) in parts {
            let id = try fixture.broker.beginTransaction()
            try send(fixture, "good", to: "other", in: id)
            #expect(refusal { try part(id) } == reason)
            #expect(refusal { try fixture.broker.commit(id) } == .transactionRolledBack)
            #expect(try fixture.queue("other").count == 0)
            #expect(fixture.broker.transactionBytes == 0)
        }
    }

    @Test func messagesThatWaitForACommitCountForTheNamespace() throws {
        var limits = BrokerLimits.standard
        limits.maximumNamespaceBytes = 300
        let fixture = try BrokerFixture.withQueue(limits: limits)
        let id = try fixture.broker.beginTransaction()
        try send(fixture, String(repeating: "x", count: 200), in: id)
        #expect(refusal { try fixture.send(String(repeating: "x", count: 200)) } == .quotaExceeded)
        try fixture.broker.rollBack(id)
        try fixture.send(String(repeating: "x", count: 200))
    }

    @Test func scheduledMessagesKeepTheNumbersThatWerePromised() throws {
        let fixture = try two()
        let id = try fixture.broker.beginTransaction()
        let later = try BrokerFixture.message("later") { $0.scheduledAt = fixture.clock.milliseconds + 10_000 }
        let numbers = try fixture.broker.send([later], to: BrokerFixture.address("q"), in: id, reservesNumbers: true)
        try fixture.send("first")
        #expect(refusal { try fixture.q.cancelScheduled(numbers) } == .messageNotFound)
        try fixture.broker.commit(id)
        #expect(try fixture.q.peekAll().map(\.sequenceNumber) == numbers + [2])
        try fixture.q.cancelScheduled(numbers)
        #expect(try fixture.q.texts() == ["first"])
    }

    @Test func sendingViaAQueuePassesOn() throws {
        let fixture = try two()
        let id = try fixture.broker.beginTransaction()
        try fixture.broker.send(
            [BrokerFixture.message("out")], to: BrokerFixture.address("q"), transferringTo: BrokerFixture.address("other"), in: id)
        #expect(try fixture.queue("other").count == 0)
        try fixture.broker.commit(id)
        #expect(try fixture.q.count == 0)
        #expect(try fixture.queue("other").texts() == ["out"])
    }

    @Test func aTransferThatFailsIsKeptAtTheQueueItWentVia() throws {
        let fixture = try two()
        let id = try fixture.broker.beginTransaction()
        try fixture.broker.send(
            [BrokerFixture.message("out")], to: BrokerFixture.address("q"), transferringTo: BrokerFixture.address("other"), in: id)
        try fixture.broker.remove("other")
        try fixture.broker.commit(id)
        let failed = try fixture.queue("q/$Transfer/$DeadLetterQueue")
        #expect(try failed.texts() == ["out"])
        #expect(try failed.peekAll().first?.property("DeadLetterReason")?.text == "MessagingEntityNotFoundException")
        #expect(try fixture.counts().transferDeadLetter == 1)
    }

    @Test func aSessionThatIsGivenBackTakesItsMessagesOutOfTheTransaction() throws {
        let fixture = try BrokerFixture.withQueue { $0.requiresSession = true }
        try fixture.send("in") { $0.sessionID = "s" }
        let lease = try #require(try fixture.q.acceptSession("s"))
        let id = try fixture.broker.beginTransaction()
        try fixture.q.settle(fixture.q.receiveOne(session: lease).token, .complete, in: id)
        try fixture.q.releaseSession(lease)
        #expect(refusal { try fixture.broker.commit(id) } == .transactionRolledBack)
        let again = try #require(try fixture.q.acceptSession("s"))
        try fixture.q.settle(fixture.q.receiveOne(session: again).token, .complete)
    }
}
