import AMQP
import NIOCore
import Testing

@testable import Sandbox

@Suite struct SessionTests {
    private func fixture(_ configure: (inout QueueSettings) -> Void = { _ in }) throws -> BrokerFixture {
        try BrokerFixture.withQueue {
            $0.requiresSession = true
            configure(&$0)
        }
    }

    private func send(_ body: String, _ session: String, _ fixture: BrokerFixture) throws {
        try fixture.send(body) { $0.sessionID = session }
    }

    private func accept(_ id: String?, _ fixture: BrokerFixture) throws -> SessionLease {
        try #require(try fixture.q.acceptSession(id))
    }

    @Test func aMessageWithoutSessionIsRefused() throws {
        let fixture = try fixture()
        #expect(refusal { try fixture.send("a") } == .notAllowed)
        #expect(refusal { try fixture.q.receive(maxCount: 1, mode: .peekLock) } == .notAllowed)
    }

    @Test func aSessionsMessagesComeInOrderToItsHolderOnly() throws {
        let fixture = try fixture()
        for (body, session) in [("a1", "a"), ("b1", "b"), ("a2", "a")] { try send(body, session, fixture) }
        let lease = try accept("a", fixture)
        let deliveries = try fixture.q.receive(maxCount: 10, mode: .peekLock, session: lease)
        #expect(try deliveries.map { try $0.text } == ["a1", "a2"])
        #expect(deliveries.allSatisfy { $0.sessionID == "a" && $0.lockedUntil == lease.lockedUntil })
        #expect(refusal { try fixture.q.acceptSession("a") } == .sessionLocked)
    }

