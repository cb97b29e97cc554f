import AMQP
import NIOCore
import ServiceBus
import Testing

@testable import Sandbox

/// Everything a namespace has is there again when it is opened anew.
@Suite struct StoreRoundTripTests {
    let fixture = StoreFixture()

    // MARK: Entities

    @Test func queueWithEverySettingOtherThanItsDefault() throws {
        var settings = QueueSettings()
        settings.lockDuration = 31_000
        settings.maxDeliveryCount = 7
        settings.defaultTimeToLive = 86_400_000
        settings.deadLetteringOnExpiration = true
        settings.requiresSession = true
        settings.duplicateDetectionWindow = 60_000
        settings.forwardDeadLetteredMessagesTo = "dead"
        settings.maximumSizeInMegabytes = 2048
        settings.availability = .receiveDisabled
        settings.userMetadata = "für die Nachtschicht \u{1F319} \u{0}"
        settings.deadLetteringOnFilterEvaluationExceptions = false
        settings.autoDeleteOnIdle = 600_000
        settings.maximumMessageKilobytes = 100
        settings.administrative.enablesBatchedOperations = false
        settings.administrative.supportsOrdering = false
        settings.administrative.isExpress = true
        settings.administrative.isAnonymouslyAccessible = true
        settings.administrative.filtersBeforePublishing = true
        settings.administrative.idleDuplicateDetectionWindow = 5000
        settings.administrative.authorizationRules = [
            EntityAuthorizationRule(
                name: "reader", rights: .listen, primaryKey: "first", secondaryKey: "second", createdAt: 1, modifiedAt: 2)
        ]
        // A setting that a later version forgets to keep is a setting at its default here.
        let unset = Mirror(reflecting: settings).children.filter { child in
            Mirror(reflecting: QueueSettings()).children.contains { $0.label == child.label && "\($0.value)" == "\(child.value)" }
        }
        #expect(unset.map(\.label) == ["forwardTo", "isPartitioned"])
        try fixture.open { broker in
            try broker.createQueue("dead")
            try broker.createQueue("full", settings)
            settings.isPartitioned = true
            settings.forwardTo = "dead"
            try broker.createQueue("Passes-On", settings)
        }
        let reopened = try fixture.keepAndCompare()
        guard case .queue(let kept) = try reopened.broker.snapshot(of: "passes-on").kind else { throw BrokerError(.notAllowed, "no queue") }
        #expect(kept == settings)
    }

    @Test func topicsAndSubscriptionsInTheOrderInWhichTheyWereMade() throws {
        var topic = TopicSettings()
        topic.defaultTimeToLive = 1000
        topic.duplicateDetectionWindow = 20_000
        topic.isPartitioned = true
        topic.maximumSizeInMegabytes = 80_000
        topic.availability = .sendDisabled
        topic.userMetadata = "text"
        topic.autoDeleteOnIdle = 500_000
        topic.maximumMessageKilobytes = 4
        topic.administrative.filtersBeforePublishing = true
        try fixture.open { broker in
            try broker.createTopic("t", topic)
            for name in ["zulu", "alpha", "mike"] { try broker.createSubscription(name, of: "t") }
            try broker.setAvailability(.active, of: "t")
        }
        let reopened = try fixture.keepAndCompare()
        let kept = try #require(reopened.broker.topics["t"])
        #expect(kept.settings == topic)
        #expect(kept.subscriptions.map(\.path) == ["zulu", "alpha", "mike"].map { "t/Subscriptions/\($0)" })
    }

    @Test func rulesOfEveryKindWithTheirParametersAndTheFormTheyWereGivenIn() throws {
        var correlation = CorrelationFilter()
        (correlation.correlationID, correlation.messageID, correlation.to, correlation.replyTo) = ("c", "m", "to", "reply")
        (correlation.label, correlation.sessionID, correlation.replyToSessionID, correlation.contentType) = ("l", "s", "rs", "text/plain")
        correlation.properties = ["n": .int(3), "when": .timestamp(5), "nothing": .null, "exact": .decimal128(UUIDBytes(high: 1, low: 2))]
        var sql = RuleSettings(name: "sql", filter: .sql("a > @limit"), action: "SET b = @value")
        sql.filterParameters = ["@limit": .long(3)]
        sql.actionParameters = ["@value": .string("x\u{0}y")]
        sql.administered = AdministeredRule(
            name: "sql", filter: .sql(.init("a > @limit", parameters: [.init(key: "@limit", type: .long, value: "3")])),
            action: .init("SET b = @value"), createdAt: Timestamp(milliseconds: 12))
        try fixture.open { broker in
            try broker.createTopic("t")
            try broker.createSubscription(
                "s", of: "t",
                rules: [
                    RuleSettings(name: "all", filter: .all), RuleSettings(name: "none", filter: .none),
                    RuleSettings(name: "correlation", filter: .correlation(correlation)), sql,
                ])
        }
        try fixture.keepAndCompare()
    }

