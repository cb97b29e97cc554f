import AzureResources
import ServiceBus
import Synchronization
import Testing

@testable import CallboardCore
@testable import Sandbox

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Many people who decide about many requests at the same time, while connections are cut, answers get lost and locks run out under them.
///
/// `CALLBOARD_FAULTS=long` has ten approvers make five hundred decisions on a hundred requests, as `script/soak` does; else there are fewer.
@Suite("A storm of decisions", .timeLimit(.minutes(10)))
struct ApprovalStormTests {
    private static let isLong = ProcessInfo.processInfo.environment["CALLBOARD_FAULTS"] == "long"
    private static let requests = isLong ? 100 : 24
    private static let approvers = isLong ? 10 : 6
    /// How many decide about each request.
    private static let deciders = 5
    private static let sweepInterval = Duration.seconds(300)

    @Test("every request ends in exactly one outcome, no grant without a decision, none past its end")
    func storm() async throws {
        try await ApprovalSandbox.run(approvers: Self.approvers, requesters: Self.requests, targets: 10) { sandbox in
            let requests = try await ask(sandbox)
            try await decide(sandbox, requests)
            try await calm(sandbox)
            try await check(sandbox, requests)
            try await end(sandbox)
        }
    }

    /// Everybody asks, undisturbed.
    private func ask(_ sandbox: ApprovalSandbox) async throws -> [CooperativeRequest] {
        let requests = try sandbox.requests(seconds: 7200)
        let namespace = try sandbox.namespace()
        for request in requests {
            let desk = try await sandbox.desk(request.requester, namespace, mode: .statement) { _ in true }
            try await desk.submit(request, timeToLive: .seconds(86_400))
        }
        await namespace.close()
        return requests
    }

