import AMQP
import Testing

@testable import Sandbox

@Suite struct EmulatorConfigurationTests {
    private func parse(_ text: String, rules: ConfigurationRules = .service) throws -> EmulatorConfiguration {
        try EmulatorConfiguration(parsing: Array(text.utf8), rules: rules)
    }

    /// A configuration whose namespace has the given members.
    private func namespace(_ members: String) -> String {
        "{\"UserConfig\":{\"Namespaces\":[{\"Name\":\"sbemulatorns\",\n\(members)}],\"Logging\":{\"Type\":\"File\"}}}"
    }

    private func problems(_ text: String, rules: ConfigurationRules = .service) throws -> [ConfigurationProblem] {
        try #require(throws: ConfigurationError.self) { try parse(text, rules: rules) }.problems
    }

    private static let example = #"""
        // The shape of the file that comes with the emulator, comments and all.
        {
          "UserConfig": {
            "Namespaces": [
              {
                "Name": "sbemulatorns",
                "Queues": [
                  {
                    "Name": "queue.1",
                    "Properties": {
                      "DeadLetteringOnMessageExpiration": true, // "quoted" in a comment
                      "DefaultMessageTimeToLive": "PT30M",
                      "DuplicateDetectionHistoryTimeWindow": "PT30S",
                      "ForwardDeadLetteredMessagesTo": "sink",
                      "ForwardTo": "",
                      "LockDuration": "PT2M",
                      "MaxDeliveryCount": 7,
                      "RequiresDuplicateDetection": true,
                      "RequiresSession": true
                    }
                  },
                  { "Name": "sink" }
                ],
                "Topics": [
                  {
                    "Name": "topic.1",
                    "Properties": {
                      "DefaultMessageTimeToLive": "PT20M",
                      "DuplicateDetectionHistoryTimeWindow": "PT25S",
                      "RequiresDuplicateDetection": true
                    },
                    "Subscriptions": [
                      {
                        "Name": "subscription.1",
                        "Properties": {
                          "DeadLetteringOnMessageExpiration": true,
                          "DefaultMessageTimeToLive": "PT10M",
                          "LockDuration": "PT3M",
                          "MaxDeliveryCount": 4,
                          "ForwardDeadLetteredMessagesTo": "",
                          "ForwardTo": "sink",
                          "RequiresSession": false
                        },
                        "Rules": [
                          {
                            "Name": "app-prop-filter-1",
                            "Properties": {
                              "FilterType": "Correlation",
                              "CorrelationFilter": {
                                "ContentType": "application/text",
                                "CorrelationId": "id1",
                                "Label": "subject1",
                                "MessageId": "msgid1",
                                "ReplyTo": "someQueue",
                                "ReplyToSessionId": "sessionId",
                                "SessionId": "session1",
                                "To": "xyz",
                                "Properties": { "prop1": "value1", "tries": 3, "ratio": 0.5, "vip": true }
                              }
                            }
                          }
                        ]
                      },
                      { "Name": "all", "Rules": [ { "Name": "everything", "Properties": { "FilterType": "Sql", "SqlFilter": { "SqlExpression": "1 = 1" } } } ] },
                      { "Name": "plain" }
                    ]
                  }
                ]
              }
            ],
            "Logging": { "Type": "File,Console" /* both */ }
          }
        }
        """#

    @Test func everySettingOfTheExampleIsHonoured() throws {
        let configuration = try parse(Self.example)
        #expect(configuration.namespace == "sbemulatorns")
        #expect(configuration.logging == ["File", "Console"])
        #expect(configuration.warnings.isEmpty)
        var queue = QueueSettings()
        queue.deadLetteringOnExpiration = true
        queue.defaultTimeToLive = 1_800_000
        queue.duplicateDetectionWindow = 30_000
        queue.forwardDeadLetteredMessagesTo = "sink"
        queue.lockDuration = 120_000
        queue.maxDeliveryCount = 7
        queue.requiresSession = true
        #expect(configuration.queues.first?.settings == queue)
        let topic = try #require(configuration.topics.first)
        #expect(topic.settings.defaultTimeToLive == 1_200_000)
        #expect(topic.settings.duplicateDetectionWindow == 25_000)
        var subscription = QueueSettings()
        subscription.deadLetteringOnExpiration = true
        subscription.defaultTimeToLive = 600_000
        subscription.lockDuration = 180_000
        subscription.maxDeliveryCount = 4
        subscription.forwardTo = "sink"
        #expect(topic.subscriptions.map(\.name) == ["subscription.1", "all", "plain"])
        #expect(topic.subscriptions[0].settings == subscription)
        var filter = CorrelationFilter()
        filter.contentType = "application/text"
        filter.correlationID = "id1"
        filter.label = "subject1"
        filter.messageID = "msgid1"
        filter.replyTo = "someQueue"
        filter.replyToSessionID = "sessionId"
        filter.sessionID = "session1"
        filter.to = "xyz"
        filter.properties = ["prop1": "value1", "tries": .long(3), "ratio": .double(0.5), "vip": true]
        #expect(topic.subscriptions[0].rules == [RuleSettings(name: "app-prop-filter-1", filter: .correlation(filter))])
        #expect(topic.subscriptions[1].rules == [RuleSettings(name: "everything", filter: .sql("1 = 1"))])
        #expect(topic.subscriptions[2].rules == [])
    }

    @Test func whatIsNotSaidIsTheEmulatorsDefault() throws {
        let settings = try #require(try parse(Self.example).queues.last?.settings)
        #expect(settings.maxDeliveryCount == 3)
        #expect(settings.defaultTimeToLive == 3_600_000)
        #expect(settings.lockDuration == 60_000)
        #expect(!settings.requiresSession && !settings.deadLetteringOnExpiration && settings.duplicateDetectionWindow == nil)
    }

    @Test func itServesWhatItDescribes() throws {
        let broker = Broker { 0 }
        try parse(Self.example).apply(to: broker)
        let paths = [
            "queue.1", "sink", "topic.1", "topic.1/Subscriptions/all", "topic.1/Subscriptions/plain",
            "topic.1/Subscriptions/subscription.1",
        ]
        #expect(broker.snapshots().map(\.path) == paths)
        try broker.send(BrokerFixture.message("x"), to: BrokerFixture.address("topic.1"))
        #expect(try broker.snapshot(of: "topic.1/Subscriptions/all").counts.active == 1)
        #expect(try broker.snapshot(of: "topic.1/Subscriptions/subscription.1").counts.active == 0)
        #expect(try broker.snapshot(of: "sink").counts.active == 0)
    }

    @Test(arguments: [
        (
            #""Queues": [ { "Name": "q", "Properties": { "MaxDeliveryCount": 0 } } ]"#, "Queues[0].Properties.MaxDeliveryCount",
            "must be from 1 to 2000, not 0"
        ),
        (
            #""Queues": [ { "Name": "q", "Properties": { "MaxDeliveryCount": 1.5 } } ]"#, "Queues[0].Properties.MaxDeliveryCount",
            "must be a whole number, not 1.5"
        ),
        (
            #""Queues": [ { "Name": "q", "Properties": { "MaxDeliveryCount": "3" } } ]"#, "Queues[0].Properties.MaxDeliveryCount",
            "must be a whole number, not a string"
        ),
        (
            #""Queues": [ { "Name": "q", "Properties": { "LockDuration": "PT6M" } } ]"#, "Queues[0].Properties.LockDuration",
            "must be from 1 s to 300 s, not PT6M"
        ),
        (
            #""Queues": [ { "Name": "q", "Properties": { "LockDuration": "1 minute" } } ]"#, "Queues[0].Properties.LockDuration",
            "not an ISO 8601 duration"
        ),
        (
            #""Queues": [ { "Name": "q", "Properties": { "RequiresSession": 1 } } ]"#, "Queues[0].Properties.RequiresSession",
            "must be true or false, not a number"
        ),
        (
            #""Queues": [ { "Name": "q", "Properties": { "ForwardTo": "x" } } ]"#, "Queues[0].Properties.ForwardTo",
            "which is no queue or topic"
        ),
        (#""Queues": [ { "Name": "q", "Properties": { "ForwardTo": "Q" } } ]"#, "Queues[0].Properties.ForwardTo", "back to itself"),
        (#""Queues": [ { "Name": "-q" } ]"#, "Queues[0].Name", "not a valid name"),
        (#""Queues": [ { "Name": "q" }, { "Name": "Q" } ]"#, "Queues[1].Name", "is there twice"),
        (#""Queues": [ { "Name": "q" } ], "Topics": [ { "Name": "q" } ]"#, "Topics[0].Name", "is there twice"),
        (#""Queues": [ {} ]"#, "Queues[0]", "has no Name"),
        (#""Queues": {}"#, "Queues", "must be a list, not an object"),
        (
            #""Topics": [ { "Name": "t", "Subscriptions": [ { "Name": "s", "Rules": [ { "Name": "r", "Properties": { "FilterType": "Sql", "SqlFilter": { "SqlExpression": "a == 1" } } } ] } ] } ]"#,
            "Topics[0].Subscriptions[0].Rules[0].Properties.SqlFilter.SqlExpression", "is no SQL filter: column 3: there is no operator =="
        ),
        (
            #""Topics": [ { "Name": "t", "Subscriptions": [ { "Name": "s", "Rules": [ { "Name": "r", "Properties": { "FilterType": "Sql", "SqlFilter": { "SqlExpression": "1=1" }, "Action": { "SqlExpression": "SET a" } } } ] } ] } ]"#,
            "Topics[0].Subscriptions[0].Rules[0].Properties.Action.SqlExpression",
            "is no SQL action: column 6: expected '=' after the property to set"
        ),
        (
            #""Topics": [ { "Name": "t", "Subscriptions": [ { "Name": "s", "Rules": [ { "Name": "r", "Properties": { "FilterType": "Regex" } } ] } ] } ]"#,
            "Topics[0].Subscriptions[0].Rules[0].Properties.FilterType", "neither Correlation nor Sql"
        ),
        (
            #""Topics": [ { "Name": "t", "Subscriptions": [ { "Name": "s", "Rules": [ { "Name": "r", "Properties": { "FilterType": "Correlation", "CorrelationFilter": {} } } ] } ] } ]"#,
            "Topics[0].Subscriptions[0].Rules[0].Properties.CorrelationFilter", "selects by nothing"
        ),
    ])
    func aFaultIsNamedWithItsPlace(members: String, path: String, message: String) throws {
        let problem = try #require(try problems(namespace(members)).first)
        #expect(problem.path == "$.UserConfig.Namespaces[0].\(path)")
        #expect(problem.message.contains(message), "\(problem)")
        #expect(problem.line == 2)
    }

    @Test func allFaultsAreReportedAtOnceInOrder() throws {
        let found = try problems(
            namespace(
                "\"Queues\": [ { \"Name\": \"a b\" },\n{ \"Name\": \"q\", \"Properties\": {\n\"LockDuration\": 5,\n\"MaxDeliveryCount\": -1 } } ]"
            ))
        #expect(found.map(\.line) == [2, 4, 5])
        let error = ConfigurationError(file: "my.json", problems: found)
        #expect(error.description.hasPrefix("my.json: line 2: $.UserConfig.Namespaces[0].Queues[0].Name: 'a b' is not a valid name"))
    }

    @Test(arguments: [
        "{}", "[]", "{\"UserConfig\":{}}", "{\"UserConfig\":{\"Namespaces\":[]}}", "{\"UserConfig\":{\"Namespaces\":[{},{}]}}", "{",
    ])
    func aDocumentOfAnotherShapeIsRefused(text: String) throws { #expect(try !problems(text).isEmpty) }

    @Test func unknownSettingsAreWarnedAbout() throws {
        let configuration = try parse(namespace(#""Queues": [ { "Name": "q", "Properties": { "LockDurations": "PT1M" } } ]"#))
        #expect(configuration.warnings.map(\.path) == ["$.UserConfig.Namespaces[0].Queues[0].Properties.LockDurations"])
        #expect(configuration.queues.count == 1)
    }

    @Test func namesOfSettingsAreReadInAnyCase() throws {
        let configuration = try parse(
            namespace(#""queues": [ { "name": "q", "properties": { "lockDuration": "PT2M", "requiresSession": "True" } } ]"#))
        #expect(configuration.queues.first?.settings.lockDuration == 120_000)
        #expect(configuration.queues.first?.settings.requiresSession == true)
    }

    @Test func theEmulatorsOwnRulesMayBeAskedFor() throws {
        let text = namespace(
            #""Queues": [ { "Name": "q", "Properties": { "MaxDeliveryCount": 11, "DefaultMessageTimeToLive": "P14D", "LockDuration": "PT1S" } } ]"#
        )
        #expect(try problems(text, rules: .emulator).count == 3)
        #expect(try parse(text).queues.first?.settings.maxDeliveryCount == 11)
        let many = "\"Queues\": [" + (0..<51).map { "{\"Name\":\"q\($0)\"}" }.joined(separator: ",") + "]"
        #expect(try problems(namespace(many), rules: .emulator).first?.message == "has 51 queues and topics (at most 50)")
        #expect(try parse(namespace(many)).queues.count == 51)
    }

    @Test func forEverIsATimeToLive() throws {
        let text = namespace(#""Queues": [ { "Name": "q", "Properties": { "DefaultMessageTimeToLive": "P10675199DT2H48M5.4775807S" } } ]"#)
        #expect(try #require(try parse(text).queues.first).settings.defaultTimeToLive == nil)
    }

    @Test func noDamageToAFileTraps() {
        var random = TestRandom(state: 3)
        let original = Array(Self.example.utf8)
        for _ in 0..<500 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &random)
                case 1: bytes.remove(at: place)
                default: bytes.removeSubrange(place...)
                }
                if bytes.isEmpty { bytes = [0] }
            }
            _ = try? EmulatorConfiguration(parsing: bytes)
        }
    }
}
