import AzureResources
import Identity
import NIOCore
import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Joining ledgers with the Activity Log")
struct ReconciliationTests {
    static let namespace = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ServiceBus/namespaces/sb-retail"
    let place = NamespacePlace(name: "SB-Retail", id: ResourceID(namespace))
    let now = AuditFixture.time.advanced(by: .seconds(7200))

    static let request = "0e900000-0000-4000-8000-000000000001"
    static let principal = "b0b00000-0000-4000-8000-000000000002"
    static let ask = "roleAssignmentScheduleRequests"
    private static let decide = "Microsoft.Authorization/roleAssignmentApprovals/stages/write"
    private static let approval = "\(namespace)/queues/orders/providers/Microsoft.Authorization/roleAssignmentApprovals/a1/stages/s1"

    func record(
        _ action: PolicyAction, _ stage: AuditEvent.Stage, _ ids: [String], at time: Timestamp = AuditFixture.time, answer: String? = nil,
        backend: AccessRequest.Backend? = nil
    ) -> AuditRecord {
        var event = AuditEvent(action, stage, by: AuditFixture.actor, context: "retail", namespace: "sb-retail.servicebus.windows.net")
        event.correlationRequestIDs = ids
        event.access = AuditEvent.Access(
            request: Self.request, principal: Self.principal, role: "receiver", scope: "\(Self.namespace)/queues/orders", duration: nil)
        event.access?.answer = answer
        event.access?.backend = backend?.rawValue
        return AuditRecord(sequence: 7, time: time, type: event.type, event.members, after: AuditRecord.noHash)
    }

    /// Something of `Microsoft.Authorization` on the queue `orders`.
    static func place(
        _ type: String = Self.ask, _ name: String = Self.request, on scope: String = "\(Self.namespace)/queues/orders"
    ) -> String {
        "\(scope)/providers/Microsoft.Authorization/\(type)/\(name)"
    }

