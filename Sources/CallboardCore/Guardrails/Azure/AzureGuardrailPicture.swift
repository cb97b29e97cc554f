package import AzureResources
package import ServiceBus

/// What Azure enforces now, as far as it may be read.
package struct AzureGuardrailPicture: Sendable {
    /// The namespace.
    package var namespace: Reading<AccessNamespace>
    /// Roles that are assigned at the namespace, above and below it.
    package var assignments: Reading<[RoleAssignment]>
    /// The roles there are.
    package var roles: Reading<[RoleDefinition]>
    /// For each role policy of the guardrails, in their order, what Privileged Identity Management asks; nil where it names no rules.
    package var rolePolicies: [Reading<RoleManagementPolicy?>]
    /// The rules of Azure Policy that hold at the namespace.
    package var azurePolicies: Reading<[PolicyAssignment]>
    /// The members of groups that approve or may give roles.
    package var members: [GUID: Reading<Set<GUID>>]
    /// When it was taken.
    package var asOf: Timestamp
}

extension AccessReader {
    /// Reads what Azure enforces, to be compared with what it should. Only reads.
    /// - Parameters:
    ///   - guardrails: what it should.
    ///   - namespace: the namespace, which has been looked for.
    package func guardrails(
        _ guardrails: AzureGuardrails, of namespace: Reading<NamespaceResource>
    ) async -> AzureGuardrailPicture {
        let id = guardrails.namespace
        async let roles = reading("Microsoft.Authorization/roleDefinitions/read", at: id) { () throws(AzureError) in
            try await manager.roleDefinitions(at: id)
        }
        async let policies = reading("Microsoft.Authorization/policyAssignments/read", at: id) { () throws(AzureError) in
            try await manager.policyAssignments(of: id)
        }
        let assignments = await reading("Microsoft.Authorization/roleAssignments/read", at: id) { () throws(AzureError) in
            try await manager.roleAssignments(.all, of: id)
        }
        let rolePolicies = await Self.each(guardrails.rolePolicies) { policy in
            await reading("Microsoft.Authorization/roleManagementPolicyAssignments/read", at: policy.scope) { () throws(AzureError) in
                try await manager.roleManagementPolicy(
                    of: policy.scope.roleDefinition(GUID(policy.role.definitionID)), at: policy.scope)
            }
        }
        let known = await roles
        let powerful = AzureGuardrailAudit.powerful(assignments.value ?? [], known.value ?? [], at: id)
        let groups = Set(powerful.filter(\.principalKind.isGroup).map(\.principal)).union(
            guardrails.approvers.filter(\.kind.isGroup).map(\.id))
        return AzureGuardrailPicture(
            namespace: namespace.map {
                AccessNamespace(id: $0.id, localAuthentication: $0.localAuthentication, tags: $0.tags)
            }, assignments: assignments, roles: known, rolePolicies: rolePolicies, azurePolicies: await policies,
            members: await members(of: groups), asOf: now())
    }

    private func members(of groups: Set<GUID>) async -> [GUID: Reading<Set<GUID>>] {
        let asked = Array(groups.sorted().prefix(Self.mostGroups))
        let answers = await Self.each(asked) { group in
            await outcome { () throws(AzureError) in try await graph.members(of: group) }
        }
        var members: [GUID: Reading<Set<GUID>>] = [:]
        for (group, answer) in zip(asked, answers) {
            members[group] =
                switch answer {
                case .success(.known(let found)): .known(Set(found.map(\.id)), at: now())
                case .success(.notPermitted): .notPermitted(needs: "GroupMember.Read.All of Microsoft Graph")
                case .failure(let error): .unavailable(error.description)
                }
        }
        for group in groups where members[group] == nil {
            members[group] = .unavailable("only the members of \(Self.mostGroups) groups are read")
        }
        return members
    }
}
