internal import AMQP

/// How rules travel: as maps to the service, as described lists from it (.NET's `Amqp/Framing/*Codec.cs` and `AmqpRuleManager`).
extension SubscriptionRule {
    /// The descriptors of the lists. Those of the filters have a zero less than the others: .NET compares these very numbers.
    private enum Kind {
        case rule, emptyAction, sqlAction, sqlFilter, trueFilter, falseFilter, correlationFilter

        init?(_ descriptor: AMQPValue) {
            switch descriptor {
            case .ulong(0x137_0000_0004), .symbol("com.microsoft:rule-description:list"): self = .rule
            case .ulong(0x137_0000_0005), .symbol("com.microsoft:empty-rule-action:list"): self = .emptyAction
            case .ulong(0x137_0000_0006), .symbol("com.microsoft:sql-rule-action:list"): self = .sqlAction
            case .ulong(0x13_7000_0006), .symbol("com.microsoft:sql-filter:list"): self = .sqlFilter
            case .ulong(0x13_7000_0007), .symbol("com.microsoft:true-filter:list"): self = .trueFilter
            case .ulong(0x13_7000_0008), .symbol("com.microsoft:false-filter:list"): self = .falseFilter
            case .ulong(0x13_7000_0009), .symbol("com.microsoft:correlation-filter:list"): self = .correlationFilter
            default: return nil
            }
        }
    }

    /// A described list's kind and fields.
    private static func open(_ value: AMQPValue?) -> (kind: Kind, fields: [AMQPValue])? {
        guard case .described(let descriptor, .list(let fields))? = value, let kind = Kind(descriptor) else { return nil }
        return (kind, fields)
    }

    // MARK: From the service

    /// Reads a rule; nil when it is not one, or has a filter of a kind this version does not know.
    init?(_ value: AMQPValue) {
        guard let (kind, fields) = Self.open(value), kind == .rule, fields.count >= 3, let name = fields[2].text,
            let filter = Self.filter(fields[0])
        else { return nil }
        self.init(name: name, filter: filter)
        if let (kind, fields) = Self.open(fields[1]), kind == .sqlAction { action = fields.first?.text }
        if fields.count > 3, case .timestamp(let milliseconds) = fields[3] { createdAt = Timestamp(milliseconds: milliseconds) }
    }

    private static func filter(_ value: AMQPValue) -> Filter? {
        guard let (kind, fields) = open(value) else { return nil }
        switch kind {
        case .trueFilter: return .all
        case .falseFilter: return Filter.none
        case .sqlFilter: return fields.first?.text.map { .sql($0) }
        case .correlationFilter:
            func text(_ index: Int) -> String? { fields.indices.contains(index) ? fields[index].text : nil }
            var correlation = Correlation()
            correlation.correlationID = text(0)
            correlation.messageID = text(1)
            correlation.to = text(2)
            correlation.replyTo = text(3)
            correlation.subject = text(4)
            correlation.sessionID = text(5)
            correlation.replyToSessionID = text(6)
            correlation.contentType = text(7)
            if fields.count > 8, let map = fields[8].mapValue {
                correlation.properties = map.pairs.map { .init(name: PropertyValue.keyText($0.key), value: PropertyValue($0.value)) }
            }
            return .correlation(correlation)
        case .rule, .emptyAction, .sqlAction: return nil
        }
    }

    // MARK: To the service

    /// The `rule-description` of an `add-rule` request.
    var description: AMQPMap {
        var map = AMQPMap()
        func expression(_ text: String) -> AMQPValue { .map(AMQPMap([.init(key: .string("expression"), value: .string(text))])) }
        switch filter {
        // The request knows no true and false filters: these expressions are what they are made of.
        case .all: map.pairs.append(.init(key: .string("sql-filter"), value: expression("1=1")))
        case .none: map.pairs.append(.init(key: .string("sql-filter"), value: expression("1=0")))
        case .sql(let text): map.pairs.append(.init(key: .string("sql-filter"), value: expression(text)))
        case .correlation(let correlation): map.pairs.append(.init(key: .string("correlation-filter"), value: .map(correlation.map)))
        }
        if let action { map.pairs.append(.init(key: .string("sql-rule-action"), value: expression(action))) }
        return map
    }
}

extension SubscriptionRule.Correlation {
    fileprivate var map: AMQPMap {
        var map = AMQPMap()
        func add(_ key: String, _ text: String?) {
            if let text { map.pairs.append(.init(key: .string(key), value: .string(text))) }
        }
        add("correlation-id", correlationID)
        add("message-id", messageID)
        add("to", to)
        add("reply-to", replyTo)
        add("label", subject)
        add("session-id", sessionID)
        add("reply-to-session-id", replyToSessionID)
        add("content-type", contentType)
        if !properties.isEmpty {
            let pairs = properties.map { AMQPMap.Pair(key: .string($0.name), value: $0.value.amqpValue) }
            map.pairs.append(.init(key: .string("properties"), value: .map(AMQPMap(pairs))))
        }
        return map
    }
}