    @Test func namesAreComparedByteForByte() throws {
        let fixture = try fixture()
        let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}")
        #expect(composed == decomposed, "Swift takes them for the same")
        for session in [composed, decomposed] { try send(session, session, fixture) }
        #expect(try fixture.q.peek(from: 0, maxCount: 10, sessionID: decomposed).map(\.sequenceNumber) == [2])
        let lease = try accept(decomposed, fixture)
        let delivery = try fixture.q.receiveOne(session: lease)
        #expect(delivery.sequenceNumber == 2)
        #expect(try fixture.q.receive(maxCount: 1, mode: .peekLock, session: lease).isEmpty)
        try fixture.q.settle(delivery.token, .defer())
        #expect(refusal { try fixture.q.receiveDeferred([2], mode: .peekLock, sessionID: composed) } == .messageNotFound)
        // The other is nobody's.
        #expect(try accept(nil, fixture).sessionID.utf8.elementsEqual(composed.utf8))
        try fixture.q.setSessionState(ByteBuffer(string: "x"), of: composed)
        #expect(try fixture.q.sessionState(decomposed) == nil)
    }

    @Test func theNextSessionIsTheOneWithTheOldestMessage() throws {
        let fixture = try fixture()
        for session in ["x", "y", "z"] { try send(session, session, fixture) }
        #expect(try accept(nil, fixture).sessionID == "x")
        #expect(try accept("z", fixture).sessionID == "z")
        #expect(try accept(nil, fixture).sessionID == "y")
        #expect(try fixture.q.acceptSession(nil) == nil)
    }

    @Test func aSessionThatOnlyHasDeferredMessagesIsNotNext() throws {
        let fixture = try fixture()
        try send("a1", "a", fixture)
        let lease = try accept("a", fixture)
        let delivery = try fixture.q.receiveOne(session: lease)
        try fixture.q.settle(delivery.token, .defer())
        fixture.release(lease)
        #expect(try fixture.q.acceptSession(nil) == nil)
        #expect(try fixture.q.receiveDeferred([delivery.sequenceNumber], mode: .receiveAndDelete, sessionID: "a").count == 1)
        #expect(refusal { try fixture.q.receiveDeferred([delivery.sequenceNumber], mode: .peekLock, sessionID: "b") } == .messageNotFound)
    }

    @Test func aSessionThatDoesNotExistMayBeAcceptedByName() throws {
        let fixture = try fixture()
        let lease = try accept("new", fixture)
        #expect(try fixture.q.receive(maxCount: 1, mode: .peekLock, session: lease).isEmpty)
        try send("n1", "new", fixture)
        #expect(try fixture.q.receiveOne(session: lease).text == "n1")
    }

    @Test func releasingASessionIsNoFailedDelivery() throws {
        let fixture = try fixture()
        try send("a1", "a", fixture)
        let lease = try accept("a", fixture)
        let delivery = try fixture.q.receiveOne(session: lease)
        fixture.release(lease)
        #expect(refusal { try fixture.q.settle(delivery.token, .complete) } == .sessionLockLost)
        #expect(try fixture.q.receiveOne(session: accept(nil, fixture)).deliveryCount == 0)
    }

    @Test func aSessionLockThatRunsOutIsAFailedDelivery() throws {
        let fixture = try fixture { $0.lockDuration = 10_000 }
        try send("a1", "a", fixture)
        try send("a2", "a", fixture)
        let lease = try accept("a", fixture)
        let first = try fixture.q.receiveOne(session: lease)
        var lost: [SessionLease] = []
        fixture.broker.onEvent = { if case .sessionLockLost(_, let lease) = $0 { lost.append(lease) } }
        fixture.pass(milliseconds: 10_000)
        #expect(lost == [lease])
        #expect(refusal { try fixture.q.settle(first.token, .complete) } == .sessionLockLost)
        #expect(refusal { try fixture.q.receive(maxCount: 1, mode: .peekLock, session: lease) } == .sessionLockLost)
        let again = try fixture.q.receive(maxCount: 2, mode: .peekLock, session: accept(nil, fixture))
        #expect(again.map(\.deliveryCount) == [1, 0])
    }

    @Test func renewingASessionKeepsItsMessages() throws {
        let fixture = try fixture { $0.lockDuration = 10_000 }
        try send("a1", "a", fixture)
        let lease = try accept("a", fixture)
        let delivery = try fixture.q.receiveOne(session: lease)
        fixture.clock.milliseconds += 9000
        #expect(refusal { try fixture.q.renewLock(delivery.token) } == .notAllowed)
        #expect(try fixture.q.renewSession("a") == fixture.clock.milliseconds + 10_000)
        fixture.clock.milliseconds += 9000
        try fixture.q.settle(delivery.token, .complete)
        fixture.clock.milliseconds += 9000
        #expect(refusal { try fixture.q.renewSession("a") } == .sessionLockLost)
    }

    @Test func stateOutlivesTheMessagesUntilItIsCleared() throws {
        let fixture = try fixture()
        try send("a1", "a", fixture)
        let lease = try accept("a", fixture)
        #expect(try fixture.q.sessionState("a") == nil)
        try fixture.q.setSessionState(ByteBuffer(string: "step 3"), of: "a")
        try fixture.q.settle(fixture.q.receiveOne(session: lease).token, .complete)
        fixture.release(lease)
        #expect(try fixture.q.sessionIDs(stateUpdatedAfter: nil, skip: 0, top: 10) == ["a"])
        #expect(refusal { try fixture.q.sessionState("a") } == .sessionLockLost)
        let again = try accept("a", fixture)
        #expect(try fixture.q.sessionState("a") == ByteBuffer(string: "step 3"))
        try fixture.q.setSessionState(nil, of: "a")
        fixture.release(again)
        #expect(try fixture.q.sessionIDs(stateUpdatedAfter: nil, skip: 0, top: 10) == [])
        #expect(try fixture.broker.snapshot(of: "q").sizeInBytes == 0)
    }

    @Test func sessionsAreListedInPagesAndByStateTime() throws {
        let fixture = try fixture()
        for index in 0..<7 { try send("m", "s\(index)", fixture) }
        #expect(try fixture.q.sessionIDs(stateUpdatedAfter: nil, skip: 2, top: 3) == ["s2", "s3", "s4"])
        #expect(try fixture.q.sessionIDs(stateUpdatedAfter: nil, skip: 7, top: 3) == [])
        let before = fixture.clock.milliseconds
        fixture.clock.milliseconds += 5
        let lease = try accept("s4", fixture)
        try fixture.q.setSessionState(ByteBuffer(string: "x"), of: "s4")
        fixture.release(lease)
        #expect(try fixture.q.sessionIDs(stateUpdatedAfter: before, skip: 0, top: 10) == ["s4"])
        #expect(try fixture.q.sessionIDs(stateUpdatedAfter: fixture.clock.milliseconds, skip: 0, top: 10) == [])
    }

    @Test func sessionsArePeekedTogetherOrOneByOne() throws {
        let fixture = try fixture()
        for (body, session) in [("a1", "a"), ("b1", "b"), ("a2", "a")] { try send(body, session, fixture) }
        #expect(try fixture.q.texts() == ["a1", "b1", "a2"])
        #expect(try fixture.q.peek(from: 0, maxCount: 10, sessionID: "a").map { try $0.text } == ["a1", "a2"])
        #expect(try fixture.q.peek(from: 2, maxCount: 10, sessionID: "a").map { try $0.text } == ["a2"])
        #expect(try fixture.q.peek(from: 0, maxCount: 10, sessionID: "none").isEmpty)
    }

    @Test func deadLettersOfASessionAreReceivedWithoutOne() throws {
        let fixture = try fixture { $0.maxDeliveryCount = 1 }
        try send("a1", "a", fixture)
        let lease = try accept("a", fixture)
        try fixture.q.settle(fixture.q.receiveOne(session: lease).token, .abandon())
        let dead = try fixture.deadLetters.receiveOne()
        #expect(try dead.decoded.properties?.groupID == "a")
        #expect(refusal { try fixture.deadLetters.acceptSession("a") } == .notAllowed)
    }

    @Test func scheduledMessagesJoinTheirSession() throws {
        let fixture = try fixture()
        try fixture.send("later") {
            $0.sessionID = "a"
            $0.scheduledAt = fixture.clock.milliseconds + 1000
        }
        #expect(try fixture.q.acceptSession(nil) == nil)
        fixture.pass(milliseconds: 1000)
        #expect(try accept(nil, fixture).sessionID == "a")
    }

    @Test func anExpiredMessageLeavesItsSession() throws {
        let fixture = try fixture()
        try fixture.send("a") {
            $0.sessionID = "a"
            $0.ttl = 100
        }
        fixture.pass(milliseconds: 100)
        #expect(try fixture.q.acceptSession(nil) == nil)
        #expect(try fixture.q.sessionIDs(stateUpdatedAfter: nil, skip: 0, top: 10) == [])
    }

    @Test func aPlainQueueHasNoSessions() throws {
        let fixture = try BrokerFixture.withQueue()
        #expect(refusal { try fixture.q.acceptSession("a") } == .notAllowed)
        #expect(refusal { try fixture.q.sessionIDs(stateUpdatedAfter: nil, skip: 0, top: 10) } == .notAllowed)
    }
}

extension BrokerFixture {
    fileprivate func release(_ lease: SessionLease) { (try? q)?.releaseSession(lease) }
}
