internal import AzureResources

/// Who may give roles, and under what condition.
extension AzureGuardrailAudit {
    private static let giving = AzureAction.control("Microsoft.Authorization/roleAssignments/write")
    /// The roles that approvers may give.
    private static let givable: Set<GUID> = [RoleDefinition.BuiltIn.serviceBusDataSender, RoleDefinition.BuiltIn.serviceBusDataReceiver]

    /// The assignments whose role allows giving roles in the namespace. Where a role is not known, what is known of Microsoft's own counts.
    static func powerful(_ assignments: [RoleAssignment], _ roles: [RoleDefinition], at namespace: ResourceID) -> [RoleAssignment] {
        var giving = Set(RoleDefinition.wellKnown.filter { $0.allows(Self.giving) }.map(\.role))
        for role in roles { if role.allows(Self.giving) { giving.insert(role.role) } else { giving.remove(role.role) } }
        return assignments.filter {
            giving.contains($0.role) && ($0.scope.contains(namespace) || namespace.contains($0.scope) || $0.scope.isManagementGroup)
        }
    }

    mutating func inspectDelegations() {
        guard let assignments = value(picture.assignments, of: "role assignments") else { return }
        let roles = value(picture.roles, of: "what custom roles allow") ?? []
        let powerful = Self.powerful(assignments, roles, at: guardrails.namespace)
        let people = approvingPeople()
        for assignment in powerful {
            let holders = holders(of: assignment, among: people)
            if let text = assignment.condition {
                inspect(text, of: assignment, holders, people)
            } else if holders.isEmpty {
                note(
                    "\(who(assignment)) gives any role to anybody, by \(name(of: assignment.role, roles)) at \(assignment.scope): no guardrail here holds against that. Let it be eligible, and not standing."
                )
            } else {
                report(
                    .unconditional, .high, assignment.scope.text,
                    "\(names(holders)) approves and gives any role to anybody, themselves among them, by \(name(of: assignment.role, roles)) without a condition\(assignment.principalKind.isGroup ? " through the group \(assignment.principal)" : "").",
                    advice: "Take that assignment away, and let them give roles under the exported condition.", fix: .remove(assignment.id))
            }
        }
        let administrator = RoleDefinition.BuiltIn.accessControlAdministrator
        for delegate in guardrails.delegates
        where !powerful.contains(where: { $0.principal == delegate.id && ($0.role == administrator || $0.condition == nil) }) {
            report(
                .noDelegation, .low, guardrails.namespace.name,
                "\(delegate.name) approves and cannot give roles: fine with Privileged Identity Management, and not with the queue of requests.",
                advice: "Assign Role Based Access Control Administrator under the exported condition.",
                fix: .delegate(to: delegate, under: guardrails.condition?.text ?? "", at: guardrails.namespace))
        }
    }

    /// The object ids of all who approve, members of groups among them, as far as the directory says.
    private mutating func approvingPeople() -> Set<GUID> {
        var people = Set(guardrails.approvers.map(\.id))
        for group in guardrails.approvers where group.kind.isGroup {
            guard let members = picture.members[group.id] else { continue }
            people.formUnion(value(members, of: "members of \(group.name)") ?? [])
        }
        return people
    }

    /// Those who approve and have an assignment, by themselves or through its group.
    private mutating func holders(of assignment: RoleAssignment, among people: Set<GUID>) -> Set<GUID> {
        if people.contains(assignment.principal) { return [assignment.principal] }
        guard assignment.principalKind.isGroup, let reading = picture.members[assignment.principal] else { return [] }
        return (value(reading, of: "members of the group \(assignment.principal)") ?? []).intersection(people)
    }

    private mutating func inspect(_ text: String, of assignment: RoleAssignment, _ holders: Set<GUID>, _ people: Set<GUID>) {
        let place = assignment.scope.text
        guard let condition = DelegationCondition(text) else {
            return report(
                .unreadableCondition, .medium, place,
                "\(who(assignment)) gives roles under a condition of another form, of which it cannot be told here what it lets through.",
                advice: "Read it in Azure, or replace it with the exported one.")
        }
        for (verb, side, severity) in [
            ("give", condition.write, DriftFinding.Severity.high), ("take", condition.delete, .medium),
        ] {
            let others = side.roles.map { $0.subtracting(Self.givable) }
            if others.map({ !$0.isEmpty }) ?? true {
                report(
                    .weakCondition, severity, place,
                    "\(who(assignment)) may \(verb) \(others.map { names(of: $0) } ?? "any role"), and the policy knows Data Sender and Data Receiver.",
                    advice: "Replace the condition with the exported one.", fix: renewal(of: assignment))
            }
            let reachable = people.filter { side.only?.contains($0) ?? true && !side.excluded.contains($0) }
            guard !reachable.isEmpty else { continue }
            let isOwn = !reachable.isDisjoint(with: holders)
            report(
                .weakCondition, isOwn ? severity : .medium, place,
                "\(who(assignment)) may \(verb) roles \(verb == "give" ? "to" : "from") \(names(reachable)), who \(reachable.count == 1 ? "approves" : "approve").",
                advice: "Name each of them in the condition: export it with --approver for members of groups.", fix: renewal(of: assignment)
            )
        }
    }

    /// The assignment again with the exported condition, where it is one of those that are exported.
    private func renewal(of assignment: RoleAssignment) -> FixRequest? {
        guard let condition = guardrails.condition, assignment.role == RoleDefinition.BuiltIn.accessControlAdministrator else { return nil }
        let draft = RoleAssignmentDraft(
            roleDefinitionID: assignment.roleDefinitionID, principal: assignment.principal, principalKind: assignment.principalKind,
            note: assignment.note, condition: condition.text)
        return FixRequest("PUT", assignment.id, version: APIVersion.authorization, draft.body)
    }

    // MARK: Names

    private func who(_ assignment: RoleAssignment) -> String {
        guardrails.approvers.first { $0.id == assignment.principal }?.name
            ?? "\(assignment.principalKind.isGroup ? "the group " : "")\(assignment.principal)"
    }

    private func names(_ ids: Set<GUID>) -> String {
        let names = ids.sorted().map { id in guardrails.approvers.first { $0.id == id }?.name ?? id.canonical }
        return names.prefix(5).joined(separator: ", ") + (names.count > 5 ? " and \(names.count - 5) more" : "")
    }

    private func name(of role: GUID, _ roles: [RoleDefinition]) -> String {
        (roles + RoleDefinition.wellKnown).first { $0.role == role }?.roleName ?? "the role \(role)"
    }

    private func names(of roles: Set<GUID>) -> String { roles.sorted().map { name(of: $0, []) }.joined(separator: ", ") }
}
