import AMQP
import Testing

@testable import Sandbox

@Suite struct DeferTests {
    private func deferred() throws -> (BrokerFixture, Int64) {
        let fixture = try BrokerFixture.withQueue { $0.maxDeliveryCount = 3 }
        let number = try #require(try fixture.send("a"))
        try fixture.q.settle(fixture.q.receiveOne().token, .defer(properties: ["note": "for later"]))
        return (fixture, number)
    }

    @Test func aDeferredMessageIsReceivedByNumberOnly() throws {
        let (fixture, number) = try deferred()
        #expect(try fixture.q.receive(maxCount: 1, mode: .peekLock).isEmpty)
        #expect(try fixture.counts().active == 1, "the service counts deferred messages as active")
        #expect(try fixture.q.peekAll().first?.state == .deferred)
        let delivery = try #require(try fixture.q.receiveDeferred([number], mode: .peekLock).first)
        #expect(try delivery.property("note") == "for later")
        #expect(delivery.deliveryCount == 1)
        try fixture.q.settle(delivery.token, .complete)
        #expect(try fixture.counts().active == 0)
    }

    @Test func itGoesBackToBeingDeferredWhenItIsAbandonedOrItsLockEnds() throws {
        let (fixture, number) = try deferred()
        let delivery = try #require(try fixture.q.receiveDeferred([number], mode: .peekLock).first)
        try fixture.q.settle(delivery.token, .abandon())
        #expect(try fixture.q.receive(maxCount: 1, mode: .peekLock).isEmpty)
        let again = try #require(try fixture.q.receiveDeferred([number], mode: .peekLock).first)
        #expect(again.deliveryCount == 2)
        fixture.pass(milliseconds: 60_000)
        #expect(try fixture.counts() == .init(deadLetter: 1), "the third failed delivery was its last")
    }

    @Test func onlyAFailedDeliveryCanBeOneTooMany() throws {
        let (fixture, number) = try deferred()
        for _ in 0..<2 {
            let delivery = try #require(try fixture.q.receiveDeferred([number], mode: .peekLock).first)
            try fixture.q.settle(delivery.token, .defer())
        }
        // Deferred three times, which is as often as it may fail.
        let released = try #require(try fixture.q.receiveDeferred([number], mode: .peekLock).first)
        #expect(released.deliveryCount == 3)
        try fixture.q.settle(released.token, .release)
        #expect(try fixture.counts() == .init(active: 1))
        let abandoned = try #require(try fixture.q.receiveDeferred([number], mode: .peekLock).first)
        try fixture.q.settle(abandoned.token, .abandon())
        #expect(try fixture.counts() == .init(deadLetter: 1))
    }

    @Test func numbersAreTakenAllOrNone() throws {
        let (fixture, number) = try deferred()
        try fixture.send("b")
        #expect(refusal { try fixture.q.receiveDeferred([number, 2], mode: .peekLock) } == .messageNotFound)
        #expect(refusal { try fixture.q.receiveDeferred([number, number], mode: .peekLock) } == .messageNotFound)
        #expect(try fixture.q.receiveDeferred([number], mode: .receiveAndDelete).count == 1)
        #expect(refusal { try fixture.q.receiveDeferred([number], mode: .peekLock) } == .messageNotFound)
    }

    @Test func aDeferredMessageOutlivesItsTimeUntilSomebodyAsks() throws {
        let fixture = try BrokerFixture.withQueue { $0.deadLetteringOnExpiration = true }
        let number = try #require(try fixture.send("a") { $0.ttl = 1000 })
        try fixture.q.settle(fixture.q.receiveOne().token, .defer())
        fixture.pass(milliseconds: 10_000)
        #expect(try fixture.counts() == .init(active: 1))
        #expect(refusal { try fixture.q.receiveDeferred([number], mode: .peekLock) } == .messageNotFound)
        #expect(try fixture.counts() == .init(deadLetter: 1))
    }

    @Test func deadLettersMayBeDeferredToo() throws {
        let fixture = try BrokerFixture.withQueue()
        let number = try #require(try fixture.send("a"))
        try fixture.q.settle(fixture.q.receiveOne().token, .deadLetter(reason: "r", description: nil))
        try fixture.deadLetters.settle(fixture.deadLetters.receiveOne().token, .defer())
        let delivery = try #require(try fixture.deadLetters.receiveDeferred([number], mode: .peekLock).first)
        try fixture.deadLetters.settle(delivery.token, .complete)
        #expect(try fixture.counts() == .init())
    }
}
