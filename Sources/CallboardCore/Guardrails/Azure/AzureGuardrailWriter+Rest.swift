internal import ServiceBus

/// What Azure has no words for.
extension AzureGuardrailWriter {
    mutating func writeRest() {
        let here = policy.rules.filter(isHere).sorted { $0.id < $1.id }
        let names = { (rules: [PolicyRule]) in rules.map { "'\($0.id)'" }.joined(separator: ", ") }
        let allowing = here.filter { $0.section == .allow }
        let data = allowing.filter { $0.actions?.contains { $0.isAboutMessages } ?? true }
        if !data.isEmpty {
            say(
                "\(names(data)): Azure tells sending, receiving and managing apart, and not peeking, redriving, moving or purging; whoever may receive may remove messages."
            )
        }
        let limited = here.filter { $0.limits.maxMessages != nil || $0.limits.maxRate != nil }
        if !limited.isEmpty { say("\(names(limited)): Azure limits neither how many messages are handled nor how fast.") }
        let control = allowing.filter { $0.actions?.contains { $0.isProvisioning } ?? true }
        if !control.isEmpty { say("\(names(control)): who may change entities is up to roles in Azure, which are not part of this.") }
        let denying = here.filter { $0.section == .deny && !isExpressed($0) }
        if !denying.isEmpty {
            say("\(names(denying)): Azure has no rule that denies these actions and that could be written here; Callboard keeps to them.")
        }
        let emergency = here.filter { $0.section == .breakGlass }
        if !emergency.isEmpty {
            say(
                "\(names(emergency)): Azure has one set of rules for a role at a scope, for emergencies as for quiet times; announcing and reviewing is up to Callboard. Make an identity of its own eligible for emergencies."
            )
        }
        let reasoned = allowing.filter { $0.limits.needsReason || !$0.limits.tickets.isEmpty }
        if !reasoned.isEmpty { say("\(names(reasoned)): Azure asks for no reason and no ticket before an action.") }
        if here.contains(where: { $0.who?.contains(.agent) ?? false }) {
            say(
                "That programs never approve Azure sees to (no service principal can); that they see masked bodies only is up to Callboard."
            )
        }
        if !policy.masks.isEmpty { say("Masking is up to Callboard: whoever may receive reads whole messages with another client.") }
        if policy.environments?.values.contains(where: { $0.requiresGolden != nil }) ?? false {
            say("'requires_golden' is up to Callboard: Azure does not know what was rehearsed.")
        }
        let rotating = allowing.filter { $0.actions?.contains(.rotateSecret) ?? true }
        if !rotating.isEmpty {
            say(
                "\(names(rotating)): keys that are rotated are keys that are used. disableLocalAuth ends them all at once: apply that step when every consumer has an identity."
            )
        }
        if rolePolicies.contains(where: { $0.scope != namespace }) {
            say(
                "Rules at an entity hold for whoever is eligible at that entity; whoever is eligible at the namespace has the namespace's, which are not written here unless a rule is about all of it."
            )
        }
        say("Who may ask is who is eligible in Azure: make the teams of the request rules eligible, and nobody for good.")
    }

    /// Whether the condition or the missing of a role says the same.
    private func isExpressed(_ rule: PolicyRule) -> Bool {
        guard let actions = rule.actions, actions.isSubset(of: [.grantAccess, .requestAccess]),
            rule.who.map({ $0.contains(.anyone) }) ?? true
        else { return false }
        return (rule.roles ?? Set(PolicyRole.allCases)).allSatisfy { isDenied($0) }
    }
}
