internal import AMQP

/// A rule as the namespace describes it, tried on messages that are not sent.
public struct RuleTrial: Sendable {
    /// What a rule would do with a message.
    public struct Outcome: Hashable, Sendable {
        /// What its filter makes of the message, and why.
        public var explanation: FilterExplanation
        /// What its action would change in its copy; nil when it has none, or does not select the message.
        public var changes: MessageChanges?
        /// Why the action would fail; the message is then not delivered by this rule.
        public var actionError: String?

        /// Whether the rule gives the subscription a message.
        public var delivers: Bool { explanation.isSelected && actionError == nil }

        /// Whether the subscription's dead-letter queue gets the message, if it wants those whose rules fail.
        public var fails: Bool {
            if case .error = explanation.outcome { return true }
            return actionError != nil
        }
    }

    private enum Selector {
        case constant(Bool)
        case correlation(CorrelationConditions)
        case sql(SQLFilter)
        /// One that cannot be read here, and why.
        case unreadable(String)
    }

    /// The rule.
    public let rule: RuleDescription
    private let selector: Selector
    private let action: Result<SQLAction, FilterSyntaxError>?

    /// Prepares a rule. What cannot be read of it says so in every outcome.
    public init(_ rule: RuleDescription) {
        self.rule = rule
        selector = Self.selector(rule.filter)
        switch rule.action {
        case .none: action = nil
        case .sql(let expression, let parameters):
            action = Result { () throws(FilterSyntaxError) in try SQLAction(expression, parameters: Self.values(parameters)) }
        case .other(let type):
            action = .failure(
                FilterSyntaxError("an action of type \(type) is not known here", at: SourceRange(0, 0), of: type))
        }
    }

    /// Whether an action makes a copy of the rule's own, so that it is not counted with the others.
    public var hasAction: Bool { action != nil }

    private static func selector(_ filter: RuleDescription.Filter) -> Selector {
        switch filter {
        case .all: return .constant(true)
        case .none: return .constant(false)
        case .other(let type): return .unreadable("a filter of type \(type) is not known here")
        case .correlation(let conditions, let properties):
            var result = CorrelationConditions()
            for condition in conditions {
                guard let property = SystemProperty(named: condition.name) else {
                    return .unreadable("the service has no property \(condition.name)")
                }
                result.require(property, condition.value)
            }
            for property in properties { result.require(property: property.name, FilterValue(property)) }
            return .correlation(result)
        case .sql(let expression, let parameters):
            do throws(FilterSyntaxError) {
                return .sql(try SQLFilter(expression, parameters: values(parameters)))
            } catch {
                return .unreadable(error.description)
            }
        }
    }

    private static func values(_ parameters: [RuleDescription.Parameter]) -> [String: FilterValue] {
        Dictionary(parameters.map { ($0.name, FilterValue($0)) }, uniquingKeysWith: { first, _ in first })
    }

    /// What the rule would do with a message.
    public func outcome(for subject: some FilterSubject) -> Outcome {
        var outcome = Outcome(explanation: explanation(for: subject))
        guard outcome.explanation.isSelected, let action else { return outcome }
        switch action {
        case .failure(let error): outcome.actionError = error.description
        case .success(let action):
            do throws(FilterEvaluationError) {
                outcome.changes = try action.changes(to: subject)
            } catch {
                outcome.actionError = error.description
            }
        }
        return outcome
    }

    /// What the rule would do with a message that would be sent like this.
    public func outcome(for message: OutgoingMessage) -> Outcome {
        guard let subject = message.filterSubject else {
            return Outcome(explanation: FilterExplanation(outcome: .error("the message cannot be encoded"), parts: []))
        }
        return outcome(for: subject)
    }

    /// What the rule would do with a message like this one.
    public func outcome(for message: PeekedMessage) -> Outcome { outcome(for: MessageSubject(message)) }

    /// What the rule would do with a copy as it would be sent.
    public func outcome(for copy: ForwardedMessage) -> Outcome {
        guard let message = try? Message(copy.encoded) else {
            return Outcome(explanation: FilterExplanation(outcome: .error("the message cannot be read"), parts: []))
        }
        return outcome(for: MessageSubject(message))
    }

    private func explanation(for subject: some FilterSubject) -> FilterExplanation {
        switch selector {
        case .constant(let value): FilterExplanation(outcome: value ? .holds : .fails, parts: [])
        case .unreadable(let problem): FilterExplanation(outcome: .error(problem), parts: [])
        case .correlation(let conditions): conditions.explanation(for: subject)
        case .sql(let filter): filter.explanation(for: subject)
        }
    }
}

extension FilterValue {
    /// A value as the administration interface spells it: in XML Schema's form of its type. What is not of that form is text.
    public init(_ parameter: RuleDescription.Parameter) {
        let text = parameter.value
        let read: FilterValue? =
            switch parameter.type {
            case "int", "long", "short", "byte", "unsignedByte", "unsignedShort", "unsignedInt", "unsignedLong":
                Int64(text).map { .integer($0) } ?? UInt64(text).map { .unsigned($0) }
            case "double", "float", "decimal": Double(text).map { .double($0) }
            case "boolean": text == "true" || text == "1" ? .boolean(true) : text == "false" || text == "0" ? .boolean(false) : nil
            case "dateTime": FilterValue(reading: text, as: .moment(Timestamp(milliseconds: 0)))
            case "duration": FilterValue(reading: text, as: .duration(ticks: 0))
            case "guid": FilterValue(reading: text, as: .guid(high: 0, low: 0))
            default: nil
            }
        self = read ?? .text(text)
    }
}
