import AMQP
import NIOCore
import Testing

@testable import Sandbox

@Suite struct DeadLetterTests {
    @Test func anApplicationDeadLettersWithItsOwnReason() throws {
        let fixture = try BrokerFixture.withQueue()
        try fixture.send("a") { $0.applicationProperties = ["tenant": "emea"] }
        let settlement = Settlement.deadLetter(reason: "ValidationFailed", description: "sku is empty", properties: ["line": .int(3)])
        let delivery = try fixture.q.receiveOne()
        try fixture.q.settle(delivery.token, settlement)
        let dead = try #require(try fixture.deadLetters.peekAll().first)
        #expect(dead.sequenceNumber == delivery.sequenceNumber)
        #expect(try dead.text == "a")
        #expect(
            try dead.decoded.applicationProperties == [
                "tenant": "emea", "line": .int(3), "DeadLetterReason": "ValidationFailed", "DeadLetterErrorDescription": "sku is empty",
            ])
    }

    @Test func theBareMessageKeepsItsBytesTypesAndOrder() throws {
        let fixture = try BrokerFixture.withQueue()
        var sent = MessageContent(body: .sequence([[.int(1), .string("zwei")], [.null]]))
        sent.properties = Properties()
        sent.properties?.messageID = .uuid(UUIDBytes(high: 1, low: 2))
        sent.applicationProperties = [
            "z": .long(1), "a": .uuid(UUIDBytes(high: 3, low: 4)),
            "span": .described(descriptor: .symbol("com.microsoft:timespan"), value: .long(36_000_000_000)), "f": .float(1.5),
        ]
        sent.footer = [.symbol("sig"): .binary(ByteBuffer(bytes: [1, 2]))]
        // The uniform style writes everything in its long form: a re-encoding broker would be found out.
        var encoded = ByteBuffer()
        sent.encode(into: &encoded, style: .uniform)
        let message = try Message(encoded)
        try fixture.broker.send(IncomingMessage(message), to: BrokerFixture.address("q"))
        let delivery = try fixture.q.receiveOne()
        var expected = message.bareBytes
        if var footer = message.bytes(of: .footer) { expected.writeBuffer(&footer) }
        #expect(delivery.bare == expected)

        try fixture.q.settle(delivery.token, .deadLetter(reason: "r", description: nil))
        let dead = try #require(try fixture.deadLetters.peekAll().first)
        let decoded = try dead.decoded
        #expect(decoded.properties == message.properties)
        #expect(decoded.body == sent.body)
        #expect(decoded.footer == sent.footer)
        #expect(decoded.applicationProperties.pairs.dropLast() == sent.applicationProperties.pairs[...])
        #expect(decoded.applicationProperties["DeadLetterReason"] == "r")
        // The pairs that stayed have the very bytes that were sent.
        let before = try #require(message.bytes(of: .applicationProperties))
        let after = try #require(try Message(dead.bare).bytes(of: .applicationProperties))
        let pairs = try #require(before.getBytes(at: 12, length: before.readableBytes - 12))
        #expect(after.getBytes(at: 12, length: pairs.count) == pairs)
    }

    @Test func resettingAReasonReplacesItWhereItStands() throws {
        let fixture = try BrokerFixture.withQueue()
        try fixture.send("a") { $0.applicationProperties = ["DeadLetterReason": "old", "after": 1] }
        try fixture.q.settle(fixture.q.receiveOne().token, .deadLetter(reason: "new", description: nil))
        let dead = try #require(try fixture.deadLetters.peekAll().first)
        #expect(try dead.decoded.applicationProperties == ["DeadLetterReason": "new", "after": 1])
    }

    @Test func aMessageWithoutAnyPropertiesGetsThem() throws {
        let fixture = try BrokerFixture.withQueue()
        try fixture.send("plain")
        try fixture.q.settle(fixture.q.receiveOne().token, .deadLetter(reason: "r", description: "d"))
        let dead = try #require(try fixture.deadLetters.peekAll().first)
        #expect(try dead.text == "plain")
        #expect(try dead.decoded.applicationProperties == ["DeadLetterReason": "r", "DeadLetterErrorDescription": "d"])
    }

    @Test func thereIsNoDeadLetterQueueOfADeadLetterQueue() throws {
        let fixture = try BrokerFixture.withQueue { $0.maxDeliveryCount = 1 }
        try fixture.send()
        try fixture.q.settle(fixture.q.receiveOne().token, .abandon())
        let delivery = try fixture.deadLetters.receiveOne()
        #expect(refusal { try fixture.deadLetters.settle(delivery.token, .deadLetter(reason: "x", description: nil)) } == .notAllowed)
        // Nor does failing there count towards anything.
        for _ in 0..<5 {
            fixture.pass(milliseconds: 60_000)
            _ = try fixture.deadLetters.receiveOne()
        }
        #expect(try fixture.counts() == .init(deadLetter: 1))
        fixture.pass(milliseconds: 60_000)
        try fixture.deadLetters.settle(fixture.deadLetters.receiveOne().token, .complete)
        #expect(try fixture.counts() == .init())
    }

    @Test func deadLettersStayInTheOrderOfTheirNumbers() throws {
        let fixture = try BrokerFixture.withQueue()
        for body in ["a", "b", "c"] { try fixture.send(body) }
        let deliveries = try fixture.q.receive(maxCount: 3, mode: .peekLock)
        for delivery in deliveries.reversed() {
            try fixture.q.settle(delivery.token, .deadLetter(reason: nil, description: nil))
        }
        #expect(try fixture.deadLetters.texts() == ["a", "b", "c"])
        #expect(try fixture.deadLetters.receiveOne().text == "a")
    }

    @Test func deadLettersMayBeForwardedAndTellWhereTheyDied() throws {
        let fixture = try BrokerFixture.withQueue {
            $0.maxDeliveryCount = 1
            $0.forwardDeadLetteredMessagesTo = "graveyard"
        }
        try fixture.broker.createQueue("graveyard")
        try fixture.send("a")
        try fixture.q.settle(fixture.q.receiveOne().token, .abandon())
        #expect(try fixture.counts().deadLetter == 0)
        let dead = try fixture.queue("graveyard").receiveOne()
        #expect(try dead.decoded.messageAnnotations["x-opt-deadletter-source"] == "q")
        #expect(try dead.property("DeadLetterReason") == "MaxDeliveryCountExceeded")
        #expect(dead.deliveryCount == 0)
        #expect(refusal { try fixture.deadLetters.checkReceiver(withSession: false) } == .notAllowed)
    }

    @Test func deadLettersStayWhenTheirDestinationIsMissing() throws {
        let fixture = try BrokerFixture.withQueue {
            $0.maxDeliveryCount = 1
            $0.forwardDeadLetteredMessagesTo = "nowhere"
        }
        try fixture.send("a")
        try fixture.q.settle(fixture.q.receiveOne().token, .abandon())
        #expect(try fixture.counts().deadLetter == 1)
    }

    @Test func deadLettersThatAreForwardedInACircleComeToRest() throws {
        let fixture = BrokerFixture()
        for (name, other) in [("a", "b"), ("b", "a")] {
            var settings = QueueSettings()
            settings.deadLetteringOnExpiration = true
            settings.forwardDeadLetteredMessagesTo = other
            try fixture.broker.createQueue(name, settings)
        }
        // It expires wherever it arrives, at once.
        try fixture.send("hot", to: "a") { $0.ttl = 0 }
        #expect(try fixture.counts("a").deadLetter + fixture.counts("b").deadLetter == 1)
    }

    @Test func headersAboveTheLimitAreDeadLettered() throws {
        let fixture = try BrokerFixture.withQueue()
        try fixture.send("a") { $0.applicationProperties = ["big": .string(String(repeating: "x", count: 70_000))] }
        #expect(try fixture.counts() == .init(deadLetter: 1))
        #expect(try fixture.deadLetters.peekAll().first?.property("DeadLetterReason") == "HeaderSizeExceeded")
    }
}
