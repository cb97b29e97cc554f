import AzureResources
import ServiceBus
import Synchronization
import Testing

@testable import CallboardCore
@testable import Sandbox

/// Ten people who make five hundred decisions about a hundred requests at the same time, while connections are cut, answers get lost and locks run out under
/// them. Chance has its part in it: `script/soak` has them do it again and again.
@Suite("A storm of decisions", .timeLimit(.minutes(10)))
struct ApprovalStormTests {
    private static let requests = 100
    private static let approvers = 10
    /// How many decide about each request.
    private static let deciders = 5
    /// How many requests two decide about at the very same time.
    private static let duels = 8
    private static let sweepInterval = Duration.seconds(300)

    @Test("every request ends in exactly one outcome, no grant without a decision, none past its end")
    func storm() async throws {
        try await ApprovalSandbox.run(approvers: Self.approvers, requesters: Self.requests, targets: 10) { sandbox in
            let requests = try await ask(sandbox)
            try await duel(sandbox, requests)
            try await decide(sandbox, requests)
            try await calm(sandbox)
            let approved = try await check(sandbox, requests)
            try await end(sandbox, requests, approved)
        }
    }

    /// Everybody asks, undisturbed.
    private func ask(_ sandbox: ApprovalSandbox) async throws -> [CooperativeRequest] {
        let requests = try sandbox.requests(seconds: 7200)
        let namespace = try sandbox.namespace()
        for request in requests {
            let desk = try await sandbox.desk(request.requester, namespace, mode: .statement)
            try await desk.submit(request, timeToLive: .seconds(86_400))
        }
        await namespace.close()
        return requests
    }

    /// Two decide about the same request: the lock of one runs out while they sign in, and the other is faster. Both decisions reach the topic, and its order
    /// tells who was first.
    private func duel(_ sandbox: ApprovalSandbox, _ requests: [CooperativeRequest]) async throws {
        let (mine, theirs) = (try sandbox.namespace(), try sandbox.namespace())
        let rival = try await sandbox.desk(sandbox.approvers[1], theirs, mode: .statement)
        for (index, request) in requests.prefix(Self.duels).enumerated() {
            // Yes and yes, no and yes, yes and no, no and no.
            let (isDenied, denies) = (!index.isMultiple(of: 2), index % 4 >= 2)
            let desk = try await sandbox.desk(
                sandbox.approvers[0], mine, mode: .statement,
                beforeSigning: {
                    sandbox.clock.pass(.seconds(301))
                    await Self.decide(rival, request, isDenied: isDenied)
                })
            let message = try #require(try await desk.messages().first { $0.id == request.digest.hexadecimal })
            do {
                let ruling = try await desk.review(message.number) { review throws(OperatorError) in
                    denies ? try await desk.deny(review, reason: "too late") : try await desk.approve(review, reason: "too late")
                }
                // Whoever says the same too late may finish it.
                guard case .granted = ruling, !isDenied, !denies else {
                    Issue.record("\(ruling), though somebody was faster")
                    continue
                }
            } catch { #expect(error.code == .conflict && (isDenied || denies), "\(error)") }
        }
        await mine.close()
        await theirs.close()
    }

    /// Everybody decides, about requests in an order of their own.
    private func decide(_ sandbox: ApprovalSandbox, _ requests: [CooperativeRequest]) async throws {
        var work: [[Int]] = Array(repeating: [], count: Self.approvers)
        for index in requests.indices {
            for turn in 0..<Self.deciders { work[(index + turn) % Self.approvers].append(index) }
        }
        sandbox.lostAnswers.store(6, ordering: .relaxed)
        try await cutConnections(sandbox)
        let decided = Counter()
        let total = work.reduce(0) { $0 + $1.count }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (person, indices) in zip(sandbox.approvers, work) {
                // Most sign each by itself; two have a key for an hour.
                let mode: CooperativeSigner.Mode = person < sandbox.approvers[Self.approvers - 2] ? .statement : .key
                group.addTask {
                    let namespace = try sandbox.namespace()
                    let desk = try await sandbox.desk(
                        person, namespace, mode: mode,
                        pause: { _ in
                            await Task.yield()
                            return !Task.isCancelled
                        })
                    for index in indices.shuffled() {
                        await Self.decide(desk, requests[index])
                        let count = decided.next()
                        // Five times all locks run out, wherever everybody is, and connections last for longer or shorter from then on.
                        if count % (total / 6) == 0 {
                            sandbox.clock.pass(.seconds(301))
                            try await cutConnections(sandbox)
                        }
                    }
                    await namespace.close()
                }
            }
            try await group.waitForAll()
        }
    }

    /// Every connection is cut after so many frames, whatever they ask for.
    private func cutConnections(_ sandbox: ApprovalSandbox) async throws {
        var faults = SandboxFaults()
        faults.dropConnectionAfterFrames = Int.random(in: 60...120)
        try await sandbox.server.setFaults(faults)
    }

    /// Counts for many tasks.
    private final class Counter: Sendable {
        private let value = Atomic<Int>(0)
        func next() -> Int { value.wrappingAdd(1, ordering: .relaxed).newValue }
    }

