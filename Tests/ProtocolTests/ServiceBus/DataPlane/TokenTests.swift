import AMQP
import Identity
import NIOCore
import ServiceBus
import Synchronization
import Testing

@Suite("Tokens on a connection", .timeLimit(.minutes(2)))
struct TokenTests {
    /// A clock and pauses in the test's hand.
    private final class Hands: Sendable {
        struct State {
            var now: Int64 = 1_000_000
            var pauses: [(duration: Duration, wake: AsyncStream<Void>.Continuation)] = []
        }
        let state = Mutex(State())

        var clock: WallClock { WallClock { WallTime(secondsSince1970: self.state.withLock { $0.now }) } }

        var pacing: Pacing {
            Pacing(
                sleep: { duration in
                    let (stream, wake) = AsyncStream<Void>.makeStream()
                    self.state.withLock { $0.pauses.append((duration, wake)) }
                    for await _ in stream { break }
                    try Task.checkCancellation()
                }, random: { 0 })
        }

        /// Waits for the pause of this place, lets its time pass, and ends it.
        func pass(_ place: Int) async -> Duration? {
            let deadline = ContinuousClock.now + .seconds(10)
            while ContinuousClock.now < deadline {
                let pause = state.withLock { state -> (duration: Duration, wake: AsyncStream<Void>.Continuation)? in
                    guard state.pauses.count > place else { return nil }
                    state.now += state.pauses[place].duration.components.seconds
                    return state.pauses[place]
                }
                if let pause {
                    pause.wake.finish()
                    return pause.duration
                }
                await Task.yield()
            }
            return nil
        }
    }

    private struct Tokens: TokenProvider {
        let clock: WallClock
        let life: Int64
        func token(for audience: String) async throws(IdentityError) -> AccessToken {
            AccessToken(
                secret: Secret("SharedAccessSignature of \(audience)"), expiresAt: clock.now.advanced(by: .seconds(life)),
                kind: .sharedAccessSignature)
        }
    }

    private func puts(_ service: ScriptedService) -> [ScriptedService.Call] {
        service.notes.calls.filter { $0.operation == "put-token" }
    }

    private func eventually(_ condition: () -> Bool) async -> Bool {
        let deadline = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < deadline {
            if condition() { return true }
            await Task.yield()
        }
        return false
    }

    private func run(
        life: Int64, script: ScriptedService.Script = ScriptedService.Script(), retry: RetryPolicy = RetryPolicy(),
        _ body: (ScriptedService, Namespace, Hands) async throws -> Void
    ) async throws {
        let hands = Hands()
        try await ScriptedService.run(
            script,
            client: {
                $0.pacing = hands.pacing
                $0.retry = retry
            }, tokens: Tokens(clock: hands.clock, life: life), clock: hands.clock
        ) { service, namespace in try await body(service, namespace, hands) }
    }

    @Test("one token is put for an entity, before its first link; sub-queues share it")
    func once() async throws {
        try await run(life: 3600) { service, namespace, _ in
            let q = try EntityPath.queue("q")
            _ = try? await namespace.peek(q, from: SequenceNumber(0), count: 1)
            _ = try? await namespace.peek(q.deadLetter, from: SequenceNumber(0), count: 1)
            try await namespace.send(OutgoingMessage(), to: q)
            let put = try #require(puts(service).first)
            #expect(puts(service).count == 1)
            #expect(service.notes.calls.first?.operation == "put-token")
            #expect(put.properties["type"] == .string("servicebus.windows.net:sastoken"))
            #expect(put.properties["name"]?.text?.hasSuffix("/q") == true)
            #expect(put.properties["expiration"] == .timestamp(1_003_600_000))
            let audience = put.properties["name"]?.text ?? ""
            #expect(put.body == Bytes.body(Bytes.string("SharedAccessSignature of \(audience)")))
        }
    }

    @Test(
        "a token is renewed when a tenth of its life is left, again and again, while links are held",
        arguments: [
            (3600, 3240), (600, 480), (100, 50),
        ])
    func renewal(life: Int64, after: Int64) async throws {
        try await run(life: life) { service, namespace, hands in
            _ = try? await namespace.peek(.queue("q"), from: SequenceNumber(0), count: 1)
            #expect(await hands.pass(0) == .seconds(after))
            #expect(await eventually { puts(service).count == 2 })
            #expect(await hands.pass(1) == .seconds(after))
            #expect(await eventually { puts(service).count == 3 })
        }
    }

