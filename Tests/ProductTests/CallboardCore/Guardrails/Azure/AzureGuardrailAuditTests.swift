import AzureResources
import Testing

@testable import CallboardCore

@Suite("The drift of Azure's guardrails")
struct AzureGuardrailAuditTests {
    private typealias Scene = AzureGuardrailScene
    private typealias Kind = AzureGuardrailAudit.Finding.Kind

    private func audit(_ change: (inout AzureGuardrailPicture) throws -> Void) throws -> AzureGuardrailAudit {
        let guardrails = try Scene.guardrails()
        var picture = try Scene.applied(guardrails)
        try change(&picture)
        return AzureGuardrailAudit(guardrails, picture)
    }

    @Test("what was exported and applied is clean")
    func clean() throws {
        let audit = try audit { _ in }
        #expect(audit.findings.isEmpty && audit.gaps.isEmpty && audit.notes.isEmpty, "\(audit.findings) \(audit.gaps)")
    }

    @Test("keys that are accepted, and rules of Azure Policy that are missing or only look")
    func namespace() throws {
        let audit = try audit {
            $0.namespace = .known(AccessNamespace(id: Scene.namespace, localAuthentication: .on), at: Scene.moment)
            $0.azurePolicies = .known(
                [
                    PolicyAssignment(
                        id: Scene.namespace.appending("p"),
                        definition: PolicyAssignment.builtIn(PolicyAssignment.BuiltIn.authorizationRules),
                        scope: Scene.namespace, isEnforced: false)
                ], at: Scene.moment)
        }
        #expect(audit.findings.map(\.kind) == [.localAuthentication, .noAzurePolicy, .noAzurePolicy])
        #expect(audit.findings.first?.severity == .high)
        #expect(audit.findings.first?.fix?.body == #"{"properties":{"disableLocalAuth":true}}"#)
    }

    @Test("an approver with a role that gives any role is found, by themselves and through a group; others are named")
    func unconditional() throws {
        let others = GUID("96096000-0000-4000-8000-00000000c009")
        let subscription = try #require(Scene.namespace.subscription)
        let audit = try audit {
            let more = [
                Scene.assignment(RoleDefinition.BuiltIn.owner, Scene.lead, .user, at: subscription, number: 5),
                Scene.assignment(RoleDefinition.BuiltIn.userAccessAdministrator, others, .group, number: 6),
                Scene.assignment(RoleDefinition.BuiltIn.owner, Scene.stranger, .user, number: 7),
                // No right to give roles.
                Scene.assignment(RoleDefinition.BuiltIn.contributor, Scene.lead, .user, number: 8),
            ]
            $0.assignments = $0.assignments.map { $0 + more }
            $0.members[others] = .known([Scene.member], at: Scene.moment)
        }
        #expect(audit.findings.map(\.kind) == [.unconditional, .unconditional])
        #expect(audit.findings.allSatisfy { $0.severity == .high && $0.fix?.method == "DELETE" })
        #expect(audit.findings.contains { $0.summary.contains("through the group \(others)") })
        #expect(audit.notes.count == 1 && audit.notes[0].hasPrefix("\(Scene.stranger) gives any role to anybody, by Owner"))
    }

    @Test("a custom role that gives roles counts, and one that does not is left alone")
    func customRole() throws {
        let (mighty, meek) = (GUID("cccccccc-0000-4000-8000-000000000001"), GUID("cccccccc-0000-4000-8000-000000000002"))
        let audit = try audit {
            $0.roles = $0.roles.map {
                $0 + [
                    RoleDefinition(
                        role: mighty, roleName: "Desk", kind: .custom,
                        permissions: [RolePermissions(actions: ["Microsoft.Authorization/roleAssignments/*"])]),
                    RoleDefinition(role: meek, roleName: "Look", kind: .custom, permissions: [RolePermissions(actions: ["*/read"])]),
                ]
            }
            $0.assignments = $0.assignments.map {
                $0 + [Scene.assignment(mighty, Scene.lead, .user, number: 5), Scene.assignment(meek, Scene.lead, .user, number: 6)]
            }
        }
        #expect(audit.findings.map(\.kind) == [.unconditional])
        #expect(audit.findings[0].summary.contains("by Desk"))
    }

