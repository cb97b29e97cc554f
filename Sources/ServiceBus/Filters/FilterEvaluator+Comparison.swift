internal import AMQP

/// Comparisons, with C#'s promotions: a whole number and a double meet as doubles; text, truth values and GUIDs have no order; nothing else
/// is compared across types.
extension FilterEvaluator {
    func compare(
        _ left: FilterValue, _ operation: FilterExpression.ComparisonOperator, _ right: FilterValue, at range: SourceRange
    ) throws(FilterEvaluationError) -> Bool? {
        switch (left, right) {
        case (.unknown, _), (_, .unknown): return nil
        case (.text(let a), .text(let b)):
            switch operation {
            case .equal: return a == b
            case .notEqual: return a != b
            default:
                guard dialect.comparesLoosely else { throw mismatch(operation.rawValue, left, right, at: range) }
                return operation.holds(a == b ? .same : a.precedes(b) ? .before : .after)
            }
        case (.integer(let a), .integer(let b)): return operation.holds(Ordering(a, b))
        case (.unsigned(let a), .unsigned(let b)): return operation.holds(Ordering(a, b))
        case (.integer, .unsigned): return operation.holds(.before)
        case (.unsigned, .integer): return operation.holds(.after)
        case (.double(let a), .double(let b)): return operation.holds(a, b)
        case (.integer(let a), .double(let b)): return operation.holds(Double(a), b)
        case (.double(let a), .integer(let b)): return operation.holds(a, Double(b))
        case (.unsigned(let a), .double(let b)): return operation.holds(Double(a), b)
        case (.double(let a), .unsigned(let b)): return operation.holds(a, Double(b))
        case (.moment(let a), .moment(let b)): return operation.holds(Ordering(a, b))
        case (.duration(let a), .duration(let b)): return operation.holds(Ordering(a, b))
        case (.boolean(let a), .boolean(let b)): return try equality(a == b, operation, left, right, at: range)
        case (.guid(let highA, let lowA), .guid(let highB, let lowB)):
            return try equality(highA == highB && lowA == lowB, operation, left, right, at: range)
        default:
            guard dialect.comparesLoosely else { throw mismatch(operation.rawValue, left, right, at: range) }
            return try compareReadingText(left, operation, right, at: range)
        }
    }

    private func equality(
        _ isEqual: Bool, _ operation: FilterExpression.ComparisonOperator, _ left: FilterValue, _ right: FilterValue, at range: SourceRange
    ) throws(FilterEvaluationError) -> Bool? {
        switch operation {
        case .equal: return isEqual
        case .notEqual: return !isEqual
        default:
            if dialect.comparesLoosely { return nil }
            throw mismatch(operation.rawValue, left, right, at: range)
        }
    }

    /// An operator has no way to write a time but as text: `sys.EnqueuedTimeUtc > '2026-11-23T03:00Z'`, `sys.TimeToLive < 'PT5M'`.
    private func compareReadingText(
        _ left: FilterValue, _ operation: FilterExpression.ComparisonOperator, _ right: FilterValue, at range: SourceRange
    ) throws(FilterEvaluationError) -> Bool? {
        if case .text(let text) = left, let read = FilterValue(reading: text.string, as: right) {
            return try compare(read, operation, right, at: range)
        }
        if case .text(let text) = right, let read = FilterValue(reading: text.string, as: left) {
            return try compare(left, operation, read, at: range)
        }
        return nil
    }

    func mismatch(_ operation: String, _ left: FilterValue, _ right: FilterValue, at range: SourceRange) -> FilterEvaluationError {
        FilterEvaluationError(.typeMismatch, "'\(operation)' does not take \(left.typeName) and \(right.typeName)", at: range)
    }
}

/// How two values stand to each other.
enum Ordering {
    case before, same, after

    init<Value: Comparable>(_ a: Value, _ b: Value) { self = a == b ? .same : a < b ? .before : .after }
}

extension FilterExpression.ComparisonOperator {
    func holds(_ ordering: Ordering) -> Bool {
        switch self {
        case .equal: ordering == .same
        case .notEqual: ordering != .same
        case .less: ordering == .before
        case .lessOrEqual: ordering != .after
        case .greater: ordering == .after
        case .greaterOrEqual: ordering != .before
        }
    }

    /// Doubles by IEEE 754: NaN is unequal to everything and in no order.
    func holds(_ a: Double, _ b: Double) -> Bool {
        switch self {
        case .equal: a == b
        case .notEqual: a != b
        case .less: a < b
        case .lessOrEqual: a <= b
        case .greater: a > b
        case .greaterOrEqual: a >= b
        }
    }
}

extension FilterValue {
    /// Reads text as the type of another value; nil when it is not of that type's form, or that type has no form but its own.
    init?(reading text: String, as other: FilterValue) {
        switch other {
        case .moment:
            guard let moment = Timestamp(rfc3339: text) ?? Timestamp(rfc3339: text + "T00:00:00Z") else { return nil }
            self = .moment(moment)
        case .duration:
            guard case .lasting(let duration)? = XMLDuration.parse(text), let ticks = duration.dotNetTicks else { return nil }
            self = .duration(ticks: ticks)
        case .guid:
            guard let id = UUIDBytes(text) else { return nil }
            self = .guid(high: id.high, low: id.low)
        default: return nil
        }
    }
}

extension Duration {
    /// In .NET's ticks; nil when it is too long for them.
    var dotNetTicks: Int64? {
        let (seconds, attoseconds) = components
        let (ticks, overflow) = seconds.multipliedReportingOverflow(by: 10_000_000)
        let (sum, sumOverflow) = ticks.addingReportingOverflow(attoseconds / 100_000_000_000)
        return overflow || sumOverflow ? nil : sum
    }
}
