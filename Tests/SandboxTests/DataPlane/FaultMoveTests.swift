import ServiceBus
import Testing

@testable import Sandbox

/// Moving under faults: a message is in one place or in the other.
@Suite("Faults while moving", .timeLimit(.minutes(10)))
struct FaultMoveTests {
    @Test(
        "a message is moved or it is not: it is never in both places nor in none",
        arguments: FaultRun.faults)
    func exactMove(fault: String) async throws {
        try await FaultRun.each("exact move", fault) { run in
            try await run.fixture.send(run.count)
            let messages = try await run.fixture.peek()
            try await run.arm()
            for target in run.targets(messages) { try await move(target, run) }
            try await run.disarm()
            try await run.checkMoved()
        }
    }

    private func move(_ message: PeekedMessage, _ run: FaultRun) async throws {
        try await run.ledger.note([message.messageID ?? "?"]) {
            _ = try await run.namespace.perform(
                .move(to: run.fixture.r), onExactly: message.sequenceNumber, in: run.fixture.q,
                limits: run.limits)
        }
    }

    @Test("the messages of a transaction move together or not at all", arguments: FaultRun.faults)
    func transactionalMove(fault: String) async throws {
        try await FaultRun.each("transactional move", fault) { run in
            try await run.fixture.send(run.count)
            try await run.arm()
            try await run.rounds {
                try await run.namespace.withTransactionScope { scope in
                    try await scope.withReceiver(for: run.fixture.q) { receiver in
                        let taken = try await receiver.receive(max: 10, wait: .milliseconds(100))
                        if !taken.isEmpty { try await move(taken, receiver, scope, run) }
                        return !taken.isEmpty
                    }
                }
            }
            try await run.disarm()
            try await run.checkMoved()
        }
    }

    private func move(
        _ messages: [ReceivedMessage], _ receiver: MessageReceiver, _ scope: TransactionScope,
        _ run: FaultRun
    ) async throws {
        let ids = messages.map { $0.messageID ?? "?" }
        try await run.ledger.note(ids) {
            try await scope.withTransaction { transaction in
                _ = await scope.send(
                    each: messages.map { ForwardedMessage($0) }, to: run.fixture.r, in: transaction)
                _ = await receiver.settle(messages, .complete, in: transaction)
            }
        }
        // All of them, or none.
        let arrived = Set(try await run.fixture.peek(run.fixture.r).map { $0.messageID ?? "?" })
        let count = ids.count(where: { arrived.contains($0) })
        #expect(count == 0 || count == ids.count, "\(count) of \(ids.count) moved (\(run))")
    }
}

extension FaultRun {
    /// Every message is in exactly one of the two queues: in `r` if it was reported moved, in `q` if not, in either if that is unknown.
    func checkMoved() async throws {
        let here = Dictionary(grouping: try await fixture.peek()) { $0.messageID ?? "?" }.mapValues(
            \.count)
        let there = Dictionary(grouping: try await fixture.peek(fixture.r)) { $0.messageID ?? "?" }
            .mapValues(\.count)
        for id in ids {
            let (left, right) = (here[id] ?? 0, there[id] ?? 0)
            #expect(left + right == 1, "\(id) is in q \(left) times and in r \(right) times (\(self))")
            switch ledger.report(id) {
            case .done: #expect(right == 1, "\(id) was reported moved (\(self))")
            case .unknown: break
            case nil: #expect(right == 0, "\(id) was not reported moved (\(self))")
            }
        }
    }
}
