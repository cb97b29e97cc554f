import ServiceBus
import Synchronization
import Testing

@testable import Sandbox

/// Keeps a pace on a clock of its own: time passes when it is asked, and at no other time.
private final class Pacer: ManyObserver {
    let timePerMessage: Duration?
    /// Called before each batch, instead of what is usual: that the time it takes passes at once.
    private let pass: @Sendable (Duration) async -> Bool
    private let underWay = Mutex(0)

    init(_ perMessage: Duration, pass: @escaping @Sendable (Duration) async -> Bool) {
        timePerMessage = perMessage
        self.pass = pass
    }

    func mayProceed(with count: Int?) async -> Bool {
        guard let count, let timePerMessage else { return true }
        // Time that passes at once leaves none for what was begun before, which would be done by then on any machine.
        guard await eventually({ underWay.withLock { $0 <= 1 } }) else { return false }
        return await pass(timePerMessage * count)
    }
    func willAct(on batch: Int, _ numbers: [SequenceNumber]) async throws { underWay.withLock { $0 += 1 } }
    func willRemove(_ numbers: [SequenceNumber], of batch: Int, unknown: [SequenceNumber]) async throws {}
    func didAct(on batch: Int, _ outcome: ManyOutcome) async { underWay.withLock { $0 -= 1 } }
    func areGone(_ numbers: [SequenceNumber]) async {}
    func willReconnect(after error: ServiceBusError) async {}
}

@Suite("Many messages at a slow pace", .timeLimit(.minutes(3)))
struct SlowPaceTests {
    enum Place: CaseIterable {
        case line, deadLetters, session, deferred, deferredInSession

        var isInSession: Bool { self == .session || self == .deferredInSession }
    }

    /// Puts messages where they are to be, and says where that is.
    private func put(_ count: Int, _ place: Place, _ fixture: DataPlaneFixture) async throws -> EntityPath {
        let path = place.isInSession ? fixture.s : fixture.q
        try await fixture.send(count, to: path) { message, _ in if place.isInSession { message.sessionID = "one" } }
        func settle(_ receiver: MessageReceiver, _ disposition: MessageDisposition) async throws {
            var left = count
            while left > 0 {
                let messages = try await receiver.receive(max: left, wait: .seconds(5))
                #expect(await receiver.settle(messages, disposition).failures.isEmpty)
                left -= messages.count
            }
        }
        switch place {
        case .line, .session: break
        case .deadLetters:
            try await fixture.namespace.withReceiver(for: path) { try await settle($0, .deadLetter(reason: "r", description: nil)) }
        case .deferred: try await fixture.namespace.withReceiver(for: path) { try await settle($0, .defer()) }
        case .deferredInSession:
            try await fixture.namespace.withSession(.named("one"), of: path) { try await settle($0.receiver, .defer()) }
        }
        return place == .deadLetters ? path.deadLetter : path
    }

    private func part(_ place: Place, _ numbers: [SequenceNumber]) -> ManyPart {
        let way: ManyPart.Way =
            switch place {
            case .line, .deadLetters: .line
            case .session: .session("one")
            case .deferred: .deferred(session: nil)
            case .deferredInSession: .deferred(session: "one")
            }
        return ManyPart(way, numbers)
    }

