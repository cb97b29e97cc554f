import ServiceBus
import Synchronization
import Testing

@testable import Sandbox

/// Keeps what an operation on many messages says, and stops it or fails it where a test wants that.
final class ManyRecorder: ManyObserver {
    struct State {
        var begun: [Int: [SequenceNumber]] = [:]
        var removing: [SequenceNumber] = []
        var outcomes: [ManyOutcome] = []
        var gone: [SequenceNumber] = []
        var reconnects = 0
    }
    struct Refusal: Error {}

    private let state = Mutex(State())
    /// After how many batches to stop.
    private let stopsAfter: Int
    /// Which batch cannot be written down.
    private let failsAt: Int?
    /// Whether removing what was sent is refused, as when the process dies between the two.
    private let failsBeforeRemoval: Bool

    init(stopsAfter: Int = .max, failsAt: Int? = nil, failsBeforeRemoval: Bool = false) {
        self.stopsAfter = stopsAfter
        self.failsAt = failsAt
        self.failsBeforeRemoval = failsBeforeRemoval
    }

    var seen: State { state.withLock { $0 } }
    var timePerMessage: Duration? { nil }

    func mayProceed(with count: Int?) async -> Bool { state.withLock { $0.begun.count < stopsAfter } }

    func willAct(on batch: Int, _ numbers: [SequenceNumber]) async throws {
        if batch == failsAt { throw Refusal() }
        state.withLock { $0.begun[batch] = numbers }
    }

    func willRemove(_ numbers: [SequenceNumber], of batch: Int, unknown: [SequenceNumber]) async throws {
        if failsBeforeRemoval { throw Refusal() }
        state.withLock { $0.removing += numbers }
    }

    func didAct(on batch: Int, _ outcome: ManyOutcome) async { state.withLock { $0.outcomes.append(outcome) } }
    func areGone(_ numbers: [SequenceNumber]) async { state.withLock { $0.gone += numbers } }
    func willReconnect(after error: ServiceBusError) async { state.withLock { $0.reconnects += 1 } }
}

@Suite("Exactly these messages", .timeLimit(.minutes(5)))
struct ExactManyTests {
    private func numbers(_ fixture: DataPlaneFixture, _ path: EntityPath? = nil) async throws -> [SequenceNumber] {
        try await fixture.peek(path).map(\.sequenceNumber)
    }

    private func picture(_ fixture: DataPlaneFixture, _ path: EntityPath? = nil) async throws -> [String] {
        try await fixture.peek(path).map { "\($0.sequenceNumber) \($0.body.text ?? "?") count \($0.deliveryCount) \($0.state)" }
    }

    /// Sends messages and dead-letters them all.
    private func sendDead(_ count: Int, _ fixture: DataPlaneFixture) async throws {
        try await fixture.send(count)
        try await fixture.namespace.withReceiver(for: fixture.q) { receiver in
            var left = count
            while left > 0 {
                let messages = try await receiver.receive(max: left, wait: .seconds(5))
                _ = await receiver.settle(messages, .deadLetter(reason: "r", description: "d"))
                left -= messages.count
            }
        }
    }

