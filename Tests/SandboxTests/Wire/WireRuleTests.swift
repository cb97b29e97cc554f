import AMQP
import NIOCore
import Testing

@testable import Sandbox

/// Rules over AMQP (reference 1.12): no client for Python has them, so the encodings are held to the numbers written down there.
@Suite struct WireRuleTests {
    private func fixture() throws -> WireFixture {
        try WireFixture {
            try $0.createQueue("q")
            try $0.createTopic("t")
            try $0.createSubscription("s", of: "t")
        }
    }

    private func list(_ client: WireClient, _ node: WireClient.Node, skip: Int32 = 0, top: Int32 = 100) throws -> [AMQPValue] {
        let answer = try client.ask(node, "enumerate-rules", ["top": .int(top), "skip": .int(skip)])
        return answer?.map["rules"]?.elements?.compactMap { $0.mapValue?["rule-description"] } ?? []
    }

    private func descriptors(_ value: AMQPValue) -> [UInt64] {
        guard case .described(.ulong(let number), .list(let fields)) = value else { return [] }
        return [number] + fields.flatMap(descriptors)
    }

    @Test func theFirstRuleSelectsEverything() throws {
        let fixture = try fixture()
        let client = try fixture.connect()
        let rules = try list(client, client.node("t/Subscriptions/s/$management"))
        #expect(rules.map(descriptors) == [[0x137_0000_0004, 0x13_7000_0007, 0x137_0000_0005]])
        guard case .described(_, .list(let fields))? = rules.first else { return }
        #expect(fields.count == 4)
        #expect(fields[2] == "$Default")
        #expect(fields[3] == .timestamp(fixture.clock.milliseconds))
    }

    @Test func rulesAreAddedListedAndRemoved() throws {
        let fixture = try fixture()
        let client = try fixture.connect(as: "ListenOnly")
        let node = try client.node("t/subscriptions/s/$management")
        let sql: AMQPMap = [
            "rule-name": "red",
            "rule-description": .map([
                "sql-filter": .map(["expression": "color = 'red'"]), "sql-rule-action": .map(["expression": "SET seen = 1"]),
            ]),
        ]
        #expect(try client.ask(node, "add-rule", sql)?.status == 200)
        #expect(try client.ask(node, "add-rule", sql)?.condition == "com.microsoft:entity-already-exists")
        let correlation: AMQPMap = [
            "rule-name": "blue",
            "rule-description": .map([
                "correlation-filter": .map(["label": "x", "content-type": "text/plain", "properties": .map(["n": .int(3)])])
            ]),
        ]
        #expect(try client.ask(node, "add-rule", correlation)?.status == 200)
        #expect(try client.ask(node, "remove-rule", ["rule-name": "$Default"])?.status == 200)
        let missing = try client.ask(node, "remove-rule", ["rule-name": "$Default"])
        #expect(missing?.status == 404)
        #expect(missing?.condition == "amqp:not-found")
        let rules = try list(client, node)
        #expect(
            rules.map(descriptors) == [
                [0x137_0000_0004, 0x13_7000_0006, 0x137_0000_0006], [0x137_0000_0004, 0x13_7000_0009, 0x137_0000_0005],
            ])
        guard case .described(_, .list(let fields))? = rules.last, case .described(_, .list(let filter))? = fields.first else { return }
        #expect(filter == [.null, .null, .null, .null, "x", .null, .null, "text/plain", .map(AMQPMap([.init(key: "n", value: .int(3))]))])
        #expect(try list(client, node, skip: 1, top: 1).count == 1)
        #expect(try client.ask(node, "enumerate-rules", ["top": .int(10), "skip": .int(2)])?.status == 204)
    }

    @Test func aNewRuleDecidesAboutTheNextMessage() throws {
        let fixture = try fixture()
        let client = try fixture.connect()
        let node = try client.node("t/Subscriptions/s/$management")
        _ = try client.ask(node, "remove-rule", ["rule-name": "$Default"])
        try fixture.send(["none"], to: "t")
        _ = try client.ask(
            node, "add-rule",
            ["rule-name": "all", "rule-description": .map(["sql-filter": .map(["expression": "1=1"])])])
        try fixture.send(["one"], to: "t")
        #expect(try fixture.queue("t/Subscriptions/s").texts() == ["one"])
    }

    /// What was listed is understood when it is added, with numbers or with names.
    @Test(arguments: [true, false])
    func describedRulesAreUnderstood(byName: Bool) throws {
        let rules: [RuleSettings] = [
            RuleSettings(name: "a", filter: .all), RuleSettings(name: "b", filter: .none),
            RuleSettings(name: "c", filter: .sql("x > 1"), action: "REMOVE x"),
            RuleSettings(
                name: "d",
                filter: .correlation(
                    {
                        var f = CorrelationFilter(); f.messageID = "1"; return f
                    }())),
        ]
        let names: [UInt64: String] = [
            0x137_0000_0004: "rule-description", 0x137_0000_0005: "empty-rule-action", 0x137_0000_0006: "sql-rule-action",
            0x13_7000_0006: "sql-filter", 0x13_7000_0007: "true-filter", 0x13_7000_0008: "false-filter",
            0x13_7000_0009: "correlation-filter",
        ]
        func named(_ value: AMQPValue) -> AMQPValue {
            guard byName, case .described(.ulong(let number), .list(let fields)) = value, let name = names[number] else { return value }
            return .described(descriptor: .symbol(Symbol("com.microsoft:\(name):list")), value: .list(fields.map(named)))
        }
        for rule in rules {
            #expect(try RuleCodec.decode(named(RuleCodec.encode(rule, createdAt: 5)), name: nil) == rule)
        }
    }

    @Test func whatIsNoRuleIsRefused() throws {
        let fixture = try fixture()
        let client = try fixture.connect()
        let node = try client.node("t/Subscriptions/s/$management")
        let descriptions: [AMQPValue] = [
            .null, "x", .map([:]), .map(["sql-filter": .map([:])]), .described(descriptor: .ulong(1), value: .list([])),
            .described(descriptor: .ulong(0x137_0000_0004), value: .list([])),
        ]
        for description in descriptions {
            let answer = try client.ask(node, "add-rule", ["rule-name": "x", "rule-description": description])
            #expect(answer?.status == 400)
            #expect(answer?.statusText.contains("TrackingId:") == true)
        }
        let queue = try client.node("q/$management")
        #expect(try client.ask(queue, "enumerate-rules", ["top": .int(10), "skip": .int(0)])?.status == 404)
        let stranger = try fixture.connect(as: "SendOnly")
        let refused = try stranger.ask(stranger.node("t/Subscriptions/s/$management"), "remove-rule", ["rule-name": "$Default"])
        #expect(refused?.condition == "amqp:unauthorized-access")
    }
}
