/// Who can do what, from role assignments, roles, deny assignments, ends and groups that were read before: it reads nothing itself.
///
/// Assignments are found by the parts of an entity's id, so that a question costs what is assigned along that one path, however many assignments and
/// entities there are.
public struct AccessMatrix: Sendable {
    struct Role {
        let name: String
        let actions: AccessActions
        let condition: String?
    }

    /// An assignment, with what would have to be worked out for each question anew.
    struct Entry {
        let assignment: RoleAssignment
        let roleID: GUID
        let role: Role?
        let target: AccessTarget
        let term: RoleBinding.Term
    }

    struct Denial {
        let assignment: DenyAssignment
        let actions: AccessActions
    }

    let entries: [Entry]
    /// Places in `entries` by the scope.
    let byScope: [ScopeKey: [Int]]
    let byPrincipal: [GUID: [Int]]
    /// The holders of assignments through whom others may act.
    let groups: [GUID]
    let atManagementGroups: [Int]
    let denials: [ScopeKey: [Denial]]
    let denialsAtManagementGroups: [Denial]
    let membership: GroupMembership
    let managementGroups: [ResourceID: Set<ResourceID>]
    let localAuthentication: [ResourceID: NamespaceResource.LocalAuthentication]

    /// A matrix.
    /// - Parameters:
    ///   - assignments: all role assignments that matter; one that was listed twice counts once.
    ///   - roles: the roles; those of Microsoft's in ``RoleDefinition/wellKnown`` need not be among them.
    ///   - denials: the deny assignments that matter.
    ///   - terms: until when roles in force last (``ResourceManagerClient/roleTerms(_:of:)``).
    ///   - membership: who is in which group.
    ///   - managementGroups: the management groups above each Azure subscription. Of a subscription that is not in it all are taken to be above: rather
    ///     is one right too many shown than one too few.
    ///   - localAuthentication: whether namespaces take shared access keys; of one that is not in it, it is assumed.
    public init(
        assignments: [RoleAssignment], roles: [RoleDefinition], denials: [DenyAssignment] = [], terms: [RoleTerm] = [],
        membership: GroupMembership = GroupMembership(), managementGroups: [ResourceID: Set<ResourceID>] = [:],
        localAuthentication: [ResourceID: NamespaceResource.LocalAuthentication] = [:]
    ) {
        var known: [GUID: Role] = [:]
        for role in RoleDefinition.wellKnown + roles {
            known[role.role] = Role(
                name: role.roleName, actions: .allowed(by: role.permissions), condition: role.permissions.lazy.compactMap(\.condition).first
            )
        }
        let terms = BindingTerms(terms)
        // Roles are few, and named again and again.
        var roleIDs: [ResourceID: GUID] = [:]
        var seen: Set<ResourceID> = []
        var entries: [Entry] = []
        var byScope: [ScopeKey: [Int]] = [:]
        var byPrincipal: [GUID: [Int]] = [:]
        var atManagementGroups: [Int] = []
        for assignment in assignments where seen.insert(assignment.id).inserted {
            let role = roleIDs[assignment.roleDefinitionID] ?? assignment.role
            roleIDs[assignment.roleDefinitionID] = role
            byPrincipal[assignment.principal, default: []].append(entries.count)
            if assignment.scope.isManagementGroup {
                atManagementGroups.append(entries.count)
            } else {
                byScope[ScopeKey(assignment.scope), default: []].append(entries.count)
            }
            entries.append(
                Entry(
                    assignment: assignment, roleID: role, role: known[role], target: AccessTarget(assignment.scope),
                    term: terms.term(of: assignment, role: role)))
        }
        self.entries = entries
        self.byScope = byScope
        self.byPrincipal = byPrincipal
        groups = byPrincipal.compactMap { holder, indices in
            indices.contains { Self.mayBeGroup(entries[$0].assignment.principalKind) } ? holder : nil
        }
        self.atManagementGroups = atManagementGroups
        var denialsByScope: [ScopeKey: [Denial]] = [:]
        var denialsAtManagementGroups: [Denial] = []
        for denial in denials where denial.effect != .audit {
            let entry = Denial(assignment: denial, actions: .allowed(by: denial.permissions))
            if denial.scope.isManagementGroup {
                denialsAtManagementGroups.append(entry)
            } else {
                denialsByScope[ScopeKey(denial.scope), default: []].append(entry)
            }
        }
        self.denials = denialsByScope
        self.denialsAtManagementGroups = denialsAtManagementGroups
        self.membership = membership
        self.managementGroups = managementGroups
        self.localAuthentication = localAuthentication
    }
}

// MARK: Questions

extension AccessMatrix {
    /// What is assigned on an entity, at it and above; narrowest scopes first.
    /// - Parameters:
    ///   - entity: the entity.
    ///   - expandingGroups: whether the members of groups, where they are known, come in the place of the groups.
    public func bindings(on entity: ResourceID, expandingGroups: Bool = false) -> [RoleBinding] {
        let place = place(entity)
        return bindings(of: indices(on: place, among: byScope, atManagementGroups), on: place, expandingGroups: expandingGroups)
    }

    private func bindings(of indices: [Int], on place: Place, expandingGroups: Bool) -> [RoleBinding] {
        var result: [RoleBinding] = []
        for index in indices {
            let assignment = entries[index].assignment
            guard expandingGroups, assignment.principalKind.isGroup, let members = membership.members(of: assignment.principal) else {
                result.append(binding(index, on: place, subject: assignment.principal, kind: assignment.principalKind))
                continue
            }
            // A group in a group does nothing itself: its members are members of the outer one, and listed as such.
            for member in members where !member.kind.isGroup {
                result.append(binding(index, on: place, subject: member.id, kind: member.kind))
            }
        }
        return result
    }

