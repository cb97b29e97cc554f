import AMQP
import NIOCore
import Testing

@testable import Sandbox

@Suite struct TopicTests {
    private func topic(_ subscriptions: [(String, [RuleSettings])]) throws -> BrokerFixture {
        let fixture = BrokerFixture()
        try fixture.broker.createTopic("events")
        for (name, rules) in subscriptions { try fixture.broker.createSubscription(name, of: "events", rules: rules) }
        return fixture
    }

    private func correlation(_ configure: (inout CorrelationFilter) -> Void) -> [RuleSettings] {
        var filter = CorrelationFilter()
        configure(&filter)
        return [RuleSettings(name: "r", filter: .correlation(filter))]
    }

    private func count(_ subscription: String, _ fixture: BrokerFixture) throws -> Int {
        try fixture.counts("events/Subscriptions/\(subscription)").active
    }

    @Test func everySubscriptionGetsItsOwnCopy() throws {
        let fixture = try topic([("a", []), ("b", [])])
        try fixture.send("1", to: "events")
        try fixture.send("2", to: "events")
        let a = try fixture.queue("events/Subscriptions/a")
        try a.settle(a.receiveOne().token, .complete)
        #expect(try fixture.queue("EVENTS/subscriptions/A").texts() == ["2"])
        #expect(try fixture.queue("events/Subscriptions/b").texts() == ["1", "2"])
        #expect(try fixture.queue("events/Subscriptions/b").peekAll().map(\.enqueuedSequenceNumber) == [1, 2])
    }

    @Test func aCopyThatDiesDoesSoInItsSubscription() throws {
        let fixture = try topic([("a", []), ("b", [])])
        try fixture.send("1", to: "events")
        let a = try fixture.queue("events/Subscriptions/a")
        try a.settle(a.receiveOne().token, .deadLetter(reason: "r", description: nil))
        #expect(try fixture.counts("events/Subscriptions/a") == .init(deadLetter: 1))
        #expect(try fixture.counts("events/Subscriptions/b") == .init(active: 1))
        #expect(try fixture.queue("events/Subscriptions/a/$DeadLetterQueue").texts() == ["1"])
        #expect(try fixture.queue("events/Subscriptions/b").peekAll().first?.decoded.applicationProperties.isEmpty == true)
    }

    @Test func withoutSubscriptionsAMessageIsGone() throws {
        let fixture = try topic([])
        try fixture.send("1", to: "events")
        #expect(try fixture.broker.snapshot(of: "events").sizeInBytes == 0)
    }

    @Test func scheduledMessagesWaitAtTheTopic() throws {
        let fixture = try topic([("a", [])])
        let number = try #require(try fixture.send("later", to: "events") { $0.scheduledAt = fixture.clock.milliseconds + 1000 })
        try fixture.send("never", to: "events") { $0.scheduledAt = fixture.clock.milliseconds + 1000 }
        #expect(try fixture.counts("events").scheduled == 2)
        #expect(try fixture.queue("events").peekAll().map(\.sequenceNumber) == [number, number + 1])
        try fixture.queue("events").cancelScheduled([number + 1])
        fixture.pass(milliseconds: 1000)
        #expect(try fixture.queue("events/Subscriptions/a").texts() == ["later"])
        #expect(try fixture.counts("events").scheduled == 0)
    }

    @Test func aTopicIsNotReceivedFromNorASubscriptionSentTo() throws {
        let fixture = try topic([("a", [])])
        #expect(refusal { try fixture.queue("events").receive(maxCount: 1, mode: .peekLock) } == .notAllowed)
        #expect(refusal { try fixture.send("x", to: "events/Subscriptions/a") } == .notAllowed)
        #expect(refusal { try fixture.queue("events/$DeadLetterQueue") } == .entityNotFound)
    }