    @Test("are deleted from between others, which do not change", arguments: [2, 3, 7])
    func deletes(step: Int) async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(700)
            let wanted = try await numbers(fixture).enumerated().filter { $0.offset % step == 1 }.map(\.element)
            let expected = try await picture(fixture).enumerated().filter { $0.offset % step != 1 }.map(\.element)
            let report = await fixture.namespace.perform(
                .delete, onExactly: [ManyPart(.line, wanted)], in: fixture.q, observer: ManyRecorder())
            #expect(report.failure == nil)
            #expect(report.done == wanted.count)
            #expect(report.left.isEmpty && report.unknown.isEmpty && report.gone == 0)
            #expect(try await picture(fixture) == expected)
            #expect(try await fixture.locked().isEmpty)
        }
    }

    @Test("where releases count, others are left alone after one of them, and what stands in front of it is done", arguments: [5, 40])
    func countedReleases(_ inFront: Int) async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(inFront + 30)
            var faults = SandboxFaults()
            faults.countReleases = true
            try await fixture.server.setFaults(faults)
            let all = try await numbers(fixture)
            let wanted = Array(all.prefix(inFront)) + [all[inFront + 6]]
            let outcome = await fixture.namespace.perform(
                .delete, onExactly: [ManyPart(.line, wanted)], in: fixture.q, observer: ManyRecorder())
            #expect((outcome.failure as? ServiceBusError)?.code == .releaseRaisesCount)
            // The first that was met, and no other: not even the one that is meant behind it.
            let left = try await fixture.peek()
            #expect(left.map(\.deliveryCount) == [1] + Array(repeating: 0, count: 29))
            #expect(try await fixture.locked().isEmpty)
        }
    }

    @Test("are sent on and removed, with and without transactions, and each batch is written down before", arguments: [true, false])
    func forwards(isAtomic: Bool) async throws {
        try await DataPlaneFixture.run { fixture in
            try await sendDead(450, fixture)
            let dead = fixture.q.deadLetter
            let wanted = Array(try await numbers(fixture, dead).dropFirst(50))
            var options = ManyOptions()
            options.isAtomic = isAtomic
            let recorder = ManyRecorder()
            let report = await fixture.namespace.perform(
                .forward(to: fixture.r, changes: CopyChanges(stripped: CopyChanges.traces)), onExactly: [ManyPart(.line, wanted)],
                in: dead, options: options, observer: recorder)
            #expect(report.failure == nil)
            #expect(report.done == 400)
            #expect(try await fixture.bodies(dead) == (0..<50).map(String.init))
            #expect(try await fixture.bodies(fixture.r) == (50..<450).map(String.init))
            let copies = try await fixture.peek(fixture.r)
            #expect(copies.allSatisfy { $0.applicationProperties.isEmpty && $0.deadLetterReason == nil })
            #expect(recorder.seen.begun.values.flatMap(\.self).sorted() == wanted)
            #expect(recorder.seen.begun.values.allSatisfy { $0.count <= 100 })
            #expect(recorder.seen.removing == (isAtomic ? [] : wanted))
        }
    }

    @Test("keep their old id beside a new one that is always the same")
    func newIDs() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(2)
            let all = try await numbers(fixture)
            _ = await fixture.namespace.perform(
                .forward(to: fixture.r, changes: CopyChanges(newIDPrefix: "job")), onExactly: [ManyPart(.line, all)], in: fixture.q,
                observer: ManyRecorder())
            let copies = try await fixture.peek(fixture.r)
            #expect(copies.map(\.messageID) == all.map { "job-\($0)" })
            #expect(copies.map { $0.applicationProperties.first?.value.content } == [.text("m0"), .text("m1")])
            #expect(copies.map { $0.applicationProperties.first?.name } == ["x-original-message-id", "x-original-message-id"])
        }
    }

    @Test("one that the target does not take stays, and the others of its transaction go")
    func isolates() async throws {
        try await DataPlaneFixture.run { fixture in
            // With what is added, one copy is too large.
            try await fixture.send(230) { if $1 == 117 { $0.body = .data([UInt8](repeating: 7, count: 260_000)) } }
            let all = try await numbers(fixture)
            let added = PropertyValue(typeName: "string", content: .text(String(repeating: "x", count: 4000)))
            let recorder = ManyRecorder()
            let report = await fixture.namespace.perform(
                .forward(to: fixture.r, changes: CopyChanges(added: [OutgoingMessage.Property(name: "added", value: added)])),
                onExactly: [ManyPart(.line, all)], in: fixture.q, observer: recorder)
            #expect(report.failure == nil)
            #expect(report.done == 229)
            #expect(report.failed == 1)
            let failures = recorder.seen.outcomes.flatMap(\.failed)
            #expect(failures.map(\.number) == [all[117]])
            #expect(failures.first?.error.code == .messageTooLarge)
            #expect(try await numbers(fixture) == [all[117]])
            #expect(try await fixture.peek(fixture.r).count == 229)
        }
    }

    @Test("what cannot be written down is not done, and what was not reached is given back")
    func refusesWithoutJournal() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(300)
            let all = try await numbers(fixture)
            var options = ManyOptions()
            options.keepsOrder = true
            let report = await fixture.namespace.perform(
                .forward(to: fixture.r, changes: .none), onExactly: [ManyPart(.line, all)], in: fixture.q, options: options,
                observer: ManyRecorder(failsAt: 3))
            #expect(report.failure is ManyRecorder.Refusal)
            let (here, there) = (try await fixture.bodies(), try await fixture.bodies(fixture.r))
            #expect(there.count == report.done)
            #expect(here.count + there.count == 300)
            #expect(try await fixture.locked().isEmpty)
        }
    }

    @Test("a run that was stopped is gone on with, and what was sent already is only removed")
    func goesOn() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(250)
            let all = try await numbers(fixture)
            var options = ManyOptions()
            options.isAtomic = false
            let first = await fixture.namespace.perform(
                .forward(to: fixture.r, changes: .none), onExactly: [ManyPart(.line, all)], in: fixture.q, options: options,
                observer: ManyRecorder(failsBeforeRemoval: true))
            #expect(first.failure is ManyRecorder.Refusal)
            #expect(!first.copied.isEmpty)
            options.copied = Set(first.copied)
            let second = await fixture.namespace.perform(
                .forward(to: fixture.r, changes: .none), onExactly: [ManyPart(.line, all)], in: fixture.q, options: options,
                observer: ManyRecorder())
            #expect(second.failure == nil)
            #expect(try await fixture.bodies().isEmpty)
            #expect(try await fixture.bodies(fixture.r).sorted() == (0..<250).map(String.init).sorted())
        }
    }

    @Test("those of which nobody knew are done when they are gone, and those somebody else took are not")
    func resolves() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(6)
            let all = try await numbers(fixture)
            _ = await fixture.namespace.perform(
                .delete, onExactly: [ManyPart(.line, Array(all.prefix(4)))], in: fixture.q, observer: ManyRecorder())
            var options = ManyOptions()
            options.unresolved = Set(all.prefix(2))
            let recorder = ManyRecorder()
            let report = await fixture.namespace.perform(
                .delete, onExactly: [ManyPart(.line, all)], in: fixture.q, options: options, observer: recorder)
            #expect(report.done == 4)
            #expect(report.gone == 2)
            #expect(recorder.seen.gone == Array(all[2..<4]))
            #expect(try await fixture.bodies().isEmpty)
        }
    }

    @Test("messages of sessions, deferred and scheduled ones are reached where they are")
    func reaches() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(12, to: fixture.s) { $0.sessionID = $1 % 2 == 0 ? "even" : "odd" }
            let inSession = try await fixture.peek(fixture.s)
            let even = inSession.filter { $0.sessionID == "even" }.map(\.sequenceNumber)
            let moved = await fixture.namespace.perform(
                .forward(to: fixture.r, changes: .none), onExactly: [ManyPart(.session("even"), Array(even.dropFirst()))],
                in: fixture.s, observer: ManyRecorder())
            #expect(moved.failure == nil)
            #expect(try await fixture.bodies(fixture.r) == ["2", "4", "6", "8", "10"])
            #expect(try await fixture.bodies(fixture.s) == ["0", "1", "3", "5", "7", "9", "11"])

            try await fixture.send(9)
            let all = try await numbers(fixture)
            let aside = await fixture.namespace.perform(
                .defer, onExactly: [ManyPart(.line, Array(all[3...5]))], in: fixture.q, observer: ManyRecorder())
            #expect(aside.done == 3)
            let later = Timestamp(milliseconds: 4_102_444_800_000)
            let scheduled = try await fixture.namespace.schedule(
                [OutgoingMessage(), OutgoingMessage(), OutgoingMessage()], at: later, on: fixture.q
            ).get()
            let parts = [ManyPart(.deferred(session: nil), Array(all[3...4])), ManyPart(.scheduled, Array(scheduled.prefix(2)))]
            let report = await fixture.namespace.perform(.delete, onExactly: parts, in: fixture.q, observer: ManyRecorder())
            #expect(report.done == 4)
            #expect(report.failure == nil)
            let counts = try await fixture.counts()
            #expect(counts.scheduled == 1)
            #expect(try await fixture.peek().filter { $0.state == .deferred }.map(\.sequenceNumber) == [all[5]])
        }
    }

    @Test("one that somebody else holds is waited for, and then left", arguments: [true, false])
    func leavesHeld(isReleased: Bool) async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(3)
            let all = try await numbers(fixture)
            var options = ManyOptions()
            options.patience = .milliseconds(isReleased ? 30_000 : 1500)
            let (namespace, q, asked) = (fixture.namespace, fixture.q, options)
            try await fixture.namespace.withReceiver(for: fixture.q) { receiver in
                let held = try await receiver.receive(max: 1, wait: .seconds(5))
                let run = Task {
                    await namespace.perform(.delete, onExactly: [ManyPart(.line, all)], in: q, options: asked, observer: ManyRecorder())
                }
                #expect(try await eventually { try await fixture.peek().count == 1 })
                if isReleased { _ = await receiver.settle(held, .release) }
                let report = await run.value
                #expect(report.done == (isReleased ? 3 : 2))
                #expect(report.left == (isReleased ? [] : [all[0]]))
            }
        }
    }

    @Test("with transactions nothing is lost or doubled under faults", arguments: FaultRun.faults)
    func faults(fault: String) async throws {
        try await FaultRun.each("exactly these", fault) { run in
            try await run.fixture.send(run.count)
            let all = try await run.fixture.peek().map(\.sequenceNumber)
            try await run.arm()
            var options = ManyOptions()
            options.batchSize = 7
            options.patience = .milliseconds(300)
            // What a run does not reach, the next one does: as a journal would have it.
            var left = all
            for attempt in 0..<40 where !left.isEmpty {
                if attempt == 8 { try await run.disarm() }
                let report = await run.namespace.perform(
                    .forward(to: run.fixture.r, changes: .none), onExactly: [ManyPart(.line, left)], in: run.fixture.q,
                    options: options, observer: ManyRecorder())
                left = report.left
                #expect(report.unknown.isEmpty, "\(run)")
            }
            try await run.disarm()
            let here = try await run.fixture.peek().map { $0.messageID ?? "?" }
            let there = try await run.fixture.peek(run.fixture.r).map { $0.messageID ?? "?" }
            #expect((here + there).sorted() == run.ids.sorted(), "\(run)")
            #expect(here.count == left.count, "\(run)")
        }
    }
}
