import AMQP
import NIOCore
import Testing

@testable import Sandbox

@Suite struct ExpiryAndScheduleTests {
    @Test func anExpiredMessageIsDropped() throws {
        let fixture = try BrokerFixture.withQueue()
        try fixture.send("a") { $0.ttl = 1000 }
        try fixture.send("b")
        fixture.clock.milliseconds += 1000
        #expect(try fixture.q.texts() == ["b"])
        #expect(try fixture.counts() == .init(active: 1))
    }

    @Test func orDeadLetteredWhenTheQueueSaysSo() throws {
        let fixture = try BrokerFixture.withQueue { $0.deadLetteringOnExpiration = true }
        try fixture.send("a") { $0.ttl = 1000 }
        fixture.pass(milliseconds: 1000)
        let dead = try #require(try fixture.deadLetters.peekAll().first)
        #expect(try dead.property("DeadLetterReason") == "TTLExpiredException")
        #expect(try dead.property("DeadLetterErrorDescription") == "The message expired and was dead lettered.")
        fixture.pass(milliseconds: 100_000_000)
        #expect(try fixture.counts().deadLetter == 1, "time to live is not observed in a dead-letter queue")
    }

    @Test(arguments: [(500, 1000, 500), (2000, 1000, 1000), (nil, 1000, 1000), (700, nil, 700)] as [(UInt32?, Int64?, Int64)])
    func theShorterTimeToLiveCounts(own: UInt32?, entity: Int64?, effective: Int64) throws {
        let fixture = try BrokerFixture.withQueue { $0.defaultTimeToLive = entity }
        try fixture.send("a") { $0.ttl = own }
        #expect(try fixture.q.peekAll().first?.decoded.header?.ttl == UInt32(effective))
        #expect(fixture.broker.nextDeadline == fixture.clock.milliseconds + effective)
        fixture.pass(milliseconds: effective - 1)
        #expect(try fixture.counts().active == 1)
        fixture.pass(milliseconds: 1)
        #expect(try fixture.counts().active == 0)
    }

    @Test func aLockedMessageExpiresWhenItComesBack() throws {
        let fixture = try BrokerFixture.withQueue()
        try fixture.send("a") { $0.ttl = 1000 }
        try fixture.send("b") { $0.ttl = 1000 }
        let deliveries = try fixture.q.receive(maxCount: 2, mode: .peekLock)
        fixture.clock.milliseconds += 5000
        try fixture.q.settle(deliveries[0].token, .complete)
        try fixture.q.settle(deliveries[1].token, .abandon())
        #expect(try fixture.counts() == .init())
    }

    @Test func aMessageWithoutTimeToLiveStaysForEver() throws {
        let fixture = try BrokerFixture.withQueue()
        try fixture.send()
        fixture.pass(milliseconds: .max / 4)
        #expect(try fixture.counts().active == 1)
        #expect(try fixture.q.peekAll().first?.decoded.header?.ttl == nil)
    }

    @Test func aScheduledMessageBecomesActiveAtItsTimeWithANewNumber() throws {
        let fixture = try BrokerFixture.withQueue()
        let due = fixture.clock.milliseconds + 5000
        let number = try fixture.send("later") { $0.scheduledAt = due }
        try fixture.send("now")
        #expect(number == 1)
        #expect(try fixture.counts() == .init(active: 1, scheduled: 1))
        let peeked = try #require(try fixture.q.peekAll().first)
        #expect(peeked.state == .scheduled)
        #expect(try peeked.decoded.messageAnnotations["x-opt-message-state"] == .int(2))
        #expect(try peeked.decoded.messageAnnotations["x-opt-scheduled-enqueue-time"] == .timestamp(due))
        #expect(try fixture.q.receive(maxCount: 5, mode: .receiveAndDelete).count == 1)

        fixture.pass(milliseconds: 5000)
        #expect(try fixture.counts() == .init(active: 1))
        let delivery = try fixture.q.receiveOne()
        #expect(delivery.sequenceNumber == 3)
        #expect(delivery.enqueuedSequenceNumber == 1)
        #expect(delivery.enqueuedTime == due)
        #expect(try delivery.decoded.messageAnnotations["x-opt-scheduled-enqueue-time"] == .timestamp(due))
    }

    @Test func messagesScheduledForOneInstantKeepTheirOrder() throws {
        let fixture = try BrokerFixture.withQueue()
        let bodies = (0..<50).map { "m\($0)" }
        for body in bodies { try fixture.send(body) { $0.scheduledAt = fixture.clock.milliseconds + 1000 } }
        fixture.pass(milliseconds: 1000)
        #expect(try fixture.q.texts() == bodies)
    }

    @Test func timeToLiveStartsWhenItBecomesActive() throws {
        let fixture = try BrokerFixture.withQueue()
        try fixture.send("a") {
            $0.ttl = 1000
            $0.scheduledAt = fixture.clock.milliseconds + 60_000
        }
        fixture.pass(milliseconds: 60_000)
        #expect(try fixture.counts().active == 1)
        fixture.pass(milliseconds: 1000)
        #expect(try fixture.counts().active == 0)
    }

    @Test func schedulingIntoThePastIsSendingNow() throws {
        let fixture = try BrokerFixture.withQueue()
        try fixture.send("a") { $0.scheduledAt = fixture.clock.milliseconds - 1 }
        #expect(try fixture.counts() == .init(active: 1))
    }

    @Test func aScheduledMessageMayBeCancelledUntilItIsActive() throws {
        let fixture = try BrokerFixture.withQueue()
        let number = try #require(try fixture.send("a") { $0.scheduledAt = fixture.clock.milliseconds + 1000 })
        let other = try #require(try fixture.send("b") { $0.scheduledAt = fixture.clock.milliseconds + 1000 })
        #expect(refusal { try fixture.q.cancelScheduled([number, 99]) } == .messageNotFound)
        #expect(try fixture.counts().scheduled == 2, "all or none")
        try fixture.q.cancelScheduled([number, number])
        #expect(try fixture.counts().scheduled == 1)
        fixture.pass(milliseconds: 1000)
        #expect(refusal { try fixture.q.cancelScheduled([other]) } == .messageNotFound)
        #expect(try fixture.q.texts() == ["b"])
    }
}
