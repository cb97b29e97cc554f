import AMQP
import ServiceBus
import Testing

@testable import Sandbox

@Suite("Changing a namespace through its administration")
struct AdministrationChangesTests {
    // MARK: Making and changing

    @Test("a queue is made with the service's defaults, then changed, then removed")
    func lifetime() async throws {
        let namespace = try await LiveNamespace()
        let made = await namespace.put("orders", "Queue", "<LockDuration>PT30S</LockDuration><UserMetadata>a &lt; b</UserMetadata>")
        #expect(made.status == 201)
        #expect(made.etag == nil)
        #expect(made.value("LockDuration") == "PT30S")
        #expect(made.value("UserMetadata") == "a &lt; b")
        #expect(made.value("MaxDeliveryCount") == "10")
        #expect(made.value("MaxMessageSizeInKilobytes") == "256")
        namespace.clock.advance(by: 60)
        let changed = await namespace.put("Orders", "Queue", "<MaxDeliveryCount>3</MaxDeliveryCount>", update: true)
        #expect(changed.status == 200)
        #expect(changed.etag == "637369653610000000", "the moment of the change")
        #expect(changed.value("LockDuration") == "PT1M", "what an update leaves out is set back")
        #expect(changed.value("CreatedAt") == "2020-09-29T08:35:01Z")
        let read = await namespace.ask("GET", "/orders?api-version=2021-05")
        #expect(read.value("MaxDeliveryCount") == "3")
        #expect(read.value("UserMetadata") == nil)
        #expect(read.etag == changed.etag)
        let removed = await namespace.ask("DELETE", "/ORDERS")
        #expect(removed.status == 200 && removed.body.isEmpty && removed.contentType == nil)
        #expect(await namespace.ask("GET", "/orders").body.contains("Publicly Listed Services"))
        #expect(await namespace.ask("DELETE", "/orders").status == 404)
    }

    @Test(
        "every setting comes back as it was sent",
        arguments: [
            ("LockDuration", "PT4M59S"), ("MaxSizeInMegabytes", "4096"), ("RequiresDuplicateDetection", "true"),
            ("RequiresSession", "true"),
            ("DefaultMessageTimeToLive", "P3DT4H5M6.5S"), ("DeadLetteringOnMessageExpiration", "true"),
            ("DuplicateDetectionHistoryTimeWindow", "P7D"), ("MaxDeliveryCount", "2000"), ("EnableBatchedOperations", "false"),
            ("IsAnonymousAccessible", "true"), ("Status", "SendDisabled"), ("UserMetadata", "owner: team &amp; me"),
            ("SupportOrdering", "false"), ("AutoDeleteOnIdle", "PT5M"), ("EnablePartitioning", "true"), ("EnableExpress", "true"),
        ])
    func settings(name: String, value: String) async throws {
        let namespace = try await LiveNamespace()
        #expect(await namespace.put("q", "Queue", "<\(name)>\(value)</\(name)>").value(name) == value)
        #expect(await namespace.ask("GET", "/q").value(name) == value)
        guard !["LockDuration", "RequiresSession", "DeadLetteringOnMessageExpiration", "MaxDeliveryCount"].contains(name) else { return }
        #expect(await namespace.put("t", "Topic", "<\(name)>\(value)</\(name)>").value(name) == value)
        #expect(await namespace.ask("GET", "/t").value(name) == value)
    }

