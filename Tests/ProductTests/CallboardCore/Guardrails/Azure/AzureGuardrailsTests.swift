import AzureResources
import Foundation
import Testing

@testable import CallboardCore

@Suite("What Azure enforces of a policy")
struct AzureGuardrailsTests {
    private typealias Scene = AzureGuardrailScene

    @Test("the rules of the namespace's own environment become rules for activating, at the entity or the whole namespace")
    func rolePolicies() throws {
        let guardrails = try Scene.guardrails()
        #expect(guardrails.environment == "prod")
        #expect(guardrails.rolePolicies.map(\.title) == ["Data Sender at sb-orders-prod", "Data Receiver at orders~eu"])
        #expect(guardrails.rolePolicies.map(\.rules) == [["ask-all"], ["ask-queue"]])
        let queue = guardrails.rolePolicies[1].draft
        #expect(guardrails.rolePolicies[1].scope == Scene.namespace.appending("queues", "orders~eu"))
        #expect(queue.maximumDuration == .seconds(4 * 3600))
        #expect(queue.requiresJustification && queue.requiresTicket && !queue.requiresMultiFactor)
        #expect(queue.authenticationContext == "c1")
        #expect(Set(queue.approvers.map(\.id)) == [Scene.group, Scene.lead])
        let all = guardrails.rolePolicies[0].draft
        // An activation lasts a day at most.
        #expect(all.maximumDuration == .seconds(86_400))
        #expect(!all.requiresJustification && all.authenticationContext == nil)
    }

    @Test("the condition names the two roles and excludes all who approve, members of groups among them")
    func condition() throws {
        let condition = try #require(try Scene.guardrails().condition)
        #expect(condition.write.roles == [Scene.sender, Scene.receiver])
        #expect(condition.write.excluded == [Scene.lead, Scene.group, Scene.member])
        #expect(condition.delete == condition.write)
        #expect(Set(try Scene.guardrails().delegates.map(\.id)) == [Scene.lead, Scene.group])
    }

    @Test("a role that is denied to all is not given either")
    func deniedRole() throws {
        let text = Scene.yaml.replacing("role: owner}", with: "role: [owner, sender]}")
        let guardrails = try AzureGuardrails(try Scene.policy(text), namespace: Scene.namespace)
        #expect(guardrails.condition?.write.roles == [Scene.receiver])
        #expect(guardrails.rolePolicies.map(\.role) == [.receiver])
    }

    @Test(
        "what Azure cannot keep to is said, each rule by name",
        arguments: [
            "'ask-queue' wants a ticket like ^INC-[0-9]+$", "'ask-queue' takes 2 of", "'ask-all' is about namespaces/sb-orders-*/queues/*",
            "'ask-all' allows ", "'ask-lost' is not exported", "'peek': Azure tells sending, receiving and managing apart",
            "'peek': Azure limits neither how many", "'no-purge': Azure has no rule that denies", "'bg': Azure has one set of rules",
            "'rotate': keys that are rotated", "Masking is up to Callboard", "'requires_golden' is up to Callboard",
            "That programs never approve", "Who may ask is who is eligible",
        ])
    func sentences(_ beginning: String) throws {
        let sentences = try Scene.guardrails().notExpressed
        #expect(sentences.contains { $0.hasPrefix(beginning) }, "\(sentences)")
    }

    @Test("no rule of the file is left out without a word")
    func everyRule() throws {
        let policy = try Scene.policy()
        let guardrails = try Scene.guardrails()
        let said = guardrails.notExpressed.joined(separator: "\n")
        let written = Set(guardrails.rolePolicies.flatMap(\.rules))
        for rule in policy.rules where rule.environments.map({ $0.contains("prod") }) ?? true {
            // What is denied to everybody is denied by its missing from the condition; what is only looked at takes no right on messages.
            if ["no-owner", "bots"].contains(rule.id) { continue }
            #expect(written.contains(rule.id) || said.contains("'\(rule.id)'"), "\(rule.id)")
        }
    }

    @Test("members of groups are asked for where none is named, and a place without an environment says so")
    func hints() throws {
        #expect(try Scene.guardrails(members: []).notExpressed.contains { $0.contains("name each with --approver") })
        let elsewhere = ResourceID("/subscriptions/s/resourceGroups/g/providers/Microsoft.ServiceBus/namespaces/sb-orders-prod")
        let lost = try AzureGuardrails(try Scene.policy(), namespace: elsewhere)
        #expect(lost.environment == nil && lost.rolePolicies.isEmpty && lost.condition == nil)
        #expect(lost.notExpressed.contains { $0.hasPrefix("Which environment the namespace is in is not known") })
        #expect(try AzureGuardrails(try Scene.policy(), namespace: elsewhere, environment: "prod").rolePolicies.count == 2)
    }

