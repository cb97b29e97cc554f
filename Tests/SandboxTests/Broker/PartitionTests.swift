import AMQP
import NIOCore
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

    @Test func everyMessageSaysItsPartition() throws {
        let fixture = try BrokerFixture.withQueue { $0.isPartitioned = true }
        for _ in 0..<16 { try fixture.send { $0.messageAnnotations["x-opt-partition-id"] = 99 } }
        let seen = try fixture.q.peekAll() + fixture.q.receive(maxCount: 16, mode: .peekLock)
        #expect(seen.count == 32)
        for delivery in seen {
            var bytes = ByteBuffer()
            delivery.write(into: &bytes)
            #expect(bytes.readableBytes == delivery.encodedSize)
            let annotations = try MessageContent(Message(bytes)).messageAnnotations
            #expect(annotations["x-opt-partition-id"] == .short(Int16(partition(delivery.sequenceNumber))))
            #expect(annotations.pairs.count(where: { $0.key == .symbol("x-opt-partition-id") }) == 1)
        }
    }

    @Test func anEntityThatIsNotPartitionedNamesNoPartition() throws {
        let fixture = try BrokerFixture.withQueue()
        try fixture.send()
        let delivery = try #require(try fixture.q.peekAll().first)
        var bytes = ByteBuffer()
        delivery.write(into: &bytes)
        #expect(try MessageContent(Message(bytes)).messageAnnotations["x-opt-partition-id"] == nil)
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
