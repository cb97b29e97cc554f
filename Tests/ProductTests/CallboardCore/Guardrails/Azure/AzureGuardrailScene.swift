import AzureResources
import Foundation
import Identity
import ServiceBus
import Testing

@testable import CallboardCore

/// A policy with a bit of everything, a namespace, and what Azure says once the exported guardrails are applied.
enum AzureGuardrailScene {
    static let namespace = ResourceID(
        "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/Microsoft.ServiceBus/namespaces/sb-orders-prod")
    static let lead = GUID("0e5e1000-0000-4000-8000-000000000004")
    static let group = GUID("96096000-0000-4000-8000-00000000c002")
    static let member = GUID("0e5e1000-0000-4000-8000-000000000007")
    static let stranger = GUID("0e5e1000-0000-4000-8000-000000000009")
    static let (sender, receiver) = (RoleDefinition.BuiltIn.serviceBusDataSender, RoleDefinition.BuiltIn.serviceBusDataReceiver)
    static let moment = Timestamp(milliseconds: 1_800_000_000_000)

    static let yaml = """
        version: 1
        environments:
          test:
          prod: {subscriptions: [11111111-2222-3333-4444-555555555555], requires_golden: 7d}
          golden: {golden: true}
        teams:
          orders: {claims: {groups: [96096000-0000-4000-8000-00000000c001]}, require_acrs: [c1]}
          billing: {claims: {groups: [96096000-0000-4000-8000-00000000c002]}}
          leads: {claims: {roles: [ServiceBus.Approver]}}
        allow:
          - {id: peek, who: [team:orders], action: message.peek, scope: "namespaces/sb-orders-*/**", max_messages: 10}
          - {id: bots, who: [agent], action: entity.read, scope: "**"}
          - {id: rotate, who: [team:orders], action: secret.rotate, scope: "namespaces/*/queues/*"}
        request:
          - id: ask-queue
            who: [team:orders]
            env: prod
            role: receiver
            scope: namespaces/sb-orders-prod/queues/orders/eu
            max_ttl: 4h
            reason: required
            ticket: "^INC-[0-9]+$"
            approve: [{any_of: [team:billing, "user:0e5e1000-0000-4000-8000-000000000004"], count: 2}]
          - {id: ask-all, who: [team:billing], env: prod, role: [sender, owner], scope: "namespaces/sb-orders-*/queues/*", max_ttl: 30h, approve: [{any_of: [team:billing]}]}
          - {id: ask-test, who: [team:orders], env: test, role: receiver, scope: "**", max_ttl: 8h, approve: [{any_of: [team:billing]}]}
          - {id: ask-lost, who: [team:orders], env: prod, role: sender, scope: "**", max_ttl: 1h, approve: [{any_of: [team:leads]}]}
        deny:
          - {id: no-owner, action: [access.grant, access.request], role: owner}
          - {id: no-purge, env: prod, action: message.purge}
        mask:
          - {id: email, json: "$..email", show: none}
        break_glass:
          - {id: bg, who: [team:orders], role: receiver, max_ttl: 1h, reason: required, notify: [topic:alarm], review_within: 24h}
        """

    static func policy(_ text: String = yaml) throws -> Policy {
        let (policy, problems) = PolicyFile.parse(Array(text.utf8), file: "policy.yaml")
        return try #require(policy, "\(problems)")
    }

    static func guardrails(members: [GUID] = [member]) throws -> AzureGuardrails {
        try AzureGuardrails(policy(), namespace: namespace, members: members)
    }

    /// What Azure says when all of it is applied.
    static func applied(_ guardrails: AzureGuardrails) throws -> AzureGuardrailPicture {
        let condition = try #require(guardrails.condition).text
        return AzureGuardrailPicture(
            namespace: .known(AccessNamespace(id: namespace, localAuthentication: .off), at: moment),
            assignments: .known(
                guardrails.delegates.enumerated().map { index, each in
                    assignment(RoleDefinition.BuiltIn.accessControlAdministrator, each.id, each.kind, condition, number: index)
                }, at: moment),
            roles: .known(RoleDefinition.wellKnown, at: moment),
            rolePolicies: try guardrails.rolePolicies.map { .known(try rules($0.draft, at: $0.scope), at: moment) },
            azurePolicies: .known(
                AzureGuardrails.azurePolicies.map {
                    PolicyAssignment(
                        id: namespace.appending("providers", "Microsoft.Authorization", "policyAssignments", $0.name),
                        definition: PolicyAssignment.builtIn($0.definition), scope: namespace)
                }, at: moment),
            members: [group: .known([member], at: moment)], asOf: moment)
    }

    static func assignment(
        _ role: GUID, _ principal: GUID, _ kind: PrincipalKind, _ condition: String? = nil, at scope: ResourceID = namespace,
        number: Int = 9
    ) -> RoleAssignment {
        RoleAssignment(
            id: scope.appending("providers", "Microsoft.Authorization", "roleAssignments", "a5510000-0000-4000-8000-00000000000\(number)"),
            roleDefinitionID: ResourceID("/providers/Microsoft.Authorization/roleDefinitions/\(role.canonical)"), principal: principal,
            principalKind: kind, scope: scope, condition: condition)
    }

    /// What the service says of rules that a draft has set.
    static func rules(_ draft: RoleManagementPolicyDraft, at scope: ResourceID) throws -> RoleManagementPolicy {
        let rules = try #require(draft.body["properties"]?["rules"])
        let answer: Identity.JSONValue = [
            "id": .text(scope.text + "/providers/Microsoft.Authorization/RoleManagementPolicyAssignment/p"),
            "properties": [
                "scope": .text(scope.text), "roleDefinitionId": "/providers/Microsoft.Authorization/roleDefinitions/r",
                "policyId": .text(scope.text + "/providers/Microsoft.Authorization/roleManagementPolicies/p"), "effectiveRules": rules,
            ],
        ]
        return try JSONDecoder().decode(RoleManagementPolicy.self, from: JSONEncoder().encode(answer))
    }
}
