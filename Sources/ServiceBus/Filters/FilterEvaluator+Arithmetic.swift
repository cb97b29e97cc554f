/// Arithmetic as C# binds it: whole numbers stay whole and may not overflow, a double on one side makes both doubles, `+` with a text joins,
/// times and durations add and subtract. Unknown stays unknown.
extension FilterEvaluator {
    func signed(
        _ sign: FilterExpression.Sign, _ operand: FilterValue, at range: SourceRange
    ) throws(FilterEvaluationError) -> FilterValue {
        switch (sign, operand) {
        case (_, .unknown): return .unknown
        case (.plus, .integer), (.plus, .unsigned), (.plus, .double), (.plus, .duration): return operand
        case (.minus, .double(let value)): return .double(-value)
        case (.minus, .integer(let value)): return .integer(try checked(Int64(0).subtractingReportingOverflow(value), at: range))
        case (.minus, .duration(let ticks)): return .duration(ticks: try checked(Int64(0).subtractingReportingOverflow(ticks), at: range))
        default:
            if dialect.comparesLoosely { return .unknown }
            throw FilterEvaluationError(.typeMismatch, "'\(sign.rawValue)' does not take \(operand.typeName)", at: range)
        }
    }

    func apply(
        _ operation: FilterExpression.ArithmeticOperator, _ left: FilterValue, _ right: FilterValue, at range: SourceRange
    ) throws(FilterEvaluationError) -> FilterValue {
        switch (left, right) {
        case (.unknown, _), (_, .unknown): return .unknown
        case (.integer(let a), .integer(let b)): return .integer(try whole(operation, a, b, at: range))
        case (.unsigned(let a), .unsigned(let b)): return try unsigned(operation, a, b, at: range)
        case (.unsigned(let a), .integer(let b)) where b >= 0: return try unsigned(operation, a, UInt64(b), at: range)
        case (.integer(let a), .unsigned(let b)) where a >= 0: return try unsigned(operation, UInt64(a), b, at: range)
        case (.double(let a), .double(let b)): return .double(Self.inexact(operation, a, b))
        case (.double(let a), .integer(let b)): return .double(Self.inexact(operation, a, Double(b)))
        case (.integer(let a), .double(let b)): return .double(Self.inexact(operation, Double(a), b))
        case (.double(let a), .unsigned(let b)): return .double(Self.inexact(operation, a, Double(b)))
        case (.unsigned(let a), .double(let b)): return .double(Self.inexact(operation, Double(a), b))
        case (.text, .other), (.other, .text): break
        case (.text, _) where operation == .plus, (_, .text) where operation == .plus:
            let (a, b) = (left.plainText, right.plainText)
            // Nothing a rule can say needs more; without a bound, a chain of joins could ask for any amount of memory.
            guard a.utf8.count + b.utf8.count <= Self.longestText else {
                throw FilterEvaluationError(.overflow, "the joined text is longer than \(Self.longestText) bytes", at: range)
            }
            return .text(a + b)
        default:
            if let moved = try time(operation, left, right, at: range) { return moved }
        }
        if dialect.comparesLoosely { return .unknown }
        throw mismatch(operation.rawValue, left, right, at: range)
    }

    private static var longestText: Int { 1_048_576 }

    private func time(
        _ operation: FilterExpression.ArithmeticOperator, _ left: FilterValue, _ right: FilterValue, at range: SourceRange
    ) throws(FilterEvaluationError) -> FilterValue? {
        switch (left, operation, right) {
        case (.moment(let a), .minus, .moment(let b)):
            let milliseconds = try checked(a.milliseconds.subtractingReportingOverflow(b.milliseconds), at: range)
            return .duration(ticks: try checked(milliseconds.multipliedReportingOverflow(by: 10_000), at: range))
        case (.moment(let a), .plus, .duration(let ticks)):
            return .moment(Timestamp(milliseconds: try checked(a.milliseconds.addingReportingOverflow(ticks / 10_000), at: range)))
        case (.moment(let a), .minus, .duration(let ticks)):
            return .moment(Timestamp(milliseconds: try checked(a.milliseconds.subtractingReportingOverflow(ticks / 10_000), at: range)))
        case (.duration(let a), .plus, .duration(let b)): return .duration(ticks: try checked(a.addingReportingOverflow(b), at: range))
        case (.duration(let a), .minus, .duration(let b)):
            return .duration(ticks: try checked(a.subtractingReportingOverflow(b), at: range))
        default: return nil
        }
    }

    private func whole(
        _ operation: FilterExpression.ArithmeticOperator, _ a: Int64, _ b: Int64, at range: SourceRange
    ) throws(FilterEvaluationError) -> Int64 {
        switch operation {
        case .plus: return try checked(a.addingReportingOverflow(b), at: range)
        case .minus: return try checked(a.subtractingReportingOverflow(b), at: range)
        case .times: return try checked(a.multipliedReportingOverflow(by: b), at: range)
        case .divided:
            if b == 0 { throw divisionByZero(at: range) }
            return try checked(a.dividedReportingOverflow(by: b), at: range)
        case .remainder:
            if b == 0 { throw divisionByZero(at: range) }
            return try checked(a.remainderReportingOverflow(dividingBy: b), at: range)
        }
    }

    private func unsigned(
        _ operation: FilterExpression.ArithmeticOperator, _ a: UInt64, _ b: UInt64, at range: SourceRange
    ) throws(FilterEvaluationError) -> FilterValue {
        let result: UInt64
        switch operation {
        case .plus: result = try checked(a.addingReportingOverflow(b), at: range)
        case .minus: result = try checked(a.subtractingReportingOverflow(b), at: range)
        case .times: result = try checked(a.multipliedReportingOverflow(by: b), at: range)
        case .divided, .remainder:
            if b == 0 { throw divisionByZero(at: range) }
            result = operation == .divided ? a / b : a % b
        }
        return Int64(exactly: result).map { .integer($0) } ?? .unsigned(result)
    }

    /// Doubles by IEEE 754: dividing by zero gives infinity, as in C#.
    private static func inexact(_ operation: FilterExpression.ArithmeticOperator, _ a: Double, _ b: Double) -> Double {
        switch operation {
        case .plus: a + b
        case .minus: a - b
        case .times: a * b
        case .divided: a / b
        case .remainder: a.truncatingRemainder(dividingBy: b)
        }
    }

    private func checked<Value>(
        _ result: (partialValue: Value, overflow: Bool), at range: SourceRange
    ) throws(FilterEvaluationError) -> Value {
        if result.overflow { throw FilterEvaluationError(.overflow, "the result is too large", at: range) }
        return result.partialValue
    }

    private func divisionByZero(at range: SourceRange) -> FilterEvaluationError {
        FilterEvaluationError(.divisionByZero, "division by zero", at: range)
    }
}
