/// Why a text is no filter or action: where, what was expected, what is there, and what to write instead.
public struct FilterSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The whole text.
    public let expression: String
    /// The part that does not fit.
    public let range: SourceRange
    /// What was expected there, or what is wrong, as the end of a sentence.
    public let problem: String
    /// What to do about it.
    public let hint: String?

    init(_ problem: String, at range: SourceRange, of expression: String, hint: String? = nil) {
        self.expression = expression
        self.range = range
        self.problem = problem
        self.hint = hint
    }

    /// The line of the expression, from 1.
    public var line: Int { range.position(in: expression).line }
    /// The column in that line, from 1.
    public var column: Int { range.position(in: expression).column }

    /// `column 12: expected a value after '=', found the end of the expression`, and the hint.
    public var description: String {
        let (line, column) = range.position(in: expression)
        let place = line > 1 ? "line \(line), column \(column)" : "column \(column)"
        return "\(place): \(problem)" + (hint.map { ". \($0)" } ?? "")
    }

    /// The line of the expression with a mark under the part that does not fit.
    public var excerpt: String {
        let (line, column) = range.position(in: expression)
        let lines = expression.split(separator: "\n", omittingEmptySubsequences: false)
        guard line <= lines.count else { return expression }
        let text = lines[line - 1]
        // Long lines are cut so that the mark stays in sight.
        let first = max(0, column - 1 - 48)
        let shown = text.dropFirst(first).prefix(76)
        let width = max(1, min(range.text(in: expression).prefix { $0 != "\n" }.count, 76 - (column - 1 - first)))
        let before = first > 0 ? "…" : ""
        let after = text.count > first + 76 ? "…" : ""
        return "\(before)\(shown)\(after)\n"
            + String(repeating: " ", count: column - 1 - first + before.count) + String(repeating: "^", count: width)
    }
}

/// Why an expression has no value for a message. The service dead-letters such a message or ignores the rule, as the subscription says.
public struct FilterEvaluationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong, for code that decides by it.
    public enum Reason: Hashable, Sendable {
        /// A property of the service that it does not have.
        case unknownSystemProperty
        /// An operator does not take values of these types.
        case typeMismatch
        /// A whole number divided by zero.
        case divisionByZero
        /// A result beyond what a whole number, a time or a duration can hold.
        case overflow
        /// A pattern or its escape character that means nothing.
        case malformedPattern
        /// A parameter without a value.
        case missingParameter
        /// A property of the service that cannot be changed, or not to this value.
        case notSettable
    }

    /// What went wrong.
    public let reason: Reason
    /// The part of the expression that did.
    public let range: SourceRange
    /// What went wrong, for an operator.
    public let description: String

    init(_ reason: Reason, _ description: String, at range: SourceRange) {
        self.reason = reason
        self.range = range
        self.description = description
    }
}