    /// One decision of one person: whatever comes of it, it is somebody's turn again.
    private static func decide(_ desk: CooperativeDesk, _ request: CooperativeRequest, isDenied: Bool? = nil) async {
        for _ in 0..<3 {
            do throws(OperatorError) {
                let listed = try await desk.messages()
                guard let message = listed.first(where: { $0.id == request.digest.hexadecimal }) else { return }
                _ = try await desk.review(message.number) { review throws(OperatorError) in
                    if isDenied ?? (Int.random(in: 0..<4) == 0) { return try await desk.deny(review, reason: "no") }
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
        let desk = try await sandbox.desk(sandbox.approvers[0], namespace, mode: .statement)
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

    /// What was said first to a request.
    private struct First {
        var answer: String
        var at: Timestamp
        /// How many answers there are.
        var count = 1
    }

    /// What the topic's order says, read here and by no rule of the product.
    private func firstAnswers(_ sandbox: ApprovalSandbox) async throws -> [GUID: First] {
        let namespace = try sandbox.namespace()
        let transport = sandbox.transport(namespace)
        var answers: [GUID: First] = [:]
        var next = SequenceNumber(0)
        while case let page = try await transport.page(of: sandbox.entities.log, from: next), let last = page.last {
            for message in page {
                let decision = try #require(try JSONValueReader.value(of: message.body)["decision"])
                let request = GUID(try #require(decision["request"]?.text))
                let answer = try #require(decision["answer"]?.text)
                answers[request, default: First(answer: answer, at: message.enqueuedAt, count: 0)].count += 1
            }
            next = try #require(last.number.next)
        }
        await namespace.close()
        return answers
    }

    /// What the decisions come to for whoever reads them.
    private func outcomes(_ sandbox: ApprovalSandbox, _ requests: [CooperativeRequest]) async throws -> [CooperativeOutcome] {
        let namespace = try sandbox.namespace()
        let log = DecisionLog(
            sandbox.transport(namespace), path: sandbox.entities.log, signatures: sandbox.signatures, rules: sandbox.rules)
        try await log.refresh()
        var found: [CooperativeOutcome] = []
        for request in requests { found.append(await log.outcome(of: request, approvals: [])) }
        await namespace.close()
        return found
    }

    /// Every request has exactly one outcome, which is what was said first; what was approved is granted, and nothing else is.
    private func check(_ sandbox: ApprovalSandbox, _ requests: [CooperativeRequest]) async throws -> [GUID: First] {
        let first = try await firstAnswers(sandbox)
        let grants = Dictionary(grouping: try await sandbox.changes().filter(\.isGrant), by: \.name)
        let outcomes = try await outcomes(sandbox, requests)
        #expect(try await self.outcomes(sandbox, requests) == outcomes, "whoever reads the topic comes to the same")
        var approved: Set<GUID> = []
        for (request, outcome) in zip(requests, outcomes) {
            let said = try #require(first[request.id], "nobody decided about \(request.id)")
            let given = grants[NameBasedID.assignment(for: request.id)] ?? []
            switch outcome {
            case .approved(let terms, let at, _):
                approved.insert(request.id)
                #expect(said.answer == "approve" && at == said.at && terms == request.terms)
                #expect(!given.isEmpty, "what was approved was granted")
                #expect(given.allSatisfy { $0.at >= said.at }, "and not before it was decided")
            case .denied(_, _, let at):
                #expect(said.answer == "deny" && at == said.at)
                #expect(given.isEmpty, "what was denied was never granted")
            default: Issue.record("\(request.id) has no outcome: \(outcome)")
            }
        }
        // Chance of a few in a billion that all are the same.
        #expect(!approved.isEmpty && approved.count < requests.count)
        #expect(Set(grants.keys) == Set(approved.map { NameBasedID.assignment(for: $0) }), "no grant without a decision")
        let present = try await sandbox.present()
        #expect(present.count == approved.count && Set(present.map { GUID($0.request) }) == approved, "one grant for each, and it is there")
        #expect(first.values.count { $0.count > 1 } >= Self.duels, "two decided about the same")
        return first.filter { approved.contains($0.key) }
    }

    /// Time passes, a sweep at a time: nothing is there for longer than an interval after its end, and nothing is taken away before it.
    private func end(_ sandbox: ApprovalSandbox, _ requests: [CooperativeRequest], _ approved: [GUID: First]) async throws {
        let namespace = try sandbox.namespace()
        let clock = sandbox.clock
        let sweeper = RevocationSweeper(
            sandbox.transport(namespace), path: sandbox.entities.revocations, grants: try await sandbox.grants(sandbox.approvers[0]),
            clock: BrokerClock { clock.now })
        for _ in 0..<60 {
            guard let next = try await sandbox.present().map({ Timestamp($0.expires) }).min() else { break }
            clock.pass(next.since(clock.now) > Self.sweepInterval ? next.since(clock.now) - .seconds(1) : Self.sweepInterval - .seconds(1))
            let sweep = try await sweeper.sweep()
            #expect(sweep.refused.isEmpty && sweep.remaining.isEmpty && sweep.failures.isEmpty)
        }
        await namespace.close()
        #expect(try await sandbox.present().isEmpty)
        let ends = Dictionary(grouping: try await sandbox.changes().filter { !$0.isGrant }, by: \.name)
        #expect(ends.count == approved.count)
        for request in requests {
            guard let said = approved[request.id] else { continue }
            let taken = ends[NameBasedID.assignment(for: request.id)] ?? []
            #expect(taken.count == 1)
            // The end counts from the decision.
            let late = taken.first?.at.since(said.at.advanced(by: request.terms.duration)) ?? .seconds(-1)
            #expect(late >= .zero && late <= Self.sweepInterval, "taken away \(late) after its end")
        }
    }
}
