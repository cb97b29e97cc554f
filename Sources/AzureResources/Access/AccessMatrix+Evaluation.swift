extension AccessMatrix {
    /// An entity, and what is the same for all assignments on it.
    struct Place {
        let id: ResourceID
        let target: AccessTarget
        let takesKeys: Bool
        let denials: [Denial]
    }

    func place(_ entity: ResourceID) -> Place {
        let namespace = localAuthentication.isEmpty ? nil : entity.serviceBusNamespace
        return Place(
            id: entity, target: AccessTarget(entity), takesKeys: namespace.flatMap { localAuthentication[$0] } != .off,
            denials: denials(on: entity))
    }

    /// The management groups above an entity; nil when nobody said, and all have to be taken to be.
    private func groupsAbove(_ entity: ResourceID) -> Set<ResourceID>? {
        guard let subscription = entity.subscription else { return [entity] }
        return managementGroups[subscription]
    }

    /// The assignments that hold at a place, out of some; narrowest scopes first.
    func indices(on place: Place, among scopes: [ScopeKey: [Int]], _ atManagementGroups: [Int]) -> [Int] {
        var result: [Int] = []
        for key in ScopeKey.all(above: place.id) {
            if let indices = scopes[key] { result += indices }
        }
        if atManagementGroups.isEmpty { return result }
        let above = groupsAbove(place.id)
        for index in atManagementGroups where above?.contains(entries[index].assignment.scope) ?? true { result.append(index) }
        return result
    }

    private func denials(on entity: ResourceID) -> [Denial] {
        guard !denials.isEmpty || !denialsAtManagementGroups.isEmpty else { return [] }
        var result = ScopeKey.all(above: entity).flatMap { denials[$0] ?? [] }
        let above = denialsAtManagementGroups.isEmpty ? [] : groupsAbove(entity)
        result += denialsAtManagementGroups.filter { above?.contains($0.assignment.scope) ?? true }
        return result.filter { !$0.assignment.doesNotApplyToChildScopes || $0.assignment.scope == entity }
    }

    /// What an assignment comes to at a place for somebody, the one who has it or a member of the group that has.
    func outcome(_ index: Int, on place: Place, subject: GUID) -> AccessOutcome {
        // Field by field: an entry has many texts, and copying it would count each.
        guard let actions = entries[index].role?.actions else { return AccessOutcome(isRoleKnown: false) }
        var outcome = AccessOutcome(isConditional: entries[index].assignment.condition != nil || entries[index].role?.condition != nil)
        let (forbidden, perhaps): (AccessActions, AccessActions) =
            place.denials.isEmpty
            ? ([], []) : forbiddenActions(to: subject, through: entries[index].assignment.principal, by: place.denials)
        let assignedAt = entries[index].target
        for right in Right.allCases {
            let giving = actions.intersection(.giving(right, on: place.target, assignedAt: assignedAt))
            if giving.isEmpty { continue }
            if giving.isSubset(of: forbidden) {
                outcome.denied.insert(Rights(right))
            } else if giving.isSubset(of: forbidden.union(perhaps)) {
                outcome.uncertain.insert(Rights(right))
            } else {
                outcome.rights.insert(Rights(right))
            }
        }
        if place.takesKeys {
            // A subscription takes no messages itself.
            let opened: Rights = place.target == .subscription ? [.receive, .manage] : [.send, .receive, .manage]
            if outcome.rights.contains(Right.listKeys) { outcome.byKeys = opened }
            if outcome.uncertain.contains(Right.listKeys) { outcome.uncertain.formUnion(opened) }
        }
        return outcome
    }

    func binding(_ index: Int, on place: Place, subject: GUID, kind: PrincipalKind) -> RoleBinding {
        let entry = entries[index]
        let assignment = entry.assignment
        let isHolder = subject == assignment.principal
        let outcome = outcome(index, on: place, subject: subject)
        let isOpenGroup = isHolder && assignment.principalKind.isGroup && membership.members(of: subject) == nil
        return RoleBinding(
            principal: subject, principalKind: kind, group: isHolder ? nil : assignment.principal, members: isOpenGroup ? .unknown : .none,
            assignment: assignment.id, role: entry.roleID, roleName: entry.role?.name,
            origin: assignment.scope == place.id ? .direct : .inherited(from: assignment.scope), term: entry.term, rights: outcome.rights,
            rightsByKeys: outcome.byKeys, deniedRights: outcome.denied, uncertainRights: outcome.uncertain,
            condition: assignment.condition ?? entry.role?.condition, note: assignment.note)
    }

    /// What deny assignments forbid to an identity for certain, and what they may forbid.
    private func forbiddenActions(
        to subject: GUID, through holder: GUID, by denials: [Denial]
    ) -> (forbidden: AccessActions, perhaps: AccessActions) {
        var forbidden: AccessActions = []
        var perhaps: AccessActions = []
        for denial in denials {
            let isMeant = isAmong(denial.assignment.principals, subject, through: holder)
            let isExcluded = isAmong(denial.assignment.excludedPrincipals, subject, through: holder)
            if isMeant == false || isExcluded == true { continue }
            if isMeant == true, isExcluded == false, denial.assignment.condition == nil {
                forbidden.formUnion(denial.actions)
            } else {
                perhaps.formUnion(denial.actions)
            }
        }
        return (forbidden, perhaps)
    }

    /// Whether an identity is among those that a deny assignment names, itself or through a group; nil when nobody knows.
    private func isAmong(_ principals: [DenyAssignment.Principal], _ subject: GUID, through holder: GUID) -> Bool? {
        var answer: Bool? = false
        for principal in principals {
            if principal.id == .everyone || principal.id == subject || principal.id == holder { return true }
            guard principal.kind.isGroup || principal.kind == .unknown else { continue }
            switch membership.isMember(subject, of: principal.id) {
            case true?: return true
            case false?: break
            case nil: answer = nil
            }
        }
        return answer
    }
}
