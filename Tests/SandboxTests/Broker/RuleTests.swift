import AMQP
import NIOCore
import ServiceBus
import Testing

@testable import Sandbox

@Suite("A subscription's rules") struct RuleTests {
    private let path = "events/Subscriptions/s"

    private func fixture(
        _ rules: [RuleSettings], _ configure: (inout QueueSettings) -> Void = { _ in }
    ) throws -> BrokerFixture {
        let fixture = BrokerFixture()
        try fixture.broker.createTopic("events")
        var settings = QueueSettings()
        configure(&settings)
        try fixture.broker.createSubscription("s", of: "events", settings, rules: rules)
        return fixture
    }

    private func rule(_ name: String, _ filter: String, action: String? = nil) -> RuleSettings {
        RuleSettings(name: name, filter: .sql(filter), action: action)
    }

    private func messages(_ fixture: BrokerFixture, _ address: String? = nil) throws -> [MessageContent] {
        try fixture.queue(address ?? path).peekAll().map { try $0.decoded }
    }

    private func deadLetters(_ fixture: BrokerFixture) throws -> [MessageContent] { try messages(fixture, path + "/$DeadLetterQueue") }

    // MARK: Filters

    @Test("select by SQL on application properties and on the service's") func sql() throws {
        let fixture = try fixture([rule("r", "region = 'eu' AND tries > 2 AND sys.Label LIKE 'Order%'")])
        try fixture.send("yes", to: "events") {
            $0.properties = Properties(subject: "OrderPlaced")
            $0.applicationProperties = ["Region": "eu", "tries": .int(3)]
        }
        try fixture.send("too few", to: "events") {
            $0.properties = Properties(subject: "OrderPlaced")
            $0.applicationProperties = ["region": "eu", "tries": .int(2)]
        }
        try fixture.send("unknown", to: "events") { $0.properties = Properties(subject: "OrderPlaced") }
        #expect(try fixture.queue(path).texts() == ["yes"])
        #expect(try deadLetters(fixture).isEmpty, "an unknown condition is no error")
    }

    @Test("see what the broker knows of a message") func circumstances() throws {
        let fixture = try fixture(
            [
                rule("r", "sys.TimeToLive < @span AND sys.PartitionKey = 'p' AND sys.DeliveryCount = 0 AND sys.EnqueuedTimeUtc IS NOT NULL")
            ].map {
                var rule = $0
                rule.filterParameters = ["@span": .described(descriptor: .symbol("com.microsoft:timespan"), value: .long(600_000_000))]
                return rule
            })
        try fixture.send("short", to: "events") {
            $0.ttl = 5000
            $0.messageAnnotations["x-opt-partition-key"] = .string("p")
        }
        try fixture.send("long", to: "events") {
            $0.ttl = 600_000
            $0.messageAnnotations["x-opt-partition-key"] = .string("p")
        }
        #expect(try fixture.queue(path).texts() == ["short"])
    }

    @Test("that match together give one copy") func oneCopy() throws {
        let fixture = try fixture([rule("a", "1=1"), rule("b", "x = 1"), rule("c", "x > 0")])
        try fixture.send("1", to: "events") { $0.applicationProperties = ["x": .int(1)] }
        #expect(try fixture.queue(path).texts() == ["1"])
        #expect(try messages(fixture).first?.applicationProperties["RuleName"] == nil, "a copy without an action is the message as it came")
    }

    // MARK: Actions

    @Test("with actions give a copy each, and all others together one") func copies() throws {
        let fixture = try fixture([
            rule("plain1", "1=1"),
            rule("half", "quantity > 1", action: "SET quantity = quantity / 2; REMOVE priority; SET sys.CorrelationId = 'low'"),
            rule("plain2", "quantity = 10"), rule("mark", "quantity = 10", action: "SET marked = TRUE"),
            rule("plain3", "priority = 'high'"),
            rule("not", "quantity = 11", action: "SET marked = FALSE"),
        ])
        try fixture.send("body", to: "events") {
            $0.properties = Properties(correlationID: "high")
            $0.applicationProperties = ["Quantity": .int(10), "priority": "high"]
        }
        let copies = try messages(fixture)
        #expect(copies.count == 3)
        #expect(try fixture.queue(path).texts() == ["body", "body", "body"])
        let plain = try #require(copies.first { $0.applicationProperties["RuleName"] == nil })
        #expect(plain.applicationProperties == ["Quantity": .int(10), "priority": "high"])
        #expect(plain.properties?.correlationID == "high")
        let half = try #require(copies.first { $0.applicationProperties["RuleName"] == "half" })
        #expect(half.applicationProperties["Quantity"] == .int(5), "the property keeps its name and its type")
        #expect(half.applicationProperties["priority"] == nil)
        #expect(half.properties?.correlationID == "low")
        let mark = try #require(copies.first { $0.applicationProperties["RuleName"] == "mark" })
        #expect(mark.applicationProperties["marked"] == true)
        #expect(mark.applicationProperties["Quantity"] == .int(10), "no copy sees another's changes")
    }