    @Test("a condition that Azure would not take is left out, and said")
    func tooLong() throws {
        let many = (0..<40).map { GUID("0e5e1000-0000-4000-8000-0000000001\($0 + 10)") }
        let guardrails = try Scene.guardrails(members: many)
        #expect(guardrails.condition == nil && guardrails.delegates.isEmpty)
        #expect(guardrails.notExpressed.contains { $0.contains("Azure takes 8192") })
    }

    @Test("what is no namespace, no environment and no person is a mistake")
    func mistakes() throws {
        let policy = try Scene.policy()
        let queue = Scene.namespace.appending("queues", "orders").text
        for (namespace, environment, member) in [
            ("nothing", String?.none, String?.none), (queue, nil, nil), (Scene.namespace.text, "stage", nil),
            (Scene.namespace.text, nil, "lead"),
        ] {
            let error = #expect(throws: OperatorError.self) {
                try AzureGuardrails(policy, namespace: namespace, environment: environment, members: member.map { [$0] } ?? [])
            }
            #expect(error?.code == .usage)
        }
    }

    // MARK: Forms

    @Test("JSON holds every request with its body; those of role policies are looked up first")
    func json() throws {
        let text = try Scene.guardrails().text(.json)
        let root = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let steps = try #require(root["steps"] as? [[String: Any]])
        let requests = try steps.map { try #require($0["request"] as? [String: Any]) }
        #expect(requests.map { $0["method"] as? String } == ["PUT", "PUT", "PATCH", "PATCH", "PUT", "PUT", "PATCH"])
        #expect(steps.map { $0["lookup"] != nil } == [false, false, true, true, false, false, false])
        let lookup = try #require(steps[3]["lookup"] as? [String: Any])
        #expect(
            (lookup["path"] as? String)?.hasSuffix(
                "/queues/orders~eu/providers/Microsoft.Authorization/roleManagementPolicyAssignments?api-version=2020-10-01&%24filter=roleDefinitionId%20eq%20%27%2Fsubscriptions%2F11111111-2222-3333-4444-555555555555%2Fproviders%2FMicrosoft.Authorization%2FroleDefinitions%2F4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0%27"
            )
                == true, "\(lookup)")
        #expect(requests[3]["path"] as? String == "{policyId}?api-version=2020-10-01")
        #expect((requests[0]["path"] as? String)?.contains("/providers/Microsoft.Authorization/roleAssignments/") == true)
        #expect((root["notExpressed"] as? [String])?.isEmpty == false)
        let body = try #require(requests[6]["body"] as? [String: [String: Bool]])
        #expect(body == ["properties": ["disableLocalAuth": true]])
    }

    @Test("the same step has the same name each time")
    func stable() throws { #expect(try Scene.guardrails().text(.json) == Scene.guardrails().text(.json)) }

    @Test("commands are quoted for a shell, and every sentence is a comment")
    func commands() throws {
        let text = try Scene.guardrails().text(.az)
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines.first == "#!/bin/sh")
        #expect(
            lines.allSatisfy { $0.hasPrefix("#") || $0.hasPrefix("az rest ") || $0.hasPrefix("policyId=$(az rest ") || $0 == "set -eu" })
        #expect(lines.count { $0.hasPrefix("az rest --method patch --url \"${policyId}\"'?api-version=2020-10-01' --body '{") } == 2)
        // Quotes of the condition do not end the word they stand in.
        #expect(text.contains("ActionMatches{'\\''Microsoft.Authorization/roleAssignments/write'\\''}"))
        #expect(AzureGuardrails.quoted("a'b") == "'a'\\''b'")
    }

    @Test("Bicep names what is there and declares the rest")
    func bicep() throws {
        let text = try Scene.guardrails().text(.bicep)
        for part in [
            "targetScope = 'resourceGroup'", "resource namespace 'Microsoft.ServiceBus/namespaces@2021-11-01' existing = {",
            "resource entity2 'Microsoft.ServiceBus/namespaces/queues@2021-11-01' existing = {\n  name: 'sb-orders-prod/orders~eu'",
            "resource delegation2 'Microsoft.Authorization/roleAssignments@2022-04-01' = {", "param rolePolicy2 string",
            "  scope: entity2\n  name: rolePolicy2", "          'Justification'\n",
            "resource azurePolicy1 'Microsoft.Authorization/policyAssignments@2022-06-01' = {", "    conditionVersion: '2.0'",
        ] { #expect(text.contains(part), "'\(part)' is not in\n\(text)") }
        #expect(AzureGuardrails.text("it's ${a}\\") == "'it\\'s \\${a}\\\\'")
        #expect(text.count { $0 == "{" } == text.count { $0 == "}" })
    }
}
