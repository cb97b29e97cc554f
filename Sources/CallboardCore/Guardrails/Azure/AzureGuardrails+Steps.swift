internal import AzureResources
internal import Identity

/// The requests to Azure Resource Manager that bring a policy's guardrails there.
extension AzureGuardrails {
    /// One of them.
    package struct Step: Hashable, Sendable {
        /// What it does, as a sentence.
        package let text: String
        /// A request whose answer has the path of the next one, in `value[0].properties.policyId`; nil where that is known.
        package let lookup: FixRequest?
        /// The request. Behind a lookup its path begins with ``policyPlaceholder``.
        package let request: FixRequest

        init(_ text: String, lookup: FixRequest? = nil, _ request: FixRequest) {
            self.text = text
            self.lookup = lookup
            self.request = request
        }
    }

    /// What stands for the path that a lookup brings.
    package static let policyPlaceholder = "{policyId}"

    /// The rules of Azure Policy that belong to it, with what they say.
    static let azurePolicies: [(name: String, definition: GUID, title: String)] = [
        (
            "callboard-local-auth", PolicyAssignment.BuiltIn.localAuthentication,
            "Azure Service Bus namespaces should have local authentication methods disabled"
        ),
        (
            "callboard-access-rules", PolicyAssignment.BuiltIn.authorizationRules,
            "All authorization rules except RootManageSharedAccessKey should be removed from Service Bus namespace"
        ),
    ]

    /// All steps, in an order in which each can be done: what approvers may is narrowed before they are asked.
    package var steps: [Step] {
        delegates.map { delegate in
            Step(
                "Let \(delegate.name) give Data Sender and Data Receiver in \(namespace.name), to nobody who approves.",
                .delegate(to: delegate, under: condition?.text ?? "", at: namespace))
        }
            + rolePolicies.map { policy in
                Step(
                    "Ask of whoever activates \(policy.title) what \(policy.rules.map { "'\($0)'" }.joined(separator: ", ")) asks.",
                    lookup: .lookUpPolicy(of: policy.role, at: policy.scope),
                    FixRequest("PATCH", encoded: "\(Self.policyPlaceholder)?api-version=\(APIVersion.schedules)", policy.draft.body))
            }
            + Self.azurePolicies.map { policy in
                Step(
                    "Have Azure Policy watch: \(policy.title).", .assignPolicy(policy.definition, policy.name, policy.title, at: namespace))
            }
            + [Step("Have the namespace refuse all shared access keys.", .refuseKeys(namespace))]
    }
}

extension FixRequest {
    /// Gives somebody the right to give roles, under a condition. The name follows from what it says, so that sending it twice does no harm.
    static func delegate(to principal: AzureGuardrails.Principal, under condition: String, at scope: ResourceID) -> FixRequest {
        let role = RoleDefinition.BuiltIn.accessControlAdministrator
        let draft = RoleAssignmentDraft(
            roleDefinitionID: scope.roleDefinition(role), principal: principal.id, principalKind: principal.kind,
            note: "callboard: approvers give roles under a condition", condition: condition)
        return FixRequest(
            "PUT", authorization(scope, "roleAssignments", name("delegation", scope, role, principal.id)),
            version: APIVersion.authorization,
            draft.body)
    }

    /// Asks which rules Privileged Identity Management applies to a role.
    static func lookUpPolicy(of role: PolicyRole, at scope: ResourceID) -> FixRequest {
        let path = scope.appending("providers", "Microsoft.Authorization", "roleManagementPolicyAssignments")
        let filter = "roleDefinitionId eq '\(scope.roleDefinition(GUID(role.definitionID)).text)'"
        return FixRequest(
            "GET",
            encoded: path.segments.map { "/" + PercentEncoding.encode(String($0)) }.joined()
                + "?api-version=\(APIVersion.schedules)&%24filter=\(PercentEncoding.encode(filter))")
    }

    /// Changes the rules that Privileged Identity Management applies, of an id that was looked up.
    static func changePolicy(_ id: ResourceID, to draft: RoleManagementPolicyDraft) -> FixRequest {
        FixRequest("PATCH", id, version: APIVersion.schedules, draft.body)
    }

    /// Puts a rule of Azure Policy in force.
    static func assignPolicy(_ definition: GUID, _ name: String, _ title: String, at scope: ResourceID) -> FixRequest {
        FixRequest(
            "PUT", authorization(scope, "policyAssignments", name), version: APIVersion.policy,
            [
                "properties": [
                    "displayName": .text(title), "policyDefinitionId": .text(PolicyAssignment.builtIn(definition).text),
                    "enforcementMode": "Default",
                ]
            ])
    }
}
