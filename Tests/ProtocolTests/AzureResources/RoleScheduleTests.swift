import AzureResources
import Identity
import NIOCore
import RESTClient
import Testing

@Suite("Privileged Identity Management")
struct RoleScheduleTests {
    private let scope = ResourceID("/subscriptions/s")

    @Test("is asked for its lists with the filters it knows")
    func lists() async throws {
        let azure = ScriptedAzure { _, _ in .text(#"{"value":[]}"#) }
        let client = azure.resourceManager
        _ = try await client.roleEligibilityScheduleInstances(.asTarget, of: .root)
        _ = try await client.roleAssignmentScheduleInstances(.atScope, of: scope)
        _ = try await client.roleScheduleRequests(.asApprover, of: .root)
        _ = try await client.approvalStages(of: ResourceID("/a/roleAssignmentApprovals/x"))
        #expect(try await client.roleManagementPolicy(of: ResourceID("/r/1"), at: scope) == nil)
        let prefix = "GET https://management.azure.com"
        #expect(
            azure.lines == [
                "\(prefix)/providers/Microsoft.Authorization/roleEligibilityScheduleInstances?api-version=2020-10-01&$filter=asTarget%28%29",
                "\(prefix)/subscriptions/s/providers/Microsoft.Authorization/roleAssignmentScheduleInstances?api-version=2020-10-01&$filter=atScope%28%29",
                "\(prefix)/providers/Microsoft.Authorization/roleAssignmentScheduleRequests?api-version=2020-10-01&$filter=asApprover%28%29",
                "\(prefix)/a/roleAssignmentApprovals/x/stages?api-version=2021-01-01-preview",
                "\(prefix)/subscriptions/s/providers/Microsoft.Authorization/roleManagementPolicyAssignments?api-version=2020-10-01"
                    + "&$filter=roleDefinitionId%20eq%20%27%2Fr%2F1%27",
            ])
    }

    @Test("tells roles in force from eligible ones, with their ends")
    func instances() throws {
        let text = #"""
            {"id":"/i/1","properties":{"scope":"/s","roleDefinitionId":"/r/1","principalId":"p","principalType":"Group","assignmentType":"activated",
             "roleAssignmentScheduleId":"/sch/1","originRoleAssignmentId":"/ra/1","endDateTime":"2026-08-01T12:00:00.5Z","memberType":"Group","status":"Odd"}}
            """#
        let instance = try AzureJSON.decode(RoleScheduleInstance.self, from: ByteBuffer(string: text))
        #expect(instance.standing == .assignment(.activated))
        #expect(instance.endsAt?.rfc3339 == "2026-08-01T12:00:00Z")
        #expect(instance.originRoleAssignment == ResourceID("/RA/1"))
        #expect(instance.membership == .group)
        // Words that nobody knows are kept.
        #expect(instance.status?.rawValue == "Odd")
        #expect(instance.status?.outcome == .unknown)
    }

    @Test("does not have an unknown kind of end read as none")
    func ends() throws {
        func read(_ text: String) throws(AzureJSON.Fault) -> ScheduleInfo {
            try AzureJSON.decode(ScheduleInfo.self, from: ByteBuffer(string: text))
        }
        #expect(try read(#"{"expiration":{"type":"NoExpiration","duration":null}}"#).expiration == .never)
        #expect(
            try read(#"{"expiration":{"type":"AfterDateTime","endDateTime":"1970-01-01T00:01:00Z"}}"#).expiration
                == .at(WallTime(secondsSince1970: 60)))
        #expect(throws: AzureJSON.Fault.self) { try read(#"{"expiration":{"type":"AfterTheWar"}}"#) }
        #expect(throws: AzureJSON.Fault(message: "expiration.duration is not what it should be: It is not a duration.")) {
            try read(#"{"expiration":{"type":"AfterDuration","duration":null}}"#)
        }
        #expect(throws: AzureJSON.Fault.self) {
            try read(#"{"expiration":{"type":"AfterDuration","duration":"P\#(String(repeating: "1D", count: 100_000))"}}"#)
        }
    }

    @Test("groups the words for where a request stands")
    func outcomes() {
        let outcomes: [(String, ScheduleStatus.Outcome)] = [
            ("provisioned", .succeeded), ("ScheduleCreated", .succeeded), ("PendingApproval", .pending),
            ("PendingScheduleCreation", .pending),
            ("AdminDenied", .failed), ("TIMEDOUT", .failed), ("New", .unknown),
        ]
        for (word, outcome) in outcomes { #expect(ScheduleStatus(word: word).outcome == outcome, "\(word)") }
    }

    @Test("is sent what is asked for, under a name of the caller's, and can be told to forget it")
    func request() async throws {
        let azure = ScriptedAzure { _, request in
            request.method == .put
                ? .text(
                    #"{"id":"/q/1","properties":{"scope":"/s","roleDefinitionId":"/r/1","principalId":"p","requestType":"AdminAssign","status":"Provisioned"}}"#,
                    status: 201) : .text("")
        }
        let draft = RoleScheduleRequestDraft(
            .adminAssign, principal: GUID("p"), roleDefinitionID: ResourceID("/r/1"),
            schedule: ScheduleInfo(start: nil, expiration: .at(WallTime(secondsSince1970: 60))))
        let made = try await azure.resourceManager.createRoleScheduleRequest(draft, at: scope, name: GUID("n"))
        #expect(made.value.schedule == nil)
        _ = try await azure.resourceManager.cancelRoleScheduleRequest(made.value.id)
        #expect(azure.lines.last == "POST https://management.azure.com/q/1/cancel?api-version=2020-10-01")
        #expect(
            azure.bodies.first
                == #"{"properties":{"principalId":"p","requestType":"AdminAssign","roleDefinitionId":"/r/1","scheduleInfo":{"expiration":"#
                + #"{"duration":null,"endDateTime":"1970-01-01T00:01:00Z","type":"AfterDateTime"}}}}"#)
    }
}
