public import ServiceBus

/// A rule as `rules` lists it.
public struct RuleRecord: OutputRecord {
    /// The rule.
    public let rule: RuleDescription

    /// Wraps a rule.
    public init(_ rule: RuleDescription) { self.rule = rule }

    /// Name, kind, filter, action, age.
    public static let columns = [
        OutputColumn("rule"), OutputColumn("filter"), OutputColumn("condition"), OutputColumn("action"), OutputColumn("created"),
    ]

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        for cell in cells { row.cell(cell) }
    }

    var cells: [String] { [rule.name, rule.filterKind, rule.conditionText, rule.actionText ?? "–", rule.createdAt?.rfc3339 ?? "–"] }

    /// Writes the rule as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("name", rule.name)
            json.member("filter", rule.filterKind)
            json.member("condition", rule.conditionText)
            if case .sql(_, let parameters) = rule.filter { Self.write(parameters, "parameters", to: &json) }
            json.member("action", rule.actionText)
            if case .sql(_, let parameters) = rule.action { Self.write(parameters, "actionParameters", to: &json) }
            json.member("createdAt", rule.createdAt?.rfc3339)
        }
    }

    private static func write(_ parameters: [RuleDescription.Parameter], _ name: String, to json: inout JSONWriter) {
        guard !parameters.isEmpty else { return }
        json.key(name)
        json.object { json in
            for parameter in parameters {
                json.key(parameter.name)
                json.object { json in
                    json.member("type", parameter.type)
                    json.member("value", parameter.value)
                }
            }
        }
    }
}

/// What a rule would do with a message, as `rules ... test` prints it: a line for each rule of each subscription.
public struct RoutingRecord: OutputRecord {
    private let message: Int
    private let delivery: TopicRouting.Delivery
    /// The rule; nil for a subscription that has none.
    private let rule: (rule: RuleTrial, outcome: RuleTrial.Outcome)?

    /// The lines of a message.
    /// - Parameter message: which message of those asked about, from 1.
    public static func all(_ deliveries: [TopicRouting.Delivery], message: Int) -> [RoutingRecord] {
        deliveries.flatMap { delivery in
            delivery.outcomes.isEmpty
                ? [RoutingRecord(message: message, delivery: delivery, rule: nil)]
                : delivery.outcomes.map { RoutingRecord(message: message, delivery: delivery, rule: $0) }
        }
    }

    /// Message, subscription, what it gets, rule, what that says, and why.
    public static let columns = [
        OutputColumn("message", isNumeric: true), OutputColumn("subscription"), OutputColumn("gets"), OutputColumn("rule"),
        OutputColumn("selects"), OutputColumn("because"),
    ]

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        for cell in cells { row.cell(cell) }
    }

    var cells: [String] {
        [
            String(message), delivery.subscription.path.displayName, delivery.gets, rule?.rule.rule.name ?? "–", verdict,
            reasons.joined(separator: "; "),
        ]
    }

    private var verdict: String { rule.map { TopicRouting.Delivery.verdict($0.outcome) } ?? "–" }

    private var reasons: [String] { delivery.reasons(rule) }

    /// Writes the line as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("message", Int64(message))
            json.member("subscription", delivery.subscription.path.displayName)
            json.member("copies", Int64(delivery.copies))
            json.member("deadLetters", Int64(delivery.deadLetters))
            json.member("rule", rule?.rule.rule.name)
            json.member("selects", rule?.outcome.explanation.isSelected ?? false)
            json.key("because")
            json.array { json in
                for reason in reasons { json.text(reason) }
            }
        }
    }
}

extension RuleDescription {
    var filterKind: String {
        switch filter {
        case .all: "true"
        case .none: "false"
        case .sql: "sql"
        case .correlation: "correlation"
        case .other(let type): type
        }
    }

    /// What the filter asks for, in the language of filters.
    var conditionText: String {
        switch filter {
        case .all: "1=1"
        case .none: "1=0"
        case .sql(let expression, let parameters): expression + Self.suffix(parameters)
        case .correlation(let conditions, let properties):
            (conditions.map { "sys.\($0.name) = \(Self.literal($0))" } + properties.map { "\($0.name) = \(Self.literal($0))" })
                .joined(separator: " AND ")
        case .other: "–"
        }
    }

    var actionText: String? {
        switch action {
        case .none: nil
        case .sql(let expression, let parameters): expression + Self.suffix(parameters)
        case .other(let type): type
        }
    }

    private static func suffix(_ parameters: [Parameter]) -> String {
        parameters.isEmpty ? "" : " (" + parameters.map { "\($0.name) = \(literal($0))" }.joined(separator: ", ") + ")"
    }

    static func literal(_ parameter: Parameter) -> String {
        parameter.type == "string"
            ? "'" + parameter.value.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'" : parameter.value
    }
}

extension MessageChanges {
    /// What changes, in the language of actions.
    var summary: String {
        let system = system.sorted { $0.key.rawValue < $1.key.rawValue }.map { property, value in
            value.isUnknown ? "REMOVE sys.\(property.rawValue)" : "sys.\(property.rawValue) = \(value.plainText)"
        }
        let user = user.map { change in
            change.value.map { "\(change.name) = \($0.isUnknown ? "NULL" : $0.plainText)" } ?? "REMOVE \(change.name)"
        }
        return (system + user).joined(separator: ", ")
    }
}
