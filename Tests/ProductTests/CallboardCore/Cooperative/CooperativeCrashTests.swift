import AzureResources
import ServiceBus
import Testing

@testable import CallboardCore

/// A program that is cut off between any two steps of a decision: the request comes back when its lock has run out, and whoever opens it then ends it well.
@Suite("A crash while deciding") struct CooperativeCrashTests {
    enum Step: String, CaseIterable, Sendable {
        case decision = "send access-decisions"
        case grant = "assign"
        case schedule
        case complete = "complete access-requests"
    }

    private func cut(_ scene: ApprovalScene, _ step: Step, isCarriedOut: Bool) {
        if step == .grant {
            scene.azure.fail("assign", isCarriedOut: isCarriedOut)
        } else {
            scene.transport.fail(step.rawValue, isCarriedOut: isCarriedOut)
        }
    }

    @Test("somebody else goes on with an approval: granted once, ended in time", arguments: Step.allCases, [false, true])
    func approval(step: Step, isCarriedOut: Bool) async throws {
        let scene = try ApprovalScene()
        let request = try await scene.ask()
        cut(scene, step, isCarriedOut: isCarriedOut)
        _ = await refusal { _ = try await scene.approve(ApprovalScene.bob) }
        #expect(scene.granted.isEmpty || !scene.decisions.isEmpty, "nothing is given without a decision")
        scene.transport.pass(.seconds(301))
        if !scene.isQueueEmpty {
            guard case .granted = try await scene.approve(ApprovalScene.carol) else {
                Issue.record("nobody can go on")
                return
            }
        }
        #expect(scene.isQueueEmpty)
        #expect(scene.azure.with { $0.made } == [request.terms.scope.assignment(named: NameBasedID.assignment(for: request.id))])
        // The end counts from the decision, whoever carried it out and whenever.
        let decided = try #require(scene.decisions.first).enqueuedAt
        let note = try #require(scene.granted.first?.note.flatMap(GrantNote.init))
        #expect(Timestamp(note.expires) == decided.advanced(by: .seconds(3600)))
        scene.transport.pass(.seconds(3600))
        #expect(try await scene.sweep().removed.count == 1)
        #expect(scene.granted.isEmpty)
    }

    @Test("a denial that was cut off stays a denial", arguments: [Step.decision, .complete], [false, true])
    func denial(step: Step, isCarriedOut: Bool) async throws {
        let scene = try ApprovalScene()
        try await scene.ask()
        cut(scene, step, isCarriedOut: isCarriedOut)
        _ = await refusal { _ = try await scene.deny(ApprovalScene.bob) }
        scene.transport.pass(.seconds(301))
        let wasDecided = !scene.decisions.isEmpty
        if !scene.isQueueEmpty {
            let refusal = await refusal { _ = try await scene.approve(ApprovalScene.carol) }
            #expect((refusal?.code == .conflict) == wasDecided)
        }
        #expect(scene.isQueueEmpty)
        #expect(scene.granted.count == (wasDecided ? 0 : 1))
    }

    @Test("who wants to deny what is approved already grants nothing, and hears who approved it")
    func tooLateToDeny() async throws {
        let scene = try ApprovalScene()
        try await scene.ask()
        scene.azure.fail("assign")
        _ = await refusal { _ = try await scene.approve(ApprovalScene.bob) }
        scene.transport.pass(.seconds(301))
        let refusal = await refusal { _ = try await scene.deny(ApprovalScene.carol) }
        #expect(refusal?.code == .conflict && refusal?.message.contains(ApprovalScene.bob.canonical) == true)
        #expect(scene.granted.isEmpty && !scene.isQueueEmpty)
    }

    @Test("what was approved and left until its time was over is not granted any more")
    func leftTooLong() async throws {
        let scene = try ApprovalScene()
        try await scene.ask()
        scene.azure.fail("assign")
        _ = await refusal { _ = try await scene.approve(ApprovalScene.bob) }
        scene.transport.pass(.seconds(3600))
        guard case .lapsed = try await scene.approve(ApprovalScene.carol) else {
            Issue.record("granted after its end")
            return
        }
        #expect(scene.granted.isEmpty && scene.isQueueEmpty)
    }

    @Test("an assignment of the same name that is another one is not taken for the grant")
    func foreignAssignment() async throws {
        let scene = try ApprovalScene()
        let request = try await scene.ask()
        let id = request.terms.scope.assignment(named: NameBasedID.assignment(for: request.id))
        let old = RoleAssignment(
            id: id, roleDefinitionID: request.terms.roleDefinitionID, principal: ApprovalScene.service, principalKind: .servicePrincipal,
            scope: request.terms.scope.id, note: "jit req=\(request.id) exp=2027-01-15T09:00:00Z")
        scene.azure.with { $0.assignments[id] = old }
        let refusal = await refusal { _ = try await scene.approve(ApprovalScene.bob) }
        #expect(refusal?.code == .conflict && scene.granted == [old])
    }