    @Test("a link that is detached because its token ran out comes back with a new one")
    func expired() async throws {
        var script = ScriptedService.Script()
        script.outcome = { _, message, _ in
            message.properties?.subject == "expire"
                ? .rejected(AMQPError("amqp:link:detach-forced", "Code: RenewToken. Details: Unauthorized access."))
                : .accepted
        }
        try await run(life: 3600, script: script) { service, namespace, _ in
            let q = try EntityPath.queue("q")
            var message = OutgoingMessage()
            message.subject = "expire"
            let failed = await namespace.send(each: [message], to: q)
            guard case .failure(let error)? = failed.first else { return #expect(Bool(false), "it was accepted") }
            #expect(error.recovery == .link)
            try await namespace.send(OutgoingMessage(), to: q)
            #expect(puts(service).count == 2)
        }
    }

    @Test("a refused token is a failure that trying again does not mend")
    func refused() async throws {
        var script = ScriptedService.Script()
        script.answer = { _, _ in ScriptedService.Answer(status: 401, text: "InvalidSignature: The token has an invalid signature.") }
        try await run(life: 3600, script: script) { service, namespace, _ in
            let error = await #expect(throws: ServiceBusError.self) {
                _ = try await namespace.peek(.queue("q"), from: SequenceNumber(0), count: 1)
            }
            #expect(error?.code == .unauthenticated)
            #expect(error?.recovery == .fatal)
            #expect(puts(service).count == 1)
        }
    }

    private func attaches(_ address: String, _ service: ScriptedService) -> Int {
        service.notes.attaches.count { $0.role == .sender && $0.target?.address == address }
    }

    /// The service detaches links that are idle for ten minutes, that of tokens too.
    @Test("the link for tokens is attached anew once it was detached, whether a token was under way or not", arguments: [true, false])
    func detached(answers: Bool) async throws {
        var script = ScriptedService.Script()
        script.answer = { _, number in number == 1 && !answers ? nil : ScriptedService.Answer() }
        script.ending = { _, number in number == 1 ? .links : .nothing }
        try await run(life: 3600, script: script, retry: .never) { service, namespace, _ in
            try await namespace.send(OutgoingMessage(), to: .queue("q"))
            try await namespace.send(OutgoingMessage(), to: .queue("r"))
            #expect(attaches("$cbs", service) == 2)
            #expect(puts(service).count == (answers ? 2 : 3))
        }
    }

    @Test("a service that detaches the link for tokens each time is not asked for ever")
    func detachedAgain() async throws {
        var script = ScriptedService.Script()
        script.answer = { _, _ in nil }
        script.ending = { _, _ in .links }
        try await run(life: 3600, script: script, retry: .never) { service, namespace, _ in
            let error = await #expect(throws: ServiceBusError.self) { try await namespace.send(OutgoingMessage(), to: .queue("q")) }
            #expect(error?.condition == "amqp:link:detach-forced")
            #expect(error?.outcome == .notCarriedOut)
            #expect(puts(service).count == 2)
        }
    }

    @Test("a token goes on being renewed for a link that was attached after the last one of its entity had closed")
    func renewalForLaterLinks() async throws {
        try await run(life: 3600) { service, namespace, hands in
            let q = try EntityPath.queue("q")
            try await namespace.withReceiver(for: q) { receiver in _ = try await receiver.receive(max: 1, wait: .zero) }
            try await namespace.withReceiver(for: q) { receiver in
                _ = try await receiver.receive(max: 1, wait: .zero)
                #expect(puts(service).count == 1)
                // The first receiver's pause ended with it.
                #expect(await hands.pass(1) == .seconds(3240))
                #expect(await eventually { puts(service).count == 2 })
            }
        }
    }

    @Test("the end of a receiver whose connection was lost leaves the tokens of the next connection alone")
    func receiverOfAnOldConnection() async throws {
        var script = ScriptedService.Script()
        script.ending = { call, _ in call.address == "r/$management" ? .connection : .nothing }
        try await run(life: 3600, script: script, retry: .never) { service, namespace, hands in
            let q = try EntityPath.queue("q")
            try await namespace.withReceiver(for: q) { receiver in
                _ = try await receiver.receive(max: 1, wait: .zero)
                _ = try? await namespace.peek(.queue("r"), from: SequenceNumber(0), count: 1)
                try await namespace.send(OutgoingMessage(), to: q)
            }
            #expect(puts(service).map { $0.properties["name"]?.text?.suffix(2) } == ["/q", "/r", "/q"])
            #expect(await hands.pass(2) == .seconds(3240))
            #expect(await eventually { puts(service).count == 4 })
        }
    }
}
