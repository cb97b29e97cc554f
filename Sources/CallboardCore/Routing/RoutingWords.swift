public import ServiceBus

/// What a subscription would get of a message, in words.
extension TopicRouting.Delivery {
    /// How many dead letters it gets: for a rule that fails, and for copies without the session they need.
    public var deadLetters: Int { copiesWithoutSession + (deadLettersFailure ? 1 : 0) }

    /// `1 copy`, `2 copies, a dead letter`, `nothing`.
    public var gets: String {
        var parts: [String] = []
        if copies > 0 { parts.append(copies == 1 ? "1 copy" : "\(copies) copies") }
        if deadLetters > 0 { parts.append(deadLetters == 1 ? "a dead letter" : "\(deadLetters) dead letters") }
        return parts.isEmpty ? "nothing" : parts.joined(separator: ", ")
    }

    /// Whether a rule selects the message: `yes`, `no`, `no (unknown)`, `fails`.
    public static func verdict(_ outcome: RuleTrial.Outcome) -> String {
        if outcome.fails { return "fails" }
        return switch outcome.explanation.outcome {
        case .holds: "yes"
        case .fails: "no"
        case .unknown: "no (unknown)"
        case .error: "fails"
        }
    }

    /// Why a rule of it selects the message or does not; with none: why the subscription gets nothing.
    public func reasons(_ rule: (rule: RuleTrial, outcome: RuleTrial.Outcome)?) -> [String] {
        if !subscription.takesMessages { return ["the subscription is \(subscription.status)"] }
        guard let rule else { return ["the subscription has no rules"] }
        var reasons: [String] = []
        if case .error(let problem) = rule.outcome.explanation.outcome { reasons.append(problem) }
        reasons += rule.outcome.explanation.words
        if let error = rule.outcome.actionError { reasons.append("its action fails: \(error)") }
        if let changes = rule.outcome.changes { reasons.append("its copy: \(changes.summary)") }
        if reasons.isEmpty { reasons.append(rule.rule.rule.conditionText) }
        if copiesWithoutSession > 0, rule.outcome.delivers { reasons.append("the subscription requires sessions") }
        return reasons
    }
}

extension FilterExplanation {
    /// The conditions that decided, each with what the message says to it.
    public var words: [String] {
        parts.map { part in part.facts.isEmpty ? part.text : "\(part.text): \(part.facts.joined(separator: ", "))" }
    }
}
