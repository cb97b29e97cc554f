package import AzureResources

/// What Azure itself would enforce of a policy in one namespace, and in sentences what it cannot.
///
/// A function of the policy: nobody is asked, nothing is changed. `policy export-azure` writes it as JSON, Bicep or `az` commands.
package struct AzureGuardrails: Hashable, Sendable {
    /// Somebody by whom Azure knows a team or a user of the policy.
    package struct Principal: Hashable, Sendable, Comparable {
        /// The object id.
        package var id: GUID
        /// A person or a group.
        package var kind: PrincipalKind
        /// As the policy calls it.
        package var name: String

        /// Orders by name and id.
        package static func < (a: Self, b: Self) -> Bool { (a.name, a.id) < (b.name, b.id) }
    }

    /// What Privileged Identity Management is to ask of whoever activates a role at a scope.
    package struct RolePolicy: Hashable, Sendable {
        /// Where.
        package var scope: ResourceID
        /// The role.
        package var role: PolicyRole
        /// The rules of the policy it comes from.
        package var rules: [String]
        /// What it asks for.
        package var draft: RoleManagementPolicyDraft

        /// As people read it: `Data Receiver at orders`.
        package var title: String { "\(role.title) at \(scope.name)" }
    }

    /// The policy's file.
    package let file: String
    /// The namespace.
    package let namespace: ResourceID
    /// The environment it is taken to be in; nil when that is not known.
    package let environment: String?
    /// Under what approvers may give roles; nil when nobody of the policy's approves anything here, or it would be too long.
    package private(set) var condition: DelegationCondition?
    /// Who approves, as Azure knows them.
    package private(set) var approvers: [Principal] = []
    /// What activating roles takes.
    package private(set) var rolePolicies: [RolePolicy] = []
    /// What Azure does not enforce of the policy, a sentence each.
    package private(set) var notExpressed: [String] = []

    /// - Parameters:
    ///   - namespace: the id of the Service Bus namespace.
    ///   - environment: the environment it is in; where it is nil, the one that lists its Azure subscription.
    ///   - members: object ids of people who approve as members of a group: Azure excludes only who is named.
    /// - Throws: ``OperatorError`` of kind usage for an environment that the policy does not list, and an id that is no namespace's.
    package init(_ policy: Policy, namespace: ResourceID, environment: String? = nil, members: [GUID] = []) throws(OperatorError) {
        guard let own = namespace.serviceBusNamespace, own == namespace else {
            throw OperatorError(
                .usage, "'\(namespace.text.prefix(200))' is not the id of a Service Bus namespace.",
                hint: "It looks like /subscriptions/ID/resourceGroups/NAME/providers/Microsoft.ServiceBus/namespaces/NAME.")
        }
        let known = policy.environments ?? [:]
        if let environment, policy.environments != nil, known[environment] == nil {
            throw OperatorError(
                .usage, "The policy lists no environment '\(environment)'.",
                hint: "It lists \(known.keys.sorted().joined(separator: ", ")).")
        }
        let subscription = namespace.subscription?.name.lowercased()
        let listed = known.filter { subscription.map($0.value.subscriptions.contains) ?? false }.keys.sorted()
        self.environment = environment ?? (listed.count == 1 ? listed.first : nil)
        file = policy.file
        self.namespace = namespace
        var writer = AzureGuardrailWriter(policy: policy, namespace: namespace, environment: self.environment)
        writer.write(members: members)
        approvers = writer.approvers.sorted()
        rolePolicies = writer.rolePolicies.sorted { ($0.scope.text, $0.role.rawValue) < ($1.scope.text, $1.role.rawValue) }
        condition = writer.condition
        notExpressed = writer.sentences
    }

    /// Who is given the right to give roles, under the condition.
    package var delegates: [Principal] { condition == nil ? [] : approvers.filter { !isMember($0) } }

    /// Whether somebody is named only to be excluded.
    private func isMember(_ principal: Principal) -> Bool { principal.name.hasPrefix("member ") }
}
