import AMQP
import NIOCore
import Testing

@testable import Sandbox

@Suite struct PeekLockTests {
    @Test func propertiesAreReplacedByNamesThatAreTheSameByteForByte() throws {
        let fixture = try BrokerFixture.withQueue()
        let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}")
        try fixture.send { $0.applicationProperties = AMQPMap([.init(key: .string(composed), value: .int(1))]) }
        for value: Int32 in [2, 3] {
            let properties = AMQPMap([.init(key: .string(decomposed), value: .int(value))])
            try fixture.q.settle(fixture.q.receiveOne().token, .abandon(properties: properties))
        }
        let pairs = try #require(try fixture.q.peekAll().first?.decoded.applicationProperties.pairs)
        #expect(pairs.map(\.key.text).map { $0.map { Array($0.utf8) } } == [Array(composed.utf8), Array(decomposed.utf8)])
        #expect(pairs.map(\.value) == [.int(1), .int(3)])
    }

    @Test func messagesComeInTheOrderTheyWereSent() throws {
        let fixture = try BrokerFixture.withQueue()
        for body in ["a", "b", "c"] { try fixture.send(body) }
        let deliveries = try fixture.q.receive(maxCount: 10, mode: .peekLock)
        #expect(try deliveries.map { try $0.text } == ["a", "b", "c"])
        #expect(deliveries.map(\.sequenceNumber) == [1, 2, 3])
    }

    @Test func aReceiverGetsNoMoreThanItsCredit() throws {
        let fixture = try BrokerFixture.withQueue()
        for _ in 0..<5 { try fixture.send() }
        #expect(try fixture.q.receive(maxCount: 2, mode: .peekLock).count == 2)
        #expect(try fixture.q.receive(maxCount: 0, mode: .peekLock).isEmpty)
        #expect(try fixture.q.receive(maxCount: -1, mode: .peekLock).isEmpty)
        #expect(try fixture.q.receive(maxCount: 10, mode: .peekLock).count == 3)
    }

    @Test func aLockedMessageIsNotDeliveredAgainAndStillCounts() throws {
        let fixture = try BrokerFixture.withQueue()
        try fixture.send()
        _ = try fixture.q.receiveOne()
        #expect(try fixture.q.receive(maxCount: 1, mode: .peekLock).isEmpty)
        #expect(try fixture.counts().active == 1)
        #expect(try fixture.q.peekAll().count == 1)
    }

    @Test func completeRemovesIt() throws {
        let fixture = try BrokerFixture.withQueue()
        try fixture.send()
        try fixture.q.settle(fixture.q.receiveOne().token, .complete)
        #expect(try fixture.counts() == EntitySnapshot.Counts())
        #expect(try fixture.broker.snapshot(of: "q").sizeInBytes == 0)
    }

    @Test func aTokenWorksOnce() throws {
        let fixture = try BrokerFixture.withQueue()
        try fixture.send()
        let token = try fixture.q.receiveOne().token
        try fixture.q.settle(token, .complete)
        #expect(refusal { try fixture.q.settle(token, .complete) } == .messageLockLost)
        #expect(refusal { try fixture.q.settle(UUIDBytes(high: 1, low: 2), .release) } == .messageLockLost)
    }

    @Test func aReceivedAndDeletedMessageIsGone() throws {
        let fixture = try BrokerFixture.withQueue()
        try fixture.send()
        let delivery = try #require(try fixture.q.receive(maxCount: 1, mode: .receiveAndDelete).first)
        #expect(delivery.lockToken == nil)
        #expect(try fixture.counts().active == 0)
    }

    @Test func theHeaderCountsEarlierDeliveriesOnly() throws {
        let fixture = try BrokerFixture.withQueue()
        try fixture.send()
        let first = try fixture.q.receiveOne()
        #expect(try first.decoded.header?.deliveryCount == 0)
        try fixture.q.settle(first.token, .abandon())
        #expect(try fixture.q.receiveOne().decoded.header?.deliveryCount == 1)
    }

    @Test func abandonPutsItBackInItsOldPlaceAndSetsProperties() throws {
        let fixture = try BrokerFixture.withQueue()
        try fixture.send("a") { $0.applicationProperties = ["tenant": "emea", "attempt": .int(1)] }
        try fixture.send("b")
        let first = try fixture.q.receiveOne()
        try fixture.q.settle(first.token, .abandon(properties: [.symbol("attempt"): .int(2), .symbol("why"): "later"]))
        let again = try fixture.q.receiveOne()
        #expect(try again.text == "a")
        #expect(try again.decoded.applicationProperties == ["tenant": "emea", "attempt": .int(2), "why": "later"])
    }

    @Test func releaseIsNoDelivery() throws {
        let fixture = try BrokerFixture.withQueue { $0.maxDeliveryCount = 1 }
        try fixture.send()
        for _ in 0..<5 {
            let delivery = try fixture.q.receiveOne()
            #expect(delivery.deliveryCount == 0)
            try fixture.q.settle(delivery.token, .release)
        }
        #expect(try fixture.counts().active == 1)
    }

    @Test func aLockEndsByItselfAndCountsAsAFailedDelivery() throws {
        let fixture = try BrokerFixture.withQueue { $0.lockDuration = 30_000 }
        try fixture.send()
        let delivery = try fixture.q.receiveOne()
        #expect(delivery.lockedUntil == fixture.clock.milliseconds + 30_000)
        fixture.clock.milliseconds += 29_999
        #expect(try fixture.q.receive(maxCount: 1, mode: .peekLock).isEmpty)
        fixture.clock.milliseconds += 1
        #expect(refusal { try fixture.q.settle(delivery.token, .complete) } == .messageLockLost)
        #expect(try fixture.q.receiveOne().deliveryCount == 1)
    }

    @Test func renewingALockExtendsItFromNow() throws {
        let fixture = try BrokerFixture.withQueue { $0.lockDuration = 30_000 }
        try fixture.send()
        let token = try fixture.q.receiveOne().token
        fixture.clock.milliseconds += 20_000
        #expect(try fixture.q.renewLock(token) == fixture.clock.milliseconds + 30_000)
        fixture.clock.milliseconds += 29_999
        try fixture.q.settle(token, .complete)
        #expect(refusal { try fixture.q.renewLock(token) } == .messageLockLost)
    }

    @Test func afterMaxDeliveryCountFailuresItIsDeadLettered() throws {
        let fixture = try BrokerFixture.withQueue { $0.maxDeliveryCount = 3 }
        try fixture.send("poison") { $0.messageID = "m1" }
        try fixture.q.settle(fixture.q.receiveOne().token, .abandon())
        _ = try fixture.q.receiveOne()
        fixture.pass(milliseconds: 60_000)
        try fixture.q.settle(fixture.q.receiveOne().token, .abandon())
        #expect(try fixture.counts() == .init(active: 0, deadLetter: 1))
        let dead = try #require(try fixture.deadLetters.peekAll().first)
        #expect(try dead.decoded.header?.deliveryCount == 3)
        #expect(try dead.property("DeadLetterReason") == "MaxDeliveryCountExceeded")
        #expect(try dead.property("DeadLetterErrorDescription") == "Message could not be consumed after 3 delivery attempts.")
        #expect(try dead.decoded.properties?.messageID == "m1")
    }

    @Test func theNextDeadlineIsTheEarliestLock() throws {
        let fixture = try BrokerFixture.withQueue { $0.lockDuration = 10_000 }
        #expect(fixture.broker.nextDeadline == nil)
        try fixture.send()
        try fixture.send()
        let first = try fixture.q.receiveOne()
        fixture.clock.milliseconds += 1000
        let second = try fixture.q.receiveOne()
        #expect(fixture.broker.nextDeadline == first.lockedUntil)
        try fixture.q.settle(first.token, .complete)
        #expect(fixture.broker.nextDeadline == second.lockedUntil)
        try fixture.q.settle(second.token, .complete)
        #expect(fixture.broker.nextDeadline == nil)
    }

    @Test func aClockThatGoesBackDoesNotBringLocksBack() throws {
        let fixture = try BrokerFixture.withQueue { $0.lockDuration = 10_000 }
        try fixture.send()
        let token = try fixture.q.receiveOne().token
        fixture.pass(milliseconds: 10_000)
        fixture.clock.milliseconds -= 60_000
        #expect(refusal { try fixture.q.settle(token, .complete) } == .messageLockLost)
    }
}
