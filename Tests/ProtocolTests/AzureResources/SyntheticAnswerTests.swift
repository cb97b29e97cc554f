import AzureResources
import Identity
import NIOCore
import RESTClient
import Testing

@Suite("Answers written from the specifications", .enabled(if: AzureVectors.exist, AzureVectors.areMissing))
struct SyntheticAnswerTests {
    private func request(_ name: String) throws -> JSONValue { try AzureVectors.json("arm/synthetic/\(name).request.json") }
    private let role = "/subscriptions/11111111-2222-3333-4444-555555555555/providers/Microsoft.Authorization/roleDefinitions/"
    private let start = WallTime(rfc3339: "2026-08-01T10:00:00Z")

    @Test("of role assignments with conditions and notes")
    func assignments() throws {
        let first: [RoleAssignment] = try AzureVectors.json("arm/synthetic/roleAssignments-mixed-page1.json").readList()
        let second: [RoleAssignment] = try AzureVectors.json("arm/synthetic/roleAssignments-mixed-page2.json").readList()
        #expect(first.count == 4)
        #expect(second.count == 3)
        #expect(first.map(\.principalKind) == [.servicePrincipal, .servicePrincipal, .group, .servicePrincipal])
        #expect(first[2].note.flatMap(GrantNote.init)?.expires.rfc3339 == "2026-08-01T11:00:00Z")
        #expect(first.allSatisfy { $0.condition == nil && $0.createdBy == GUID("ca401000-0000-4000-8000-000000000003") })
        #expect(second[2].condition?.contains("GuidEquals {69a216fc-b8fb-44d8-bc22-1f3c2cd27a39") == true)
        #expect(second[2].conditionVersion == "2.0")
    }

    @Test("of roles: what is known without asking is what the service says")
    func roles() throws {
        let roles: [RoleDefinition] = try AzureVectors.json("arm/synthetic/roleDefinitions-servicebus.json").readList()
        #expect(roles.count == 3)
        for role in roles {
            let known = try #require(RoleDefinition.wellKnown.first { $0.role == role.role })
            #expect(known.roleName == role.roleName)
            #expect(known.permissions == role.permissions)
        }
    }

    @Test("of the Activity Log")
    func activity() throws {
        let events: [ActivityEvent] = try AzureVectors.json("arm/synthetic/activity-log.json").readList()
        #expect(events.count == 2)
        let granted = events[0]
        #expect(granted.operation == "Microsoft.Authorization/roleAssignments/write")
        #expect(granted.caller == "carol@example.com")
        #expect(granted.callerObjectID == GUID("ca401000-0000-4000-8000-000000000003"))
        #expect(granted.callerAddress == "198.51.100.7")
        #expect(granted.callerApplication == GUID("04b07795-8ddb-461a-bbee-02f9e1bf7b46"))
        #expect(granted.correlationID == "5b11fcd9-d628-4d26-bc47-18812fa301d7")
        #expect(granted.resource == granted.authorizedScope)
        #expect(granted.status == "Succeeded")
        #expect(granted.subStatus == "Created")
        #expect(granted.level == "Informational")
        #expect(granted.category == "Administrative")
        #expect(granted.happenedAt.rfc3339 == "2026-08-01T10:01:15Z")
        #expect(granted.submittedAt?.rfc3339 == "2026-08-01T10:03:02Z")
        #expect(granted.requestBody == #"{"properties":{"principalId":"a11ce000-0000-4000-8000-000000000001"}}"#)
        #expect(events[1].operation.hasSuffix("regenerateKeys/action"))
        // A body beside keys is not kept.
        #expect(events[1].requestBody == nil)
    }

