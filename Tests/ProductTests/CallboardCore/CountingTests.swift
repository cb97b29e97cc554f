import AMQP
import ServiceBus
import Synchronization
import Testing

@testable import CallboardCore

/// Counting by looking, beside what the service says.
@Suite("Counting by looking")
struct CountingTests {
    private let orders: EntityPath
    private let gateway = MemoryGateway()

    init() throws { orders = try EntityPath.queue("orders") }

    private func workspace() -> Workspace {
        Workspace(context: OperatorContext(name: "demo"), gateway: gateway, now: { Timestamp(milliseconds: 1000) })
    }

    private func fill(_ states: [Int32], dead: Int = 0, service: EntityCounts?) throws {
        let messages = try states.enumerated().map { index, state in
            try Messages.make(Int64(index + 1)) {
                $0.messageAnnotations["x-opt-message-state"] = .int(state)
            }
        }
        let deadLetters = try (0..<dead).map { try Messages.make(Int64($0 + 1)) }
        let description = EntityDescription(path: orders, kind: .queue, counts: service)
        gateway.with { [orders] in
            $0.messages[orders] = messages
            $0.messages[orders.deadLetter] = deadLetters
            $0.descriptions = [description]
        }
    }

    @Test("tells active, deferred and scheduled messages apart, and how far the service's figures are off")
    func difference() async throws {
        try fill([0, 0, 1, 2], dead: 10, service: EntityCounts(active: 3, deadLetter: 12, scheduled: 1))
        let counted = try await workspace().count(orders)
        #expect(counted.queue == .init(active: 2, deferred: 1, scheduled: 1, isComplete: true))
        #expect(counted.active.difference == 0, "the service has deferred messages among the active ones")
        #expect(counted.scheduled.difference == 0)
        #expect(counted.deadLetter == .init(service: 12, counted: 10))
        #expect(counted.deadLetter.difference == -2)
        #expect(counted.transferDeadLetter.difference == 0)
        #expect(counted.finishedAt == Timestamp(milliseconds: 1000))
        #expect(counted.total == 14)
    }

    @Test("counts also where the service's figures may not be known")
    func notPermitted() async throws {
        try fill([0], service: nil)
        var counted = try await workspace().count(orders)
        #expect(counted.service == .unavailable("the service gave no counts"))
        #expect(counted.active.difference == nil)
        gateway.with { $0.descriptions = [] }
        counted = try await workspace().count(orders)
        #expect(counted.queue.active == 1)
        #expect(counted.active.service == nil)
    }

    @Test("says how far it is, and never goes back")
    func progress() async throws {
        try fill(Array(repeating: 0, count: 12_000), dead: 300, service: EntityCounts(active: 12_000, deadLetter: 300))
        let told = Mutex<[Int64]>([])
        _ = try await workspace().count(orders) { counted in told.withLock { $0.append(counted.total) } }
        let totals = told.withLock { $0 }
        #expect(totals == totals.sorted())
        #expect(totals.count >= 4 && totals.last == 12_300)
    }

    @Test("a topic holds no messages, and says where they are")
    func topic() async throws {
        let topic = EntityDescription(path: try .topic("events"), kind: .topic)
        gateway.with { $0.descriptions = [topic] }
        let error = await #expect(throws: OperatorError.self) { _ = try await workspace().count(topic.path) }
        #expect(error?.exitCode == 2)
        #expect(gateway.with { $0.asked.isEmpty })
    }

    @Test("what fails on the way fails as a whole: half a count is none")
    func failing() async throws {
        try fill([0, 0], dead: 2, service: nil)
        gateway.with { $0.failingPeek = (2, OperatorError(.timeout, "no answer")) }
        await #expect(throws: OperatorError.self) { _ = try await workspace().count(orders) }
    }

    @Test("the output puts both figures side by side")
    func output() async throws {
        try fill([0, 1], dead: 10, service: EntityCounts(active: 2, deadLetter: 12))
        let counted = try await workspace().count(orders)
        let entity = EntityDescription(path: orders, kind: .queue, counts: counted.service.value)
        let record = EntityRecord(entity, asOf: Timestamp(milliseconds: 1000), isDetailed: true, counted: counted)
        let text = String(decoding: record.description(now: Timestamp(milliseconds: 3000)), as: UTF8.self)
        #expect(text.contains("active            service says 2, counted 2 (1 of them deferred), the same\n"))
        #expect(text.contains("dead letters      service says 12, counted 10, 2 fewer\n"))
        var json = JSONWriter()
        record.write(to: &json)
        let written = String(decoding: json.bytes, as: UTF8.self)
        #expect(
            written.contains(
                #""counted":{"active":1,"deferred":1,"scheduled":0,"deadLetter":10,"transferDeadLetter":0,"startedAt":"1970-01-01T00:00:01.000Z""#
            ))
        #expect(written.contains(#""difference":{"active":0,"scheduled":0,"deadLetter":-2,"transferDeadLetter":0}"#))
    }
}
