/// What a path under `Microsoft.ServiceBus/namespaces` names.
enum ServiceBusPath: Hashable, Sendable {
    case namespaces
    case namespace
    case networkRules
    case queues
    case queue(String)
    case topics
    case topic(String)
    case subscriptions(topic: String)
    case subscription(topic: String, name: String)
    case rules(topic: String, subscription: String)
    case rule(topic: String, subscription: String, name: String)
    case keyRules(of: String?)
    case keyRule(String, of: String?)
    case keyAction(String, rule: String, of: String?)

    /// - Parameter parts: the segments after the namespace's name, as they were spelled.
    init?(_ parts: [String]) {
        let words = parts.map { $0.lowercased() }
        func entity(_ text: String) -> String { String(text.map { $0 == "~" ? "/" : $0 }) }
        func keys(_ rest: ArraySlice<String>, of owner: String?) -> ServiceBusPath? {
            let rest = Array(rest)
            switch rest.count {
            case 1: return .keyRules(of: owner)
            case 2: return .keyRule(rest[1], of: owner)
            case 3: return .keyAction(rest[2].lowercased(), rule: rest[1], of: owner)
            default: return nil
            }
        }
        switch (words.first, parts.count) {
        case (nil, _): self = .namespace
        case ("networkrulesets", 2) where words[1] == "default": self = .networkRules
        case ("authorizationrules", _):
            guard let path = keys(parts[...], of: nil) else { return nil }
            self = path
        case ("queues", 1): self = .queues
        case ("queues", 2): self = .queue(entity(parts[1]))
        case ("topics", 1): self = .topics
        case ("topics", 2): self = .topic(entity(parts[1]))
        case ("queues", _) where words[2] == "authorizationrules", ("topics", _) where words[2] == "authorizationrules":
            guard let path = keys(parts[2...], of: entity(parts[1])) else { return nil }
            self = path
        case ("topics", 3) where words[2] == "subscriptions": self = .subscriptions(topic: entity(parts[1]))
        case ("topics", 4) where words[2] == "subscriptions": self = .subscription(topic: entity(parts[1]), name: parts[3])
        case ("topics", 5) where words[2] == "subscriptions" && words[4] == "rules":
            self = .rules(topic: entity(parts[1]), subscription: parts[3])
        case ("topics", 6) where words[2] == "subscriptions" && words[4] == "rules":
            self = .rule(topic: entity(parts[1]), subscription: parts[3], name: parts[5])
        default: return nil
        }
    }

    /// The type that roles speak of, without the provider.
    func type(ofOwner isTopic: Bool) -> String {
        switch self {
        case .namespaces, .namespace: "namespaces"
        case .networkRules: "namespaces/networkRuleSets"
        case .queues, .queue: "namespaces/queues"
        case .topics, .topic: "namespaces/topics"
        case .subscriptions, .subscription: "namespaces/topics/subscriptions"
        case .rules, .rule: "namespaces/topics/subscriptions/rules"
        case .keyRules(let owner), .keyRule(_, let owner), .keyAction(_, _, let owner):
            owner == nil
                ? "namespaces/authorizationRules"
                : isTopic ? "namespaces/topics/authorizationRules" : "namespaces/queues/authorizationRules"
        }
    }
}
