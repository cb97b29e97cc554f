/// Why a filter selects a message or does not: the conditions that decided, and what the message says to each.
public struct FilterExplanation: Hashable, Sendable {
    /// What became of a condition.
    public enum Outcome: Hashable, Sendable {
        /// It is true.
        case holds
        /// It is false.
        case fails
        /// Neither can be said; a filter selects nothing then.
        case unknown
        /// It cannot be evaluated, and why.
        case error(String)

        init(_ result: Bool?) { self = result.map { $0 ? .holds : .fails } ?? .unknown }
    }

    /// One condition that decided.
    public struct Part: Hashable, Sendable {
        /// The condition as it was written.
        public var text: String
        /// What became of it.
        public var outcome: Outcome
        /// What the message says to the properties it names, and what may be meant instead.
        public var facts: [String]
    }

    /// What became of the whole.
    public var outcome: Outcome
    /// The conditions that decided: of a filter that does not hold those that do not, of one that holds those that do.
    public var parts: [Part]

    /// Whether the message is selected.
    public var isSelected: Bool { outcome == .holds }
}

extension SQLFilter {
    /// Explains what the filter makes of a message.
    public func explanation(for subject: some FilterSubject) -> FilterExplanation {
        let explainer = FilterExplainer(
            evaluator: FilterEvaluator(subject: subject, parameters: parameters, dialect: dialect), text: text)
        return explainer.explain(expression)
    }
}

extension CorrelationConditions {
    /// Explains what the conditions make of a message.
    public func explanation(for subject: some FilterSubject) -> FilterExplanation {
        var parts: [FilterExplanation.Part] = []
        for condition in system {
            let found = subject.systemValue(condition.property)
            let isEqual = Self.equal(found, .text(condition.value))
            let name = "sys.\(condition.property.rawValue)"
            parts.append(
                .init(
                    text: "\(name) = '\(condition.value)'", outcome: isEqual ? .holds : .fails,
                    facts: [FilterExplainer<NoSubject>.fact(name, found)]))
        }
        for condition in user {
            let found = subject.userValue(condition.folded)
            let isEqual = found.map { Self.equal($0, condition.value) } ?? false
            parts.append(
                .init(
                    text: "\(condition.name) = \(FilterExplainer<NoSubject>.literal(condition.value))", outcome: isEqual ? .holds : .fails,
                    facts: [FilterExplainer<NoSubject>.fact(condition.name, found)]))
        }
        let failed = parts.filter { $0.outcome != .holds }
        return FilterExplanation(outcome: failed.isEmpty ? .holds : .fails, parts: failed.isEmpty ? parts : failed)
    }
}

/// Walks a filter as its evaluation does and keeps what decided.
struct FilterExplainer<Subject: FilterSubject> {
    let evaluator: FilterEvaluator<Subject>
    let text: String

    func explain(_ condition: FilterExpression) -> FilterExplanation {
        switch condition {
        case .and(let parts, _): return combine(parts, deciding: .fails, otherwise: .holds)
        case .or(let parts, _): return combine(parts, deciding: .holds, otherwise: .fails)
        default: return leaf(condition)
        }
    }

    /// AND is decided by the first part that fails, OR by the first that holds; an error before that ends it.
    private func combine(
        _ conditions: [FilterExpression], deciding: FilterExplanation.Outcome, otherwise: FilterExplanation.Outcome
    ) -> FilterExplanation {
        var seen: [FilterExplanation] = []
        for condition in conditions {
            let explanation = explain(condition)
            if case .error = explanation.outcome { return explanation }
            // An unknown part before the deciding one did not matter.
            if explanation.outcome == deciding { return explanation }
            seen.append(explanation)
        }
        let unknown = seen.filter { $0.outcome == .unknown }
        if unknown.isEmpty { return FilterExplanation(outcome: otherwise, parts: seen.flatMap(\.parts)) }
        // Of an OR all parts are why it does not hold; of an AND only those that are not true.
        let relevant = deciding == .holds ? seen : unknown
        return FilterExplanation(outcome: .unknown, parts: relevant.flatMap(\.parts))
    }

    private func leaf(_ condition: FilterExpression) -> FilterExplanation {
        let outcome: FilterExplanation.Outcome
        do throws(FilterEvaluationError) {
            outcome = .init(try evaluator.holds(condition))
        } catch {
            outcome = .error(error.description)
        }
        let part = FilterExplanation.Part(text: condition.range.text(in: text), outcome: outcome, facts: facts(of: condition, outcome))
        return FilterExplanation(outcome: outcome, parts: [part])
    }

    private func facts(of condition: FilterExpression, _ outcome: FilterExplanation.Outcome) -> [String] {
        var facts: [String] = []
        condition.visit { part in
            let fact: String?
            switch part {
            case .property(let property, let range), .isNull(let property, _, let range), .exists(let property, let range):
                fact = self.fact(property, range)
            case .propertyNamed(_, let range):
                fact = (try? evaluator.value(part)).map { Self.fact(range.text(in: text), $0) }
            case .parameter(let name, _): fact = evaluator.parameters[name.lowercased()].map { "@\(name) is \(Self.literal($0))" }
            default: fact = nil
            }
            if let fact, !facts.contains(fact) { facts.append(fact) }
        }
        return facts
    }

    private func fact(_ property: FilterProperty, _ range: SourceRange) -> String? {
        switch property.scope {
        case .system(nil): return nil
        case .system(let known?): return Self.fact(property.description, evaluator.subject.systemValue(known))
        case .body(let path): return Self.fact(property.description, evaluator.subject.bodyValue(path))
        case .user:
            let value = evaluator.subject.userValue(property.folded)
            let fact = Self.fact(property.description, value)
            guard value == nil else { return fact }
            if range.text(in: text).hasPrefix("\"") { return fact + " (text stands in single quotation marks: '\(property.name)')" }
            if let system = SystemProperty(named: property.name) { return fact + " (the service's own is sys.\(system.rawValue))" }
            return fact
        }
    }

    static func fact(_ name: String, _ value: FilterValue?) -> String {
        switch value {
        case nil: "\(name) is not there"
        case .unknown?: "\(name) is null"
        case .text(let text)?: "\(name) is \(literal(.text(text)))"
        case let value?: "\(name) is \(literal(value)) (\(value.typeName))"
        }
    }

    /// A value as the language writes it; long text is cut.
    static func literal(_ value: FilterValue) -> String {
        switch value {
        case .text(let text):
            let string = text.string
            return string.count > 60 ? "'\(string.prefix(60))…'" : "'\(string)'"
        case .boolean(let value): return value ? "TRUE" : "FALSE"
        case .unknown: return "NULL"
        default: return value.plainText
        }
    }
}