    @Test func rulesAddedReplacedAndRemovedKeepTheirOrder() throws {
        let namespace = try fixture.open { broker in
            try broker.createTopic("t")
            try broker.createSubscription("s", of: "t", rules: "abcd".map { RuleSettings(name: "\($0)", filter: .all) })
        }
        let path = "t/Subscriptions/s"
        try namespace.broker.removeRule("b", from: path)
        try namespace.broker.addRule(RuleSettings(name: "B", filter: .none), to: path)
        fixture.clock.milliseconds += 5
        try namespace.broker.replaceRule(RuleSettings(name: "c", filter: .sql("1 = 1")), in: path)
        var reopened = try fixture.keepAndCompare()
        #expect(try reopened.broker.rules(of: path).map(\.settings.name) == ["a", "c", "d", "B"])
        for name in ["a", "d"] { try reopened.broker.removeRule(name, from: path) }
        try reopened.broker.addRule(RuleSettings(name: "a", filter: .all), to: path)
        reopened = try fixture.keepAndCompare()
        #expect(try reopened.broker.rules(of: path).map(\.settings.name) == ["c", "B", "a"])
        #expect(try reopened.rows(in: "rule") == 3)
    }

    @Test func changedSettingsAndStatus() throws {
        let namespace = try fixture.open { broker in
            try broker.createQueue("q")
            try broker.createTopic("t")
        }
        fixture.clock.milliseconds += 1000
        var settings = QueueSettings()
        settings.maxDeliveryCount = 3
        try namespace.broker.update("q", to: settings)
        try namespace.broker.updateTopic("t", to: TopicSettings())
        try namespace.broker.setAvailability(.disabled, of: "t")
        try fixture.keepAndCompare()
    }

    @Test func removedEntitiesTakeEverythingWithThem() throws {
        let namespace = try fixture.open { broker in
            var settings = QueueSettings()
            settings.requiresSession = true
            settings.duplicateDetectionWindow = 60_000
            try broker.createQueue("q", settings)
            try broker.createTopic("t")
            try broker.createSubscription("s", of: "t")
        }
        try namespace.send { ($0.sessionID, $0.messageID) = ("a", "1") }
        try namespace.send(to: "t")
        try namespace.keep()
        try namespace.broker.remove("q")
        try namespace.broker.remove("t")
        let reopened = try fixture.keepAndCompare()
        for table in ["entity", "counters", "rule", "session", "remembered", "message"] {
            #expect(try reopened.rows(in: table) == 0, "\(table)")
        }
    }

    @Test func anEntityMadeAnewUnderItsOldNameIsEmpty() throws {
        let namespace = try fixture.open { try $0.createQueue("q") }
        try namespace.send()
        try namespace.keep()
        try namespace.broker.remove("q")
        try namespace.broker.createTopic("Q")
        try namespace.broker.createSubscription("s", of: "q")
        try namespace.send("new", to: "q")
        let reopened = try fixture.keepAndCompare()
        #expect(try reopened.queue("q/subscriptions/s").texts() == ["new"])
        #expect(try reopened.rows(in: "message") == 1)
    }

    @Test func nameAndAgeOfTheNamespace() throws {
        let made = fixture.clock.milliseconds
        try fixture.open()
        fixture.clock.milliseconds += 1000
        #expect(try fixture.reopen().store.header == .init(name: "sandbox", createdAt: made))
    }

    @Test func entityThatEndsWhenNobodyUsesItIsUsedByOpening() throws {
        try fixture.open { broker in
            var settings = QueueSettings()
            settings.autoDeleteOnIdle = 300_000
            try broker.createQueue("q", settings)
        }
        fixture.clock.milliseconds += 10_000_000
        let reopened = try fixture.reopen()
        #expect(reopened.broker.snapshots().count == 1)
        fixture.clock.milliseconds += 300_000
        #expect(reopened.broker.snapshots().isEmpty)
        try fixture.keepAndCompare()
    }

    // MARK: Messages

