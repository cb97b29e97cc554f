import ServiceBus
import Testing

@testable import Sandbox

@Suite("Exactly one message", .timeLimit(.minutes(3)))
struct ExactOneTests {
    /// Everything about an entity's messages that an operation on another message must not change.
    private func picture(_ fixture: DataPlaneFixture, _ path: EntityPath) async throws -> [String] {
        try await fixture.peek(path).map { "\($0.sequenceNumber) \($0.body.text ?? "?") count \($0.deliveryCount) \($0.state)" }
    }

    @Test("is deleted from the middle, and no other message changes", arguments: [0, 1, 60, 399])
    func deletes(position: Int) async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(400)
            var expected = try await picture(fixture, fixture.q)
            let number = try await fixture.peek()[position].sequenceNumber
            let report = try await fixture.namespace.perform(.delete, onExactly: number, in: fixture.q)
            expected.remove(at: position)
            #expect(try await picture(fixture, fixture.q) == expected)
            #expect(report.stillLocked == 0)
            #expect(report.passedOver >= position)
            #expect(try await fixture.locked().isEmpty)
        }
    }

    @Test("is dead-lettered, with a reason")
    func deadLetters() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(20)
            let number = try await fixture.peek()[11].sequenceNumber
            _ = try await fixture.namespace.perform(
                .deadLetter(reason: "poison", description: nil), onExactly: number, in: fixture.q)
            #expect(try await fixture.bodies(fixture.q.deadLetter) == ["11"])
            #expect(try await fixture.peek(fixture.q.deadLetter).first?.deadLetterReason == "poison")
            #expect(try await fixture.counts().active == 19)
        }
    }

    @Test("is found among dead letters and deferred and scheduled messages")
    func elsewhere() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(6)
            try await fixture.namespace.withReceiver(for: fixture.q) { receiver in
                let messages = try await receiver.receive(max: 6, wait: .seconds(10))
                _ = await receiver.settle(Array(messages.prefix(4)), .deadLetter(reason: "r", description: nil))
                _ = await receiver.settle(Array(messages.suffix(2)), .defer())
            }
            let dead = try await fixture.peek(fixture.q.deadLetter)
            _ = try await fixture.namespace.perform(.delete, onExactly: dead[2].sequenceNumber, in: fixture.q.deadLetter)
            #expect(try await fixture.bodies(fixture.q.deadLetter) == ["0", "1", "3"])
            #expect(try await fixture.peek(fixture.q.deadLetter).map(\.deliveryCount) == [dead[0], dead[1], dead[3]].map(\.deliveryCount))
            let deferred = try await fixture.peek()
            _ = try await fixture.namespace.perform(.delete, onExactly: deferred[0].sequenceNumber, in: fixture.q)
            #expect(try await fixture.bodies() == ["5"])
            let later = Timestamp(milliseconds: 4_102_444_800_000)
            let numbers = try await fixture.namespace.schedule([OutgoingMessage(), OutgoingMessage()], at: later, on: fixture.q).get()
            _ = try await fixture.namespace.perform(.delete, onExactly: numbers[1], in: fixture.q)
            #expect(try await fixture.counts().scheduled == 1)
        }
    }

    @Test("is found in a session, whose other messages stay as they are")
    func inSession() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(9, to: fixture.s) { $0.sessionID = $1 % 2 == 0 ? "even" : "odd" }
            var expected = try await picture(fixture, fixture.s)
            let number = try await fixture.peek(fixture.s)[4].sequenceNumber
            let report = try await fixture.namespace.perform(.delete, onExactly: number, in: fixture.s)
            expected.remove(at: 4)
            #expect(try await picture(fixture, fixture.s) == expected)
            // Four others are in its session.
            #expect(report.passedOver <= 4)
        }
    }

    @Test("that somebody else holds cannot be had, and what was passed over is given back")
    func held() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(30)
            let numbers = try await fixture.peek().map(\.sequenceNumber)
            try await fixture.namespace.withReceiver(for: fixture.q) { other in
                let taken = try await other.receive(max: 1, wait: .seconds(10))
                var limits = ExactLimits()
                limits.wait = .milliseconds(300)
                let error = await failure {
                    _ = try await fixture.namespace.perform(.delete, onExactly: numbers[0], in: fixture.q, limits: limits)
                }
                #expect(error?.code == .messageNotFound)
                #expect(try await fixture.locked() == taken.map { $0.sequenceNumber.rawValue })
            }
            let absent = await failure {
                _ = try await fixture.namespace.perform(.delete, onExactly: SequenceNumber(5000), in: fixture.q)
            }
            #expect(absent?.code == .messageNotFound)
            #expect(try await fixture.peek().map(\.deliveryCount) == Array(repeating: 0, count: 30))
        }
    }

    @Test("is not looked for beyond the number of messages that may be held")
    func bounded() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(50)
            let number = try await fixture.peek()[40].sequenceNumber
            var limits = ExactLimits()
            limits.heldAtOnce = 20
            let error = await failure {
                _ = try await fixture.namespace.perform(.delete, onExactly: number, in: fixture.q, limits: limits)
            }
            #expect(error?.code == .invalidRequest)
            #expect(error?.message.contains("20") == true)
            #expect(try await fixture.locked().isEmpty)
            #expect(try await fixture.counts().active == 50)
        }
    }

    @Test("is found in a session behind so many that its lock would not last: it is renewed")
    func renewal() async throws {
        let clock = SharedClock(step: 20)
        try await DataPlaneFixture.run(clock: clock, queue: { $0.lockDuration = 30_000 }) { fixture in
            let path = fixture.s
            try await fixture.send(2500, to: path) { message, _ in message.sessionID = "one" }
            let last = try #require(try await fixture.peek(path).last)
            let before = clock.passed
            let report = try await fixture.namespace.perform(.delete, onExactly: last.sequenceNumber, in: path)
            // Nobody holds a lock for so long.
            #expect(clock.passed - before > .seconds(45))
            #expect(report.passedOver == 2499)
            #expect(report.stillLocked == 0)
            let left = try await fixture.peek(path)
            #expect(left.count == 2499)
            #expect(left.allSatisfy { $0.deliveryCount == 0 })
            #expect(try await fixture.locked(path).isEmpty)
        }
    }

    @Test("is left alone by a service that counts releases, after one message")
    func countedReleases() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(10)
            var faults = SandboxFaults()
            faults.countReleases = true
            try await fixture.server.setFaults(faults)
            let number = try await fixture.peek()[7].sequenceNumber
            let error = await failure { _ = try await fixture.namespace.perform(.delete, onExactly: number, in: fixture.q) }
            #expect(error?.code == .releaseRaisesCount)
            #expect(error?.message.contains("went from 0 to 1") == true)
            #expect(try await fixture.peek().map(\.deliveryCount) == [1, 0, 0, 0, 0, 0, 0, 0, 0, 0])
            #expect(try await fixture.locked().isEmpty)
        }
    }
}