    /// Everybody decides, about requests in an order of their own.
    private func decide(_ sandbox: ApprovalSandbox, _ requests: [CooperativeRequest]) async throws {
        var work: [[Int]] = Array(repeating: [], count: Self.approvers)
        for index in requests.indices {
            for turn in 0..<Self.deciders { work[(index + turn) % Self.approvers].append(index) }
        }
        sandbox.lostAnswers.store(6, ordering: .relaxed)
        var faults = SandboxFaults()
        faults.dropConnectionAfterFrames = 90
        try await sandbox.server.setFaults(faults)
        let decided = Counter()
        let total = work.reduce(0) { $0 + $1.count }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (person, indices) in zip(sandbox.approvers, work) {
                let mode: CooperativeSigner.Mode = person < sandbox.approvers[Self.approvers / 2] ? .statement : .key
                group.addTask {
                    let namespace = try sandbox.namespace()
                    let desk = try await sandbox.desk(person, namespace, mode: mode) { _ in
                        await Task.yield()
                        return !Task.isCancelled
                    }
                    for index in indices.shuffled() {
                        await Self.decide(desk, requests[index])
                        let count = decided.next()
                        // Five times all locks run out, wherever everybody is.
                        if count % (total / 6) == 0 { sandbox.clock.pass(.seconds(301)) }
                    }
                    await namespace.close()
                }
            }
            try await group.waitForAll()
        }
    }

    /// Counts for many tasks.
    private final class Counter: Sendable {
        private let value = Atomic<Int>(0)
        func next() -> Int { value.wrappingAdd(1, ordering: .relaxed).newValue }
    }

    /// One decision of one person: whatever comes of it, it is somebody's turn again.
    private static func decide(_ desk: CooperativeDesk, _ request: CooperativeRequest) async {
        for _ in 0..<3 {
            do throws(OperatorError) {
                let listed = try await desk.messages()
                guard let message = listed.first(where: { $0.id == request.digest.hexadecimal }) else { return }
                _ = try await desk.review(message.number) { review throws(OperatorError) in
                    if Int.random(in: 0..<4) == 0 { return try await desk.deny(review, reason: "no") }
                    return try await desk.approve(review, reason: "yes")
                }
                return
            } catch {
                // Somebody else was faster, or has it open: that is an end. What was cut off is tried again.
                if error.code == .conflict || error.code == .refused { return }
            }
        }
    }

    /// What was left on the way is finished, undisturbed.
    private func calm(_ sandbox: ApprovalSandbox) async throws {
        sandbox.lostAnswers.store(0, ordering: .relaxed)
        try await sandbox.server.setFaults(SandboxFaults())
        let namespace = try sandbox.namespace()
        let desk = try await sandbox.desk(sandbox.approvers[0], namespace, mode: .statement) { _ in true }
        for _ in 0..<4 {
            sandbox.clock.pass(.seconds(301))
            for message in try await desk.messages() {
                do throws(OperatorError) {
                    _ = try await desk.review(message.number) { review throws(OperatorError) in
                        try await desk.approve(review, reason: "finished")
                    }
                } catch { #expect(error.code == .conflict, "\(error)") }
            }
            if try await desk.messages().isEmpty { break }
        }
        #expect(try await desk.messages().isEmpty, "every request has left the queue")
        let dead = try await sandbox.server.withBroker { try $0.snapshot(of: "access-requests").counts.deadLetter }
        #expect(dead == 0)
        await namespace.close()
    }

    private func check(_ sandbox: ApprovalSandbox, _ requests: [CooperativeRequest]) async throws {
        let changes = try await sandbox.changes()
        var outcomes: [[CooperativeOutcome]] = []
        // Whoever reads the topic comes to the same.
        for _ in 0..<2 {
            let namespace = try sandbox.namespace()
            let log = DecisionLog(
                sandbox.transport(namespace), path: sandbox.entities.log, signatures: sandbox.signatures, rules: sandbox.rules)
            try await log.refresh()
            var found: [CooperativeOutcome] = []
            for request in requests { found.append(await log.outcome(of: request, approvals: [])) }
            outcomes.append(found)
            await namespace.close()
        }
        #expect(outcomes[0] == outcomes[1])
        var (approved, denied) = (0, 0)
        for (request, outcome) in zip(requests, outcomes[0]) {
            let name = NameBasedID.assignment(for: request.id)
            let grants = changes.filter { $0.name == name && $0.isGrant }
            switch outcome {
            case .approved(let terms, let at, _):
                approved += 1
                #expect(!grants.isEmpty, "what was approved was granted")
                #expect(grants.allSatisfy { $0.at >= at }, "and not before it was decided")
                #expect(terms == request.terms)
            case .denied:
                denied += 1
                #expect(grants.isEmpty, "what was denied was never granted")
            default: Issue.record("\(request.id) has no outcome: \(outcome)")
            }
        }
        #expect(approved + denied == requests.count)
        // Chance of a few in a billion that all are the same.
        #expect(approved > 0 && denied > 0)
        let present = try await sandbox.present()
        #expect(Set(present.map(\.request)).count == approved, "one grant for each that was approved")
        #expect(present.count == approved)
    }

    /// Time passes, a sweep at a time: nothing is there for longer than an interval after its end.
    private func end(_ sandbox: ApprovalSandbox) async throws {
        let namespace = try sandbox.namespace()
        let clock = sandbox.clock
        let sweeper = RevocationSweeper(
            sandbox.transport(namespace), path: sandbox.entities.revocations, grants: try await sandbox.grants(sandbox.approvers[0]),
            clock: BrokerClock { clock.now })
        var removed = 0
        for _ in 0..<60 {
            let left = try await sandbox.present()
            guard let next = left.map({ Timestamp($0.expires) }).min() else { break }
            for note in left {
                #expect(clock.now < Timestamp(note.expires).advanced(by: Self.sweepInterval), "there past its end by more than an interval")
            }
            if next.since(clock.now) > Self.sweepInterval {
                clock.pass(next.since(clock.now) - .seconds(1))
            } else {
                clock.pass(Self.sweepInterval - .seconds(1))
            }
            let before = try await sandbox.present()
            let sweep = try await sweeper.sweep()
            removed += sweep.removed.count
            #expect(sweep.refused.isEmpty && sweep.remaining.isEmpty)
            // What was not over was not touched.
            let kept = Set(try await sandbox.present().map(\.request))
            for note in before where Timestamp(note.expires) > clock.now { #expect(kept.contains(note.request)) }
        }
        #expect(try await sandbox.present().isEmpty)
        #expect(removed > 0)
        await namespace.close()
    }
}
