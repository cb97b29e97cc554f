/// Why a policy says what it says: the verdict, and every rule that is about the question or nearly is.
public struct PolicyExplanation: Hashable, Sendable {
    /// One rule's part.
    public struct Line: Hashable, Sendable {
        /// The rule.
        public var rule: PolicyRule
        /// What keeps it from being about the question, in words; empty when it is about it.
        public var reasons: [String]
        /// Whether it has a say.
        public var isMatching: Bool { reasons.isEmpty }
        /// The rule in a line.
        public var summary: String { rule.summary }
    }

    /// What was asked.
    public var question: PolicyQuestion
    /// What is said.
    public var verdict: Verdict
    /// The rules that are about it, then those that nearly are: all but one thing fits.
    public var lines: [Line]
}

extension Policy {
    /// Decides, and says why.
    public func explanation(of question: PolicyQuestion) -> PolicyExplanation {
        var lines: [(line: PolicyExplanation.Line, distance: Int)] = []
        for rule in rules {
            let mismatches = rule.mismatches(question)
            // A rule about something else altogether explains nothing.
            guard mismatches.count <= 1, mismatches != [.action] else { continue }
            lines.append((PolicyExplanation.Line(rule: rule, reasons: mismatches.map { Self.words($0, rule, question) }), mismatches.count))
        }
        lines.sort { ($0.distance, $0.line.rule.id) < ($1.distance, $1.line.rule.id) }
        return PolicyExplanation(question: question, verdict: verdict(on: question), lines: lines.map(\.line))
    }

    private static func words(_ mismatch: PolicyRule.Mismatch, _ rule: PolicyRule, _ question: PolicyQuestion) -> String {
        switch mismatch {
        case .who:
            let names = (rule.who ?? []).sorted().map(\.description).joined(separator: ", ")
            if question.caller.isAgent { return "is about \(names), not about agents" }
            if question.caller.groups == .notSignedIn, rule.who?.contains(where: \.isTeam) ?? false {
                return "is about \(names), and who you are is not known without a sign-in"
            }
            return "is about \(names)"
        case .environment:
            return
                "is about \((rule.environments ?? []).sorted().joined(separator: ", ")), not \(question.environment ?? "an environment that is not said")"
        case .role:
            return
                "is about \((rule.roles ?? []).map(\.rawValue).sorted().joined(separator: ", ")), not \(question.role?.rawValue ?? "a role that is not said")"
        case .scope: return "is about \((rule.scopes ?? []).map(\.description).joined(separator: ", "))"
        case .action: return "is about something else"
        }
    }
}
