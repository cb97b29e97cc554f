import ServiceBus
import Testing

@testable import Sandbox

/// For each fault of the sandbox and each operation that changes something: whatever is cut, lost or refused, every message is where the
/// reports say it is. Nothing is lost, and nothing is in doubt that was not reported as unknown.
///
/// `CALLBOARD_FAULTS=long` runs a thousand messages and several seeds, as `script/soak` does; `CALLBOARD_FAULT_SEED` repeats one run.
@Suite("Faults", .timeLimit(.minutes(10)))
struct FaultTests {
    /// Settles what there is, until there is no more.
    private func settleAll(_ run: FaultRun, _ disposition: MessageDisposition) async throws {
        try await run.rounds {
            try await run.namespace.withReceiver(for: run.fixture.q) { receiver in
                let messages = try await receiver.receive(max: 40, wait: .milliseconds(100))
                for (message, result) in zip(messages, await receiver.settle(messages, disposition)) {
                    run.ledger.note(message.messageID ?? "?", result)
                }
                return !messages.isEmpty
            }
        }
    }

    @Test(
        "a message that was reported settled is gone, one that was not is there", arguments: FaultRun.faults,
        [
            MessageDisposition.complete, .deadLetter(reason: "r", description: nil), .defer(),
        ])
    func settling(fault: String, disposition: MessageDisposition) async throws {
        try await FaultRun.each("settling \(disposition)", fault) { run in
            try await run.fixture.send(run.count)
            try await run.arm()
            try await settleAll(run, disposition)
            try await run.disarm()
            let active = try await run.fixture.peek().map { ($0.messageID ?? "?", "\($0.state)") }
            let dead = try await run.fixture.peek(run.fixture.q.deadLetter).map { ($0.messageID ?? "?", "dead") }
            let places = Dictionary(grouping: active + dead, by: \.0).mapValues { $0.map(\.1) }
            #expect(places.count <= run.count, "messages nobody sent (\(run))")
            let settledPlace: [String] =
                switch disposition {
                case .deadLetter: ["dead"]
                case .defer: ["deferred"]
                default: []
                }
            for id in run.ids {
                let place = places[id] ?? []
                switch run.ledger.report(id) {
                case .done: #expect(place == settledPlace, "\(id) was reported settled (\(run))")
                case .unknown: #expect(place == settledPlace || place == ["active"], "\(id) is unknown (\(run))")
                case nil: #expect(place == ["active"], "\(id) was not reported settled (\(run))")
                }
            }
        }
    }

    @Test("what is received and deleted is lost only where that was reported", arguments: FaultRun.faults)
    func deleting(fault: String) async throws {
        try await FaultRun.each("receive and delete", fault) { run in
            try await run.fixture.send(run.count)
            try await run.arm()
            try await run.rounds {
                try await run.namespace.withReceiver(for: run.fixture.q, mode: .receiveAndDelete) { receiver in
                    let isEmpty = try await receiveSome(receiver, run)
                    if await receiver.loss != nil { run.ledger.doubt(20) }
                    return !isEmpty
                }
            }
            try await run.disarm()
            let present = Set(try await run.fixture.peek().map { $0.messageID ?? "?" })
            let lost = run.ids.filter { !present.contains($0) && run.ledger.report($0) == nil }
            #expect(run.ids.allSatisfy { !present.contains($0) || run.ledger.report($0) == nil }, "received and still there (\(run))")
            #expect(lost.count <= run.ledger.doubted, "lost \(lost.count), reported at most \(run.ledger.doubted) (\(run))")
        }
    }

    /// Receives three times. Answers whether there was nothing.
    private func receiveSome(_ receiver: MessageReceiver, _ run: FaultRun) async throws -> Bool {
        for _ in 0..<3 {
            do throws(ServiceBusError) {
                let messages = try await receiver.receive(max: 20, wait: .milliseconds(100))
                if messages.isEmpty { return true }
                for message in messages {
                    let id = message.messageID ?? "?"
                    #expect(run.ledger.report(id) == nil, "received twice (\(run))")
                    run.ledger.note(id, .success(()))
                }
            } catch {
                if error.outcome == .unknown { run.ledger.doubt(20) }
            }
        }
        return false
    }

