public import ServiceBus

/// A rule set out for people: a condition a line, then what the rule changes, in the canonical form of the languages they are written in.
public enum RuleText {
    /// One line.
    public struct Line: Hashable, Sendable {
        /// What the line is to the one before: `when`, `and`, `or`, `then`, `with` for a parameter; empty where it goes on.
        public var word: String
        /// What it says.
        public var text: String
        /// Whether it says that something cannot be read.
        public var isProblem: Bool

        /// Creates a line.
        public init(_ word: String, _ text: String, isProblem: Bool = false) {
            self.word = word
            self.text = text
            self.isProblem = isProblem
        }
    }

    /// A rule's lines; at least one.
    public static func lines(of rule: RuleDescription) -> [Line] { lines(of: rule.filter) + lines(of: rule.action) }

    private static func lines(of filter: RuleDescription.Filter) -> [Line] {
        switch filter {
        case .all: return [Line("when", "1=1 (every message)")]
        case .none: return [Line("when", "1=0 (no message)")]
        case .other(let type): return [Line("when", "a filter of type \(type) is not known here", isProblem: true)]
        case .correlation(let conditions, let properties):
            let all =
                conditions.map { "sys.\($0.name) = \(RuleDescription.literal($0))" }
                + properties.map {
                    "\($0.name) = \(RuleDescription.literal($0))"
                }
            return all.enumerated().map { Line($0 == 0 ? "when" : "and", $1) }
        case .sql(let expression, let parameters):
            do throws(FilterSyntaxError) {
                let read = try SQLFilter(expression, parameters: values(parameters)).expression
                return lines(of: read) + with(parameters)
            } catch {
                return problem("when", expression, error) + with(parameters)
            }
        }
    }

    private static func lines(of expression: FilterExpression) -> [Line] {
        switch expression {
        case .and(let parts, _):
            return parts.enumerated().map { index, part in
                // Between ANDs, an OR needs the parentheses that its own text does not have.
                let text = if case .or = part { "(\(part.description))" } else { part.description }
                return Line(index == 0 ? "when" : "and", text)
            }
        case .or(let parts, _): return parts.enumerated().map { Line($0 == 0 ? "when" : "or", $1.description) }
        default: return [Line("when", expression.description)]
        }
    }

    private static func lines(of action: RuleDescription.Action) -> [Line] {
        switch action {
        case .none: return []
        case .other(let type): return [Line("then", "an action of type \(type) is not known here", isProblem: true)]
        case .sql(let expression, let parameters):
            do throws(FilterSyntaxError) {
                let statements = try SQLAction(expression, parameters: values(parameters)).statements
                return statements.map { Line("then", $0.description) } + with(parameters)
            } catch {
                return problem("then", expression, error) + with(parameters)
            }
        }
    }

    private static func problem(_ word: String, _ text: String, _ error: FilterSyntaxError) -> [Line] {
        [Line(word, text), Line("", "cannot be read here: \(error.description)", isProblem: true)]
    }

    private static func with(_ parameters: [RuleDescription.Parameter]) -> [Line] {
        parameters.map { Line("with", "\($0.name) = \(RuleDescription.literal($0))") }
    }

    private static func values(_ parameters: [RuleDescription.Parameter]) -> [String: FilterValue] {
        Dictionary(parameters.map { ($0.name, FilterValue($0)) }, uniquingKeysWith: { first, _ in first })
    }
}