    @Test("a subscription has its own, and its first rule is the one that was sent")
    func subscription() async throws {
        let namespace = try await LiveNamespace()
        _ = await namespace.put("events", "Topic")
        let rule =
            "<DefaultRuleDescription><Filter i:type=\"CorrelationFilter\"><Label>paid</Label></Filter><Name>only-paid</Name></DefaultRuleDescription>"
        let made = await namespace.put(
            "events/Subscriptions/billing", "Subscription",
            "<DeadLetteringOnFilterEvaluationExceptions>false</DeadLetteringOnFilterEvaluationExceptions>\(rule)<MaxDeliveryCount>7</MaxDeliveryCount>"
        )
        #expect(made.status == 201)
        #expect(made.value("DeadLetteringOnFilterEvaluationExceptions") == "false")
        #expect(made.value("MaxDeliveryCount") == "7")
        let rules = await namespace.ask("GET", "/events/subscriptions/billing/rules")
        #expect(rules.body.matches(of: /<Name>([^<]*)<\/Name>/).map { String($0.1) } == ["only-paid"])
        #expect(rules.value("Label") == "paid")
        #expect(await namespace.ask("DELETE", "/events/subscriptions/billing").status == 200)
        let missing = await namespace.ask("DELETE", "/events/subscriptions/billing")
        #expect(missing.status == 404)
        #expect(missing.detail?.hasPrefix("Entity 'theatre:Topic:events|billing' was not found.") == true)
    }

    @Test("rules are made, changed and removed, and take effect")
    func rules() async throws {
        let namespace = try await LiveNamespace()
        _ = await namespace.put("t", "Topic")
        _ = await namespace.put("t/subscriptions/s", "Subscription")
        let filter = "<Filter i:type=\"CorrelationFilter\"><Label>a</Label></Filter>"
        let path = "t/subscriptions/s/rules/labels"
        #expect(await namespace.put(path, "Rule", filter).status == 201)
        #expect(await namespace.put(path, "Rule", filter).status == 409)
        #expect(await namespace.put(path, "Rule", filter.replacing("a</L", with: "b</L"), update: true).value("Label") == "b")
        #expect(await namespace.put("\(path)2", "Rule", filter, update: true).status == 404)
        #expect(await namespace.ask("DELETE", "/t/subscriptions/s/rules/$Default").status == 200)
        #expect(await namespace.ask("DELETE", "/t/subscriptions/s/rules/$Default").status == 404)
        for label in ["a", "b", "c"] {
            try await namespace.withBroker { broker in
                let message = try BrokerFixture.message("m") { $0.properties = Properties(subject: label) }
                try broker.send(message, to: EntityAddress(path: "t"))
            }
        }
        #expect(await namespace.ask("GET", "/t/subscriptions/s").value("MessageCount") == "1")
    }

    @Test("what is there already is made no second time, and what is not there cannot be changed")
    func conflicts() async throws {
        let namespace = try await LiveNamespace()
        _ = await namespace.put("name", "Queue")
        for kind in ["Queue", "Topic"] {
            let again = await namespace.put("NAME", kind)
            #expect(again.status == 409)
            #expect(again.detail?.hasPrefix("SubCode=40900. Conflict.") == true)
        }
        #expect(await namespace.put("name", "Topic", update: true).status == 409, "a queue does not become a topic")
        #expect(await namespace.put("other", "Queue", update: true).status == 404)
        #expect(await namespace.put("other/subscriptions/s", "Subscription").status == 404)
        #expect(await namespace.put("name", "Subscription").status == 400, "the description is of something else")
        #expect(await namespace.put("$Resources/queues", "Queue").status == 404)
    }

    // MARK: What cannot be

    @Test(
        "what cannot change is refused in the service's words",
        arguments: [
            ("RequiresSession", "SubCode=40000. The value for the RequiresSession property of an existing Queue cannot be changed."),
            (
                "RequiresDuplicateDetection",
                "SubCode=40000. The value for the RequiresDuplicateDetection property of an existing Queue cannot be changed."
            ), ("EnablePartitioning", "SubCode=40000. Partitioning cannot be changed for Queue."),
        ])
    func unchangeable(name: String, words: String) async throws {
        let namespace = try await LiveNamespace()
        _ = await namespace.put("q", "Queue")
        let refused = await namespace.put("q", "Queue", "<\(name)>true</\(name)>", update: true)
        #expect(refused.status == 400)
        #expect(refused.detail?.hasPrefix(words) == true, "\(refused.body)")
        #expect(await namespace.ask("GET", "/q").value(name) == "false")
    }

