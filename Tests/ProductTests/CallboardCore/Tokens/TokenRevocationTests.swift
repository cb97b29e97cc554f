import AzureResources
import Identity
import Logging
import NIOCore
import RESTClient
import ServiceBus
import Synchronization
import Testing

@testable import CallboardCore

/// Azure with one queue and one activation of Alice's on it.
private final class ActivatedAzure: HTTPExchange {
    static let namespace = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ServiceBus/namespaces/sb-retail"
    static let queue = "\(namespace)/queues/orders"

    /// What becomes of the deactivation: its status, or nil for an answer that says nothing.
    let status: Int?
    /// What Azure calls the request to end the role.
    let word: String

    init(status: Int?, word: String = "Revoked") {
        self.status = status
        self.word = word
    }

    func perform(_ request: RESTRequest) async throws(RESTError) -> RESTResponse {
        let properties = #"""
            "scope":"\#(Self.queue)","roleDefinitionId":"/d/\#(RoleDefinition.BuiltIn.serviceBusDataReceiver)","principalId":"\#(AuditFixture.actor.oid ?? "")"
            """#
        let text: String
        switch (request.method, request.url) {
        case (.put, _):
            guard let status else { return RESTResponse(status: 200, headers: [:], body: ByteBuffer(string: "<html>")) }
            guard status == 201 else { return RESTResponse(status: status, headers: [:], body: ByteBuffer(string: "{}")) }
            text = #"{"id":"\#(Self.queue)/r/1","properties":{\#(properties),"requestType":"SelfDeactivate","status":"\#(word)"}}"#
        case (_, let url) where url.contains("roleAssignmentScheduleInstances"):
            text =
                #"{"value":[{"id":"\#(Self.queue)/i/1","properties":{\#(properties),"principalType":"User","assignmentType":"Activated"}}]}"#
        default: text = #"{"id":"\#(Self.queue)","name":"orders","properties":{"status":"Active"}}"#
        }
        var response = RESTResponse(status: 200, headers: [:], body: ByteBuffer(string: text))
        response.headers["x-ms-correlation-request-id"] = request.method == .put ? "c-revoked" : "c-read"
        return response
    }

    func shutdown() async {}

    struct Tokens: AccessTokenSource {
        func accessToken(for scope: TokenScope, answering challenge: ClaimsChallenge?) async throws(IdentityError) -> AccessToken {
            AccessToken(secret: Secret("t"), expiresAt: WallTime(secondsSince1970: .max), kind: .jsonWebToken)
        }
    }
}

@Suite("Giving up a role that tokens rest on")
struct TokenRevocationTests {
    /// Alice gives hers up, under a policy that lets nobody do anything.
    private func revoke(_ azure: ActivatedAzure, ledger: String) async throws -> [AuditRecord] {
        let client = RESTClient(
            configuration: RESTConfiguration(), exchange: azure, clock: ContinuousClock(), jitter: { 0 }, logger: Logger(label: "test"))
        let namespace = try AzureJSON.decode(
            NamespaceResource.self,
            from: ByteBuffer(
                string: #"{"id":"\#(ActivatedAzure.namespace)","name":"sb-retail","properties":{"provisioningState":"Succeeded"}}"#))
        let policy = try #require(PolicyFile.parse(Array("version: 1".utf8), file: "p.yaml").policy)
        let guarded = GuardedChange(
            guardrails: Guardrails(
                rules: .policy(policy),
                place: Guardrails.Place(context: "retail", host: "sb-retail.servicebus.windows.net", mode: .readWrite),
                caller: PolicyCaller([.user("alice")])),
            ledger: AuditFixture.ledger(ledger), actor: AuditFixture.actor)
        let revocation = TokenRevocation(
            place: AzurePlace(
                manager: ResourceManagerClient(cloud: .global, tokens: ActivatedAzure.Tokens(), client: client), namespace: namespace),
            guarded: guarded)
        let entity = try EntityPath.queue("orders")
        _ = await refusal { _ = try await revocation.end(.receiver, on: entity, kind: .queue, reason: "done", ticket: "INC-1") }
        return try AuditFixture.lines(ledger).map { try AuditRecord(line: Array($0.utf8)) }
    }

    @Test("no policy is in the way of it, and reconcile finds it in Azure's log")
    func joined() async throws {
        let folder = try TemporaryFolder()
        let records = try await revoke(ActivatedAzure(status: 201), ledger: folder.path + "/audit")
        #expect(records.map(\.type) == ["access.revoke.intended", "access.revoke.done"])
        #expect(records.last?.accessScope == ActivatedAzure.queue)
        let event = try AzureJSON.decode(
            ActivityEvent.self,
            from: ByteBuffer(
                string: #"""
                    {"eventDataId":"e","correlationId":"c-revoked","caller":"alice@example.com",
                     "claims":{"http://schemas.microsoft.com/identity/claims/objectidentifier":"\#(AuditFixture.actor.oid ?? "")"},
                     "operationName":{"value":"Microsoft.Authorization/roleAssignmentScheduleRequests/write"},
                     "resourceId":"\#(ActivatedAzure.queue)/providers/Microsoft.Authorization/roleAssignmentScheduleRequests/1",
                     "status":{"value":"Succeeded"},"eventTimestamp":"2026-11-26T03:04:05Z"}
                    """#))
        let place = NamespacePlace(name: "sb-retail", id: ResourceID(ActivatedAzure.namespace))
        let findings = Reconciliation(records: records, events: [event], place: place, now: AuditFixture.time).entries.map(\.finding)
        #expect(findings == [.matched])
    }

    @Test("what Azure took and did not do is no role given up", arguments: ["FailedAsResourceIsLocked", "Failed", "Invalid", "Denied"])
    func kept(word: String) async throws {
        let folder = try TemporaryFolder()
        let records = try await revoke(ActivatedAzure(status: 201, word: word), ledger: folder.path + "/audit")
        #expect(records.last?.type != "access.revoke.done" && records.count == 2)
        #expect(records.last?.value["correlationRequestIds"]?.elements?.compactMap(\.text) == ["c-revoked"])
    }

    @Test("an answer that says nothing is no failure: the role may be given up; an answer that says no is one")
    func unknown() async throws {
        let folder = try TemporaryFolder()
        #expect(try await revoke(ActivatedAzure(status: nil), ledger: folder.path + "/lost").last?.type == "access.revoke.partly")
        #expect(try await revoke(ActivatedAzure(status: 400), ledger: folder.path + "/no").last?.type == "access.revoke.failed")
    }
}