    @Test("of requests that wait for an approver")
    func inbox() throws {
        let inbox: [RoleScheduleRequest] = try AzureVectors.json("arm/synthetic/pim/asApprover.json").readList()
        #expect(inbox.map(\.names?.principalName) == ["Alice", "Bob"])
        #expect(inbox.allSatisfy { $0.status == .pendingApproval && $0.status.outcome == .pending })
        #expect(inbox.map(\.schedule?.expiration) == [.after(.seconds(7200)), .after(.seconds(8 * 3600))])
        #expect(inbox[0].ticket == TicketInfo(number: "INC-4711", system: "ServiceNow"))
        #expect(inbox[0].justification == "drain DLQ after bad deploy")
        #expect(inbox[0].approval?.name == "7c0f6ad1-6a55-4d0c-9d0e-0d3f4d6c1a01")
        let made: RoleScheduleRequest = try AzureVectors.json("arm/synthetic/pim/selfActivate.201.json").read()
        #expect(made == inbox[0])
        let stages: [RoleAssignmentApproval.Stage] = try AzureVectors.json("arm/synthetic/pim/stages.inProgress.json").readList()
        #expect(stages.map(\.result) == [.notReviewed])
        let approved: RoleAssignmentApproval.Stage = try AzureVectors.json("arm/synthetic/pim/stage.approved.json").read()
        #expect(approved.id == stages[0].id)
        #expect(approved.reviewer?.name == "Carol")
        #expect(approved.justification == "ok for INC-4711")
    }

    @Test("fit the bodies that are sent here")
    func bodies() throws {
        let receiver = ResourceID(role + "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0")
        let sender = ResourceID(role + "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39")
        let alice = GUID("a11ce000-0000-4000-8000-000000000001")
        let service = GUID("0a0a0000-0000-4000-8000-00000000a001")
        let eligibility = "b1477448-2cc6-4ceb-93b4-54a202a89413"
        let note = GrantNote(
            request: "req-20260801-002", expires: try #require(WallTime(rfc3339: "2026-08-01T12:00:00Z")),
            grantedBy: "ca401000-0000-4000-8000-000000000003")
        #expect(
            RoleAssignmentDraft(roleDefinitionID: receiver, principal: alice, principalKind: .user, note: note.text).body
                == (try request("roleAssignment-put")))
        #expect(
            RoleScheduleRequestDraft(
                .selfActivate, principal: alice, roleDefinitionID: receiver, linkedEligibilitySchedule: eligibility,
                justification: "drain DLQ after bad deploy", ticket: TicketInfo(number: "INC-4711", system: "ServiceNow"),
                schedule: ScheduleInfo(start: start, expiration: .after(.seconds(7200)))
            ).body == (try request("pim/selfActivate")))
        #expect(
            RoleScheduleRequestDraft(
                .adminAssign, principal: service, roleDefinitionID: sender, justification: "req-20260801-003 approved by carol",
                schedule: ScheduleInfo(start: start, expiration: .after(.seconds(4 * 3600)))
            ).body == (try request("pim/adminAssign-timebound")))
        #expect(
            RoleScheduleRequestDraft(.adminRemove, principal: service, roleDefinitionID: sender, justification: "revoked: incident closed")
                .body
                == (try request("pim/adminRemove")))
        #expect(
            RoleScheduleRequestDraft(
                .selfDeactivate, principal: alice, roleDefinitionID: receiver, linkedEligibilitySchedule: eligibility
            ).body == (try request("pim/selfDeactivate")))
    }

    @Test("of the directory")
    func directory() throws {
        let asked = try AzureVectors.json("entra-graph-imds/graph/getByIds.request.json")
        let ids = try #require(asked["ids"]).read([String].self).map(GUID.init)
        #expect(GraphClient.lookup(ids) == asked)
        let objects: [DirectoryObject] = try AzureVectors.json("entra-graph-imds/graph/getByIds.200.json").readList()
        #expect(objects.map(\.kind) == [.user, .group, .servicePrincipal])
        #expect(objects.map(\.displayName) == ["Alice", "team-orders", "orders-api"])
        #expect(objects[0].userPrincipalName == "alice@example.com")
        #expect(objects[2].applicationID == GUID("0a0a0000-0000-4000-8000-0000000a0001"))
        #expect(objects[2].servicePrincipalKind == "ManagedIdentity")
        #expect(objects[2].managedIdentity?.name == "orders-api")
        let groups: [String] = try AzureVectors.json("entra-graph-imds/graph/getMemberObjects.200.json").readList()
        #expect(groups.count == 2)
    }
}
