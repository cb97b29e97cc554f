import AMQP
import Testing

@testable import Sandbox

/// Partitioned entities: the partition is in the top 16 bits of the sequence number.
@Suite struct PartitionTests {
    private func partition(_ number: Int64) -> Int64 { number >> 48 }

    @Test func messagesAreSpreadAndPeekedInTheOrderOfTheirNumbers() throws {
        let fixture = try BrokerFixture.withQueue { $0.isPartitioned = true }
        let numbers = try (0..<40).compactMap { try fixture.send("m\($0)") }
        #expect(Set(numbers.map(partition)).count == 16)
        let peeked = try fixture.q.peekAll().map(\.sequenceNumber)
        #expect(peeked == numbers.sorted())
        #expect(try fixture.q.peek(from: 3 << 48, maxCount: 1).first.map { partition($0.sequenceNumber) } == 3)
    }

    @Test func oneKeyIsOnePartition() throws {
        let fixture = try BrokerFixture.withQueue { $0.isPartitioned = true }
        let numbers = try (0..<5).compactMap { _ in
            try fixture.send("m") { $0.messageAnnotations["x-opt-partition-key"] = "customer-7" }
        }
        #expect(Set(numbers.map(partition)).count == 1)
        #expect(numbers == numbers.sorted())
    }

    @Test func noPartitionWaitsForTheOthers() throws {
        let fixture = try BrokerFixture.withQueue { $0.isPartitioned = true }
        for _ in 0..<48 { try fixture.send() }
        let taken = try fixture.q.receive(maxCount: 16, mode: .receiveAndDelete).map { partition($0.sequenceNumber) }
        #expect(taken == Array(0..<16))
        #expect(try fixture.q.receive(maxCount: 100, mode: .receiveAndDelete).count == 32)
    }

    @Test func aCutOffIsObservedInEveryPartition() throws {
        let fixture = try BrokerFixture.withQueue { $0.isPartitioned = true }
        for _ in 0..<20 { try fixture.send("old") }
        fixture.pass(milliseconds: 1000)
        for _ in 0..<20 { try fixture.send("new") }
        #expect(try fixture.q.delete(maxCount: 100, enqueuedBefore: fixture.clock.milliseconds) == 20)
        #expect(try Set(fixture.q.texts()) == ["new"])
    }

    @Test func aSubscriptionOfAPartitionedTopicIsPartitionedToo() throws {
        let fixture = BrokerFixture()
        var settings = TopicSettings()
        settings.isPartitioned = true
        try fixture.broker.createTopic("t", settings)
        try fixture.broker.createSubscription("s", of: "t")
        for _ in 0..<16 { try fixture.send(to: "t") }
        #expect(try Set(fixture.queue("t/Subscriptions/s").peekAll().map { partition($0.sequenceNumber) }).count == 16)
    }
}