    @Test(
        "values out of range are refused with the range, the name and the value",
        arguments: [
            ("Queue", "LockDuration", "PT5M1S", "The supplied lock time exceeds the allowed maximum of '5' minutes.", "00:05:01"),
            ("Queue", "MaxDeliveryCount", "0", "The property value for 'MaxDeliveryCount' must be between 1 and 2000", "0"),
            (
                "Queue", "DuplicateDetectionHistoryTimeWindow", "PT19S",
                "The property value for 'DuplicateDetectionHistoryTimeWindow' must be between 00:00:20 and 7.00:00:00", "00:00:19"
            ),
            (
                "Topic", "AutoDeleteOnIdle", "PT4M59S",
                "The property value for 'AutoDeleteOnIdle' must be between 00:05:00 and 10675199.02:48:05.4775807", "00:04:59"
            ),
            (
                "Topic", "MaxMessageSizeInKilobytes", "257",
                "The property value for 'MaxMessageSizeInKilobytes' must be between 256 and 256", "257"
            ),
            (
                "Topic", "DefaultMessageTimeToLive", "PT0.5S",
                "The property value for 'DefaultMessageTimeToLive' must be between 00:00:01 and", "00:00:00.5000000"
            ),
        ])
    func ranges(kind: String, name: String, value: String, words: String, actual: String) async throws {
        let namespace = try await LiveNamespace()
        let refused = await namespace.put("x", kind, "<\(name)>\(value)</\(name)>")
        #expect(refused.status == 400)
        #expect(refused.detail?.hasPrefix("SubCode=40000. \(words)") == true, "\(refused.body)")
        #expect(refused.detail?.hasSuffix("&#xD;\nParameter name: \(name)&#xD;\nActual value was \(actual).") == true, "\(refused.body)")
        #expect(await namespace.ask("GET", "/x").body.contains("Publicly Listed"), "nothing was made")
    }

    @Test(
        "what is no description is refused, whatever it is",
        arguments: [
            "", "x", "<entry/>", "<a><content><QueueDescription/></content></a>", "<entry><content/></entry>",
            "<entry><content><Other/></content></entry>", "<entry><content><QueueDescription></content></entry>",
            "<entry><content><QueueDescription><LockDuration>soon</LockDuration></QueueDescription></content></entry>",
            "<entry><content><QueueDescription><RequiresSession>maybe</RequiresSession></QueueDescription></content></entry>",
            "<entry><content><QueueDescription><MaxDeliveryCount>99999999999999999999</MaxDeliveryCount></QueueDescription></content></entry>",
            "<entry><content><QueueDescription><MaxSizeInMegabytes>1000</MaxSizeInMegabytes></QueueDescription></content></entry>",
            "<entry><content><QueueDescription><Status>Sleeping</Status></QueueDescription></content></entry>",
        ])
    func noDescription(body: String) async throws {
        let namespace = try await LiveNamespace()
        let refused = await namespace.ask("PUT", "/q") { $0.body = Array(body.utf8) }
        #expect(refused.status == (body.isEmpty ? 404 : 400))
        #expect(refused.body.hasPrefix("<Error><Code>"))
        #expect(await namespace.ask("PUT", "/q") { $0.body = nil }.status == 413)
    }

    @Test("names are checked", arguments: ["a%20b", "-a", "a/", "a%3Fb", String(repeating: "n", count: 261)])
    func names(name: String) async throws {
        let namespace = try await LiveNamespace()
        let answer = await namespace.put(name, "Queue")
        // A slash at the end is no part of a name.
        #expect(answer.status == (name == "a/" ? 201 : 400))
    }

