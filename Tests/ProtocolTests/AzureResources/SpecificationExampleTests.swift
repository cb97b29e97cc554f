import AzureResources
import Identity
import NIOCore
import Testing

@Suite("Examples of the roles' specification", .enabled(if: AzureVectors.exist, AzureVectors.areMissing))
struct SpecificationExampleTests {
    private let subscription = "/subscriptions/dfa2a084-766f-4003-8ae1-c4aeb893a99f"

    @Test("of deny assignments")
    func denyAssignments() throws {
        let denials: [DenyAssignment] = try AzureVectors.example("GetDenyAssignmentByScope").readList()
        #expect(denials.count == 1)
        let denial = try #require(denials.first)
        #expect(denial.displayName == "Deny assignment name")
        #expect(denial.explanation == "Deny assignment description")
        #expect(denial.permissions == [RolePermissions(actions: ["action"], dataActions: ["action"])])
        #expect(denial.scope == ResourceID("/subscriptions/subId"))
        #expect(!denial.doesNotApplyToChildScopes)
        #expect(denial.principals == [.init(id: GUID("principalId1"), kind: PrincipalKind(rawValue: "principalType1"))])
        #expect(denial.excludedPrincipals.map(\.id) == [GUID("PrincipalId2")])
        #expect(denial.isSystemProtected)
        #expect(denial.effect == .enforced)
    }

    @Test("of approvals, whose stages are named by their ids")
    func approvals() throws {
        let approvals: [RoleAssignmentApproval] = try AzureVectors.example("GetRoleAssignmentApprovals").readList()
        let stage = try #require(approvals.first?.stages.first)
        #expect(approvals.map(\.stages.count) == [1])
        #expect(stage.id.name == "4135f961-be78-4005-8101-c72a5af307a2")
        #expect(stage.displayName == "Vice President Approval Step")
        #expect(stage.isAssignedToMe)
        #expect(stage.status == "InProgress")
        #expect(stage.result == .notReviewed)
        #expect(stage.reviewer == nil)
        #expect(stage.justification == nil)

        let decided: RoleAssignmentApproval.Stage = try AzureVectors.example("PatchRoleAssignmentApprovalStepById").read()
        #expect(decided.status == "Completed")
        #expect(decided.result == .approve)
        #expect(decided.reviewer?.id == GUID("a6c7aecb-cbfd-4763-87ef-e91b4bd509d9"))
        #expect(decided.reviewer?.userPrincipalName == "approver@example.com")
        #expect(decided.reviewedAt?.rfc3339 == "2018-08-03T21:02:30Z")
        #expect(decided.justification == "I trust this person")
        let asked = try AzureVectors.json("arm/PatchRoleAssignmentApprovalStepById.json")["parameters"]?["body"]
        #expect(asked == RoleAssignmentApproval.Stage.decision(.approve, justification: "I trust this person."))
    }

    @Test("of requests for roles")
    func requests() throws {
        let requests: [RoleScheduleRequest] = try AzureVectors.example("GetRoleAssignmentScheduleRequestByScope").readList()
        let request = try #require(requests.first)
        #expect(requests.count == 1)
        #expect(request.scope == ResourceID(subscription))
        #expect(request.role == GUID("c8d4ff99-41c3-41a8-9f60-21dfdad59608"))
        #expect(request.principal == GUID("A3BB8764-CB92-4276-9D2A-CA1E895E55EA"))
        #expect(request.principalKind == .user)
        #expect(request.kind == .selfActivate)
        #expect(request.status == .provisioned)
        #expect(request.status.outcome == .succeeded)
        #expect(request.approval == nil)
        #expect(request.schedule?.start?.rfc3339 == "2020-09-09T21:35:27Z")
        #expect(request.schedule?.expiration == .after(.seconds(8 * 3600)))
        // A ticket of nulls is none.
        #expect(request.ticket == nil)
        #expect(request.justification == nil)
        #expect(request.requestor == request.principal)
        #expect(request.condition?.hasPrefix("@Resource[") == true)
        #expect(request.targetSchedule == "b1477448-2cc6-4ceb-93b4-54a202a89413")
        #expect(request.names?.principalName == "User Account")
        #expect(request.names?.principalEmail == "user@my-tenant.com")
        #expect(request.names?.roleName == "Contributor")
        #expect(request.names?.scopeName == "Pay-As-You-Go")

        let made: RoleScheduleRequest = try AzureVectors.example("PutRoleAssignmentScheduleRequest", status: "201").read()
        #expect(made.id == request.id)
        #expect(made.targetSchedule == "c9e264ff-3133-4776-a81a-ebc7c33c8ec6")
    }

