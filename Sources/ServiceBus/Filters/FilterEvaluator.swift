internal import AMQP

/// Evaluates expressions by the service's rules: three-valued conditions, C#'s promotions.
///
/// Recursion is as deep as the expression is nested, which the parser bounds.
struct FilterEvaluator<Subject: FilterSubject> {
    let subject: Subject
    let parameters: [String: FilterValue]
    let dialect: FilterDialect

    // MARK: Conditions

    /// Whether a condition holds; nil when that is unknown.
    func holds(_ condition: FilterExpression) throws(FilterEvaluationError) -> Bool? {
        switch condition {
        case .comparison(let operation, let left, let right, let range):
            let left = try value(left)
            // Both sides are evaluated, as C# does: an error on the right is an error even when the left is unknown.
            let right = try value(right)
            return try compare(left, operation, right, at: range)
        case .and(let parts, _):
            var result: Bool? = true
            for part in parts {
                switch try holds(part) {
                case false: return false
                case nil: result = nil
                default: break
                }
            }
            return result
        case .or(let parts, _):
            var result: Bool? = false
            for part in parts {
                switch try holds(part) {
                case true: return true
                case nil: result = nil
                default: break
                }
            }
            return result
        case .not(let operand, _): return try holds(operand).map { !$0 }
        case .isNull(let property, let isNegated, let range): return try value(of: property, at: range).isUnknown != isNegated
        case .exists(let property, let range): return try exists(property, at: range)
        case .isIn(let left, let elements, let isNegated, let range):
            return try contains(value(left), in: elements, at: range).map { $0 != isNegated }
        case .like(let left, let pattern, let escape, let isNegated, let range):
            return try isLike(left, pattern, escape, at: range).map { $0 != isNegated }
        case .constant(.boolean(let value), _): return value
        case .constant, .property, .parameter, .newID, .propertyNamed, .sign, .arithmetic:
            // The parser makes no condition of these; an expression built by hand may.
            let value = try value(condition)
            if value.isUnknown { return nil }
            guard case .boolean(let value) = value else {
                throw FilterEvaluationError(.typeMismatch, "\(value.typeName) is neither true nor false", at: condition.range)
            }
            return value
        }
    }

    private func exists(_ property: FilterProperty, at range: SourceRange) throws(FilterEvaluationError) -> Bool {
        if case .user = property.scope { return subject.userValue(property.folded) != nil }
        return try !value(of: property, at: range).isUnknown
    }

    private func contains(
        _ left: FilterValue, in elements: [FilterExpression], at range: SourceRange
    ) throws(FilterEvaluationError) -> Bool? {
        if left.isUnknown { return nil }
        var result: Bool? = false
        for element in elements {
            switch try compare(left, .equal, value(element), at: element.range) {
            case true: return true
            case nil: result = nil
            default: break
            }
        }
        return result
    }

    private func isLike(
        _ left: FilterExpression, _ pattern: FilterExpression, _ escape: FilterExpression?, at range: SourceRange
    ) throws(FilterEvaluationError) -> Bool? {
        let leftValue = try value(left)
        let patternValue = try value(pattern)
        let escapeValue = if let escape { try value(escape) } else { FilterValue.text("") }
        guard let subject = try text(leftValue, "LIKE", at: left.range), let form = try text(patternValue, "LIKE", at: pattern.range),
            let mark = try text(escapeValue, "ESCAPE", at: escape?.range ?? range)
        else { return nil }
        if escape != nil, mark.withUTF8({ LikePattern.scalarLength($0, at: 0) != $0.count || $0.isEmpty }) {
            throw FilterEvaluationError(.malformedPattern, "ESCAPE needs a text of one character", at: escape?.range ?? range)
        }
        guard let matches = LikePattern.matches(subject, form, escape: mark) else {
            throw FilterEvaluationError(.malformedPattern, "the pattern ends with its escape character", at: pattern.range)
        }
        return matches
    }

    /// A text operand; nil when it is unknown.
    private func text(_ value: FilterValue, _ operation: String, at range: SourceRange) throws(FilterEvaluationError) -> FilterText? {
        switch value {
        case .text(let text): return text
        case .unknown: return nil
        case .other where dialect.comparesLoosely: return nil
        default:
            if dialect.comparesLoosely { return FilterText(value.plainText) }
            throw FilterEvaluationError(.typeMismatch, "\(operation) takes text, not \(value.typeName)", at: range)
        }
    }

    // MARK: Values

    /// The value of an expression.
    func value(_ expression: FilterExpression) throws(FilterEvaluationError) -> FilterValue {
        switch expression {
        case .constant(let value, _): return value
        case .property(let property, let range): return try value(of: property, at: range)
        case .parameter(let name, let range):
            guard let value = parameters[name.lowercased()] else {
                throw FilterEvaluationError(.missingParameter, "the parameter @\(name) has no value", at: range)
            }
            return value
        case .newID:
            let id = UUIDBytes.random()
            return .guid(high: id.high, low: id.low)
        case .propertyNamed(let name, let range):
            guard let name = try text(value(name), "property()", at: range) else { return .unknown }
            return subject.userValue(FoldedName(name.string)) ?? .unknown
        case .sign(let sign, let operand, let range): return try signed(sign, value(operand), at: range)
        case .arithmetic(let first, let steps, _):
            var result = try value(first)
            for step in steps {
                let operand = try value(step.operand)
                result = try apply(step.operation, result, operand, at: first.range.through(step.operand.range))
            }
            return result
        case .comparison, .and, .or, .not, .isNull, .isIn, .like, .exists:
            return try holds(expression).map { .boolean($0) } ?? .unknown
        }
    }

    private func value(of property: FilterProperty, at range: SourceRange) throws(FilterEvaluationError) -> FilterValue {
        switch property.scope {
        case .user: return subject.userValue(property.folded) ?? .unknown
        case .system(let known?): return subject.systemValue(known)
        case .system(nil):
            throw FilterEvaluationError(.unknownSystemProperty, "the service has no property sys.\(property.name)", at: range)
        case .body(let path): return subject.bodyValue(path)
        }
    }
}
