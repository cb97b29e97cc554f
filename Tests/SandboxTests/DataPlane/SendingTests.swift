import AMQP
import NIOCore
import ServiceBus
import Testing

@testable import Sandbox

@Suite("Sending and scheduling", .timeLimit(.minutes(2)))
struct SendingTests {
    @Test("batches are filled to the link's limit, and all of a batch arrives in order")
    func batches() async throws {
        try await DataPlaneFixture.run { fixture in
            var batch = try await fixture.namespace.makeBatch(for: fixture.q)
            #expect(batch.maximumBytes == 262_144)
            var sent = 0
            while true {
                var message = OutgoingMessage(body: .data(Array(repeating: 120, count: 5000)))
                message.subject = String(sent)
                guard batch.tryAdd(message) else { break }
                sent += 1
            }
            #expect(batch.count == sent)
            #expect(sent == 52)
            #expect(batch.sizeBytes <= batch.maximumBytes)
            try await fixture.namespace.send(batch, to: fixture.q)
            #expect(try await fixture.peek().map(\.subject) == (0..<sent).map { String($0) })
        }
    }

    @Test("a message above the limit is refused before it leaves, and the link lives on")
    func tooLarge() async throws {
        try await DataPlaneFixture.run { fixture in
            let error = await failure {
                try await fixture.namespace.send(OutgoingMessage(body: .data(Array(repeating: 0, count: 300_000))), to: fixture.q)
            }
            #expect(error?.code == .messageTooLarge)
            #expect(error?.outcome == .notCarriedOut)
            try await fixture.send(1)
            #expect(try await fixture.bodies() == ["0"])
        }
    }