    @Test("of a body that asks for a role is what is sent here, but for fractions of seconds")
    func requestBody() throws {
        let draft = RoleScheduleRequestDraft(
            .selfActivate, principal: GUID("a3bb8764-cb92-4276-9d2a-ca1e895e55ea"),
            roleDefinitionID: ResourceID(
                "\(subscription)/providers/Microsoft.Authorization/roleDefinitions/c8d4ff99-41c3-41a8-9f60-21dfdad59608"),
            linkedEligibilitySchedule: "b1477448-2cc6-4ceb-93b4-54a202a89413",
            schedule: ScheduleInfo(start: WallTime(rfc3339: "2020-09-09T21:35:27.91Z"), expiration: .after(.seconds(8 * 3600))),
            condition:
                "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:ContainerName] StringEqualsIgnoreCase 'foo_storage_container'",
            conditionVersion: "1.0")
        let example = try AzureVectors.json("arm/PutRoleAssignmentScheduleRequest.json")["parameters"]?["parameters"]
        let text = String(buffer: try AzureJSON.encode(try #require(example))).replacing("27.91Z", with: "27Z")
        #expect(String(buffer: try AzureJSON.encode(draft.body)) == text)
    }

    @Test("of eligibilities")
    func eligibilities() throws {
        let list: [RoleScheduleInstance] = try AzureVectors.example("GetRoleEligibilityScheduleInstancesByScope").readList()
        let eligible = try #require(list.first)
        #expect(list.count == 1)
        #expect(eligible.standing == .eligibility)
        #expect(eligible.role == RoleDefinition.BuiltIn.contributor)
        #expect(eligible.principal == GUID("a3bb8764-cb92-4276-9d2a-ca1e895e55ea"))
        #expect(eligible.startsAt?.rfc3339 == "2020-09-10T00:32:36Z")
        #expect(eligible.endsAt?.rfc3339 == "2021-09-10T00:31:41Z")
        #expect(eligible.membership == .direct)
        #expect(eligible.schedule?.name == "b1477448-2cc6-4ceb-93b4-54a202a89413")
        #expect(eligible.status == .provisioned)
        #expect(eligible.names?.principalName == "User Account")
        #expect(eligible.condition != nil)
    }

    @Test("of a role's policy")
    func policies() throws {
        let policies: [RoleManagementPolicy] = try AzureVectors.example("GetRoleManagementPolicyAssignmentByScope.trimmed").readList()
        let policy = try #require(policies.first)
        #expect(policies.count == 1)
        #expect(policy.rules.count == 9)
        #expect(policy.roleName == "FHIR Data Converter")
        let limits = policy.activation
        #expect(limits.maximumDuration == .seconds(7 * 3600))
        #expect(limits.requiresMultiFactor)
        #expect(limits.requiresJustification)
        #expect(limits.requiresTicket)
        #expect(limits.authenticationContext == nil)
        #expect(limits.approval?.mode == "SingleStage")
        #expect(limits.approval?.stages.first?.timeOutInDays == 1)
        #expect(limits.approval?.stages.first?.approvers.map(\.name) == ["amansw_new_group", "amansw_group"])
        #expect(limits.approval?.stages.first?.approvers.allSatisfy { $0.kind == .group } == true)
        #expect(
            policy.rules.contains {
                $0.id == "Expiration_Admin_Eligibility" && $0.content == .expiration(isRequired: true, maximum: .seconds(90 * 86_400))
            })
        #expect(policy.rules.contains { $0.content == .other(kind: "RoleManagementPolicyNotificationRule") })
    }

    @Test("of role assignments")
    func assignments() throws {
        let listed: [RoleAssignment] = try AzureVectors.example("RoleAssignments_ListForScope").readList()
        #expect(listed.map(\.name) == [GUID("b0f43c54-e787-4862-89b1-a653fa9cf747")])
        #expect(listed.first?.scope == ResourceID("/subscriptions/a925f2f7-5c63-4b7b-8799-25a5f97bc3b2"))
        let made: RoleAssignment = try AzureVectors.example("RoleAssignments_CreateForResource", status: "201").read()
        let same: RoleAssignment = try AzureVectors.example("RoleAssignments_CreateForResource", status: "200").read()
        #expect(made == same)
        // The answer names the role without the subscription that the request named.
        let asked = try #require(try AzureVectors.json("arm/RoleAssignments_CreateForResource.json")["parameters"]?["parameters"])
        let draft = RoleAssignmentDraft(
            roleDefinitionID: ResourceID(try #require(asked["properties"]?["roleDefinitionId"]?.string)), principal: made.principal,
            principalKind: made.principalKind)
        #expect(draft.body == asked)
        #expect(GUID(draft.roleDefinitionID.name) == made.role)
        #expect(made.scope.contains(made.id))
    }
}
