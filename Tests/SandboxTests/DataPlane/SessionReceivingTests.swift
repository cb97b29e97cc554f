import ServiceBus
import Testing

@testable import Sandbox

@Suite("Sessions", .timeLimit(.minutes(2)))
struct SessionReceivingTests {
    private func send(_ fixture: DataPlaneFixture, _ sessions: [String]) async throws {
        try await fixture.send(sessions.count, to: fixture.s) { $0.sessionID = sessions[$1] }
    }

    @Test("a session gives its own messages, in order")
    func named() async throws {
        try await DataPlaneFixture.run { fixture in
            try await send(fixture, ["a", "b", "a", "b", "a"])
            try await fixture.namespace.withSession(.named("a"), of: fixture.s) { session in
                #expect(session.id == "a")
                #expect(session.lockedUntil != nil)
                let messages = try await session.receiver.receive(max: 10, wait: .seconds(10))
                #expect(messages.bodies == ["0", "2", "4"])
                #expect(messages.allSatisfy { $0.sessionID == "a" })
                #expect(await session.receiver.settle(messages, .complete).failures.isEmpty)
            }
            #expect(try await fixture.bodies(fixture.s) == ["1", "3"])
        }
    }

    @Test("the next session is one that nobody has; a taken one is refused as such")
    func next() async throws {
        try await DataPlaneFixture.run { fixture in
            try await send(fixture, ["a", "b"])
            try await fixture.namespace.withSession(.next, of: fixture.s) { first in
                let taken = await failure { try await fixture.namespace.withSession(.named(first.id), of: fixture.s) { _ in } }
                #expect(taken?.code == .sessionTaken)
                try await fixture.namespace.withSession(.next, of: fixture.s) { second in
                    #expect(Set([first.id, second.id]) == ["a", "b"])
                    let none = await failure {
                        try await fixture.namespace.withSession(.next, of: fixture.s, wait: .milliseconds(200)) { _ in }
                    }
                    #expect(none?.code == .noSession)
                }
            }
        }
    }

    @Test("accepting waits for a session to have messages")
    func waits() async throws {
        try await DataPlaneFixture.run { fixture in
            async let id = fixture.namespace.withSession(.next, of: fixture.s, wait: .seconds(20)) { $0.id }
            try await send(fixture, ["late"])
            #expect(try await id == "late")
        }
    }

    @Test("state is kept with the session, and can be cleared")
    func state() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.namespace.withSession(.named("x"), of: fixture.s) { session in
                #expect(try await session.state() == nil)
                try await session.setState([1, 2, 3])
                #expect(try await session.state() == [1, 2, 3])
                try await session.setState([])
                #expect(try await session.state() == [])
                try await session.setState(nil)
                #expect(try await session.state() == nil)
                #expect(try await session.renewLock() >= (session.lockedUntil ?? Timestamp(milliseconds: .max)))
            }
        }
    }

    @Test("sessions are listed page by page: those with messages, or those whose state was set lately")
    func lists() async throws {
        try await DataPlaneFixture.run { fixture in
            let names = (0..<230).map { "s\($0)" }
            try await send(fixture, names)
            let listed = try await fixture.namespace.sessionIDs(of: fixture.s)
            #expect(Set(listed) == Set(names))
            #expect(listed.count == 230)
            #expect(try await fixture.namespace.sessionIDs(of: fixture.s, maximum: 120).count == 120)
            let before = try #require(try await fixture.peek(fixture.s).first?.enqueuedTime).advanced(by: .milliseconds(-1))
            try await fixture.namespace.withSession(.named("s5"), of: fixture.s) { try await $0.setState([1]) }
            #expect(try await fixture.namespace.sessionIDs(of: fixture.s, stateUpdatedSince: before) == ["s5"])
            #expect(try await fixture.namespace.sessionIDs(of: fixture.s, stateUpdatedSince: before.advanced(by: .seconds(3600))).isEmpty)
        }
    }

    @Test("a session whose lock ended is lost as such")
    func lost() async throws {
        try await DataPlaneFixture.run(queue: { $0.lockDuration = 100 }) { fixture in
            try await send(fixture, ["a"])
            let error = await failure {
                try await fixture.namespace.withSession(.named("a"), of: fixture.s) { session in
                    let message = try #require(try await session.receiver.receive(max: 1, wait: .seconds(10)).first)
                    #expect(try await eventually { try await fixture.locked(fixture.s).isEmpty })
                    _ = await eventually { await session.receiver.settle([message], .complete).failures.first?.code == .sessionLost }
                    _ = try await session.receiver.receive(max: 1, wait: .seconds(10))
                }
            }
            #expect(error?.code == .sessionLost)
        }
    }

    @Test("the sub-queues of an entity with sessions have none")
    func subQueues() async throws {
        try await DataPlaneFixture.run { fixture in
            try await send(fixture, ["a"])
            try await fixture.namespace.withSession(.named("a"), of: fixture.s) { session in
                let message = try #require(try await session.receiver.receive(max: 1, wait: .seconds(10)).first)
                try await session.receiver.deadLetter(message, reason: "r")
            }
            let dead = fixture.s.deadLetter
            let refused = await failure { try await fixture.namespace.withSession(.named("a"), of: dead) { _ in } }
            #expect(refused?.code == .invalidRequest)
            try await fixture.namespace.withReceiver(for: dead) { receiver in
                let messages = try await receiver.receive(max: 1, wait: .seconds(10))
                #expect(messages.bodies == ["0"])
                #expect(messages.map { $0.sessionID } == ["a"])
            }
        }
    }

    @Test("an entity with sessions refuses a receiver without one")
    func refused() async throws {
        try await DataPlaneFixture.run { fixture in
            let error = await failure {
                try await fixture.namespace.withReceiver(for: fixture.s) { _ = try await $0.receive(max: 1, wait: .zero) }
            }
            #expect(error?.code == .invalidRequest)
        }
    }
}
