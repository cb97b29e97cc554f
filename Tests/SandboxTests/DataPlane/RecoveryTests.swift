import ServiceBus
import Synchronization
import Testing

@testable import Sandbox

@Suite("Recovery", .timeLimit(.minutes(2)))
struct RecoveryTests {
    /// Pauses that take no time and are written down.
    private final class Pauses: Sendable {
        private let list = Mutex<[Duration]>([])
        var all: [Duration] { list.withLock { $0 } }
        var pacing: Pacing {
            Pacing(
                sleep: { duration in
                    self.list.withLock { $0.append(duration) }
                    // The renewal of a token is not due in these tests.
                    if duration > .seconds(60) { try await Task.sleep(for: duration) }
                }, random: { 0.4 })
        }
        var short: [Duration] { all.filter { $0 <= .seconds(60) } }
    }

    private func faults(_ edit: (inout SandboxFaults) -> Void) -> SandboxFaults {
        var faults = SandboxFaults()
        edit(&faults)
        return faults
    }

    @Test("looking is repeated while the service is busy, after pauses that double")
    func busyLook() async throws {
        let pauses = Pauses()
        try await DataPlaneFixture.run(client: { $0.pacing = pauses.pacing }) { fixture in
            try await fixture.send(3)
            try await fixture.server.setFaults(faults { $0.serverBusy = 3 })
            #expect(try await fixture.bodies() == ["0", "1", "2"])
            #expect(pauses.short == [.seconds(2), .seconds(4), .seconds(8)])
        }
    }

    @Test("a send the service was too busy for is repeated, since nothing was carried out; within limits")
    func busySend() async throws {
        let pauses = Pauses()
        try await DataPlaneFixture.run(client: { $0.pacing = pauses.pacing }) { fixture in
            try await fixture.server.setFaults(faults { $0.throttle = 2 })
            try await fixture.send(1)
            #expect(try await fixture.bodies() == ["0"])
            try await fixture.server.setFaults(faults { $0.throttle = 100 })
            let error = await failure { try await fixture.send(1) }
            #expect(error?.code == .busy)
            #expect(error?.outcome == .notCarriedOut)
            try await fixture.server.setFaults(SandboxFaults())
            #expect(try await fixture.bodies() == ["0"])
        }
    }

    @Test("a link that was detached by force is attached anew, and credit granted again")
    func forcedDetach() async throws {
        // A settlement whose request was lost with its link comes back when the lock ends.
        try await DataPlaneFixture.run(
            queue: {
                $0.lockDuration = 2000
                $0.maxDeliveryCount = 100
            }, client: { $0.pacing = Pauses().pacing }
        ) { fixture in
            try await fixture.send(30)
            try await fixture.server.setFaults(faults { $0.detachAfterDeliveries = 7 })
            try await fixture.namespace.withReceiver(for: fixture.q) { receiver in
                for _ in 0..<100 {
                    let messages = try await receiver.receive(max: 5, wait: .milliseconds(500))
                    _ = await receiver.settle(messages, .complete)
                    if try await fixture.counts().active == 0 { break }
                }
            }
            #expect(try await fixture.counts().active == 0)
        }
    }

    @Test("after the connection was cut, looking goes on over a new one")
    func cutConnection() async throws {
        try await DataPlaneFixture.run(client: { $0.pacing = Pauses().pacing }) { fixture in
            try await fixture.send(600)
            try await fixture.server.setFaults(faults { $0.dropConnectionAfterFrames = 2 })
            let first = await failure { _ = try await fixture.namespace.peek(fixture.q, from: SequenceNumber(0), count: 10) }
            try await fixture.server.setFaults(SandboxFaults())
            #expect(first == nil || first?.recovery == .fatal)
            #expect(try await fixture.peek().count == 600)
        }
    }

    @Test("once closed, a namespace opens no other connection, whatever is asked")
    func closedForGood() async throws {
        try await DataPlaneFixture.run(client: { $0.pacing = Pauses().pacing }) { fixture in
            try await fixture.send(1)
            let namespace = fixture.namespace
            let asked = Task { await failure { while true { _ = try await namespace.peek(fixture.q, from: SequenceNumber(0), count: 1) } } }
            await namespace.close()
            #expect(await asked.value?.recovery == .fatal)
            let error = await failure { try await fixture.send(1) }
            #expect(error?.code == .unreachable && error?.recovery == .fatal)
            #expect(error?.message == "the namespace was closed")
            #expect(try await fixture.counts().active == 1)
        }
    }

    @Test("a settlement without an answer has an unknown outcome, and is not repeated")
    func lostDisposition() async throws {
        try await DataPlaneFixture.run(client: { $0.requestTimeout = .seconds(2) }) { fixture in
            try await fixture.send(2)
            try await fixture.namespace.withReceiver(for: fixture.q) { receiver in
                let messages = try await receiver.receive(max: 2, wait: .seconds(10))
                try await fixture.server.setFaults(faults { $0.loseDispositions = 1 })
                let error = await failure { try await receiver.complete(messages[0]) }
                #expect(error?.code == .timeout)
                #expect(error?.outcome == .unknown)
                try await receiver.complete(messages[1])
            }
            #expect(try await fixture.counts().active == 0)
        }
    }

    @Test("a send without an outcome is unknown, and is not repeated")
    func lostSend() async throws {
        try await DataPlaneFixture.run(client: { $0.requestTimeout = .seconds(2) }) { fixture in
            try await fixture.send(1)
            try await fixture.server.setFaults(faults { $0.loseDispositions = 1 })
            let error = await failure { try await fixture.send(1) }
            #expect(error?.outcome == .unknown)
            #expect(try await fixture.counts().active == 2)
        }
    }

    @Test("a batch delete without an answer ends there, and says what is certain")
    func lostResponse() async throws {
        try await DataPlaneFixture.run(client: { $0.requestTimeout = .seconds(2) }) { fixture in
            try await fixture.send(10)
            let cutoff = Timestamp(milliseconds: 4_102_444_800_000)
            _ = try await fixture.peek()
            try await fixture.server.setFaults(faults { $0.loseResponses = 1 })
            let result = await fixture.namespace.deleteMessages(in: fixture.q, enqueuedBefore: cutoff)
            #expect(result.done == 0)
            #expect(result.failure?.outcome == .unknown)
            #expect(try await fixture.counts().active == 0)
        }
    }
}
