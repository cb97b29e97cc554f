import Testing

@testable import CallboardCore
@testable import Sandbox
@testable import ServiceBus

/// Carries out what it is asked for, and could not give back two of the messages it passed over.
private struct HalfGivenBack: MessageChanging {
    let changing: any MessageChanging

    func perform(
        _ action: ManyAction, onExactly parts: [ManyPart], in path: EntityPath, options: ManyOptions, observer: some ManyObserver
    ) async -> ManyReport {
        var report = await changing.perform(action, onExactly: parts, in: path, options: options, observer: observer)
        report.stillLocked += 2
        return report
    }

    func tier() async -> String? { await changing.tier() }

    func pages(of path: EntityPath, options: PeekOptions) -> any PageSource { changing.pages(of: path, options: options) }

    func deleteMessages(
        in path: EntityPath, enqueuedBefore cutoff: Timestamp, progress: @escaping @Sendable (Int) -> Void
    ) async -> Partly<Int> {
        await changing.deleteMessages(in: path, enqueuedBefore: cutoff, progress: progress)
    }

    func send(each copies: [ForwardedMessage], to path: EntityPath) async -> [Result<Void, ServiceBusError>] {
        await changing.send(each: copies, to: path)
    }

    func explain(_ error: any Error, doing what: String) -> OperatorError { changing.explain(error, doing: what) }
}

@Suite("Messages that a job passes over", .timeLimit(.minutes(2)))
struct PassedOverTests {
    @Test("are told of when they could not be given back: the job is partly done, though all that was planned is")
    func stillLocked() async throws {
        try await OperatorFixture.run { fixture in
            try await fixture.sandbox.send(4)
            let proposal = try await fixture.door.propose(ActionRequest(.delete, in: fixture.q, .all))
            let (id, journal, plan) = try fixture.door.store.create(proposal.plan, rule: "test")
            let changing = HalfGivenBack(changing: try #require(await fixture.workspace.gateway.changing))
            let job = Job(id: id, plan: plan, journal: journal, changing: changing, goingOn: nil, masked: { $0 }, report: { _ in })
            let progress = await job.run()
            #expect(progress.done == 4)
            #expect(progress.state == .partly)
            #expect(progress.message?.hasPrefix("2 messages that stand between them could not be given back") == true)
        }
    }
}
