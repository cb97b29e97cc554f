/// A filter of the Service Bus SQL language, ready to be asked of messages.
///
/// One implementation serves rules, the explanation of rules, and an operator's `--where`; ``FilterDialect`` says what differs.
/// Source: service-bus-messaging-sql-filter of Microsoft's documentation.
public struct SQLFilter: Hashable, Sendable, CustomStringConvertible {
    /// The text as it was given.
    public let text: String
    /// What it says.
    public let expression: FilterExpression
    /// The values of its parameters, by name in lower case without `@`.
    let parameters: [String: FilterValue]
    let dialect: FilterDialect

    /// Reads a filter.
    /// - Parameters:
    ///   - text: the expression.
    ///   - parameters: values for its `@names`, with or without the sign.
    /// - Throws: ``FilterSyntaxError`` when it is not of the language, is longer than its dialect allows, or names a parameter without a value.
    public init(_ text: String, parameters: [String: FilterValue] = [:], dialect: FilterDialect = .rule) throws(FilterSyntaxError) {
        self.text = text
        self.dialect = dialect
        self.parameters = FilterParameters.folded(parameters)
        var parser = try FilterParser(text, dialect)
        expression = try parser.filter()
        try FilterParameters.check(expression, have: self.parameters, in: text)
    }

    /// Whether a message matches: only when the condition is true, not when it is unknown.
    /// - Throws: ``FilterEvaluationError`` when it has no answer for this message.
    public func matches(_ subject: some FilterSubject) throws(FilterEvaluationError) -> Bool { try evaluate(subject) == true }

    /// Whether the condition holds for a message; nil when that is unknown.
    /// - Throws: ``FilterEvaluationError`` when it has no answer for this message.
    public func evaluate(_ subject: some FilterSubject) throws(FilterEvaluationError) -> Bool? {
        try FilterEvaluator(subject: subject, parameters: parameters, dialect: dialect).holds(expression)
    }

    /// Whether it matches a message seen by peeking.
    /// - Throws: ``FilterEvaluationError`` when it has no answer for this message.
    public func matches(_ message: PeekedMessage) throws(FilterEvaluationError) -> Bool {
        try verdict(on: message) == true
    }

    /// Whether the condition holds for a message seen by peeking; nil when that is unknown.
    /// - Throws: ``FilterEvaluationError`` when it has no answer for this message.
    public func verdict(on message: PeekedMessage) throws(FilterEvaluationError) -> Bool? { try evaluate(MessageSubject(message)) }

    /// Whether it is true of every message whatever it says, as `1=1` is: nothing has to be read to know.
    public var isAlwaysTrue: Bool {
        guard !expression.readsMessage else { return false }
        return (try? evaluate(NoSubject())) == true
    }

    /// Whether it looks into bodies, so that they have to be fetched.
    public var readsBody: Bool { expression.contains { if case .body = $0.scope { true } else { false } } }

    /// The canonical text.
    public var description: String { expression.description }
}

enum FilterParameters {
    static func folded(_ parameters: [String: FilterValue]) -> [String: FilterValue] {
        var result: [String: FilterValue] = [:]
        for (name, value) in parameters { result[(name.hasPrefix("@") ? String(name.dropFirst()) : name).lowercased()] = value }
        return result
    }

    static func check(
        _ expression: FilterExpression, have parameters: [String: FilterValue], in text: String
    ) throws(FilterSyntaxError) {
        var missing: (name: String, range: SourceRange)?
        expression.visit { part in
            if missing == nil, case .parameter(let name, let range) = part, parameters[name.lowercased()] == nil { missing = (name, range) }
        }
        if let missing {
            throw FilterSyntaxError("the parameter @\(missing.name) has no value", at: missing.range, of: text)
        }
    }
}

/// A message without anything, for expressions that do not look at one.
struct NoSubject: FilterSubject {
    func systemValue(_ property: SystemProperty) -> FilterValue { .unknown }
    func userValue(_ name: FoldedName) -> FilterValue? { nil }
    func bodyValue(_ path: [String]) -> FilterValue { .unknown }
}

extension FilterExpression {
    /// Every part, the whole first.
    func visit(_ body: (FilterExpression) -> Void) {
        body(self)
        for child in children { child.visit(body) }
    }

    /// The parts it is directly made of.
    var children: [FilterExpression] {
        switch self {
        case .constant, .property, .parameter, .newID, .isNull, .exists: []
        case .propertyNamed(let inner, _), .sign(_, let inner, _), .not(let inner, _): [inner]
        case .arithmetic(let first, let steps, _): [first] + steps.map(\.operand)
        case .comparison(_, let left, let right, _): [left, right]
        case .and(let parts, _), .or(let parts, _): parts
        case .isIn(let left, let elements, _, _): [left] + elements
        case .like(let left, let pattern, let escape, _, _): [left, pattern] + (escape.map { [$0] } ?? [])
        }
    }

    /// Whether a property anywhere in it is of a kind.
    func contains(_ isWanted: (FilterProperty) -> Bool) -> Bool {
        var found = false
        visit { part in
            switch part {
            case .property(let property, _), .isNull(let property, _, _), .exists(let property, _): found = found || isWanted(property)
            default: break
            }
        }
        return found
    }

    /// Whether its value depends on the message, or on chance.
    fileprivate var readsMessage: Bool {
        var reads = contains { _ in true }
        visit { part in
            switch part {
            case .propertyNamed, .newID: reads = true
            default: break
            }
        }
        return reads
    }
}