    @Test("a Premium namespace has its own limits")
    func premium() async throws {
        let namespace = try await LiveNamespace(tier: .premium)
        #expect(await namespace.put("q", "Queue").value("MaxMessageSizeInKilobytes") == "1024")
        #expect(await namespace.put("big", "Queue", "<MaxMessageSizeInKilobytes>102400</MaxMessageSizeInKilobytes>").status == 201)
        #expect(await namespace.put("p", "Queue", "<EnablePartitioning>true</EnablePartitioning>").status == 400)
        #expect(await namespace.put("e", "Topic", "<EnableExpress>true</EnableExpress>").status == 400)
        #expect(await namespace.put("s", "Queue", "<MaxSizeInMegabytes>81920</MaxSizeInMegabytes>").status == 201)
        let (small, big) = try await namespace.withBroker { broker in
            func takes(_ kilobytes: Int, _ queue: String) -> Bool {
                refusal { try broker.send(BrokerFixture.message(String(repeating: "x", count: kilobytes * 1024)), to: .init(path: queue)) }
                    == nil
            }
            return (takes(1100, "q"), takes(1100, "big"))
        }
        #expect(!small && big, "messages are held to the entity's limit")
    }

    @Test("partitions make a queue sixteen times as large, once")
    func partitions() async throws {
        let namespace = try await LiveNamespace()
        let description = "<MaxSizeInMegabytes>3072</MaxSizeInMegabytes><EnablePartitioning>true</EnablePartitioning>"
        #expect(await namespace.put("q", "Queue", description).value("MaxSizeInMegabytes") == "49152")
        let again = description.replacing("3072", with: "49152")
        #expect(await namespace.put("q", "Queue", again, update: true).value("MaxSizeInMegabytes") == "49152")
    }

    // MARK: What follows

    @Test("a status applies to messages at once")
    func status() async throws {
        let namespace = try await LiveNamespace()
        _ = await namespace.put("q", "Queue")
        let sends = { @Sendable (broker: Broker) in refusal { try broker.send(BrokerFixture.message("m"), to: .init(path: "q")) } == nil }
        let receives = { @Sendable (broker: Broker) in
            refusal { try broker.queue(at: EntityAddress(path: "q")).receive(maxCount: 1, mode: .receiveAndDelete) } == nil
        }
        for (status, mayBeSent, mayBeReceived) in [
            ("Disabled", false, false), ("SendDisabled", false, true), ("ReceiveDisabled", true, false), ("Active", true, true),
        ] {
            _ = await namespace.put("q", "Queue", "<Status>\(status)</Status>", update: true)
            #expect(try await namespace.withBroker { sends($0) } == mayBeSent, "\(status)")
            #expect(try await namespace.withBroker { receives($0) } == mayBeReceived, "\(status)")
        }
    }

    @Test("forwarding leads to an entity that is there and that the caller may send to")
    func forwarding() async throws {
        let namespace = try await LiveNamespace()
        for name in ["source", "target"] { _ = await namespace.put(name, "Queue") }
        func forward(_ target: String, token: String? = nil) async -> AdministrationResponse {
            await namespace.put("source", "Queue", "<ForwardTo>\(target)</ForwardTo>", update: true) { $0.forwardingAuthorization = token }
        }
        #expect(await forward("nowhere").detail?.hasPrefix("SubCode=40400. The auto forwarding destination entity does not exist.") == true)
        #expect(await forward("Source").status == 400)
        let stranger = namespace.token("target", keyName: "ListenOnly")
        #expect(await forward("target", token: stranger).status == 401)
        #expect(await forward("target", token: namespace.token("source")).status == 401, "a token for another entity")
        let good = await forward("https://theatre.servicebus.windows.net/TARGET", token: namespace.token("target"))
        #expect(good.status == 200)
        #expect(good.value("ForwardTo") == "target")
        _ = try await namespace.withBroker { try $0.send(BrokerFixture.message("m"), to: EntityAddress(path: "source")) }
        #expect(await namespace.ask("GET", "/target").value("MessageCount") == "1")
        let sessions = "<RequiresSession>true</RequiresSession><ForwardTo>target</ForwardTo>"
        #expect(await namespace.put("other", "Queue", sessions).status == 400)
    }

