import AMQP
import Testing

@testable import Sandbox

@Suite struct ForwardingTests {
    /// Queues `names[0]` to the last, each forwarding to the next.
    private func chain(_ names: [String]) throws -> BrokerFixture {
        let fixture = BrokerFixture()
        for (index, name) in names.enumerated() {
            var settings = QueueSettings()
            settings.forwardTo = index + 1 < names.count ? names[index + 1] : nil
            try fixture.broker.createQueue(name, settings)
        }
        return fixture
    }

    @Test func aForwardedMessageKeepsItsFirstNumber() throws {
        let fixture = try chain(["a", "b"])
        try fixture.send("direct", to: "b")
        try fixture.send("forwarded", to: "a")
        #expect(try fixture.counts("a") == .init())
        let deliveries = try fixture.queue("b").receive(maxCount: 2, mode: .peekLock)
        #expect(try deliveries.map { try $0.text } == ["direct", "forwarded"])
        #expect(deliveries[1].sequenceNumber == 2)
        #expect(deliveries[1].enqueuedSequenceNumber == 1)
    }

    @Test func fourHopsAreAllowedAndAFifthIsNot() throws {
        let fixture = try chain(["a", "b", "c", "d", "e", "f"])
        try fixture.send("from b", to: "b")
        #expect(try fixture.queue("f").texts() == ["from b"])
        try fixture.send("from a", to: "a")
        let dead = try #require(try fixture.queue("e/$Transfer/$DeadLetterQueue").peekAll().first)
        #expect(try dead.property("DeadLetterReason") == "MaxTransferHopCountExceeded")
        #expect(try fixture.counts("e") == .init(transferDeadLetter: 1))
    }

    @Test func aCircleEnds() throws {
        let fixture = BrokerFixture()
        var settings = QueueSettings()
        settings.forwardTo = "b"
        try fixture.broker.createQueue("a", settings)
        settings.forwardTo = "a"
        try fixture.broker.createQueue("b", settings)
        try fixture.send("round", to: "a")
        #expect(try fixture.counts("a").transferDeadLetter + fixture.counts("b").transferDeadLetter == 1)
    }

    @Test(arguments: [
        ("missing", "MessagingEntityNotFoundException"), ("closed", "MessagingEntityDisabledException"),
        ("full", "QuotaExceededException"), ("sessions", "InvalidOperationException"),
    ])
    func aFailedTransferIsKeptInTheTransferDeadLetterQueue(destination: String, reason: String) throws {
        let fixture = try BrokerFixture.withQueue { $0.forwardTo = destination }
        var settings = QueueSettings()
        settings.availability = .sendDisabled
        try fixture.broker.createQueue("closed", settings)
        settings = QueueSettings()
        settings.maximumSizeInMegabytes = 0
        try fixture.broker.createQueue("full", settings)
        settings = QueueSettings()
        settings.requiresSession = true
        try fixture.broker.createQueue("sessions", settings)
        try fixture.send("a")
        #expect(try fixture.counts() == .init(transferDeadLetter: 1))
        let dead = try fixture.queue("q/$Transfer/$DeadLetterQueue").receiveOne()
        #expect(try dead.property("DeadLetterReason") == .string(reason))
        #expect(try dead.text == "a")
    }

    @Test func whatForwardsIsNotReceivedFrom() throws {
        let fixture = try chain(["a", "b"])
        #expect(refusal { try fixture.queue("a").receive(maxCount: 1, mode: .peekLock) } == .notAllowed)
        #expect(try fixture.queue("a").peekAll().isEmpty)
    }

    @Test func aScheduledMessageIsForwardedWhenItsTimeComes() throws {
        let fixture = try chain(["a", "b"])
        try fixture.send("later", to: "a") { $0.scheduledAt = fixture.clock.milliseconds + 1000 }
        #expect(try fixture.counts("a").scheduled == 1)
        fixture.pass(milliseconds: 1000)
        #expect(try fixture.counts("a").scheduled == 0)
        #expect(try fixture.queue("b").texts() == ["later"])
    }

    @Test func aSubscriptionMayForwardToo() throws {
        let fixture = BrokerFixture()
        try fixture.broker.createTopic("events")
        try fixture.broker.createQueue("sink")
        var settings = QueueSettings()
        settings.forwardTo = "sink"
        try fixture.broker.createSubscription("s", of: "events", settings)
        try fixture.send("e", to: "events")
        #expect(try fixture.queue("sink").texts() == ["e"])
    }
}