    @Test func messagesInEveryState() throws {
        let namespace = try fixture.open { try $0.createQueue("q") }
        let queue = try namespace.queue("q")
        for body in ["ready", "deferred", "dead", "locked", "locked deferred"] {
            try namespace.send(body) { content in
                content.header = Header(durable: true, priority: 7, ttl: 90_000_000)
                content.messageAnnotations["x-opt-custom"] = .string("kept")
                content.messageAnnotations["x-opt-partition-key"] = .string("key")
                content.footer = ["checksum": .ulong(9)]
            }
        }
        try namespace.send("scheduled") { $0.scheduledAt = fixture.clock.milliseconds + 60_000 }
        let deliveries = try queue.receive(maxCount: 5, mode: .peekLock)
        try queue.settle(deliveries[0].token, .release)
        try queue.settle(deliveries[1].token, .defer(properties: ["why": "later"]))
        try queue.settle(deliveries[2].token, .deadLetter(reason: "Bad", description: "very", properties: ["n": .int(1)]))
        try queue.settle(deliveries[4].token, .defer())
        _ = try queue.receiveDeferred([deliveries[4].sequenceNumber], mode: .peekLock)
        let reopened = try fixture.keepAndCompare()
        let peeked = try reopened.queue("q").peekAll()
        #expect(try peeked.map { try $0.text } == ["ready", "deferred", "locked", "locked deferred", "scheduled"])
        #expect(peeked.map(\.state) == [.active, .deferred, .active, .deferred, .scheduled])
        #expect(try reopened.queue("q/$deadletterqueue").peekAll().first?.property("DeadLetterReason") == "Bad")
    }

    @Test func contentThatChangesAfterItWasKept() throws {
        let namespace = try fixture.open { try $0.createQueue("q") }
        try namespace.send()
        var reopened = try fixture.keepAndCompare()
        var delivery = try reopened.queue("q").receiveOne()
        try reopened.queue("q").settle(delivery.token, .abandon(properties: ["attempt": .int(1)]))
        reopened = try fixture.keepAndCompare()
        delivery = try reopened.queue("q").receiveOne()
        #expect(delivery.deliveryCount == 1)
        #expect(try delivery.property("attempt") == .int(1))
        try reopened.queue("q").settle(delivery.token, .deadLetter(reason: "Worn out", description: nil))
        try fixture.keepAndCompare()
    }

    @Test func timeGoesOnWhereItWas() throws {
        let namespace = try fixture.open { broker in
            var settings = QueueSettings()
            settings.deadLetteringOnExpiration = true
            try broker.createQueue("q", settings)
        }
        try namespace.send("expires") { $0.ttl = 10_000 }
        try namespace.send("scheduled") { $0.scheduledAt = fixture.clock.milliseconds + 20_000 }
        let reopened = try fixture.keepAndCompare()
        fixture.clock.milliseconds += 10_000
        #expect(try reopened.queue("q/$deadletterqueue").texts() == ["expires"])
        fixture.clock.milliseconds += 10_000
        #expect(try reopened.queue("q").receiveOne().text == "scheduled")
        try fixture.keepAndCompare()
    }

    @Test func whatCameDueMeanwhileIsDoneWhenTheNamespaceIsOpened() throws {
        let namespace = try fixture.open { try $0.createQueue("q") }
        try namespace.send("expires") { $0.ttl = 10_000 }
        try namespace.send("scheduled") { $0.scheduledAt = fixture.clock.milliseconds + 20_000 }
        try namespace.keep()
        fixture.clock.milliseconds += 30_000
        let reopened = try fixture.reopen()
        #expect(try reopened.queue("q").texts() == ["scheduled"])
        #expect(try reopened.broker.snapshot(of: "q").counts == .init(active: 1))
        try fixture.keepAndCompare()
    }

    @Test func forwardedDeadLettersSayWhereTheyDied() throws {
        let namespace = try fixture.open { broker in
            try broker.createQueue("graveyard")
            var settings = QueueSettings()
            settings.forwardDeadLetteredMessagesTo = "graveyard"
            try broker.createQueue("q", settings)
            settings.forwardTo = "nowhere"
            try broker.createQueue("lost", settings)
        }
        try namespace.send()
        try namespace.queue("q").settle(namespace.queue("q").receiveOne().token, .deadLetter(reason: nil, description: nil))
        try namespace.send(to: "lost")
        let reopened = try fixture.keepAndCompare()
        #expect(try reopened.queue("graveyard").receiveOne().decoded.messageAnnotations["x-opt-deadletter-source"] == "q")
        #expect(try reopened.queue("lost/$transfer/$deadletterqueue").count == 1)
    }

