internal import AMQP
internal import ServiceBus

/// Between what the broker keeps and what administration shows.
extension AdministeredRule {
    init(_ rule: RuleSettings, createdAt: Timestamp) {
        if let administered = rule.administered {
            self = administered
            self.createdAt = createdAt
            return
        }
        let filter: Filter =
            switch rule.filter {
            case .all: .all
            case .none: .none
            case .sql(let expression): .sql(Expression(expression, rule.filterParameters))
            case .correlation(let correlation): .correlation(Correlation(correlation))
            }
        self.init(name: rule.name, filter: filter, action: rule.action.map { Expression($0, rule.actionParameters) }, createdAt: createdAt)
    }
}

extension AdministeredRule.Expression {
    fileprivate init(_ text: String, _ parameters: [String: AMQPValue]) {
        self.init(text, parameters: parameters.sorted { $0.key < $1.key }.map { AdministeredRule.Property(key: $0.key, $0.value) })
    }

    /// The parameters' values as messages have them.
    var values: [String: AMQPValue] {
        Dictionary(parameters.compactMap { parameter in parameter.amqpValue.map { (parameter.key, $0) } }) { first, _ in first }
    }
}

extension AdministeredRule.Correlation {
    fileprivate init(_ filter: CorrelationFilter) {
        self.init()
        correlationID = filter.correlationID
        messageID = filter.messageID
        to = filter.to
        replyTo = filter.replyTo
        label = filter.label
        sessionID = filter.sessionID
        replyToSessionID = filter.replyToSessionID
        contentType = filter.contentType
        properties = filter.properties.sorted { $0.key < $1.key }.map { AdministeredRule.Property(key: $0.key, $0.value) }
    }
}

extension CorrelationFilter {
    init(_ correlation: AdministeredRule.Correlation) {
        self.init()
        correlationID = correlation.correlationID
        messageID = correlation.messageID
        to = correlation.to
        replyTo = correlation.replyTo
        label = correlation.label
        sessionID = correlation.sessionID
        replyToSessionID = correlation.replyToSessionID
        contentType = correlation.contentType
        for property in correlation.properties { properties[property.key] = property.amqpValue }
    }
}
