import AMQP
import NIOCore
import Testing

@testable import Sandbox

/// What is left when nobody had time to say goodbye: exactly what was kept last.
@Suite struct StoreCrashTests {
    let fixture = StoreFixture()

    @Test func whatWasNotKeptNeverWas() throws {
        let namespace = try fixture.open { try $0.createQueue("q") }
        try namespace.send("kept")
        try namespace.keep()
        let expected = try NamespaceView(namespace.broker)
        try namespace.send("lost")
        let delivery = try namespace.queue("q").receiveOne()
        try namespace.queue("q").settle(delivery.token, .complete)
        try namespace.broker.createQueue("r")
        try namespace.broker.setAvailability(.disabled, of: "q")
        #expect(try NamespaceView(fixture.reopen().broker) == expected)
    }

    @Test func whatFailsInTheMiddleIsNotKeptAtAll() throws {
        let namespace = try fixture.open { try $0.createQueue("q") }
        try namespace.send("kept")
        try namespace.keep()
        let expected = try NamespaceView(namespace.broker)
        try namespace.run(
            "CREATE TRIGGER fails BEFORE INSERT ON message WHEN new.number = 3 BEGIN SELECT RAISE(FAIL, 'in the middle'); END")
        try namespace.broker.createQueue("made-in-vain")
        try namespace.send("2")
        try namespace.send("3")
        let error = #expect(throws: StoreError.self) { try namespace.keep() }
        #expect(error?.detail.contains("in the middle") == true)
        #expect(try NamespaceView(fixture.reopen().broker) == expected)
    }

    @Test func namespaceThatCouldNotBeFilledIsNone() throws {
        #expect(throws: BrokerError.self) {
            try fixture.open { broker in
                try broker.createQueue("q")
                try broker.createQueue("q")
            }
        }
        let namespace = try fixture.open { try $0.createQueue("r") }
        #expect(namespace.broker.snapshots().map(\.path) == ["r"])
    }

    @Test func locksAreLostAndTheirDeliveriesNotCounted() throws {
        let namespace = try fixture.open { try $0.createQueue("q") }
        try namespace.send()
        let lost = try namespace.queue("q").receiveOne()
        try namespace.keep()
        let reopened = try fixture.reopen()
        #expect(refusal { try reopened.queue("q").settle(lost.token, .complete) } == .messageLockLost)
        #expect(try reopened.queue("q").receiveOne().deliveryCount == 0)
    }

    @Test func deliveriesThatFailedStayCounted() throws {
        let namespace = try fixture.open { broker in
            var settings = QueueSettings()
            settings.lockDuration = 10_000
            settings.maxDeliveryCount = 3
            try broker.createQueue("q", settings)
        }
        try namespace.send()
        try namespace.queue("q").settle(namespace.queue("q").receiveOne().token, .abandon())
        var reopened = try fixture.keepAndCompare()
        _ = try reopened.queue("q").receiveOne()
        fixture.clock.milliseconds += 10_000
        reopened.broker.advance()
        reopened = try fixture.keepAndCompare()
        try reopened.queue("q").settle(reopened.queue("q").receiveOne().token, .abandon())
        reopened = try fixture.keepAndCompare()
        #expect(try reopened.queue("q/$deadletterqueue").peekAll().map(\.deliveryCount) == [3])
    }

    @Test func transactionsThatHaveNotEndedAreRolledBack() throws {
        let namespace = try fixture.open { try $0.createQueue("q") }
        try namespace.send("first")
        let id = try namespace.broker.beginTransaction()
        try namespace.broker.send([BrokerFixture.message("second")], to: BrokerFixture.address("q"), in: id)
        try namespace.queue("q").settle(namespace.queue("q").receiveOne().token, .complete, in: id)
        try namespace.keep()
        let reopened = try fixture.reopen()
        #expect(try reopened.queue("q").texts() == ["first"])
        #expect(refusal { try reopened.broker.commit(id) } == .transactionUnknown)
    }

    @Test func transactionsThatWereCommittedAreKeptWhole() throws {
        let namespace = try fixture.open { broker in
            try broker.createQueue("q")
            try broker.createQueue("r")
        }
        try namespace.send("first")
        let id = try namespace.broker.beginTransaction()
        try namespace.broker.send([BrokerFixture.message("second")], to: BrokerFixture.address("r"), in: id)
        try namespace.queue("q").settle(namespace.queue("q").receiveOne().token, .complete, in: id)
        try namespace.broker.commit(id)
        let reopened = try fixture.keepAndCompare()
        #expect(try reopened.queue("q").count == 0)
        #expect(try reopened.queue("r").texts() == ["second"])
    }

    @Test func messageThatCameAndWentInOneTurnIsNeverWritten() throws {
        let namespace = try fixture.open { try $0.createQueue("q") }
        try namespace.run("CREATE TRIGGER counts AFTER INSERT ON message BEGIN UPDATE namespace SET createdAt = createdAt + 1; END")
        let before = try namespace.run("SELECT createdAt FROM namespace")
        for _ in 0..<5 { try namespace.send() }
        _ = try namespace.queue("q").receive(maxCount: 4, mode: .receiveAndDelete)
        try namespace.keep()
        #expect(try namespace.run("SELECT createdAt FROM namespace") == before + 1)
    }

    @Test func readingChangesNothing() throws {
        let namespace = try fixture.open { try $0.createQueue("q") }
        try namespace.send()
        try namespace.keep()
        fixture.clock.milliseconds += 500
        _ = try namespace.queue("q").peekAll()
        _ = namespace.broker.snapshots()
        #expect(namespace.broker.journal?.hasChanges == false)
        _ = try namespace.queue("q").receiveOne()
        #expect(namespace.broker.journal?.hasChanges == false, "a lock is nothing to keep")
    }

    @Test func brokerInMemoryNotesNothing() throws {
        let fixture = try BrokerFixture.withQueue()
        try fixture.send()
        #expect(fixture.broker.journal == nil)
    }
}
