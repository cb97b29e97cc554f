internal import AMQP
internal import ServiceBus

/// A rule as a subscription evaluates it: read once, when it is made.
public struct SubscriptionRule: Sendable {
    private enum Selector {
        case everything
        case nothing
        case correlation(CorrelationConditions)
        case sql(SQLFilter)
    }

    /// The rule as it was given.
    public let settings: RuleSettings
    /// When it was made, in milliseconds since 1970.
    public let createdAt: Int64
    private let selector: Selector
    let action: SQLAction?

    /// Reads a rule.
    ///
    /// - Throws: ``FilterSyntaxError`` when its filter or action is not of the SQL language.
    init(_ settings: RuleSettings, createdAt: Int64) throws(FilterSyntaxError) {
        self.settings = settings
        self.createdAt = createdAt
        switch settings.filter {
        case .all: selector = .everything
        case .none: selector = .nothing
        case .correlation(let filter): selector = .correlation(CorrelationConditions(filter))
        case .sql(let text):
            let filter = try SQLFilter(text, parameters: settings.filterParameters.mapValues { FilterValue($0) })
            selector = filter.isAlwaysTrue ? .everything : .sql(filter)
        }
        if let text = settings.action, !text.isEmpty {
            action = try SQLAction(text, parameters: settings.actionParameters.mapValues { FilterValue($0) })
        } else {
            action = nil
        }
    }

    /// Whether no message has to be looked at to know that it is selected.
    var selectsEverything: Bool { if case .everything = selector { true } else { false } }

    /// Whether a message is selected.
    ///
    /// - Throws: ``FilterEvaluationError`` when the filter has no answer for it.
    func selects(_ subject: MessageSubject) throws(FilterEvaluationError) -> Bool {
        switch selector {
        case .everything: true
        case .nothing: false
        case .correlation(let conditions): conditions.matches(subject)
        case .sql(let filter): try filter.matches(subject)
        }
    }
}

extension CorrelationConditions {
    init(_ filter: CorrelationFilter) {
        self.init()
        require(.correlationID, filter.correlationID)
        require(.messageID, filter.messageID)
        require(.to, filter.to)
        require(.replyTo, filter.replyTo)
        require(.label, filter.label)
        require(.sessionID, filter.sessionID)
        require(.replyToSessionID, filter.replyToSessionID)
        require(.contentType, filter.contentType)
        for (name, value) in filter.properties { require(property: name, FilterValue(value)) }
    }
}
