import NIOCore
import ServiceBus
import Testing

@testable import Sandbox

/// A large message of which half has come when patience ends: its credit is spent, and nothing of it has been handed over.
@Suite("Messages that come slowly", .timeLimit(.minutes(2)))
struct SlowLinkTests {
    private static let size = 2_000_000

    /// One large message, and a client that gets the second half of it after a pause, or never.
    private func run(
        pause: TimeAmount?, patience: Duration = .seconds(20), _ body: (DataPlaneFixture, Namespace) async throws -> Void
    ) async throws {
        try await DataPlaneFixture.run(tier: .premium) { fixture in
            try await fixture.namespace.send(OutgoingMessage(body: .data([UInt8](repeating: 7, count: Self.size))), to: fixture.q)
            try await SlowRelay.run(to: fixture.server.amqpPort, after: Self.size / 2, for: pause) { relay in
                let client = try DataPlaneFixture.namespace(of: fixture.server) {
                    $0.endpoint.port = relay.port
                    $0.requestTimeout = patience
                }
                do {
                    try await body(fixture, client)
                    await client.close()
                } catch {
                    await client.close()
                    throw error
                }
            }
        }
    }

    private func counts(_ fixture: DataPlaneFixture) async throws -> [Int] { try await fixture.peek().map { Int($0.deliveryCount) } }

    @Test("what has begun to come when a receive ends is waited for", arguments: [ReceiveMode.peekLock, .receiveAndDelete])
    func half(mode: ReceiveMode) async throws {
        try await run(pause: .seconds(1)) { fixture, client in
            let sizes = try await client.withReceiver(for: fixture.q, mode: mode) { receiver in
                try await receiver.receive(max: 1, wait: .milliseconds(300)).map { $0.body.bytes.count }
            }
            #expect(sizes == [Self.size])
            #expect(try await fixture.locked().isEmpty)
            #expect(try await counts(fixture) == (mode == .peekLock ? [0] : []))
        }
    }

    @Test("what does not become whole is given back when the link ends")
    func cutOff() async throws {
        try await run(pause: nil, patience: .seconds(1)) { fixture, client in
            let messages = try await client.withReceiver(for: fixture.q) { receiver in
                try await receiver.receive(max: 1, wait: .milliseconds(300))
            }
            #expect(messages.isEmpty)
            #expect(try await fixture.locked().isEmpty)
            #expect(try await counts(fixture) == [0])
        }
    }

    @Test("what was deleted before it left and does not become whole is said to be lost")
    func lost() async throws {
        try await run(pause: nil, patience: .seconds(1)) { fixture, client in
            let loss = try await client.withReceiver(for: fixture.q, mode: .receiveAndDelete) { receiver in
                let messages = try await receiver.receive(max: 1, wait: .milliseconds(300))
                #expect(messages.isEmpty)
                return await receiver.loss
            }
            #expect(loss?.outcome == .unknown)
            #expect(try await counts(fixture).isEmpty)
        }
    }
}
