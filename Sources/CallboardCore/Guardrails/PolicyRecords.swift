internal import ServiceBus

/// A mistake or a warning, as `policy lint` lists it.
public struct PolicyFindingRecord: OutputRecord {
    /// Whether the policy cannot be used for it.
    public let isError: Bool
    /// The rule or part; nil where a line says it.
    public let rule: String?
    /// The line, from 1.
    public let line: Int?
    /// What is wrong, or worth a second thought.
    public let message: String

    /// Wraps a mistake.
    public init(_ problem: ConfigurationProblem) {
        (isError, rule, line, message) = (true, nil, problem.line, problem.message)
    }

    /// Wraps a warning.
    public init(_ warning: PolicyWarning) {
        (isError, rule, line, message) = (false, warning.rule, warning.line, warning.message)
    }

    /// How bad, where, what.
    public static let columns = [
        OutputColumn("finding"), OutputColumn("line", isNumeric: true), OutputColumn("rule"), OutputColumn("what"),
    ]

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        row.cell(isError ? "error" : "warning")
        row.cell(line.map { String($0) } ?? "–")
        row.cell(rule ?? "–")
        row.cell(message)
    }

    /// Writes the finding as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("finding", isError ? "error" : "warning")
            json.member("line", line.map { Int64($0) })
            json.member("rule", rule)
            json.member("message", message)
        }
    }
}

/// A decision that was tested, as `policy test` lists it.
public struct PolicyOutcomeRecord: OutputRecord {
    /// The decision and what the policy says.
    public let outcome: PolicyDecisions.Outcome

    /// Wraps an outcome.
    public init(_ outcome: PolicyDecisions.Outcome) { self.outcome = outcome }

    /// Where in the table, what, what was expected, what came.
    public static let columns = [
        OutputColumn("line", isNumeric: true), OutputColumn("who"), OutputColumn("action"), OutputColumn("scope"), OutputColumn("expected"),
        OutputColumn("verdict"), OutputColumn("result"),
    ]

    private var who: String {
        let subjects = outcome.decision.question.caller.subjects.sorted().map(\.description)
        return subjects.isEmpty ? "–" : subjects.joined(separator: ", ")
    }

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        row.cell(Int64(outcome.decision.line))
        row.cell(who)
        row.cell(outcome.decision.question.action.rawValue)
        row.cell(outcome.decision.question.scope.description)
        row.cell(outcome.decision.expected)
        row.cell(outcome.verdict.description)
        row.cell(outcome.isPassed ? "as expected" : "DIFFERENT")
    }

    /// Writes the outcome as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("line", Int64(outcome.decision.line))
            json.member("who", outcome.decision.question.caller.subjects.sorted().map(\.description))
            json.member("action", outcome.decision.question.action.rawValue)
            json.member("scope", outcome.decision.question.scope.description)
            json.member("expected", outcome.decision.expected)
            json.member("verdict", outcome.verdict.description)
            json.member("passed", outcome.isPassed)
        }
    }
}

/// A rule's part in a verdict, as `policy explain` lists it.
public struct PolicyExplanationRecord: OutputRecord {
    /// The rule and what keeps it from being about the question.
    public let line: PolicyExplanation.Line

    /// Wraps a line.
    public init(_ line: PolicyExplanation.Line) { self.line = line }

    /// The rule, what it does, whether it is about the question, what it is about.
    public static let columns = [
        OutputColumn("rule"), OutputColumn("does"), OutputColumn("line", isNumeric: true), OutputColumn("holds"), OutputColumn("is about"),
    ]

    private var limits: String { line.rule.limits.sentences.map { ", \($0)" }.joined() }

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        row.cell(line.rule.id)
        row.cell(line.rule.section.rawValue)
        row.cell(Int64(line.rule.line))
        row.cell(line.isMatching ? "yes" : "no: \(line.reasons.joined(separator: ", "))")
        row.cell(line.summary + limits)
    }

    /// Writes the line as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("rule", line.rule.id)
            json.member("section", line.rule.section.rawValue)
            json.member("line", Int64(line.rule.line))
            json.member("matches", line.isMatching)
            json.member("reasons", line.reasons)
            json.member("isAbout", line.summary)
            json.member("limits", line.rule.limits.sentences)
        }
    }
}

extension PolicyExplanation {
    /// The verdict in sentences.
    public var sentences: [String] {
        switch verdict {
        case .allowed(_, let limits): [verdict.description] + (limits.sentences.isEmpty ? [] : [limits.sentences.joined(separator: ", ")])
        case .needsApproval(_, let approvals, let limits):
            [verdict.description, "It takes " + (approvals.map(\.description).joined(separator: " and "))]
                + (limits.sentences.isEmpty ? [] : [limits.sentences.joined(separator: ", ")])
        case .denied(let denial): [verdict.description, denial.message, denial.remedy]
        }
    }

    /// Writes everything as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("action", question.action.rawValue)
            json.member("scope", question.scope.description)
            json.member("who", question.caller.subjects.sorted().map(\.description))
            json.member("environment", question.environment)
            json.member("verdict", verdict.description)
            json.member("rule", verdict.rule)
            switch verdict {
            case .allowed(_, let limits):
                json.member("limits", limits.sentences)
            case .needsApproval(_, let approvals, let limits):
                json.member("limits", limits.sentences)
                json.member("approvals", approvals.map(\.description))
            case .denied(let denial):
                json.member("message", denial.message)
                json.member("remedy", denial.remedy)
            }
            json.key("rules")
            json.array { json in for line in lines { PolicyExplanationRecord(line).write(to: &json) } }
        }
    }
}
