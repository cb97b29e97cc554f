import AMQP

/// Rules as `$management` carries them (reference 1.12): asked for as maps, told as described lists.
///
/// The filters' descriptors have one zero less than the others. That is no slip of ours: clients match on these numbers.
enum RuleCodec {
    /// The types of the service's described lists, by number; their symbolic names are understood as well.
    private enum Kind: UInt64, CaseIterable {
        case description = 0x137_0000_0004
        case emptyAction = 0x137_0000_0005
        case sqlAction = 0x137_0000_0006
        case sqlFilter = 0x13_7000_0006
        case trueFilter = 0x13_7000_0007
        case falseFilter = 0x13_7000_0008
        case correlationFilter = 0x13_7000_0009

        private var name: String {
            switch self {
            case .description: "rule-description"
            case .emptyAction: "empty-rule-action"
            case .sqlAction: "sql-rule-action"
            case .sqlFilter: "sql-filter"
            case .trueFilter: "true-filter"
            case .falseFilter: "false-filter"
            case .correlationFilter: "correlation-filter"
            }
        }

        init?(_ descriptor: AMQPValue) {
            switch descriptor {
            case .ulong(let number): self.init(rawValue: number)
            case .symbol(let symbol):
                guard let kind = Self.allCases.first(where: { symbol.name == "com.microsoft:\($0.name):list" }) else { return nil }
                self = kind
            default: return nil
            }
        }

        func list(_ fields: [AMQPValue]) -> AMQPValue { .described(descriptor: .ulong(rawValue), value: .list(fields)) }
    }

    /// The level of the SQL language that the service names in every answer.
    private static let compatibilityLevel = AMQPValue.int(20)

    /// Why a description is none, in words.
    struct Malformed: Error {
        var text: String
    }

    // MARK: Reading

    /// Reads the description in an `add-rule` request: a map, or the described list that rules are told as.
    /// - Parameter name: the name the request gives; else the description's own.
    static func decode(_ value: AMQPValue, name: String?) throws(Malformed) -> RuleSettings {
        switch value {
        case .map(let map): return try decode(map, name: name)
        case .described(let descriptor, .list(let fields)) where Kind(descriptor) == .description:
            guard let name = name ?? fields.element(2)?.text else { throw Malformed(text: "The rule has no name.") }
            return RuleSettings(name: name, filter: try filter(fields.element(0) ?? .null), action: try action(fields.element(1) ?? .null))
        default: throw Malformed(text: "'rule-description' is neither a map nor a rule.")
        }
    }

    private static func decode(_ map: AMQPMap, name: String?) throws(Malformed) -> RuleSettings {
        guard let name = name ?? map["rule-name"]?.text else { throw Malformed(text: "The rule has no name.") }
        let filter: RuleFilter
        if let sql = map["sql-filter"]?.mapValue {
            guard let expression = sql["expression"]?.text else { throw Malformed(text: "The SQL filter has no expression.") }
            filter = .sql(expression)
        } else if let correlation = map["correlation-filter"]?.mapValue {
            filter = .correlation(self.correlation { correlation[$0.key] })
        } else if map["true-filter"] != nil {
            filter = .all
        } else if map["false-filter"] != nil {
            filter = .none
        } else {
            throw Malformed(text: "The rule has no filter.")
        }
        return RuleSettings(name: name, filter: filter, action: map["sql-rule-action"]?.mapValue?["expression"]?.text)
    }

    private static func filter(_ value: AMQPValue) throws(Malformed) -> RuleFilter {
        guard case .described(let descriptor, .list(let fields)) = value, let kind = Kind(descriptor) else {
            throw Malformed(text: "The rule has no filter.")
        }
        switch kind {
        case .trueFilter: return .all
        case .falseFilter: return .none
        case .sqlFilter:
            guard let expression = fields.element(0)?.text else { throw Malformed(text: "The SQL filter has no expression.") }
            return .sql(expression)
        case .correlationFilter: return .correlation(correlation { fields.element($0.index) })
        default: throw Malformed(text: "The rule's filter is something else.")
        }
    }

    private static func action(_ value: AMQPValue) throws(Malformed) -> String? {
        guard case .described(let descriptor, .list(let fields)) = value, let kind = Kind(descriptor), kind == .sqlAction else {
            return nil
        }
        guard let expression = fields.element(0)?.text else { throw Malformed(text: "The SQL action has no expression.") }
        return expression
    }

    // MARK: Correlation

    /// A part of a correlation filter: its place in a list and its name in a map.
    private struct Part {
        let index: Int
        let key: String
        let path: WritableKeyPath<CorrelationFilter, String?>
    }

    private static var parts: [Part] {
        let named: [(String, WritableKeyPath<CorrelationFilter, String?>)] = [
            ("correlation-id", \.correlationID), ("message-id", \.messageID), ("to", \.to), ("reply-to", \.replyTo), ("label", \.label),
            ("session-id", \.sessionID), ("reply-to-session-id", \.replyToSessionID), ("content-type", \.contentType),
        ]
        return named.enumerated().map { Part(index: $0.offset, key: $0.element.0, path: $0.element.1) }
    }

    private static func correlation(_ value: ((index: Int, key: String)) -> AMQPValue?) -> CorrelationFilter {
        var filter = CorrelationFilter()
        for part in parts { filter[keyPath: part.path] = value((part.index, part.key))?.text }
        for pair in value((parts.count, "properties"))?.mapValue?.pairs ?? [] {
            if let name = pair.key.text { filter.properties[name] = pair.value }
        }
        return filter
    }

    // MARK: Writing

    /// Writes a rule as `enumerate-rules` tells it.
    /// - Parameter createdAt: when it was made, in milliseconds since 1970.
    static func encode(_ rule: RuleSettings, createdAt: Int64) -> AMQPValue {
        let action: AMQPValue =
            if let text = rule.action, !text.isEmpty { Kind.sqlAction.list([.string(text), compatibilityLevel]) } else {
                Kind.emptyAction.list([])
            }
        return Kind.description.list([encode(rule.filter), action, .string(rule.name), .timestamp(createdAt)])
    }

    private static func encode(_ filter: RuleFilter) -> AMQPValue {
        switch filter {
        // The rule that a subscription has from the start.
        case .all, .sql("1=1"): return Kind.trueFilter.list([])
        case .none: return Kind.falseFilter.list([])
        case .sql(let expression): return Kind.sqlFilter.list([.string(expression), compatibilityLevel])
        case .correlation(let filter):
            let texts = parts.map { part in filter[keyPath: part.path].map { AMQPValue.string($0) } ?? .null }
            let properties = filter.properties.sorted { $0.key < $1.key }.map { AMQPMap.Pair(key: .string($0.key), value: $0.value) }
            return Kind.correlationFilter.list(texts + [.map(AMQPMap(properties))])
        }
    }
}

extension [AMQPValue] {
    /// The field at a place; nil when the list is shorter, or the field is null.
    fileprivate func element(_ index: Int) -> AMQPValue? { indices.contains(index) && !self[index].isNull ? self[index] : nil }
}
