import AMQP
import ServiceBus
import Testing

@testable import Sandbox

@Suite("Transactions across entities", .timeLimit(.minutes(2)))
struct ClientTransactionTests {
    private struct Stop: Error {}

    @Test("what is sent and settled in a transaction happens at its commit, all together")
    func commit() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(3)
            try await fixture.namespace.withTransactionScope { scope in
                try await scope.withReceiver(for: fixture.q) { receiver in
                    let messages = try await receiver.receive(max: 3, wait: .seconds(10))
                    try await scope.withTransaction { transaction in
                        let sent = await scope.send(
                            each: messages.map { ForwardedMessage($0) }, to: fixture.r, in: transaction)
                        let settled = await receiver.settle(messages, .complete, in: transaction)
                        #expect(sent.held == 3)
                        #expect(settled.held == 3)
                        let before = try await fixture.counts(fixture.r).active
                        #expect(before == 0)
                    }
                    let after = try await fixture.bodies(fixture.r)
                    #expect(after == ["0", "1", "2"])
                }
            }
            let left = try await fixture.counts().active
            #expect(left == 0)
        }
    }

    @Test("what fails in a transaction leaves everything as it was, and the locks go on")
    func rollback() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(2)
            try await fixture.namespace.withTransactionScope { scope in
                try await scope.withReceiver(for: fixture.q) { receiver in
                    let messages = try await receiver.receive(max: 2, wait: .seconds(10))
                    await #expect(throws: Stop.self) {
                        try await scope.withTransaction { transaction in
                            _ = await scope.send(each: [OutgoingMessage()], to: fixture.r, in: transaction)
                            _ = await receiver.settle(messages, .complete, in: transaction)
                            throw Stop()
                        }
                    }
                    let arrived = try await fixture.counts(fixture.r).active
                    #expect(arrived == 0)
                    // Still ours: they can be settled outside of any transaction.
                    try await receiver.complete(messages[0])
                }
            }
            let left = try await fixture.peek()
            #expect(left.map { $0.body.text } == ["1"])
            #expect(left.map(\.deliveryCount) == [0])
        }
    }

    @Test("exactly one message is moved, byte for byte, from a dead-letter queue back to its queue")
    func exactMove() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(5)
            try await fixture.namespace.withReceiver(for: fixture.q) { receiver in
                let messages = try await receiver.receive(max: 5, wait: .seconds(10))
                _ = await receiver.settle(messages, .deadLetter(reason: "r", description: nil))
            }
            let dead = try await fixture.peek(fixture.q.deadLetter)
            let report = try await fixture.namespace.perform(
                .move(to: fixture.r), onExactly: dead[3].sequenceNumber, in: fixture.q.deadLetter)
            #expect(report.stillLocked == 0)
            let moved = try await fixture.peek(fixture.r)
            #expect(moved.map { $0.message.bareBytes } == [dead[3].message.bareBytes])
            let rest = try await fixture.bodies(fixture.q.deadLetter)
            #expect(rest == ["0", "1", "2", "4"])
        }
    }
}
