import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Who would get a message")
struct TopicRoutingTests {
    private let gateway = MemoryGateway()
    private let topic: EntityPath

    init() throws { topic = try EntityPath.topic("events") }

    private var workspace: Workspace { Workspace(context: OperatorContext(name: "demo"), gateway: gateway) }

    private func path(_ name: String) throws -> EntityPath { try .subscription(topic: "events", name: name) }

    private func rule(_ name: String, _ condition: String, action: String? = nil) -> RuleDescription {
        RuleDescription(
            name: name, filter: .sql(expression: condition, parameters: []),
            action: action.map { .sql(expression: $0, parameters: []) } ?? .none)
    }

    /// A topic with subscriptions in the gateway.
    private func add(
        _ subscriptions: [(name: String, rules: [RuleDescription])], _ configure: (inout EntityDescription) -> Void = { _ in }
    ) throws {
        var descriptions = [EntityDescription(path: topic, kind: .topic), EntityDescription(path: try .queue("orders"), kind: .queue)]
        var rules: [EntityPath: [RuleDescription]] = [:]
        for (name, own) in subscriptions {
            var description = EntityDescription(path: try path(name), kind: .subscription)
            configure(&description)
            descriptions.append(description)
            rules[description.path] = own
        }
        gateway.with { [descriptions, rules] in
            $0.descriptions = descriptions
            $0.rules = rules
        }
    }

    private var message: OutgoingMessage {
        var message = OutgoingMessage()
        message.subject = "OrderPlaced"
        message.applicationProperties = [
            .init(name: "region", value: PropertyValue(typeName: "string", content: .text("eu"))),
            .init(name: "quantity", value: PropertyValue(typeName: "long", content: .integer(3))),
        ]
        return message
    }

    private func cells() async throws -> [[String]] {
        let routing = try await workspace.routing(of: topic)
        return RoutingRecord.all(routing.deliveries(of: message), message: 1).map { Array($0.cells.dropFirst()) }
    }