    @Test(
        "conditions that let more through",
        arguments: [
            ("all roles", "give any role", DriftFinding.Severity.high), ("owner too", "give Azure Service Bus Data Owner", .high),
            ("themselves", "give roles to user:0e5e1000-0000-4000-8000-000000000004, who approves", .high),
            ("a member", "give roles to member 0e5e1000-0000-4000-8000-000000000007, who approves", .medium),
            ("only giving", "take any role", .medium),
        ])
    func weak(_ what: String, _ sentence: String, _ severity: DriftFinding.Severity) throws {
        let guardrails = try Scene.guardrails()
        var condition = try #require(guardrails.condition)
        switch what {
        case "all roles": condition.write.roles = nil
        case "owner too": condition.write.roles?.insert(RoleDefinition.BuiltIn.serviceBusDataOwner)
        case "themselves": condition.write.excluded.remove(Scene.lead)
        case "a member": condition.write.excluded.remove(Scene.member)
        default: condition.delete = .init()
        }
        // What is held to nothing is left out of a text.
        let text =
            what == "only giving"
            ? String(condition.text.prefix(upTo: condition.text.firstRange(of: " AND ((!(")?.lowerBound ?? condition.text.endIndex))
            : condition.text
        let audit = try audit {
            $0.assignments = $0.assignments.map { all in
                all.map { each in
                    each.principal == Scene.lead
                        ? Scene.assignment(RoleDefinition.BuiltIn.accessControlAdministrator, Scene.lead, .user, text) : each
                }
            }
        }
        #expect(
            audit.findings.contains { $0.kind == .weakCondition && $0.summary.contains(sentence) && $0.severity == severity },
            "\(audit.findings)")
        #expect(audit.findings.allSatisfy { $0.kind == .weakCondition && $0.fix?.method == "PUT" })
    }

    @Test("a condition of another form is said to be one, and a missing delegation is no weakness")
    func otherForms() throws {
        let audit = try audit {
            $0.assignments = .known(
                [Scene.assignment(RoleDefinition.BuiltIn.accessControlAdministrator, Scene.lead, .user, "@Request[x] StringEquals 'y'")],
                at: Scene.moment)
        }
        #expect(audit.findings.map(\.kind) == [.unreadableCondition, .noDelegation])
        #expect(audit.findings.map(\.severity) == [.medium, .low])
    }

    @Test("rules for activating that ask for less, and for more")
    func activation() throws {
        let audit = try audit { picture in
            let guardrails = try Scene.guardrails()
            var weak = RoleManagementPolicyDraft(maximumDuration: .seconds(8 * 3600))
            weak.approvers = [.init(id: Scene.stranger, kind: .user, name: "Somebody")]
            var strict = guardrails.rolePolicies[0].draft
            strict.maximumDuration = .seconds(3600)
            picture.rolePolicies = [
                .known(try Scene.rules(strict, at: guardrails.rolePolicies[0].scope), at: Scene.moment),
                .known(try Scene.rules(weak, at: guardrails.rolePolicies[1].scope), at: Scene.moment),
            ]
        }
        let weak = audit.findings.filter { $0.kind == .weakActivation }.map(\.summary)
        for part in ["for 8h, and 'ask-queue' allows 4h", "takes no reason", "takes no ticket", "asks for c1", "is agreed to by Somebody"] {
            #expect(weak.contains { $0.contains(part) }, "'\(part)' is not in \(weak)")
        }
        #expect(weak.count == 5)
        let strict = audit.findings.filter { $0.kind == .strictActivation }
        #expect(strict.count == 2 && strict.allSatisfy { $0.severity == .low })
        #expect(audit.findings.allSatisfy { $0.fix?.path.contains("/roleManagementPolicies/p?api-version=2020-10-01") ?? false })
    }

    @Test("nobody's agreement, nobody's name, and no rules at all")
    func approvals() throws {
        let guardrails = try Scene.guardrails()
        for (reading, sentence) in [
            (RoleManagementPolicyDraft?.some(RoleManagementPolicyDraft(maximumDuration: .seconds(3600))), "without anybody's agreement"),
            (nil, "names no rules"),
        ] {
            let audit = try audit { picture in
                let scope = guardrails.rolePolicies[1].scope
                picture.rolePolicies[1] = .known(try reading.map { try Scene.rules($0, at: scope) }, at: Scene.moment)
            }
            #expect(audit.findings.contains { $0.severity == .high && $0.summary.contains(sentence) }, "\(audit.findings)")
        }
    }

    @Test("what may not be read is said with the right it takes, and is no finding")
    func gaps() throws {
        let audit = try audit {
            $0.namespace = .unavailable("no answer")
            $0.assignments = .notPermitted(needs: "Microsoft.Authorization/roleAssignments/read at /x")
            $0.roles = .notPermitted(needs: "roles")
            $0.azurePolicies = .notPermitted(needs: "Microsoft.Authorization/policyAssignments/read at /x")
            $0.rolePolicies = $0.rolePolicies.map { _ in .notPermitted(needs: "rules") }
        }
        #expect(audit.findings.isEmpty)
        #expect(
            audit.gaps.map(\.subject) == [
                "whether the namespace takes shared access keys", "role assignments", "rules for activating Data Sender at sb-orders-prod",
                "rules for activating Data Receiver at orders~eu", "assignments of Azure Policy",
            ])
        #expect(audit.gaps[1].reason == "needs Microsoft.Authorization/roleAssignments/read at /x")
    }

    @Test("members of a group that may not be read leave a gap, and not a clean bill")
    func hiddenMembers() throws {
        let audit = try audit { $0.members = [Scene.group: .notPermitted(needs: "GroupMember.Read.All of Microsoft Graph")] }
        #expect(audit.gaps == [.init(subject: "members of team:billing", reason: "needs GroupMember.Read.All of Microsoft Graph")])
    }
}
