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
            #expect(try await fixture.bodies() == ["1"])
        }
    }

    @Test("what a transaction that was rolled back had settled is given back at the end of the scope")
    func giveBack() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(3)
            try await fixture.namespace.withTransactionScope { scope in
                try await scope.withReceiver(for: fixture.q) { receiver in
                    let messages = try await receiver.receive(max: 3, wait: .seconds(10))
                    await #expect(throws: Stop.self) {
                        try await scope.withTransaction { transaction in
                            _ = await receiver.settle([messages[0]], .complete, in: transaction)
                            _ = await receiver.settle([messages[1]], .deadLetter(reason: "r", description: nil), in: transaction)
                            throw Stop()
                        }
                    }
                    #expect(try await fixture.locked().count == 3)
                }
                #expect(try await fixture.locked().isEmpty)
            }
            let left = try await fixture.peek()
            #expect(left.map { $0.body.text } == ["0", "1", "2"])
            // There is no delivery any more that could be released; the third was never settled.
            #expect(left.map(\.deliveryCount) == [1, 1, 0])
        }
    }

    @Test("what a transaction that was rolled back had settled can be settled in another one")
    func secondTransaction() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(2)
            try await fixture.namespace.withTransactionScope { scope in
                try await scope.withReceiver(for: fixture.q) { receiver in
                    let messages = try await receiver.receive(max: 2, wait: .seconds(10))
                    for isLast in [false, false, true] {
                        do {
                            try await scope.withTransaction { transaction in
                                let settled = await receiver.settle(messages, .complete, in: transaction)
                                #expect(settled.held == 2)
                                if !isLast { throw Stop() }
                            }
                        } catch is Stop {
                            #expect(try await fixture.counts().active == 2)
                        }
                    }
                    #expect(try await fixture.counts().active == 0)
                }
            }
            #expect(try await fixture.peek().isEmpty)
        }
    }

    @Test("scheduling, and settling by lock token, are parts of a transaction", arguments: [false, true])
    func requests(isRolledBack: Bool) async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(2)
            let later = Timestamp(milliseconds: 4_102_444_800_000)
            // Received on another connection: only its token is known to the one that settles it.
            try await fixture.namespace.withReceiver(for: fixture.q, atEnd: .stayLocked) { receiver in
                let messages = try await receiver.receive(max: 2, wait: .seconds(10))
                try await fixture.namespace.withTransactionScope { scope in
                    do {
                        try await scope.withTransaction { transaction in
                            let numbers = await scope.schedule(
                                [OutgoingMessage(), OutgoingMessage()], at: later, on: fixture.r, in: transaction)
                            #expect(try numbers.get().count == 2)
                            let settled =
                                await scope.settle(
                                    [messages[0]], .complete, on: fixture.q, in: transaction)
                                + scope.settle([messages[1]], .deadLetter(reason: "r", description: nil), on: fixture.q, in: transaction)
                            #expect(settled.held == 2)
                            #expect(try await fixture.counts().active == 2)
                            #expect(try await fixture.counts(fixture.r).scheduled == 0)
                            if isRolledBack { throw Stop() }
                        }
                    } catch is Stop {}
                }
            }
            #expect(try await fixture.counts().active == (isRolledBack ? 2 : 0))
            #expect(try await fixture.counts().deadLetter == (isRolledBack ? 0 : 1))
            #expect(try await fixture.counts(fixture.r).scheduled == (isRolledBack ? 0 : 2))
            #expect(try await fixture.locked().count == (isRolledBack ? 2 : 0))
        }
    }

    @Test("a request that fails in a transaction prevents its commit")
    func failedRequest() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(1)
            let error = await failure {
                try await fixture.namespace.withTransactionScope { scope in
                    try await scope.withReceiver(for: fixture.q) { receiver in
                        let messages = try await receiver.receive(max: 1, wait: .seconds(10))
                        try await receiver.complete(messages[0])
                        try await scope.withTransaction { transaction in
                            _ = await scope.send(each: [OutgoingMessage()], to: fixture.r, in: transaction)
                            let settled = await scope.settle(messages, .complete, on: fixture.q, in: transaction)
                            #expect(settled.failures.map(\.code) == [.lockLost])
                        }
                    }
                }
            }
            #expect(error?.code == .lockLost)
            #expect(error?.outcome == .notCarriedOut)
            #expect(try await fixture.counts(fixture.r).active == 0)
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
