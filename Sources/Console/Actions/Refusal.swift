internal import CallboardCore
internal import ServiceBus

/// Why something is not allowed here, and what would allow it.
struct Refusal: Hashable, Sendable {
    /// The rule that refuses; nil where it is not a policy's.
    var rule: String?
    /// What is refused and why, as a sentence or a clause.
    var message: String
    /// What would allow it, as a sentence; empty where the message says it.
    var remedy = ""

    /// One line for where an action is disabled: the rule's name, then what would allow it.
    var clause: String {
        guard let rule else { return [message, remedy].filter { !$0.isEmpty }.joined(separator: " ") }
        return "refused by \(rule). \(remedy)"
    }

    init(_ message: String) { self.message = message }

    init(_ denial: Denial) {
        rule = denial.rule
        message = denial.message
        remedy = denial.remedy
    }

    init(approvals: [PolicyRule.Approval], by rule: String) {
        self.rule = "needs approval:\(rule)"
        message = "Others have to agree first."
        remedy = "It takes \(approvals.map(\.description).joined(separator: " and "))."
    }
}

extension Model {
    /// Why an action is not allowed on an entity; nil: it is, as far as can be said before it is planned.
    /// - Parameter kind: what the entity is; nil: as it was listed.
    func refusal(of action: PolicyAction, on path: EntityPath, kind: PolicyScope.Kind? = nil) -> Refusal? {
        if action.changesWorld, let changeRefusal { return Refusal(changeRefusal) }
        guard let guardrails else { return nil }
        return refusal(guardrails, guardrails.question(action, on: path, kind: kind ?? policyKind(of: path)))
    }

    /// What an entity is to a policy; a subscription's path says it by itself.
    private func policyKind(of path: EntityPath) -> PolicyScope.Kind {
        switch entity(path)?.kind {
        case .queue: .queue
        case .topic: .topic
        case .subscription, nil: .unknown
        }
    }

    /// Why nothing may be changed in this context at all; nil: some things may. What a policy file says depends on what is changed.
    var contextRefusal: String? {
        if let changeRefusal { return changeRefusal }
        guard let guardrails else { return nil }
        if case .policy = guardrails.rules, guardrails.place.mode != .readOnly { return nil }
        return refusal(guardrails, guardrails.question(.updateEntity))?.clause
    }

    private func refusal(_ guardrails: Guardrails, _ question: PolicyQuestion) -> Refusal? {
        switch guardrails.verdict(on: question) {
        case .allowed: nil
        case .needsApproval(let rule, let approvals, _): Refusal(approvals: approvals, by: rule)
        case .denied(let denial): Refusal(denial)
        }
    }
}

extension EntityTarget {
    /// What it is to a policy.
    var policyKind: PolicyScope.Kind {
        switch self {
        case .queue: .queue
        case .topic: .topic
        case .subscription, .rule: .unknown
        }
    }
}