    @Test("a job that takes many times as long as a lock lasts ends, and no other count changes", arguments: Place.allCases, [true, false])
    func slowly(place: Place, isForward: Bool) async throws {
        let clock = SharedClock(step: 0)
        try await DataPlaneFixture.run(clock: clock, queue: { $0.lockDuration = 5000 }) { fixture in
            let path = try await put(60, place, fixture)
            let before = try await fixture.peek(path)
            let wanted = before.enumerated().filter { $0.offset % 2 == 1 }.map(\.element.sequenceNumber)
            let others = before.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
            let most = Mutex(0)
            let observer = Pacer(.seconds(1)) { time in
                clock.pass(time)
                let held = (try? await fixture.locked(path))?.filter { wanted.contains(SequenceNumber($0)) }.count ?? .max
                most.withLock { $0 = max($0, held) }
                return true
            }
            var options = ManyOptions()
            options.batchSize = 1
            let report = await fixture.namespace.perform(
                isForward ? .forward(to: fixture.r, changes: .none) : .delete, onExactly: [part(place, wanted)], in: path,
                options: options, observer: observer)
            #expect(report.failure == nil)
            #expect(report.done == 30)
            #expect(report.stillLocked == 0)
            #expect(clock.passed >= .seconds(30))
            let after = try await fixture.peek(path)
            #expect(after.map(\.sequenceNumber) == others.map(\.sequenceNumber))
            #expect(after.map(\.deliveryCount) == others.map(\.deliveryCount))
            #expect(try await fixture.locked(path).isEmpty)
            // Besides those that are acted on, as many wait as a part of a lock is enough for.
            #expect(most.withLock { $0 } <= 8)
        }
    }

    @Test("locks are renewed while the next message waits for longer than they last", arguments: [Place.line, .session, .deadLetters])
    func waiting(place: Place) async throws {
        let clock = SharedClock(step: 0)
        try await DataPlaneFixture.run(
            clock: clock, queue: { $0.lockDuration = 5000 },
            client: { $0.pacing = Pacing(sleep: { try await clock.wait($0) }, random: { 0.5 }) }
        ) { fixture in
            let path = try await put(9, place, fixture)
            let before = try await fixture.peek(path)
            let wanted = [before[2], before[4], before[7]].map(\.sequenceNumber)
            let observer = Pacer(.seconds(12)) { _ in
                for second in 0...12 {
                    // Time stands still until what is due is renewed, and what is due next is waited for.
                    let isKept = try? await eventually {
                        let ends = try await fixture.server.withBroker { broker in
                            try broker.queue(at: BrokerFixture.address(path.address)).locks.values.map(\.lockedUntil)
                        }
                        return clock.isWaitedFor(within: .seconds(5)) && ends.allSatisfy { $0 > clock.milliseconds + 1000 }
                    }
                    guard isKept == true else { return false }
                    if second < 12 { clock.pass(.seconds(1)) }
                }
                return true
            }
            let report = await fixture.namespace.perform(.delete, onExactly: [part(place, wanted)], in: path, observer: observer)
            #expect(report.failure == nil)
            #expect(report.done == 3)
            #expect(report.stillLocked == 0)
            let after = try await fixture.peek(path)
            #expect(after.count == 6)
            #expect(
                after.allSatisfy { message in
                    before.contains { $0.sequenceNumber == message.sequenceNumber && $0.deliveryCount == message.deliveryCount }
                })
        }
    }

    @Test("a process that was held up for longer than locks last says what became of the others")
    func heldUp() async throws {
        let clock = SharedClock(step: 0)
        try await DataPlaneFixture.run(clock: clock, queue: { $0.lockDuration = 5000 }) { fixture in
            try await fixture.send(12)
            let numbers = try await fixture.peek().map(\.sequenceNumber)
            let asked = Atomic(0)
            let observer = Pacer(.milliseconds(100)) { time in
                clock.pass(asked.add(1, ordering: .relaxed).newValue == 2 ? .seconds(60) : time)
                return true
            }
            let report = await fixture.namespace.perform(
                .delete, onExactly: [ManyPart(.line, [numbers[3], numbers[6], numbers[10]])], in: fixture.q, observer: observer)
            #expect((report.failure as? ServiceBusError)?.code == .lockLost)
            #expect(report.stillLocked == 9)
            let raised = try await fixture.peek().filter { $0.deliveryCount > 0 }.map(\.sequenceNumber)
            #expect(numbers.filter { $0 != numbers[3] && $0 != numbers[6] && $0 != numbers[10] }.allSatisfy(raised.contains))
        }
    }
}
