import AzureResources
import Identity
import ServiceBus
import Testing

@testable import CallboardCore
@testable import Sandbox

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Entra PIM and a queue of requests behind one door, on the sandbox.
@Suite("Two places of requests behind one door", .timeLimit(.minutes(3)))
struct TwoBackendsTests {
    /// Waits no time.
    private struct InstantClock: Clock {
        var now: ContinuousClock.Instant { ContinuousClock.now }
        var minimumResolution: Duration { .zero }
        func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {}
    }

    private struct TargetFacts: AccessFacts {
        let target: CooperativeScope
        func scope(of path: EntityPath, for role: PolicyRole) async throws(OperatorError) -> AccessScope {
            AccessScope(id: target.id.text, entity: path)
        }
        func holdings(of party: AccessParty) async -> Reading<[String]> { .unavailable("not asked") }
        func approvers(of request: AccessRequest) async -> [AccessParty] { [] }
        func look(into entity: EntityPath) async throws(OperatorError) {}
    }

    /// Somebody's door; their clock may be wrong, and Entra PIM may refuse to answer.
    private func door(
        _ sandbox: ApprovalSandbox, _ person: GUID, _ namespace: Namespace, _ ledger: String, isPrivilegedFailing: Bool = false
    ) async throws -> (desk: AccessDesk, queue: CooperativeDesk) {
        let me = AccessParty(id: person.canonical, kind: .person)
        let (manager, id) = try await sandbox.manager(person)
        let clock = sandbox.clock
        let privileged = PrivilegedBackend(
            manager: isPrivilegedFailing ? sandbox.refusing : manager, me: me, place: NamespacePlace(name: id.name, id: id),
            now: { clock.now })
        // One sign-in stands for an hour, so that a message sent again is not too old.
        let queue = try await sandbox.desk(person, namespace, mode: .key) { _ in true }
        let guardrails = Guardrails(
            rules: .builtIn, place: Guardrails.Place(context: "approvals", host: "sbemulatorns", isEmulator: true),
            caller: PolicyCaller([.user(person.canonical)]))
        let desk = AccessDesk(
            me: me,
            guarded: GuardedChange(
                guardrails: guardrails, ledger: AuditLedger(path: ledger),
                actor: AuditActor(oid: person.canonical, name: "somebody", kind: .person, host: "desk")),
            backends: [
                privileged, CooperativeBackend(queue, as: Account(tenantID: CloudSeed.tenant, objectID: person.canonical)),
            ],
            facts: TargetFacts(target: sandbox.targets[0]), title: ContextTitle(name: "approvals", endpoint: "sbemulatorns"),
            announcer: BreakGlassAnnouncer(send: { _, _ throws(OperatorError) in }, notify: nil), now: { clock.now })
        return (desk, queue)
    }

    private func ask(_ desk: AccessDesk) async throws -> AccessRequest {
        let wish = AccessWish(
            entity: try .queue("target-0"), role: .receiver, principal: nil, duration: .seconds(1800), reason: "INC-1", ticket: nil,
            backend: .cooperative)
        return try await desk.ask(try await desk.propose(wish))
    }

    @Test("asked, approved, heard of, ended and sent again: nothing is given twice, and the rest is swept with one place failing")
    func life() async throws {
        try await ApprovalSandbox.run(approvers: 1, requesters: 1, targets: 1) { sandbox in
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("callboard-\(CallID.make())").path
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let namespace = try sandbox.namespace()
            let asking = try await door(sandbox, sandbox.requesters[0], namespace, folder + "/asking")
            let approving = try await door(sandbox, sandbox.approvers[0], namespace, folder + "/approving")

            // Asked and approved.
            let request = try await ask(asking.desk)
            #expect(request.backend == .cooperative && request.standing.isOpen)
            let copy = try #require(try await approving.queue.messages().first)
            let seen = try #require(try await approving.desk.inbox().elements.first { $0.id == request.id })
            guard case .granted = try await approving.desk.decide(try AccessDecision(.approve, reason: "go"), on: seen).standing else {
                Issue.record("not granted")
                return
            }

            // Heard of, though it is gone from the queue.
            #expect(try await approving.queue.messages().isEmpty)
            let heard = try await asking.desk.wait(for: request, patience: .seconds(60), clock: InstantClock())
            guard case .granted(_, let by) = heard.standing else {
                Issue.record("\(heard.standing)")
                return
            }
            #expect(by?.id == sandbox.approvers[0].canonical)
            #expect(try await asking.desk.own().elements.contains { $0.id == request.id && $0.standing == heard.standing })

            // Both places list it; it is the queue's to end.
            let active = try await approving.desk.active()
            let grants = active.elements.filter { $0.request == request.id }
            #expect(grants.map(\.backend) == [.cooperative] && active.gaps.isEmpty, "\(active.gaps)")
            #expect(try await approving.desk.end(try #require(grants.first), reason: "not needed"))
            #expect(try await sandbox.present().allSatisfy { GUID($0.request).canonical != request.id.text })

            // Sent again when the service has forgotten it.
            sandbox.clock.pass(.seconds(601))
            try await asking.queue.transport.send(
                CooperativePosting(
                    id: try #require(copy.id), subject: "receiver", request: request.id.text, body: copy.body,
                    timeToLive: .seconds(86_400)),
                to: sandbox.entities.requests)
            let again = try await approving.desk.request(request.id.text)
            #expect(again.standing == .ended)
            do throws(OperatorError) {
                _ = try await approving.desk.decide(try AccessDecision(.approve, reason: "go"), on: again)
                Issue.record("decided again")
            } catch { #expect(error.code == .conflict) }

            // Swept, while Entra PIM does not answer.
            let second = try await ask(asking.desk)
            let waiting = try await approving.desk.request(second.id.text)
            _ = try await approving.desk.decide(try AccessDecision(.approve, reason: "go"), on: waiting)
            sandbox.clock.pass(.seconds(1801))
            let failing = try await door(
                sandbox, sandbox.approvers[0], namespace, folder + "/sweeping", isPrivilegedFailing: true)
            let late = try await failing.desk.active()
            #expect(late.elements.contains { $0.request == second.id } && late.gaps.map(\.backend) == [.pim])
            let swept = try await failing.desk.sweep()
            #expect(swept.elements.filter { $0.grant.request == second.id }.map(\.outcome) == [.removed])
            #expect(swept.gaps.map(\.backend) == [.pim])
            #expect(try await sandbox.present().allSatisfy { GUID($0.request).canonical != second.id.text })
            #expect(try await failing.desk.sweep().elements.isEmpty)
            await namespace.close()
        }
    }
}