    @Test("a message reported sent is there once, one reported not sent is not there", arguments: FaultRun.faults)
    func sending(fault: String) async throws {
        try await FaultRun.each("sending", fault) { run in
            try await run.arm()
            try await run.rounds {
                let chunk = run.ids.filter { run.ledger.report($0) == nil }.prefix(25)
                let messages = chunk.map { id in
                    var message = OutgoingMessage()
                    message.messageID = id
                    return message
                }
                for (id, result) in zip(chunk, await run.namespace.send(each: messages, to: run.fixture.q)) { run.ledger.note(id, result) }
                return !chunk.isEmpty
            }
            try await run.disarm()
            let present = Dictionary(grouping: try await run.fixture.peek()) { $0.messageID ?? "?" }.mapValues(\.count)
            for id in run.ids {
                let count = present[id] ?? 0
                switch run.ledger.report(id) {
                case .done: #expect(count == 1, "\(id) was reported sent (\(run))")
                case .unknown: #expect(count <= 1, "\(id) is unknown (\(run))")
                case nil: #expect(count == 0, "\(id) was reported not sent (\(run))")
                }
            }
        }
    }

    @Test("what a batch delete reports is gone, and no more than one request besides", arguments: FaultRun.faults)
    func batchDelete(fault: String) async throws {
        try await FaultRun.each("batch delete", fault) { run in
            try await run.fixture.send(run.count)
            try await run.arm()
            try await run.rounds {
                let result = await run.namespace.deleteMessages(
                    in: run.fixture.q, enqueuedBefore: Timestamp(milliseconds: 4_102_444_800_000), maximum: 17)
                run.certain += result.done
                if result.failure?.outcome == .unknown { run.ledger.doubt(17) }
                return result.done > 0 || result.failure != nil
            }
            try await run.disarm()
            let left = try await run.fixture.peek().count
            let gone = run.count - left
            #expect((run.certain...run.certain + run.ledger.doubted).contains(gone), "\(gone) gone, \(run.certain) reported (\(run))")
        }
    }

    @Test("a scheduled message reported cancelled is gone, others are there", arguments: FaultRun.faults)
    func cancelling(fault: String) async throws {
        try await FaultRun.each("cancelling", fault) { run in
            let messages = run.ids.map { _ in OutgoingMessage() }
            let later = Timestamp(milliseconds: 4_102_444_800_000)
            let numbers = try await run.fixture.namespace.schedule(messages, at: later, on: run.fixture.q).get()
            try await run.arm()
            try await run.rounds {
                let chunk = Array(numbers.filter { run.ledger.report("\($0)") == nil }.prefix(10))
                let result = await run.namespace.cancelScheduled(chunk, on: run.fixture.q)
                run.ledger.note(chunk.map { "\($0)" }, result.failure.map { .failure($0) } ?? .success(()))
                return !chunk.isEmpty
            }
            try await run.disarm()
            let present = Set(try await run.fixture.peek().map(\.sequenceNumber))
            for number in numbers {
                switch run.ledger.report("\(number)") {
                case .done: #expect(!present.contains(number), "\(number) was reported cancelled (\(run))")
                case .unknown: break
                case nil: #expect(present.contains(number), "\(number) was not reported cancelled (\(run))")
                }
            }
        }
    }

    @Test("exactly the message reported deleted is gone", arguments: FaultRun.faults)
    func exactDelete(fault: String) async throws {
        try await FaultRun.each("exact delete", fault) { run in
            try await run.fixture.send(run.count)
            let numbers = try await run.fixture.peek().map(\.sequenceNumber)
            try await run.arm()
            for target in run.targets(numbers) { try await act(.delete, on: target, run) }
            try await run.disarm()
            let present = try await run.fixture.peek().map(\.sequenceNumber)
            #expect(Set(present).count == present.count, "doubled (\(run))")
            for number in numbers {
                switch run.ledger.report("\(number)") {
                case .done: #expect(!present.contains(number), "\(number) was reported deleted (\(run))")
                case .unknown: break
                case nil: #expect(present.contains(number), "\(number) was not reported deleted (\(run))")
                }
            }
        }
    }

    private func act(_ action: ExactAction, on number: SequenceNumber, _ run: FaultRun) async throws {
        try await run.ledger.note(["\(number)"]) {
            _ = try await run.namespace.perform(action, onExactly: number, in: run.fixture.q, limits: run.limits)
        }
    }
}
