import AzureResources
import Identity
import NIOCore
import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Joining ledgers with the Activity Log")
struct ReconciliationTests {
    private static let namespace = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ServiceBus/namespaces/sb-retail"
    private let place = NamespacePlace(name: "SB-Retail", id: ResourceID(namespace))
    private let now = AuditFixture.time.advanced(by: .seconds(7200))

    private func record(_ action: PolicyAction, _ stage: AuditEvent.Stage, _ ids: [String], at time: Timestamp = AuditFixture.time)
        -> AuditRecord
    {
        var event = AuditEvent(action, stage, by: AuditFixture.actor, context: "retail", namespace: "sb-retail.servicebus.windows.net")
        event.correlationRequestIDs = ids
        event.access = AuditEvent.Access(
            request: "r", principal: "p", role: "receiver", scope: "\(Self.namespace)/queues/orders", duration: nil)
        return AuditRecord(sequence: 7, time: time, type: event.type, event.members, after: AuditRecord.noHash)
    }

    private func event(
        _ id: String, _ operation: String = "Microsoft.Authorization/roleAssignments/write", on scope: String? = nil,
        caller: String = "alice@example.com", oid: String = "A11CE000-0000-4000-8000-000000000001", status: String = "Succeeded"
    ) throws -> ActivityEvent {
        let scope = scope ?? "\(Self.namespace)/queues/orders/providers/Microsoft.Authorization/roleAssignments/1"
        let text = #"""
            {"eventDataId":"e-\#(id)","correlationId":"\#(id)","caller":"\#(caller)",
             "claims":{"http://schemas.microsoft.com/identity/claims/objectidentifier":"\#(oid)"},"operationName":{"value":"\#(operation)"},
             "resourceId":"\#(scope)","status":{"value":"\#(status)"},"eventTimestamp":"2026-11-26T03:04:05Z"}
            """#
        return try AzureJSON.decode(ActivityEvent.self, from: ByteBuffer(string: text))
    }

    private func findings(_ records: [AuditRecord], _ events: [ActivityEvent], now: Timestamp? = nil) -> [Reconciliation.Finding] {
        Reconciliation(records: records, events: events, place: place, now: now ?? self.now).entries.map(\.finding)
    }

    @Test("what both have matches, whatever the casing; what only one has is a problem")
    func joins() throws {
        #expect(try findings([record(.requestAccess, .done, ["ABC"])], [event("abc")]) == [.matched])
        #expect(findings([record(.requestAccess, .done, ["abc"])], []) == [.onlyOurs])
        #expect(try findings([], [event("x")]) == [.onlyAzure])
        #expect(Reconciliation.Finding.allCases.filter(\.isProblem) == [.onlyOurs, .onlyAzure])
    }

    @Test("what is new is not missed yet, and a decision may be kept by Entra")
    func patience() throws {
        let soon = AuditFixture.time.advanced(by: .seconds(60))
        #expect(findings([record(.requestAccess, .done, ["a"])], [], now: soon) == [.notYet])
        #expect(findings([record(.approveAccess, .done, ["a"])], []) == [.keptByEntra])
        #expect(try findings([record(.approveAccess, .done, ["a", "b"])], [event("b")]) == [.matched])
    }

    @Test("what was refused is no change, here or there, and is not taken for somebody else's")
    func refusals() throws {
        #expect(try findings([record(.requestAccess, .refused, ["a"])], [event("a", status: "Failed")]).isEmpty)
        #expect(try findings([], [event("a", status: "Failed"), event("a", status: "Started")]).isEmpty)
        #expect(findings([record(.requestAccess, .done, [])], []).isEmpty)
    }

    @Test("the id of something that is in a ledger, sent with something that is not, joins nothing")
    func borrowed() throws {
        let ours = record(.requestAccess, .done, ["a"])
        let role = "providers/Microsoft.Authorization/roleAssignments/2"
        for (place, oid) in [
            ("\(Self.namespace)/\(role)", nil), ("\(Self.namespace)/queues/refunds/\(role)", nil),
            ("\(Self.namespace)/queues/orders/\(role)", "e0e00000-0000-4000-8000-000000000003"),
        ] as [(String, String?)] {
            let other = try oid.map { try event("a", on: place, oid: $0) } ?? event("a", on: place)
            #expect(try Set(findings([ours], [event("a"), other])) == [.matched, .onlyAzure], "\(place)")
            #expect(Set(findings([ours], [other])) == [.onlyOurs, .onlyAzure], "\(place)")
        }
        let keys = try event(
            "a", "Microsoft.ServiceBus/namespaces/AuthorizationRules/listKeys/action", on: "\(Self.namespace)/AuthorizationRules/r")
        #expect(try Set(findings([ours], [event("a"), keys])) == [.matched, .onlyAzure])
        // What was only going to be done, or was refused, vouches for nothing.
        for stage in [AuditEvent.Stage.intended, .refused, .failed, .cancelled] {
            #expect(try findings([record(.requestAccess, stage, ["a"])], [event("a")]) == [.onlyAzure], "\(stage)")
        }
        #expect(try findings([record(.requestAccess, .partly, ["a"])], [event("a")]) == [.matched])
        #expect(findings([record(.requestAccess, .partly, ["a"])], []).isEmpty)
    }

    @Test("a decision is about the request, which may be further up than what was given")
    func decisions() throws {
        let approval = "providers/Microsoft.Authorization/roleAssignmentApprovals/a1/stages/s1"
        let operation = "Microsoft.Authorization/roleAssignmentApprovals/stages/write"
        let decided = record(.approveAccess, .done, ["a"])
        #expect(try findings([decided], [event("a", operation, on: "\(Self.namespace)/\(approval)")]) == [.matched])
        #expect(
            try Set(findings([decided], [event("a", operation, on: "\(Self.namespace)/queues/refunds/\(approval)")]))
                == [.keptByEntra, .onlyAzure])
    }

    @Test("what Azure does of its own accord is no problem")
    func azure() throws {
        #expect(try findings([], [event("a", caller: "01FC33A7-78ba-4d2f-a4b7-768e336e890e")]) == [.byAzure])
    }

    @Test("only what is about roles and keys of this namespace, or of what it lies in, counts")
    func scopes() throws {
        let ours = try [
            event("1", on: "/subscriptions/s/providers/Microsoft.Authorization/roleAssignments/1"),
            event("2", on: "/subscriptions/s/resourceGroups/G/providers/Microsoft.Authorization/roleAssignments/1"),
            event("3", "Microsoft.ServiceBus/namespaces/AuthorizationRules/listKeys/action", on: "\(Self.namespace)/AuthorizationRules/r"),
        ]
        #expect(findings([], ours) == [.onlyAzure, .onlyAzure, .onlyAzure])
        let others = try [
            event("4", on: "/subscriptions/t/providers/Microsoft.Authorization/roleAssignments/1"),
            event("5", on: "\(Self.namespace)-2/providers/Microsoft.Authorization/roleAssignments/1"),
            event("6", "Microsoft.ServiceBus/namespaces/queues/write", on: "\(Self.namespace)/queues/orders"),
            event(
                "7",
                on:
                    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/x/providers/Microsoft.Authorization/roleAssignments/1"
            ),
        ]
        #expect(findings([], others).isEmpty)
    }

    @Test("the steps of one change are one line")
    func steps() throws {
        let both = try [event("a", status: "Started"), event("a"), event("a", "Microsoft.Authorization/roleAssignments/delete")]
        #expect(findings([], both).count == 2)
    }
}