    @Test func correlationFiltersSelectByEquality() throws {
        let fixture = try topic([
            ("subject", correlation { $0.label = "OrderPlaced" }),
            ("property", correlation { $0.properties = ["Region": "emea", "tries": .int(3)] }),
            (
                "ids",
                correlation {
                    $0.correlationID = "c1"; $0.messageID = "m1"; $0.sessionID = "s1"
                }
            ),
            (
                "addresses",
                correlation {
                    $0.to = "t"; $0.replyTo = "r"; $0.replyToSessionID = "rs"; $0.contentType = "text/plain"
                }
            ),
        ])
        try fixture.send("1", to: "events") {
            $0.properties = Properties()
            $0.properties?.subject = "OrderPlaced"
            $0.applicationProperties = ["region": "emea", "tries": .long(3)]
        }
        try fixture.send("2", to: "events") {
            $0.properties = Properties()
            $0.properties?.messageID = "m1"
            $0.properties?.correlationID = "c1"
            $0.properties?.groupID = "s1"
            $0.applicationProperties = ["region": "emea", "tries": "3"]
        }
        try fixture.send("3", to: "events") {
            $0.properties = Properties()
            $0.properties?.to = "t"
            $0.properties?.replyTo = "r"
            $0.properties?.replyToGroupID = "rs"
            $0.properties?.contentType = "text/plain"
        }
        #expect(try fixture.queue("events/Subscriptions/subject").texts() == ["1"])
        #expect(try fixture.queue("events/Subscriptions/property").texts() == ["1"], "the number 3 is not the text 3")
        #expect(try fixture.queue("events/Subscriptions/ids").texts() == ["2"])
        #expect(try fixture.queue("events/Subscriptions/addresses").texts() == ["3"])
    }

    @Test func oneMatchingRuleOfSeveralGivesOneCopy() throws {
        let rules = correlation { $0.label = "x" } + [RuleSettings(name: "all", filter: .sql(" 1 = 1 "))]
        let fixture = try topic([
            ("a", rules), ("none", [RuleSettings(name: "n", filter: .none)]), ("no", [RuleSettings(name: "n", filter: .sql("1=0"))]),
        ])
        try fixture.send("1", to: "events") {
            $0.properties = Properties(); $0.properties?.subject = "x"
        }
        #expect(try count("a", fixture) == 1)
        #expect(try count("none", fixture) == 0)
        #expect(try count("no", fixture) == 0)
    }

    @Test func aSessionSubscriptionDeadLettersWhatHasNoSession() throws {
        let fixture = try topic([])
        var settings = QueueSettings()
        settings.requiresSession = true
        try fixture.broker.createSubscription("s", of: "events", settings)
        try fixture.send("1", to: "events")
        #expect(try fixture.counts("events/Subscriptions/s") == .init(deadLetter: 1))
        let dead = try #require(try fixture.queue("events/Subscriptions/s/$DeadLetterQueue").peekAll().first)
        #expect(try dead.property("DeadLetterReason") == "Session id is null.")
    }

    @Test func theTopicsTimeToLiveBoundsTheSubscriptions() throws {
        let fixture = BrokerFixture()
        var settings = TopicSettings()
        settings.defaultTimeToLive = 1000
        try fixture.broker.createTopic("events", settings)
        try fixture.broker.createSubscription("s", of: "events")
        try fixture.send("1", to: "events")
        fixture.pass(milliseconds: 1000)
        #expect(try fixture.counts("events/Subscriptions/s") == .init())
    }

    @Test func aTopicsSizeIsThatOfItsCopies() throws {
        let fixture = try topic([("a", []), ("b", [])])
        try fixture.send("0123456789", to: "events")
        let size = try fixture.broker.snapshot(of: "events/Subscriptions/a").sizeInBytes
        #expect(size > 10)
        #expect(try fixture.broker.snapshot(of: "events").sizeInBytes == 2 * size)
        try fixture.broker.remove("events/Subscriptions/a")
        #expect(try fixture.broker.snapshot(of: "events").sizeInBytes == size)
        try fixture.broker.remove("events")
        #expect(fixture.broker.sizeInBytes == 0)
        #expect(fixture.broker.snapshots().isEmpty)
    }
}
