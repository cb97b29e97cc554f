internal import AzureResources
internal import ServiceBus

/// What Privileged Identity Management asks of whoever activates a role, and what the policy would have it ask.
extension AzureGuardrailAudit {
    mutating func inspectRolePolicies() {
        for (policy, reading) in zip(guardrails.rolePolicies, picture.rolePolicies) {
            guard let found = value(reading, of: "rules for activating \(policy.title)") else { continue }
            guard let found else {
                report(
                    .noActivation, .high, policy.scope.text,
                    "Privileged Identity Management names no rules for activating \(policy.title).",
                    advice: "Make somebody eligible for the role at this scope; Azure makes the rules then.")
                continue
            }
            compare(found.activation, with: policy, at: found.policy)
        }
    }

    private mutating func compare(_ limits: ActivationLimits, with policy: AzureGuardrails.RolePolicy, at id: ResourceID?) {
        let fix = id.map { FixRequest.changePolicy($0, to: policy.draft) }
        let rules = policy.rules.map { "'\($0)'" }.joined(separator: ", ")
        var weaknesses: [(DriftFinding.Severity, String)] = []
        var excesses: [String] = []
        let wanted = policy.draft
        if let longest = limits.maximumDuration, longest <= wanted.maximumDuration {
            if longest < wanted.maximumDuration {
                excesses.append(
                    "ends after \(DurationText.text(longest)), and \(rules) allows \(DurationText.text(wanted.maximumDuration))")
            }
        } else {
            let found = limits.maximumDuration.map { "for \(DurationText.text($0))" } ?? "without an end"
            weaknesses.append((.high, "can be activated \(found), and \(rules) allows \(DurationText.text(wanted.maximumDuration))"))
        }
        if wanted.requiresJustification, !limits.requiresJustification {
            weaknesses.append((.medium, "takes no reason, and \(rules) asks for one"))
        }
        if wanted.requiresTicket, !limits.requiresTicket { weaknesses.append((.medium, "takes no ticket, and \(rules) asks for one")) }
        if let context = wanted.authenticationContext, limits.authenticationContext != context {
            let found = limits.authenticationContext.map { "takes the authentication context \($0)" } ?? "takes no authentication context"
            weaknesses.append((.high, "\(found), and \(rules) asks for \(context)"))
        }
        if wanted.requiresMultiFactor, !limits.requiresMultiFactor, limits.authenticationContext == nil {
            weaknesses.append((.high, "takes one factor, and \(rules) asks for more"))
        }
        compareApprovers(limits.approval, wanted.approvers, rules, &weaknesses, &excesses)
        for (severity, text) in weaknesses {
            report(
                .weakActivation, severity, policy.scope.text, "\(policy.title) \(text).",
                advice: "Change the rules of the role at this scope, as 'policy export-azure' writes them.", fix: fix)
        }
        for text in excesses {
            report(
                .strictActivation, .low, policy.scope.text, "\(policy.title) \(text): what the policy allows is refused.",
                advice: "Change the rules of the role at this scope, or the policy.", fix: fix)
        }
    }

    private func compareApprovers(
        _ approval: RoleManagementPolicy.Approval?, _ wanted: [RoleManagementPolicyDraft.Approver], _ rules: String,
        _ weaknesses: inout [(DriftFinding.Severity, String)], _ excesses: inout [String]
    ) {
        guard !wanted.isEmpty else { return }
        guard let approval else {
            weaknesses.append((.high, "is activated without anybody's agreement, and \(rules) asks for one"))
            return
        }
        let asked = approval.stages.flatMap(\.approvers)
        let ids = Set(wanted.map(\.id))
        let strangers = asked.filter { !ids.contains($0.id) }
        if asked.isEmpty {
            weaknesses.append((.high, "names nobody who agrees, so that the tenant's administrators of privileged roles do"))
        }
        if !strangers.isEmpty {
            let names = strangers.map { $0.name ?? $0.id.canonical }.sorted().prefix(5).joined(separator: ", ")
            weaknesses.append((.high, "is agreed to by \(names), whom \(rules) does not name"))
        }
        let missing = wanted.filter { each in !asked.contains { $0.id == each.id } }
        if !missing.isEmpty, !asked.isEmpty {
            excesses.append("is not agreed to by \(missing.map(\.name).sorted().joined(separator: ", ")), whom \(rules) names")
        }
    }
}