    func event(
        _ id: String, _ operation: String = "Microsoft.Authorization/\(Self.ask)/write", on scope: String = Self.place(),
        caller: String = "alice@example.com", oid: String = "A11CE000-0000-4000-8000-000000000001", status: String = "Succeeded",
        body: String? = nil, at time: String = "2026-11-26T03:04:05Z"
    ) throws -> ActivityEvent {
        let escaped = body.map { $0.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"") }
        let properties = escaped.map { #", "properties": {"requestbody": "\#($0)"}"# } ?? ""
        let text = #"""
            {"eventDataId":"e-\#(id)","correlationId":"\#(id)","caller":"\#(caller)",
             "claims":{"http://schemas.microsoft.com/identity/claims/objectidentifier":"\#(oid)"},"operationName":{"value":"\#(operation)"},
             "resourceId":"\#(scope)","status":{"value":"\#(status)"},"eventTimestamp":"\#(time)"\#(properties)}
            """#
        return try AzureJSON.decode(ActivityEvent.self, from: ByteBuffer(string: text))
    }

    /// A role assignment put in force or deleted.
    func assignment(
        _ id: String, _ name: String = "0bad0000-0000-4000-8000-000000000001", deleted: Bool = false, body: String? = nil,
        at time: String = "2026-11-26T03:04:05Z"
    ) throws -> ActivityEvent {
        try event(
            id, "Microsoft.Authorization/roleAssignments/\(deleted ? "delete" : "write")", on: Self.place("roleAssignments", name),
            body: body,
            at: time)
    }

    func findings(_ records: [AuditRecord], _ events: [ActivityEvent], now: Timestamp? = nil) -> [Reconciliation.Finding] {
        Reconciliation(records: records, events: events, place: place, now: now ?? self.now).entries.map(\.finding)
    }

    @Test("what both have matches, whatever the casing; what only one has is a problem")
    func joins() throws {
        #expect(try findings([record(.requestAccess, .done, ["ABC"])], [event("abc")]) == [.matched])
        #expect(findings([record(.requestAccess, .done, ["abc"])], []) == [.onlyOurs])
        #expect(try findings([], [event("x")]) == [.onlyAzure])
        #expect(Reconciliation.Finding.allCases.filter(\.isProblem) == [.onlyOurs, .leftOpen, .onlyAzure])
    }

    @Test("what is new is not missed yet, and a decision may be kept by Entra")
    func patience() throws {
        let soon = AuditFixture.time.advanced(by: .seconds(60))
        #expect(findings([record(.requestAccess, .done, ["a"])], [], now: soon) == [.notYet])
        #expect(findings([record(.approveAccess, .done, ["a"])], []) == [.keptByEntra])
        let narrowed = Self.place(Self.ask, PrivilegedBackend.narrowedID(AccessRequest.ID(Self.request)))
        #expect(try findings([record(.approveAccess, .done, ["a", "b"], answer: "narrow")], [event("b", on: narrowed)]) == [.matched])
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
        for (place, oid) in [
            (Self.place(on: Self.namespace), nil), (Self.place(on: "\(Self.namespace)/queues/refunds"), nil),
            (Self.place(), "e0e00000-0000-4000-8000-000000000003"),
        ] as [(String, String?)] {
            let other = try oid.map { try event("a", on: place, oid: $0) } ?? event("a", on: place)
            #expect(try findings([ours], [event("a"), other]).sorted { $0.rawValue < $1.rawValue } == [.matched, .onlyAzure], "\(place)")
            #expect(Set(findings([ours], [other])) == [.onlyOurs, .onlyAzure], "\(place)")
        }
        let keys = try event(
            "a", "Microsoft.ServiceBus/namespaces/AuthorizationRules/listKeys/action", on: "\(Self.namespace)/AuthorizationRules/r")
        #expect(try Set(findings([ours], [event("a"), keys])) == [.matched, .onlyAzure])
        // What was refused vouches for nothing.
        for stage in [AuditEvent.Stage.refused, .failed, .cancelled] {
            #expect(try findings([record(.requestAccess, stage, ["a"])], [event("a")]) == [.onlyAzure], "\(stage)")
        }
        #expect(try findings([record(.requestAccess, .partly, ["a"])], [event("a")]) == [.matched])
        #expect(findings([record(.requestAccess, .partly, ["a"])], []).isEmpty)
    }

    @Test("a decision is about the request, which may be further up than what was given")
    func decisions() throws {
        let decided = record(.approveAccess, .done, ["a"])
        let (type, name) = ("roleAssignmentApprovals", "a1/stages/s1")
        #expect(try findings([decided], [event("a", Self.decide, on: Self.place(type, name, on: Self.namespace))]) == [.matched])
        #expect(
            try Set(findings([decided], [event("a", Self.decide, on: Self.place(type, name, on: "\(Self.namespace)/queues/refunds"))]))
                == [.keptByEntra, .onlyAzure])
    }

    @Test("a decision is the answer that is written down, and one of them")
    func answers() throws {
        func sent(_ answer: String) throws -> ActivityEvent {
            try event("a", Self.decide, on: Self.approval, body: #"{"properties":{"reviewResult":"\#(answer)","justification":"x"}}"#)
        }
        for (answer, right, wrong) in [("deny", "Deny", "Approve"), ("narrow", "Deny", "Approve"), ("approve", "Approve", "Deny")] {
            let decided = record(.approveAccess, .done, ["a"], answer: answer, backend: .pim)
            #expect(try findings([decided], [sent(right)]) == [.matched], "\(answer)")
            #expect(try Set(findings([decided], [sent(wrong)])).contains(.onlyAzure), "\(answer)")
        }
        let decided = record(.approveAccess, .done, ["a"], answer: "deny", backend: .pim)
        let other = try event(
            "a", Self.decide, on: Self.approval.replacing("stages/s1", with: "stages/s2"), at: "2026-11-26T03:04:09Z")
        let both = try findings([decided], [sent("Deny"), other])
        #expect(both.sorted { $0.rawValue < $1.rawValue } == [.matched, .onlyAzure])
    }

    @Test("a record of one thing does not cover another under its id: a request no assignment, a no nothing that is given")
    func otherDeeds() throws {
        for action in [PolicyAction.requestAccess, .grantAccess, .revokeAccess] {
            #expect(try Set(findings([record(action, .done, ["a"])], [assignment("a")])) == [.onlyOurs, .onlyAzure], "\(action)")
        }
        for action in [PolicyAction.requestAccess, .grantAccess] {
            #expect(try findings([record(action, .done, ["a"])], [event("a")]) == [.matched])
            // Another request than the one that is written down.
            let other = try event("a", on: Self.place(Self.ask, "0bad0000-0000-4000-8000-000000000001"))
            #expect(Set(findings([record(action, .done, ["a"])], [other])) == [.onlyOurs, .onlyAzure], "\(action)")
            #expect(try Set(findings([record(action, .done, ["a"])], [assignment("a", deleted: true)])) == [.onlyOurs, .onlyAzure])
        }
        for answer in ["deny", "approve", "narrow"] {
            let decided = record(.approveAccess, .done, ["a"], answer: answer, backend: .pim)
            #expect(try findings([decided], [event("a", Self.decide, on: Self.approval)]) == [.matched])
            let given = NameBasedID.assignment(for: GUID(Self.request)).canonical
            for other in try [event("a"), assignment("a"), assignment("a", given)] {
                let both = try findings([decided], [event("a", Self.decide, on: Self.approval), other])
                #expect(both.sorted { $0.rawValue < $1.rawValue } == [.matched, .onlyAzure], "\(answer) \(other.operation)")
            }
        }
        // Eligibility is nothing that is asked for here.
        let eligible = try event(
            "a", "Microsoft.Authorization/roleEligibilityScheduleRequests/write", on: Self.place("roleEligibilityScheduleRequests"))
        #expect(Set(findings([record(.requestAccess, .done, ["a"])], [eligible])) == [.onlyOurs, .onlyAzure])
    }

    @Test("agreeing to a cooperative request puts one assignment in force, under the name that follows from the request; a no puts none")
    func cooperative() throws {
        let name = NameBasedID.assignment(for: GUID(Self.request)).canonical
        for answer in ["approve", "narrow"] {
            let decided = record(.approveAccess, .done, ["a"], answer: answer, backend: .cooperative)
            #expect(try findings([decided], [assignment("a", name.uppercased())]) == [.matched], "\(answer)")
            #expect(try Set(findings([decided], [assignment("a")])) == [.keptByEntra, .onlyAzure], "\(answer)")
            #expect(
                try findings([decided], [assignment("a", name), assignment("a")]).sorted { $0.rawValue < $1.rawValue }
                    == [.matched, .onlyAzure])
        }
        for answer in ["deny", nil] {
            let decided = record(.approveAccess, .done, ["a"], answer: answer, backend: .cooperative)
            #expect(try Set(findings([decided], [assignment("a", name)])) == [.keptByEntra, .onlyAzure])
        }
    }

    @Test("an end is a deletion or a request that ends; of two under one id the first is it")
    func ends() throws {
        let ended = record(.revokeAccess, .done, ["a"])
        let (cancel, write) = ("Microsoft.Authorization/\(Self.ask)/cancel/action", "Microsoft.Authorization/\(Self.ask)/write")
        let other = Self.place(Self.ask, "0bad0000-0000-4000-8000-000000000001")
        #expect(try findings([ended], [assignment("a", deleted: true)]) == [.matched])
        #expect(try findings([ended], [event("a", write, on: other)]) == [.matched])
        #expect(try findings([ended], [event("a", cancel)]) == [.matched])
        #expect(try Set(findings([ended], [event("a", cancel, on: other)])) == [.onlyOurs, .onlyAzure])
        let (first, second) = try (
            assignment("a", deleted: true, at: "2026-11-26T03:04:05Z"),
            assignment("a", "0bad0000-0000-4000-8000-000000000002", deleted: true, at: "2026-11-26T03:04:06Z")
        )
        for events in [[first, second], [second, first]] {
            let joined = Reconciliation(records: [ended], events: events, place: place, now: now).entries
            #expect(joined.filter(\.finding.isProblem).map(\.resource) == [second.resource?.text])
        }
    }

    @Test("where Azure's log has what was sent, it is for whom the record says, that role, and a request of that kind")
    func bodies() throws {
        let receiver = "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/\(PolicyRole.receiver.definitionID)"
        func body(_ principal: String, _ role: String, _ kind: String? = nil) -> String {
            let type = kind.map { #","RequestType":"\#($0)""# } ?? ""
            return #"{"Id":"x","Properties":{"PrincipalId":"\#(principal)","RoleDefinitionId":"\#(role)"\#(type)}}"#
        }
        let owner = "/d/\(PolicyRole.owner.definitionID)"
        let mallory = "e0e00000-0000-4000-8000-000000000003"
        let asked = record(.requestAccess, .done, ["a"])
        for (text, isOurs) in [
            (body(Self.principal.uppercased(), receiver, "SelfActivate"), true), (body(mallory, receiver, "AdminAssign"), false),
            (body(Self.principal, owner, "AdminAssign"), false), (body(Self.principal, receiver, "AdminRemove"), false), ("{}", true),
            (#"{"properties":{"principalId":"\#(Self.principal)","PrincipalID":"\#(mallory)"}}"#, false), ("no JSON", false),
        ] {
            #expect(try findings([asked], [event("a", body: text)]).contains(.matched) == isOurs, "\(text)")
        }
        let ended = record(.revokeAccess, .done, ["a"])
        for (kind, isOurs) in [("SelfDeactivate", true), ("AdminRemove", true), ("AdminAssign", false), ("SelfExtend", false)] {
            #expect(try findings([ended], [event("a", body: body(Self.principal, receiver, kind))]).contains(.matched) == isOurs, "\(kind)")
        }
        let agreed = record(.approveAccess, .done, ["a"], answer: "approve", backend: .cooperative)
        let name = NameBasedID.assignment(for: GUID(Self.request)).canonical
        #expect(try findings([agreed], [assignment("a", name, body: body(Self.principal, receiver))]) == [.matched])
        #expect(try Set(findings([agreed], [assignment("a", name, body: body(mallory, receiver))])) == [.keptByEntra, .onlyAzure])
    }

    @Test("keys that were read for a signature are not keys made anew")
    func keys() throws {
        func record(_ action: PolicyAction) -> AuditRecord {
            var event = AuditEvent(action, .done, by: AuditFixture.actor, context: "retail", namespace: "sb-retail.servicebus.windows.net")
            event.correlationRequestIDs = ["a"]
            return AuditRecord(sequence: 7, time: AuditFixture.time, type: event.type, event.members, after: AuditRecord.noHash)
        }
        let rule = "\(Self.namespace)/AuthorizationRules/r"
        let list = try event("a", "Microsoft.ServiceBus/namespaces/AuthorizationRules/listKeys/action", on: rule)
        let renew = try event("a", "Microsoft.ServiceBus/namespaces/AuthorizationRules/regenerateKeys/action", on: rule)
        #expect(findings([record(.signToken)], [list]) == [.matched] && findings([record(.rotateSecret)], [renew]) == [.matched])
        #expect(Set(findings([record(.signToken)], [renew])) == [.onlyOurs, .onlyAzure])
        #expect(Set(findings([record(.sendMessage)], [list])) == [.onlyOurs, .onlyAzure])
    }

    @Test("at the edge of the time that is asked for both sides are read further back, and only what is within it is told")
    func edge() throws {
        let (time, minute) = (AuditFixture.time, Duration.seconds(60))
        let happened = try #require(Timestamp(rfc3339: "2026-11-26T03:04:05Z"))
        func problems(_ record: AuditRecord, _ events: [ActivityEvent], since: Timestamp) -> Int {
            Reconciliation(records: [record], events: events, place: place, now: now, since: since).problems.count
        }
        // The record shortly before, the event shortly after, and the other way round.
        let early = record(.requestAccess, .done, ["a"], at: happened.advanced(by: .seconds(-60)))
        #expect(try problems(early, [event("a")], since: happened) == 0)
        let late = record(.requestAccess, .done, ["a"], at: happened.advanced(by: minute))
        #expect(try problems(late, [event("a")], since: happened.advanced(by: .seconds(30))) == 0)
        let alone = Reconciliation(records: [early], events: [], place: place, now: now, since: happened)
        #expect(alone.entries.isEmpty)
        #expect(Reconciliation.beginning(of: time, now: time) == time.advanced(by: .zero - Reconciliation.lateness))
        // Azure keeps 90 days, and answers nothing when it is asked for more.
        let oldest = time.advanced(by: .seconds(-90 * 86_400))
        #expect(Reconciliation.beginning(of: oldest, now: time) == oldest)
        #expect(Reconciliation.beginning(of: oldest.advanced(by: minute), now: time) == oldest)
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
        let both = try [event("a", status: "Started"), event("a"), assignment("a", deleted: true)]
        #expect(findings([], both).count == 2)
    }
}