    @Test("says for every rule whether it selects, and why")
    func reasons() async throws {
        try add([
            ("billing", [rule("eu", "region = 'eu' AND quantity > 1")]),
            ("audit", [rule("us", "region = 'us'"), rule("big", "quantity > 10")]),
            ("typo", [rule("label", "Label = 'OrderPlaced'")]),
        ])
        #expect(
            try await cells() == [
                ["events/audit", "nothing", "us", "no", "region = 'us': region is 'eu'"],
                ["events/audit", "nothing", "big", "no", "quantity > 10: quantity is 3 (a whole number)"],
                ["events/billing", "1 copy", "eu", "yes", "region = 'eu': region is 'eu'; quantity > 1: quantity is 3 (a whole number)"],
                [
                    "events/typo", "nothing", "label", "no (unknown)",
                    "Label = 'OrderPlaced': Label is not there (the service's own is sys.Label)",
                ],
            ])
    }

    @Test("counts a copy for each action and one for the rest")
    func copies() async throws {
        try add([
            (
                "s",
                [
                    rule("a", "1=1"), rule("b", "quantity = 3"),
                    rule("half", "1=1", action: "SET quantity = quantity / 2; REMOVE region; SET sys.Label = 'x'"),
                    rule("no", "1=0", action: "SET a = 1"),
                ]
            )
        ])
        let cells = try await cells()
        #expect(cells.map { $0[1] } == ["2 copies", "2 copies", "2 copies", "2 copies"])
        #expect(cells[2][4] == "1=1; its copy: sys.Label = x, quantity = 1, REMOVE region")
    }

    @Test("tells failures, and where the message goes then")
    func failures() async throws {
        try add([("s", [rule("bad", "region = 3"), rule("action", "1=1", action: "SET a = quantity / 0")])])
        let cells = try await cells()
        #expect(cells.map { $0[1] } == ["a dead letter", "a dead letter"])
        #expect(cells.map { $0[3] } == ["fails", "fails"])
        #expect(cells[0][4] == "'=' does not take text and a whole number; region = 3: region is 'eu'")
        #expect(cells[1][4] == "1=1; its action fails: division by zero")

        try add([("s", [rule("bad", "region = 3")])]) {
            $0.settings = [.init(name: "DeadLetteringOnFilterEvaluationExceptions", value: "false")]
        }
        #expect(try await self.cells().map { $0[1] } == ["nothing"])
    }

    @Test("knows subscriptions without rules, and those that take nothing")
    func emptyAndDisabled() async throws {
        try add([("s", [])])
        #expect(try await cells() == [["events/s", "nothing", "–", "–", "the subscription has no rules"]])
        try add([("s", [rule("all", "1=1")])]) { $0.status = .sendDisabled }
        #expect(try await cells() == [["events/s", "nothing", "all", "yes", "the subscription is SendDisabled"]])
    }

    @Test("sees what lacks the session that a subscription requires")
    func sessions() async throws {
        try add([("s", [rule("plain", "1=1"), rule("session", "1=1", action: "SET sys.SessionId = region")])]) { $0.requiresSession = true }
        let cells = try await cells()
        #expect(cells.map { $0[1] } == ["1 copy, a dead letter", "1 copy, a dead letter"])
        #expect(cells[0][4] == "1=1; the subscription requires sessions")
        var withSession = message
        withSession.sessionID = "s"
        let delivery = try #require(try await workspace.routing(of: topic).deliveries(of: withSession).first)
        #expect(delivery.copies == 2)
        #expect(delivery.copiesWithoutSession == 0)
    }

    @Test("explains filters of every kind, known here or not")
    func kinds() async throws {
        let rules = [
            RuleDescription(name: "all"), RuleDescription(name: "none", filter: .none),
            RuleDescription(
                name: "correlation",
                filter: .correlation(
                    [.init(name: "Label", value: "OrderPlaced")], properties: [.init(name: "quantity", type: "int", value: "4")])),
            RuleDescription(
                name: "parameter", filter: .sql(expression: "quantity < @max", parameters: [.init(name: "@max", type: "int", value: "9")])),
            RuleDescription(name: "strange", filter: .other(type: "RegexFilter")), rule("broken", "region ="),
        ]
        try add([("s", rules)])
        let cells = try await cells()
        #expect(cells.map { $0[3] } == ["yes", "no", "no", "yes", "fails", "fails"])
        #expect(cells[0][4] == "1=1")
        #expect(cells[2][4] == "quantity = 4: quantity is 3 (a whole number)")
        #expect(cells[3][4] == "quantity < @max: quantity is 3 (a whole number), @max is 9")
        #expect(cells[4][4] == "a filter of type RegexFilter is not known here")
        #expect(cells[5][4].hasPrefix("column 9: expected a value"))
    }

    @Test("asks about one subscription when that is named, and refuses what has no rules")
    func scope() async throws {
        try add([("a", [rule("r", "1=1")]), ("b", [rule("r", "1=1")])])
        #expect(try await workspace.routing(of: path("b")).subscriptions.map(\.path) == [path("b")])
        let queue = try EntityPath.queue("orders")
        await #expect { try await workspace.routing(of: queue) } throws: { ($0 as? OperatorError)?.exitCode == 2 }
        await #expect { try await workspace.rules(of: topic) } throws: { ($0 as? OperatorError)?.exitCode == 2 }
        let missing = try EntityPath.queue("none")
        await #expect { try await workspace.routing(of: missing) } throws: { ($0 as? OperatorError)?.exitCode == 4 }
    }

    @Test("lists rules in the language of filters")
    func listing() throws {
        let rule = RuleDescription(
            name: "r",
            filter: .correlation([.init(name: "Label", value: "it's")], properties: [.init(name: "n", type: "int", value: "4")]),
            action: .sql(expression: "SET a = @p", parameters: [.init(name: "@p", value: "x")]))
        #expect(RuleRecord(rule).cells == ["r", "correlation", "sys.Label = 'it''s' AND n = 4", "SET a = @p (@p = 'x')", "–"])
        var json = JSONWriter()
        RuleRecord(rule).write(to: &json)
        #expect(
            String(decoding: json.bytes, as: UTF8.self)
                == #"{"name":"r","filter":"correlation","condition":"sys.Label = 'it''s' AND n = 4","action":"SET a = @p (@p = 'x')","#
                + #""actionParameters":{"@p":{"type":"string","value":"x"}},"createdAt":null}"#)
    }
}