    @Test("a message of many frames arrives whole")
    func manyFrames() async throws {
        try await DataPlaneFixture.run(tier: .premium) { fixture in
            let body = (0..<900_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try await fixture.namespace.send(OutgoingMessage(body: .data(body)), to: fixture.q)
            #expect(try await fixture.peek().first?.body.bytes == body)
        }
    }

    @Test("bodies and properties of every type come back as they were sent")
    func types() async throws {
        try await DataPlaneFixture.run { fixture in
            let values: [PropertyValue] = [
                .init(typeName: "null", content: .null), .init(typeName: "boolean", content: .boolean(true)),
                .init(typeName: "ubyte", content: .integer(255)), .init(typeName: "ushort", content: .integer(65535)),
                .init(typeName: "uint", content: .integer(4_294_967_295)), .init(typeName: "ulong", content: .unsigned(.max)),
                .init(typeName: "byte", content: .integer(-128)), .init(typeName: "short", content: .integer(-32768)),
                .init(typeName: "int", content: .integer(-2_147_483_648)), .init(typeName: "long", content: .integer(.min)),
                .init(typeName: "float", content: .number(1.5)), .init(typeName: "double", content: .number(-0.1)),
                .init(typeName: "decimal64", content: .text("0x22300000000003e8")),
                .init(typeName: "char", content: .text("ß")), .init(typeName: "timestamp", content: .text("2026-11-25T10:00:00.123Z")),
                .init(typeName: "uuid", content: .text("6cf14cc0-a9ea-4b4a-a329-9070bec19fc4")),
                .init(typeName: "binary", content: .bytes([0, 1, 255])), .init(typeName: "string", content: .text("häuser")),
                .init(typeName: "symbol", content: .text("sym")), .init(typeName: "timespan", content: .text("-1.02:03:04.0000005")),
                .init(typeName: "uri", content: .text("http://example.com/")),
                .init(typeName: "datetime-offset", content: .text("2026-11-25T10:00:00.1234567Z")),
            ]
            var message = OutgoingMessage(body: .value(.init(typeName: "uint", content: .integer(7))))
            message.applicationProperties = values.enumerated().map { .init(name: "p\($0.offset)", value: $0.element) }
            message.messageAnnotations = [.init(name: "x-opt-mine", value: .init(typeName: "short", content: .integer(3)))]
            var sequence = OutgoingMessage(body: .sequence([values[1], values[8], values[17]]))
            sequence.partitionKey = "k"
            try await fixture.namespace.send([message, sequence], to: fixture.q)
            let seen = try await fixture.peek()
            try #require(seen.count == 2)
            #expect(seen[0].applicationProperties.map(\.value) == values)
            #expect(seen[0].body.kind == .value)
            #expect(seen[0].body.content == .init(typeName: "uint", content: .integer(7)))
            #expect(seen[1].body.kind == .sequence)
            #expect(seen[1].body.content?.content == .list([.boolean(true), .integer(-2_147_483_648), .text("häuser")]))
            #expect(seen[1].partitionKey == "k")
        }
    }

    @Test("an exact copy has the very bytes of the bare message, and no trace of where it was")
    func exactCopies() async throws {
        try await DataPlaneFixture.run { fixture in
            // Two data sections, an id that is a ulong, keys of two types, an int that does not fit a byte.
            var content = MessageContent(header: Header(durable: true, priority: 7, ttl: 600_000, deliveryCount: 3))
            content.messageAnnotations = AMQPMap([
                .init(key: .symbol("x-opt-partition-key"), value: .string("pk")), .init(key: .symbol("x-mine"), value: .ubyte(9)),
            ])
            content.properties = Properties(messageID: .ulong(77), subject: "s", creationTime: 5)
            content.applicationProperties = AMQPMap([
                .init(key: .string("a"), value: .int(300)),
                .init(key: .string("b"), value: .described(descriptor: .symbol("com.microsoft:timespan"), value: .long(5))),
            ])
            content.body = .data([ByteBuffer(string: "one"), ByteBuffer(string: "two")])
            let bytes = content.encoded
            try await fixture.server.withBroker { broker in
                _ = try broker.send(IncomingMessage(try Message(bytes)), to: BrokerFixture.address("q"))
            }
            let original = try #require(try await fixture.peek().first)
            #expect(await fixture.namespace.send(each: [ForwardedMessage(original)], to: fixture.r).failures.isEmpty)
            let copy = try #require(try await fixture.peek(fixture.r).first)
            #expect(copy.message.bareBytes == (try Message(bytes)).bareBytes)
            #expect(copy.message.header?.priority == 7)
            #expect(copy.message.header?.ttl == 600_000)
            #expect(copy.message.messageAnnotations?["x-mine"] == .ubyte(9))
            #expect(copy.partitionKey == "pk")
            #expect(copy.deliveryCount == 0)
            let sent = try Message(ForwardedMessage(original).encoded)
            #expect(sent.messageAnnotations?.pairs.compactMap(\.key.text).sorted() == ["x-mine", "x-opt-partition-key"])
            #expect(sent.header?.deliveryCount == nil)
        }
    }

    @Test("scheduled messages have numbers, wait, and can be cancelled, all of a request or none")
    func scheduled() async throws {
        try await DataPlaneFixture.run { fixture in
            let later = Timestamp(milliseconds: 4_102_444_800_000)
            let messages = (0..<250).map { OutgoingMessage(body: .data(Array(String($0).utf8))) }
            let numbers = try await fixture.namespace.schedule(messages, at: later, on: fixture.q).get()
            #expect(numbers.count == 250)
            #expect(Set(numbers).count == 250)
            #expect(try await fixture.counts().scheduled == 250)
            let seen = try await fixture.peek()
            #expect(seen.map(\.sequenceNumber) == numbers)
            #expect(seen.allSatisfy { $0.state == .scheduled && $0.scheduledEnqueueTime == later })
            #expect(try await fixture.namespace.cancelScheduled(Array(numbers.prefix(150)), on: fixture.q).get().count == 150)
            let failed = await fixture.namespace.cancelScheduled([numbers[200], SequenceNumber(1_000_000)], on: fixture.q)
            #expect(failed.done.isEmpty)
            #expect(failed.failure?.code == .messageNotFound)
            #expect(try await fixture.counts().scheduled == 100)
        }
    }

    @Test("deleting many takes the oldest up to the cut-off, and ends when there are no more")
    func batchDelete() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(1300)
            let seen = try await fixture.peek()
            let cutoff = try #require(seen.last?.enqueuedTime).advanced(by: .milliseconds(1))
            let some = await fixture.namespace.deleteMessages(in: fixture.q, enqueuedBefore: cutoff, maximum: 700)
            #expect(try some.get() == 700)
            #expect(try await fixture.peek().first?.body.text == "700")
            let rest = await fixture.namespace.deleteMessages(in: fixture.q, enqueuedBefore: cutoff)
            #expect(try rest.get() == 600)
            #expect(try await fixture.counts().active == 0)
            let none = await fixture.namespace.deleteMessages(in: fixture.q, enqueuedBefore: cutoff)
            #expect(try none.get() == 0)
        }
    }
}
