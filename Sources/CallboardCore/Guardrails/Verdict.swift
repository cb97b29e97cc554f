internal import ServiceBus

/// What a policy says to a question.
public enum Verdict: Hashable, Sendable, CustomStringConvertible {
    /// Yes, as far as the limits go.
    case allowed(rule: String, limits: PolicyLimits)
    /// Yes, once all of these agree.
    case needsApproval(rule: String, approvals: [PolicyRule.Approval], limits: PolicyLimits)
    /// No.
    case denied(Denial)

    /// `allow:peek-own`, `needs-approval:orders-receiver-prod`, `deny:ttl>4h`: the form of tables of decisions.
    public var description: String {
        switch self {
        case .allowed(let rule, _): "allow:\(rule)"
        case .needsApproval(let rule, _, _): "needs-approval:\(rule)"
        case .denied(let denial): "deny:\(denial.rule)"
        }
    }

    /// The rule that decided.
    public var rule: String {
        switch self {
        case .allowed(let rule, _), .needsApproval(let rule, _, _): rule
        case .denied(let denial): denial.rule
        }
    }

    /// Why it may not be done now; nil: it may.
    public var denial: Denial? {
        switch self {
        case .allowed: nil
        case .denied(let denial): denial
        case .needsApproval(let rule, let approvals, let limits):
            Denial(
                .approvalMissing(rule), "It needs the agreement of others.",
                remedy: (["It takes \(approvals.map(\.description).joined(separator: " and "))"] + limits.sentences).joined(separator: ", ")
                    + ".")
        }
    }

    /// What holds for something that several questions are asked about: the first answer that is none, else the first with the limits of all.
    /// - Returns: nil without an answer.
    static func together(_ verdicts: [Verdict]) -> Verdict? {
        if let refusing = verdicts.first(where: { !$0.isAllowed }) { return refusing }
        var together: (rule: String, limits: PolicyLimits)?
        for case .allowed(let rule, let limits) in verdicts {
            together = together.map { ($0.rule, $0.limits.tightened(by: limits)) } ?? (rule, limits)
        }
        return together.map { .allowed(rule: $0.rule, limits: $0.limits) }
    }

    /// Whether it may be done now.
    public var isAllowed: Bool { if case .allowed = self { true } else { false } }
}

/// Why something is denied, and what would allow it.
public struct Denial: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is in the way.
    public enum Cause: Hashable, Sendable {
        /// A rule denies it.
        case rule(String)
        /// No rule allows it.
        case `default`
        /// It would last too long.
        case tooLong(limit: Duration, asked: Duration)
        /// It would have no end.
        case endless(limit: Duration)
        /// Too many messages at once.
        case tooManyMessages(limit: Int, asked: Int)
        /// Too many a second.
        case tooFast(limit: Int, asked: Int)
        /// It is not known which teams somebody is in.
        case unknownGroups
        /// The policy does not list the environment.
        case unlistedEnvironment(String?)
        /// Agents never do this.
        case agent
        /// The same was not carried out in a golden environment lately.
        case goldenMissing(Duration)
        /// The context is read-only.
        case readOnly
        /// Others have to agree first.
        case approvalMissing(String)
        /// There is no reason.
        case reasonMissing
        /// There is no ticket of that form.
        case ticketMissing(String, given: String?)
        /// What was allowed was something else.
        case notWhatWasAllowed
        /// Nobody decides about their own request, nor about one for themselves.
        case ownRequest

        /// Its name in verdicts.
        public var name: String {
            switch self {
            case .rule(let id): id
            case .default: "default"
            case .tooLong(let limit, _), .endless(let limit): "ttl>\(DurationText.text(limit))"
            case .tooManyMessages(let limit, _): "messages>\(limit)"
            case .tooFast(let limit, _): "rate>\(limit)/s"
            case .unknownGroups: "unknown groups"
            case .unlistedEnvironment: "unlisted environment"
            case .agent: "built-in:agent"
            case .goldenMissing: "requires golden"
            case .readOnly: "built-in:read-only"
            case .approvalMissing(let rule): "needs approval:\(rule)"
            case .reasonMissing: "reason"
            case .ticketMissing: "ticket"
            case .notWhatWasAllowed: "authorization"
            case .ownRequest: "built-in:own request"
            }
        }
    }

    /// What is in the way.
    public var cause: Cause
    /// A sentence: what is denied and why.
    public var message: String
    /// A sentence: what would allow it.
    public var remedy: String

    /// Creates a denial.
    init(_ cause: Cause, _ message: String, remedy: String) {
        self.cause = cause
        self.message = message
        self.remedy = remedy
    }

    /// The name of the rule or limit that denies.
    public var rule: String { cause.name }
    /// Both sentences, with the rule's name.
    public var description: String { "\(message) [\(rule)] \(remedy)" }

    /// The denial as commands tell it: exit status 3.
    public var operatorError: OperatorError {
        var error = OperatorError(.refused, "\(message) [\(rule)]", hint: remedy)
        error.denial = cause
        return error
    }
}