    @Test func partitionsAndTheirNumbers() throws {
        let namespace = try fixture.open { broker in
            var settings = QueueSettings()
            settings.isPartitioned = true
            try broker.createQueue("q", settings)
        }
        for number in 0..<20 { try namespace.send("\(number)") }
        let reopened = try fixture.keepAndCompare()
        let next = try #require(try reopened.send())
        #expect(next >> QueueEntity.partitionShift == 4)
        #expect(next & 0xffff == 2)
    }

    @Test func numbersAreNotGivenTwice() throws {
        let namespace = try fixture.open { try $0.createQueue("q") }
        for _ in 0..<3 { try namespace.send() }
        _ = try namespace.queue("q").receive(maxCount: 3, mode: .receiveAndDelete)
        let id = try namespace.broker.beginTransaction()
        let message = try BrokerFixture.message("promised")
        let promised = try namespace.broker.send([message], to: BrokerFixture.address("q"), in: id, reservesNumbers: true)
        #expect(promised == [4])
        let reopened = try fixture.keepAndCompare()
        #expect(try reopened.send() == 5)
    }

    @Test func identifiersMayHoldAnyText() throws {
        let namespace = try fixture.open { broker in
            var settings = QueueSettings()
            settings.requiresSession = true
            settings.duplicateDetectionWindow = 60_000
            try broker.createQueue("q", settings)
        }
        for id in ["a\u{0}b", "a\u{0}c", "", "'; DROP TABLE message; --", "\u{202e}🙂"] {
            try namespace.send { ($0.sessionID, $0.messageID) = (id, id) }
        }
        let reopened = try fixture.keepAndCompare()
        #expect(try reopened.send { ($0.sessionID, $0.messageID) = ("a\u{0}c", "a\u{0}c") } == nil)
        #expect(try reopened.queue("q").acceptSession("a\u{0}b") != nil)
    }

    // MARK: Sessions and duplicates

    @Test func sessionsWithMessagesWithStateAndWithBoth() throws {
        let namespace = try fixture.open { broker in
            var settings = QueueSettings()
            settings.requiresSession = true
            try broker.createQueue("q", settings)
        }
        let queue = try namespace.queue("q")
        for session in ["messages", "both", "emptied"] { try namespace.send(to: "q") { $0.sessionID = session } }
        for session in ["both", "state", "cleared", "lock alone"] {
            let lease = try #require(try queue.acceptSession(session))
            if session != "lock alone" { try queue.setSessionState(ByteBuffer(string: "of \(session)"), of: session) }
            if session == "cleared" { try queue.setSessionState(nil, of: session) }
            if session != "lock alone" { queue.releaseSession(lease) }
        }
        try namespace.keep()
        let lease = try #require(try queue.acceptSession("emptied"))
        _ = try queue.receive(maxCount: 1, mode: .receiveAndDelete, session: lease)
        let reopened = try fixture.keepAndCompare()
        #expect(try reopened.queue("q").sessionIDs(stateUpdatedAfter: nil, skip: 0, top: 10) == ["messages", "both", "state"])
        _ = try reopened.queue("q").acceptSession("state")
        #expect(try reopened.queue("q").sessionState("state") == ByteBuffer(string: "of state"))
        try reopened.keep()
        #expect(try reopened.rows(in: "session") == 3)
    }

    @Test func sessionHeldOnlyByItsLockIsKeptOnceItHasAMessage() throws {
        let namespace = try fixture.open { broker in
            var settings = QueueSettings()
            settings.requiresSession = true
            try broker.createQueue("q", settings)
        }
        _ = try namespace.queue("q").acceptSession("s")
        try namespace.keep()
        #expect(try namespace.rows(in: "session") == 0)
        try namespace.send { $0.sessionID = "s" }
        try fixture.keepAndCompare()
    }

    @Test func duplicatesAreKnownForTheRestOfTheirTime() throws {
        let namespace = try fixture.open { broker in
            var settings = QueueSettings()
            settings.duplicateDetectionWindow = 60_000
            try broker.createQueue("q", settings)
        }
        try namespace.send { $0.messageID = "early" }
        fixture.clock.milliseconds += 50_000
        try namespace.send { $0.messageID = "late" }
        var reopened = try fixture.keepAndCompare()
        fixture.clock.milliseconds += 20_000
        #expect(try reopened.send { $0.messageID = "late" } == nil)
        #expect(try reopened.send { $0.messageID = "early" } == 3)
        reopened = try fixture.keepAndCompare()
        #expect(try reopened.rows(in: "remembered") == 2, "what is forgotten is not kept for ever")
    }
}