    @Test("the key of an entity opens that entity, and no other")
    func entityKeys() async throws {
        let namespace = try await LiveNamespace()
        let rule =
            "<AuthorizationRules><AuthorizationRule i:type=\"SharedAccessAuthorizationRule\"><Rights><AccessRights>Manage</AccessRights>"
            + "<AccessRights>Send</AccessRights><AccessRights>Listen</AccessRights></Rights><KeyName>owner</KeyName>"
            + "<PrimaryKey>first</PrimaryKey></AuthorizationRule></AuthorizationRules>"
        let made = await namespace.put("mine", "Queue", rule)
        #expect(made.value("KeyName") == "owner")
        #expect(made.value("PrimaryKey") == "first")
        let second = try #require(made.value("SecondaryKey"), "a key that was not sent is made")
        #expect(second.utf8.count == 44)
        _ = await namespace.put("theirs", "Queue")
        for key in ["first", second] {
            let token = namespace.token("mine", keyName: "owner", key: key)
            #expect(await namespace.ask("GET", "/mine") { $0.authorization = token }.status == 200)
            #expect(await namespace.ask("GET", "/theirs") { $0.authorization = token }.status == 401)
        }
        let wide = namespace.token("", keyName: "owner", key: "first")
        #expect(await namespace.ask("GET", "/mine") { $0.authorization = wide }.status == 401, "the key signs for its entity only")
        _ = await namespace.put("mine", "Queue", update: true)
        #expect(await namespace.ask("GET", "/mine").value("PrimaryKey") == "first", "an update that says nothing of keys keeps them")
        _ = await namespace.put("mine", "Queue", "<AuthorizationRules/>", update: true)
        let token = namespace.token("mine", keyName: "owner", key: "first")
        #expect(await namespace.ask("GET", "/mine") { $0.authorization = token }.status == 401, "the key is gone")
    }

    @Test("half a right to manage is refused")
    func halfManage() async throws {
        let namespace = try await LiveNamespace()
        let rule =
            "<AuthorizationRules><AuthorizationRule><Rights><AccessRights>Manage</AccessRights></Rights><KeyName>k</KeyName></AuthorizationRule></AuthorizationRules>"
        #expect(await namespace.put("q", "Queue", rule).detail == "SubCode=40000. Manage permission should also include Send and Listen.")
    }

    // MARK: Cost

    @Test("credits are counted, and refused when the second's are spent")
    func credits() async throws {
        let namespace = try await LiveNamespace(creditsPerSecond: 50)
        var statuses: [Int] = []
        for _ in 0..<7 { statuses.append(await namespace.ask("GET", "/$namespaceinfo").status) }
        #expect(statuses == [200, 200, 200, 200, 200, 429, 429])
        let refused = await namespace.ask("GET", "/$namespaceinfo")
        #expect(
            refused.detail?.hasPrefix("SubCode=50004. The request was terminated because the namespace theatre is being throttled.") == true
        )
        namespace.clock.advance(by: 1)
        #expect(await namespace.ask("GET", "/$namespaceinfo").status == 200)
        #expect(
            namespace.responder.meter.usage
                == CreditMeter.Usage(calls: 6, refusedCalls: 3, credits: 60, mostCreditsPerSecond: 80))
    }

    @Test("ten thousand entities are made and listed page by page without looking at the others", .timeLimit(.minutes(2)))
    func many() async throws {
        let names = (0..<10_000).map { "q\(100_000 + $0)" }
        let namespace = try await LiveNamespace { broker in for name in names.shuffled() { try broker.createQueue(name) } }
        var listed: [String] = []
        while true {
            let page = await namespace.responder.source.administeredEntities(in: .queues, skip: listed.count, top: 100) ?? []
            listed += page.map(\.name)
            if page.count < 100 { break }
        }
        #expect(listed == names)
    }
}