    /// What is assigned below a scope on the way to an entity, the entity included: of a queue what is assigned at it, of a subscription also what is
    /// assigned at its topic. What was assigned at the scope and above is the same for all entities of a kind, and need not be asked for each.
    public func bindings(on entity: ResourceID, below scope: ResourceID, expandingGroups: Bool = false) -> [RoleBinding] {
        let end = ScopeKey(scope)
        let keys = ScopeKey.all(above: entity).prefix { $0 != end }
        guard keys.contains(where: { byScope[$0] != nil }) else { return [] }
        return bindings(of: keys.flatMap { byScope[$0] ?? [] }, on: place(entity), expandingGroups: expandingGroups)
    }

    /// Each assignment that matters in a namespace, once, groups standing for their members: what was assigned at the namespace and above with what it
    /// allows on it, what was assigned below with what it allows where it was assigned.
    public func assignments(in namespace: ResourceID) -> [(assignment: RoleAssignment, binding: RoleBinding)] {
        let place = place(namespace)
        let above = Set(indices(on: place, among: byScope, atManagementGroups))
        var places: [ResourceID: Place] = [:]
        var result: [(RoleAssignment, RoleBinding)] = []
        for (index, entry) in entries.enumerated() {
            let assignment = entry.assignment
            let spot: Place
            if above.contains(index) {
                spot = place
            } else {
                guard namespace.contains(assignment.scope) else { continue }
                spot = places[assignment.scope] ?? self.place(assignment.scope)
                places[assignment.scope] = spot
            }
            result.append((assignment, binding(index, on: spot, subject: assignment.principal, kind: assignment.principalKind)))
        }
        return result
    }

    /// Who can do something on an entity: members of groups by name where they are known, otherwise the groups; with what is conditional, and
    /// what cannot be told.
    public func whoCan(_ right: Right, on entity: ResourceID) -> [RoleBinding] {
        bindings(on: entity, expandingGroups: true).filter { $0.answer(for: right) != .no }
    }

    /// Whether an identity can do something on an entity, itself or through groups.
    public func can(_ principal: GUID, _ right: Right, on entity: ResourceID) -> AccessAnswer {
        access(of: principal, among: CollectionOfOne(entity))[entity]?[right] ?? .no
    }

    /// What an identity was given, itself or through groups that are known: each assignment once, with what it allows at its own scope.
    /// - Returns: the bindings, and whether these are all: there may be more through groups that are not known.
    public func bindings(of principal: GUID) -> (bindings: [RoleBinding], areAll: Bool) {
        let (groups, areAll) = membership.groups(of: principal)
        let own = byPrincipal[principal] ?? []
        let kind = own.first.map { entries[$0].assignment.principalKind } ?? .unknown
        let all = own + groups.sorted().flatMap { byPrincipal[$0] ?? [] }
        return (all.map { binding($0, on: place(entries[$0].assignment.scope), subject: principal, kind: kind) }, areAll)
    }

    /// What an identity can do on each of the given entities; those on which it can do nothing are left out, as are rights it has not.
    public func access(of principal: GUID, among entities: some Sequence<ResourceID>) -> [ResourceID: [Right: AccessAnswer]] {
        // Only what concerns this identity: its own assignments, those of its groups, and those of groups of which nobody knows whether they are.
        var mine: [ScopeKey: [Int]] = [:]
        var mineAtManagementGroups: [Int] = []
        var isCertain: Set<Int> = []
        func take(_ indices: [Int], isMember: Bool) {
            for index in indices {
                let scope = entries[index].assignment.scope
                if isMember { isCertain.insert(index) }
                if scope.isManagementGroup {
                    mineAtManagementGroups.append(index)
                } else {
                    mine[ScopeKey(scope), default: []].append(index)
                }
            }
        }
        take(byPrincipal[principal] ?? [], isMember: true)
        for group in groups where group != principal {
            let isMember = membership.isMember(principal, of: group)
            if isMember != false { take(byPrincipal[group] ?? [], isMember: isMember == true) }
        }
        // Where nothing is denied, an assignment comes to the same on all entities of a kind.
        var outcomes: [OutcomeKey: AccessOutcome] = [:]
        var result: [ResourceID: [Right: AccessAnswer]] = [:]
        for entity in entities {
            let place = place(entity)
            var sum = AnswerSum()
            for index in indices(on: place, among: mine, mineAtManagementGroups) {
                let kind = OutcomeKey(index: index, target: place.target, takesKeys: place.takesKeys)
                let known = place.denials.isEmpty ? outcomes[kind] : nil
                let outcome = known ?? outcome(index, on: place, subject: principal)
                if known == nil, place.denials.isEmpty { outcomes[kind] = outcome }
                sum.add(outcome, isCertain: isCertain.contains(index))
            }
            let answers = sum.answers
            if !answers.isEmpty { result[entity] = answers }
        }
        return result
    }

    /// Older API versions do not say of what kind a principal is.
    private static func mayBeGroup(_ kind: PrincipalKind) -> Bool { kind.isGroup || kind == .unknown }
}

/// What an assignment comes to depends on no more than this, where nothing is denied.
private struct OutcomeKey: Hashable {
    let index: Int
    let target: AccessTarget
    let takesKeys: Bool
}
