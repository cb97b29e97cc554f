import AMQP
import NIOCore
import Testing

@testable import Sandbox

@Suite struct PeekTests {
    @Test func peekingStampsWhatTheServiceStamps() throws {
        let fixture = try BrokerFixture.withQueue()
        try fixture.send("a") {
            $0.messageAnnotations = [
                .symbol("x-opt-partition-key"): "p1", .symbol("x-opt-sequence-number"): .long(99), .symbol("x-mine"): .int(5),
            ]
            $0.header = Header(durable: true, priority: 7)
        }
        let delivery = try #require(try fixture.q.peekAll().first)
        let annotations = try delivery.decoded.messageAnnotations
        #expect(annotations["x-opt-sequence-number"] == .long(1))
        #expect(annotations["x-opt-enqueue-sequence-number"] == .long(1))
        #expect(annotations["x-opt-enqueued-time"] == .timestamp(fixture.clock.milliseconds))
        #expect(annotations["x-opt-message-state"] == .int(0))
        #expect(annotations["x-opt-partition-key"] == "p1")
        #expect(annotations["x-mine"] == .int(5))
        #expect(annotations["x-opt-locked-until"] == nil)
        #expect(annotations.pairs.count == 6)
        #expect(try delivery.decoded.deliveryAnnotations.isEmpty)
        #expect(try delivery.decoded.header == Header(durable: true, priority: 7, deliveryCount: 0))
    }

    @Test func aPeekLockDeliveryCarriesItsLock() throws {
        let fixture = try BrokerFixture.withQueue()
        try fixture.send("a")
        let delivery = try fixture.q.receiveOne()
        let decoded = try delivery.decoded
        #expect(decoded.deliveryAnnotations["x-opt-lock-token"] == .uuid(try delivery.token))
        #expect(decoded.messageAnnotations["x-opt-locked-until"] == .timestamp(fixture.clock.milliseconds + 60_000))
        #expect(decoded.messageAnnotations["x-opt-message-state"] == nil)
    }

    @Test func sizesAreKnownBeforeAnythingIsWritten() throws {
        let fixture = try BrokerFixture.withQueue { $0.forwardDeadLetteredMessagesTo = "elsewhere" }
        try fixture.broker.createQueue("elsewhere")
        try fixture.send("a") {
            $0.header = Header(durable: false, priority: 3, ttl: 70_000)
            $0.messageAnnotations = [.symbol("x-opt-partition-key"): .string(String(repeating: "k", count: 120))]
            $0.scheduledAt = fixture.clock.milliseconds + 10
        }
        let scheduled = try fixture.q.peekAll()
        fixture.pass(milliseconds: 10)
        let locked = try fixture.q.receive(maxCount: 1, mode: .peekLock)
        try fixture.q.settle(locked[0].token, .deadLetter(reason: "r", description: nil))
        let forwarded = try fixture.queue("elsewhere").receive(maxCount: 1, mode: .peekLock)
        for delivery in scheduled + locked + forwarded {
            var buffer = ByteBuffer()
            delivery.write(into: &buffer)
            #expect(buffer.readableBytes == delivery.encodedSize)
            #expect(delivery.prefix.readableBytes == delivery.prefixSize)
        }
    }

    @Test func pagesStartAtASequenceNumberAndEndEmpty() throws {
        let fixture = try BrokerFixture.withQueue()
        for index in 0..<700 { try fixture.send("m\(index)") }
        var numbers: [Int64] = []
        var next: Int64 = 0
        var pages = 0
        while true {
            let page = try fixture.q.peek(from: next, maxCount: 1000)
            guard let last = page.last else { break }
            #expect(page.count <= 250)
            numbers += page.map(\.sequenceNumber)
            next = last.sequenceNumber + 1
            pages += 1
        }
        #expect(numbers == Array(1...700))
        #expect(pages == 3)
        #expect(try fixture.q.peek(from: .max, maxCount: 5).isEmpty)
        #expect(try fixture.q.peek(from: .min, maxCount: 5).count == 5)
    }

    @Test func aPageIsBoundedInBytesButNeverEmptyBecauseOfIt() throws {
        var limits = BrokerLimits.standard
        limits.maximumPeekBytes = 10_000
        let fixture = try BrokerFixture.withQueue(limits: limits)
        for _ in 0..<5 { try fixture.send(String(repeating: "x", count: 4000)) }
        try fixture.send(String(repeating: "y", count: 20_000))
        #expect(try fixture.q.peek(from: 1, maxCount: 250).count == 2)
        #expect(try fixture.q.peek(from: 6, maxCount: 250).count == 1)
        #expect(try fixture.q.peek(from: 1, maxCount: 250, omitsBody: true).count == 6)
    }

    @Test func bodiesMayBeLeftOut() throws {
        let fixture = try BrokerFixture.withQueue()
        try fixture.send(String(repeating: "x", count: 5000)) {
            $0.messageID = "m"
            $0.applicationProperties = ["k": "v"]
        }
        let delivery = try #require(try fixture.q.peek(from: 0, maxCount: 1, omitsBody: true).first)
        #expect(delivery.encodedSize < 400)
        let decoded = try delivery.decoded
        #expect(decoded.body == .none)
        #expect(decoded.properties?.messageID == "m")
        #expect(decoded.applicationProperties == ["k": "v"])
    }

    @Test func peekingDisturbsNothing() throws {
        let fixture = try BrokerFixture.withQueue()
        try fixture.send("a")
        for _ in 0..<20 { _ = try fixture.q.peekAll() }
        #expect(try fixture.q.receiveOne().deliveryCount == 0)
    }

    @Test func peekingByNumberSurvivesGaps() throws {
        let fixture = try BrokerFixture.withQueue()
        for index in 0..<1000 { try fixture.send("m\(index)") }
        for delivery in try fixture.q.receive(maxCount: 600, mode: .peekLock) where delivery.sequenceNumber % 3 != 0 {
            try fixture.q.settle(delivery.token, .complete)
        }
        let numbers = try fixture.q.peek(from: 100, maxCount: 10).map(\.sequenceNumber)
        #expect(numbers == [102, 105, 108, 111, 114, 117, 120, 123, 126, 129])
    }

    @Test func batchDeleteTakesWhatIsOldAndFree() throws {
        let fixture = try BrokerFixture.withQueue()
        for index in 0..<6 { try fixture.send("old\(index)") }
        let held = try fixture.q.receiveOne()
        fixture.clock.milliseconds += 10
        let cutoff = fixture.clock.milliseconds
        try fixture.send("new")
        #expect(try fixture.q.delete(maxCount: 3, enqueuedBefore: cutoff) == 3)
        #expect(try fixture.q.delete(maxCount: 100, enqueuedBefore: cutoff) == 2)
        #expect(try fixture.q.delete(maxCount: 100, enqueuedBefore: cutoff) == 0)
        #expect(try fixture.q.texts() == ["old0", "new"])
        try fixture.q.settle(held.token, .complete)
    }
}
