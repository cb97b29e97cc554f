import CallboardCore
import ServiceBus
import Testing

/// A rule set out for people.
@Suite struct RuleTextTests {
    private func lines(_ filter: RuleDescription.Filter, _ action: RuleDescription.Action = .none) -> [String] {
        RuleText.lines(of: RuleDescription(name: "r", filter: filter, action: action)).map {
            "\($0.word)|\($0.text)" + ($0.isProblem ? "|!" : "")
        }
    }

    @Test("a condition a line, in the canonical form, with the parentheses that keep its meaning")
    func sql() {
        #expect(lines(.sql(expression: "a=1", parameters: [])) == ["when|a = 1"])
        #expect(
            lines(.sql(expression: "a=1 and (b=2 or c is null) and not d like 'x%'", parameters: [])) == [
                "when|a = 1", "and|(b = 2 OR c IS NULL)", "and|NOT d LIKE 'x%'",
            ])
        #expect(lines(.sql(expression: "a=1 and b=2 or c=3", parameters: [])) == ["when|a = 1 AND b = 2", "or|c = 3"])
    }

    @Test("what the action changes, a statement a line, and parameters with their values")
    func action() {
        #expect(
            lines(
                .sql(expression: "amount > @limit", parameters: [.init(name: "@limit", type: "int", value: "5")]),
                .sql(expression: "set x = 1; remove y", parameters: [])) == [
                    "when|amount > @limit", "with|@limit = 5", "then|SET x = 1", "then|REMOVE y",
                ])
    }

    @Test("filters of other kinds as the conditions they stand for")
    func others() {
        #expect(lines(.all) == ["when|1=1 (every message)"])
        #expect(lines(.none) == ["when|1=0 (no message)"])
        #expect(
            lines(.correlation([.init(name: "Label", value: "it's")], properties: [.init(name: "n", type: "int", value: "3")])) == [
                "when|sys.Label = 'it''s'", "and|n = 3",
            ])
        #expect(lines(.other(type: "New"))[0].hasSuffix("|!"))
    }

    @Test("what cannot be read is shown as it is, with the place of the mistake")
    func problems() {
        let lines = lines(.sql(expression: "a = ", parameters: []))
        #expect(lines.first == "when|a = ")
        #expect(lines.last?.contains("column 5") == true)
        #expect(lines.last?.hasSuffix("|!") == true)
    }
}

/// The keys of an entity, by name and rights.
@Suite struct AccessKeyTests {
    @Test("each rule is a key with its rights; key material is neither a key nor a setting")
    func keys() throws {
        let prefix = "AuthorizationRules.AuthorizationRule"
        var entity = EntityDescription(path: try .queue("q"), kind: .queue)
        entity.settings = [
            .init(name: "LockDuration", value: "PT1M"), .init(name: "\(prefix)@type", value: "SharedAccessAuthorizationRule"),
            .init(name: "\(prefix).Rights.AccessRights", value: "Send"), .init(name: "\(prefix).KeyName", value: "app"),
            .init(name: "\(prefix).PrimaryKey", value: "***"), .init(name: "\(prefix)@type", value: "SharedAccessAuthorizationRule"),
            .init(name: "\(prefix).Rights.AccessRights", value: "Listen"),
            .init(name: "\(prefix).Rights.AccessRights", value: "Send"), .init(name: "\(prefix).KeyName", value: "worker"),
        ]
        #expect(entity.accessKeys.map { "\($0.name): \($0.rights.joined(separator: " "))" } == ["app: Send", "worker: Listen Send"])
        #expect(entity.settingsWithoutKeys.map(\.name) == ["LockDuration"])
    }

    @Test("no rules, no keys")
    func none() throws {
        var entity = EntityDescription(path: try .queue("q"), kind: .queue)
        entity.settings = [.init(name: "AuthorizationRules", value: "")]
        #expect(entity.accessKeys.isEmpty)
        #expect(entity.settingsWithoutKeys.isEmpty)
    }
}