    @Test("what is ended early stays ended, though its request is there still")
    func endedEarly() async throws {
        let scene = try ApprovalScene()
        try await scene.ask()
        scene.transport.fail("schedule")
        _ = await refusal { _ = try await scene.approve(ApprovalScene.bob) }
        let assignment = try #require(scene.granted.first)
        #expect(try await scene.desk(ApprovalScene.carol).end(assignment.id, reason: "not needed").value)
        scene.transport.pass(.seconds(301))
        let refusal = await refusal { _ = try await scene.approve(ApprovalScene.bob) }
        #expect(refusal?.code == .conflict && scene.granted.isEmpty && scene.isQueueEmpty)
    }
}

@Suite("Taking away what has ended") struct RevocationSweeperTests {
    @Test("a role that may not be looked at keeps no other from being taken away, nor the look for what has no message")
    func oneFails() async throws {
        let scene = try ApprovalScene()
        let first = try await scene.ask()
        _ = try await scene.approve(ApprovalScene.bob)
        let second = try await scene.ask(try scene.request(id: "0e900000-0000-4000-8000-000000000002"))
        scene.transport.fail("schedule", .notPermitted)
        _ = await refusal { _ = try await scene.approve(ApprovalScene.bob) }
        scene.transport.pass(.seconds(3600))
        scene.azure.fail("look")
        let sweep = try await scene.sweep()
        // The message's turn failed; the note was found all the same.
        #expect(Set(sweep.removed.map(\.request)) == [first.id, second.id] && scene.granted.isEmpty)
        #expect(sweep.remaining.isEmpty && sweep.failures.isEmpty)
    }

    @Test("where the messages may not be taken, what is over is found by its note, and that is said")
    func noMessages() async throws {
        let scene = try ApprovalScene()
        let request = try await scene.ask()
        _ = try await scene.approve(ApprovalScene.bob)
        scene.transport.pass(.seconds(3600))
        scene.transport.fail("receive", .notPermitted)
        let sweep = try await scene.sweep()
        #expect(sweep.removed.map(\.request) == [request.id] && sweep.failures.map(\.code) == [.notPermitted])
    }

    @Test("messages for another namespace are left to those who sweep there")
    func otherNamespace() async throws {
        let scene = try ApprovalScene()
        try await scene.ask()
        _ = try await scene.approve(ApprovalScene.bob)
        scene.transport.pass(.seconds(3599))
        let transport = scene.transport
        let sweeper = RevocationSweeper(
            transport, path: transport.entities.revocations, grants: MemoryGrants(actor: ApprovalScene.bob),
            clock: BrokerClock { transport.now }, namespace: "sb-other")
        scene.transport.pass(.seconds(1))
        #expect(try await sweeper.sweep() == CooperativeSweep())
        #expect(transport.messages(transport.entities.revocations).count == 1 && scene.granted.count == 1)
    }

    @Test("what has no message is found by its note, and what has neither note nor name stays")
    func overdue() async throws {
        let scene = try ApprovalScene()
        try await scene.ask()
        scene.transport.fail("schedule")
        _ = await refusal { _ = try await scene.approve(ApprovalScene.bob) }
        let scope = ResourceID(ApprovalScene.orders)
        // A standing role, one by another tool, and a note under a name that is not made from it.
        for (name, note) in [
            ("00000000-0000-4000-8000-00000000000a", nil), ("00000000-0000-4000-8000-00000000000b", "created by terraform"),
            ("00000000-0000-4000-8000-00000000000c", "jit req=0e900000-0000-4000-8000-0000000000ff exp=2020-01-01T00:00:00Z"),
        ] {
            let id = ResourceID("\(scope.text)/providers/Microsoft.Authorization/roleAssignments/\(name)")
            let other = RoleAssignment(
                id: id, roleDefinitionID: ResourceID("/x"), principal: ApprovalScene.carol, principalKind: .user, scope: scope, note: note)
            scene.azure.with { $0.assignments[id] = other }
        }
        scene.transport.pass(.seconds(3600))
        #expect(try await scene.sweep().removed.count == 1)
        #expect(scene.granted.count == 3)
    }

    @Test("a trial takes nothing away and touches no message")
    func trial() async throws {
        let scene = try ApprovalScene()
        try await scene.ask()
        _ = try await scene.approve(ApprovalScene.bob)
        scene.transport.pass(.seconds(3600))
        let transport = scene.transport
        let sweeper = RevocationSweeper(
            transport, path: transport.entities.revocations, grants: scene.azure, clock: BrokerClock { transport.now })
        #expect(try await sweeper.sweep(isTrial: true).remaining.count == 1)
        #expect(scene.granted.count == 1 && transport.messages(transport.entities.revocations).count == 1)
    }

    @Test("what is no revocation is put aside", arguments: ["{}", "x", #"{"v":1,"revoke":"a","scope":"/","exp":"now"}"#])
    func hostile(body: String) async throws {
        let scene = try ApprovalScene()
        scene.transport.put(
            CooperativePosting(id: body, subject: "revoke", request: "", body: Array(body.utf8)), to: scene.transport.entities.revocations)
        #expect(try await scene.sweep().refused.count == 1)
        #expect(scene.transport.messages(scene.transport.entities.revocations).isEmpty)
    }
}
