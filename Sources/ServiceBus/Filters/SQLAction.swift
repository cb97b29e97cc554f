/// An action of a rule: what it changes in the copy of a message that its filter selects.
///
/// Source: service-bus-messaging-sql-rule-action of Microsoft's documentation.
public struct SQLAction: Hashable, Sendable, CustomStringConvertible {
    /// The text as it was given.
    public let text: String
    /// What it says, in order.
    public let statements: [FilterStatement]
    let parameters: [String: FilterValue]

    /// Reads an action.
    /// - Parameters:
    ///   - text: the statements.
    ///   - parameters: values for its `@names`, with or without the sign.
    /// - Throws: ``FilterSyntaxError`` when it is not of the language, is too long, names a parameter without a value, or would change a
    ///   property of the service that nobody but the service may set.
    public init(_ text: String, parameters: [String: FilterValue] = [:]) throws(FilterSyntaxError) {
        self.text = text
        self.parameters = FilterParameters.folded(parameters)
        var parser = try FilterParser(text, .rule)
        statements = try parser.action()
        for statement in statements {
            let target: FilterProperty
            switch statement {
            case .set(let property, let value, _):
                target = property
                try FilterParameters.check(value, have: self.parameters, in: text)
            case .remove(let property, _): target = property
            }
            if case .system(let property?) = target.scope, !property.isSettable {
                throw FilterSyntaxError(
                    "sys.\(property.rawValue) is set by the service and cannot be changed", at: statement.range, of: text)
            }
        }
    }

    /// What the action changes in a message. Each statement sees what those before it did.
    /// - Throws: ``FilterEvaluationError`` when a statement has no value, or one its target cannot take; then nothing is to be changed.
    public func changes(to subject: some FilterSubject) throws(FilterEvaluationError) -> MessageChanges {
        var changed = ChangedSubject(base: subject, changes: MessageChanges())
        for statement in statements {
            switch statement {
            case .set(let property, let expression, let range):
                let value = try FilterEvaluator(subject: changed, parameters: parameters, dialect: .rule).value(expression)
                try changed.changes.set(property, to: value, at: range)
            case .remove(let property, let range): try changed.changes.remove(property, at: range)
            }
        }
        return changed.changes
    }

    /// The canonical text.
    public var description: String { statements.map(\.description).joined(separator: "; ") }
}

/// Changes to a message's properties, in the order in which they were first made.
public struct MessageChanges: Hashable, Sendable {
    /// A change to an application property.
    public struct UserChange: Hashable, Sendable {
        /// The name as the action wrote it; a property that has it in another case keeps its own.
        public let name: String
        /// Its new value; nil when it is removed.
        public internal(set) var value: FilterValue?
        let folded: FoldedName

        /// Whether this is about a property of that name, in any case.
        public func concerns(_ name: String) -> Bool { FoldedName(name) == folded }
    }

    /// To application properties.
    public private(set) var user: [UserChange] = []
    /// To properties of the service; unknown removes.
    public private(set) var system: [SystemProperty: FilterValue] = [:]

    mutating func set(_ property: FilterProperty, to value: FilterValue, at range: SourceRange) throws(FilterEvaluationError) {
        guard case .system = property.scope else {
            if case .other = value { throw FilterEvaluationError(.notSettable, "\(value.typeName) cannot be assigned", at: range) }
            return setUser(property, value)
        }
        let known = try Self.settable(property, at: range)
        system[known] = try Self.converted(value, for: known, at: range)
    }

    mutating func remove(_ property: FilterProperty, at range: SourceRange) throws(FilterEvaluationError) {
        if case .system = property.scope {
            system[try Self.settable(property, at: range)] = .unknown
        } else {
            setUser(property, nil)
        }
    }

    private mutating func setUser(_ property: FilterProperty, _ value: FilterValue?) {
        if let index = user.firstIndex(where: { $0.folded == property.folded }) {
            user[index].value = value
        } else {
            user.append(UserChange(name: property.name, value: value, folded: property.folded))
        }
    }

    private static func settable(_ property: FilterProperty, at range: SourceRange) throws(FilterEvaluationError) -> SystemProperty {
        guard case .system(let known?) = property.scope else {
            throw FilterEvaluationError(.unknownSystemProperty, "the service has no property sys.\(property.name)", at: range)
        }
        guard known.isSettable else {
            throw FilterEvaluationError(.notSettable, "sys.\(known.rawValue) cannot be changed", at: range)
        }
        return known
    }

    /// A value in the type of a property of the service: text for all but the time to live and the scheduled time.
    private static func converted(
        _ value: FilterValue, for property: SystemProperty, at range: SourceRange
    ) throws(FilterEvaluationError) -> FilterValue {
        let wanted: FilterValue =
            switch property {
            case .timeToLive: .duration(ticks: 0)
            case .scheduledEnqueueTime: .moment(Timestamp(milliseconds: 0))
            default: .text("")
            }
        switch (wanted, value) {
        case (_, .unknown), (.text, .text), (.moment, .moment), (.duration, .duration): return value
        case (.text, .other): break
        case (.text, _): return .text(value.plainText)
        case (_, .text(let text)): if let read = FilterValue(reading: text.string, as: wanted) { return read }
        default: break
        }
        throw FilterEvaluationError(
            .notSettable, "sys.\(property.rawValue) takes \(wanted.typeName), not \(value.typeName)", at: range)
    }
}

/// A message as changes have made it so far.
struct ChangedSubject<Base: FilterSubject>: FilterSubject {
    let base: Base
    var changes: MessageChanges

    func systemValue(_ property: SystemProperty) -> FilterValue { changes.system[property] ?? base.systemValue(property) }
    func userValue(_ name: FoldedName) -> FilterValue? {
        if let change = changes.user.first(where: { $0.folded == name }) { return change.value }
        return base.userValue(name)
    }
    func bodyValue(_ path: [String]) -> FilterValue { base.bodyValue(path) }
}