    @Test("change what only their copy says") func systemProperties() throws {
        let action =
            "SET sys.Label = 'l'; SET sys.MessageId = 'm'; SET sys.To = 't'; SET sys.ReplyTo = 'r'; SET sys.SessionId = 's'; "
            + "SET sys.ReplyToSessionId = 'rs'; SET sys.ContentType = 'c'; SET sys.PartitionKey = 'p'; SET sys.TimeToLive = 'PT7S'"
        let fixture = try fixture([rule("r", "1=1", action: action)])
        try fixture.send("body", to: "events") { $0.messageAnnotations["x-opt-partition-key"] = .string("old") }
        let copy = try #require(try messages(fixture).first)
        #expect(
            copy.properties
                == Properties(messageID: "m", to: "t", subject: "l", replyTo: "r", contentType: "c", groupID: "s", replyToGroupID: "rs"))
        #expect(copy.messageAnnotations["x-opt-partition-key"] == "p")
        #expect(copy.ttl == 7000)
        fixture.pass(milliseconds: 7000)
        #expect(try fixture.counts(path) == .init(), "the new time to live counts")
    }

    @Test("that set a session id put the copy into that session") func session() throws {
        let fixture = try fixture([rule("r", "1=1", action: "SET sys.SessionId = customer")]) { $0.requiresSession = true }
        try fixture.send("1", to: "events") { $0.applicationProperties = ["customer": "ada"] }
        #expect(try fixture.counts(path).active == 1)
        #expect(try fixture.queue(path).peekAll().first?.sessionID == "ada")
    }

    @Test("do not schedule in the subscription, but where it forwards to") func schedule() throws {
        let action = "SET sys.ScheduledEnqueueTimeUtc = '2100-01-01T00:00:00Z'"
        let here = try fixture([rule("r", "1=1", action: action)])
        try here.send("1", to: "events")
        #expect(try here.counts(path).active == 1)
        let there = try fixture([rule("r", "1=1", action: action)]) { $0.forwardTo = "q" }
        try there.broker.createQueue("q")
        try there.send("1", to: "events")
        #expect(try there.counts("q") == .init(scheduled: 1))
    }

    @Test("give copies of one message id, which no duplicate detection drops") func duplicates() throws {
        let fixture = BrokerFixture()
        var settings = TopicSettings()
        settings.duplicateDetectionWindow = 60_000
        try fixture.broker.createTopic("events", settings)
        try fixture.broker.createSubscription("s", of: "events", rules: [rule("a", "1=1"), rule("b", "1=1", action: "SET x = 1")])
        try fixture.send("1", to: "events") { $0.messageID = "m" }
        try fixture.send("1", to: "events") { $0.messageID = "m" }
        #expect(try fixture.counts(path).active == 2, "the topic dropped the second message; its copies are two")
    }

    // MARK: Errors

    @Test("without an answer put the message into the dead letters, if the subscription says so") func filterError() throws {
        for deadLetters in [true, false] {
            let fixture = try fixture([rule("bad", "tries = 3"), rule("good", "x = 1")]) {
                $0.deadLetteringOnFilterEvaluationExceptions = deadLetters
            }
            try fixture.send("1", to: "events") { $0.applicationProperties = ["tries": "3"] }
            #expect(try fixture.counts(path) == .init(deadLetter: deadLetters ? 1 : 0))
            if deadLetters {
                let dead = try #require(try self.deadLetters(fixture).first)
                #expect(dead.applicationProperties["DeadLetterReason"] == "FilterEvaluationException")
                let description = try #require(dead.applicationProperties["DeadLetterErrorDescription"]?.text)
                #expect(description == "Rule 'bad' could not be evaluated: '=' does not take text and a whole number.")
            }
        }
    }

    @Test("that fail do not hinder the others") func otherRules() throws {
        let fixture = try fixture([rule("bad", "sys.Foo = 3"), rule("good", "x = 1")])
        try fixture.send("1", to: "events") { $0.applicationProperties = ["x": .int(1)] }
        #expect(try fixture.counts(path) == .init(active: 1, deadLetter: 1))
    }

    @Test("whose action fails give no copy") func actionError() throws {
        let fixture = try fixture([rule("r", "1=1", action: "SET a = 1; SET b = x / 0")])
        try fixture.send("1", to: "events") { $0.applicationProperties = ["x": .int(1)] }
        #expect(try fixture.counts(path) == .init(deadLetter: 1))
        #expect(try deadLetters(fixture).first?.applicationProperties["a"] == nil, "the dead letter is the message as it came")
    }

    @Test("are refused when they cannot be read, with the place and a hint") func malformed() throws {
        let fixture = try fixture([])
        for bad in [rule("r", "region == 'eu'"), rule("r", "1=1", action: "SET region"), rule("r", "x = @p")] {
            let error = try #require(throws: BrokerError.self) { try fixture.broker.addRule(bad, to: path) }
            #expect(error.reason == .invalidArgument)
            #expect(error.description.hasPrefix("There was an error parsing the SQL expression. [Token line=1, column="))
            #expect(refusal { try fixture.broker.createSubscription("t", of: "events", rules: [bad]) } == .invalidArgument)
        }
        #expect(try fixture.broker.rules(of: path).map(\.settings.name) == ["$Default"])
    }

    // MARK: Changing rules

    @Test("can be added, replaced and removed while messages flow") func changing() throws {
        let fixture = try fixture([])
        let broker = fixture.broker
        try fixture.send("all", to: "events")
        try broker.addRule(rule("eu", "region = 'eu'"), to: "EVENTS/subscriptions/S")
        try broker.removeRule("$default", from: path)
        #expect(try broker.rules(of: path).map(\.settings) == [rule("eu", "region = 'eu'")])
        #expect(
            try broker.snapshot(of: path).kind
                == .subscription(topic: "events", name: "s", QueueSettings(), rules: [rule("eu", "region = 'eu'")]))
        try fixture.send("eu", to: "events") { $0.applicationProperties = ["region": "eu"] }
        try fixture.send("us", to: "events") { $0.applicationProperties = ["region": "us"] }
        try broker.replaceRule(rule("EU", "region = 'us'"), in: path)
        try fixture.send("us2", to: "events") { $0.applicationProperties = ["region": "us"] }
        try broker.removeRule("eu", from: path)
        try fixture.send("nobody's", to: "events")
        #expect(try fixture.queue(path).texts() == ["all", "eu", "us2"])
    }

    @Test("know when they were made") func createdAt() throws {
        let fixture = try fixture([rule("a", "1=1")])
        let start = fixture.clock.milliseconds
        fixture.pass(milliseconds: 5000)
        try fixture.broker.addRule(rule("b", "1=1"), to: path)
        try fixture.broker.replaceRule(rule("a", "1=0"), in: path)
        #expect(try fixture.broker.rules(of: path).map(\.createdAt) == [start, start + 5000])
    }

    @Test("have the service's errors") func errors() throws {
        var limits = BrokerLimits.standard
        limits.maximumRules = 2
        let fixture = BrokerFixture(limits: limits)
        let broker = fixture.broker
        try broker.createTopic("events")
        try broker.createQueue("q")
        try broker.createSubscription("s", of: "events")
        let exists = try #require(throws: BrokerError.self) { try broker.addRule(rule("$default", "1=1"), to: path) }
        #expect(exists.reason == .entityExists)
        #expect(exists.status == 409)
        #expect(exists.description.hasPrefix("The messaging entity 'sandbox:Topic:events|s|$default' already exists."))
        let missing = try #require(throws: BrokerError.self) { try broker.removeRule("x", from: path) }
        #expect(missing.status == 404)
        #expect(missing.description.hasPrefix("Entity 'sandbox:Topic:events|s|x' was not found."))
        #expect(refusal { try broker.replaceRule(rule("x", "1=1"), in: path) } == .entityNotFound)
        for other in ["q", "events", "events/Subscriptions/none"] {
            #expect(refusal { try broker.rules(of: other) } == .entityNotFound, "\(other)")
            #expect(refusal { try broker.addRule(rule("x", "1=1"), to: other) } == .entityNotFound, "\(other)")
        }
        for name in ["", String(repeating: "x", count: 51), "a/b", "a\nb"] {
            #expect(refusal { try broker.addRule(rule(name, "1=1"), to: path) } == .invalidArgument, "\(name)")
        }
        try broker.addRule(rule("2", "1=1"), to: path)
        #expect(refusal { try broker.addRule(rule("3", "1=1"), to: path) } == .quotaExceeded)
        #expect(refusal { try broker.createSubscription("t", of: "events", rules: [rule("a", "1=1"), rule("A", "1=0")]) } == .entityExists)
    }
}
