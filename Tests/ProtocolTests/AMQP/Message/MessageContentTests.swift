import AMQP
import NIOCore
import Testing

@Suite("A message to be sent")
struct MessageContentTests {
    static let content = MessageContent(
        header: Header(durable: true, priority: 4, ttl: 300_000, firstAcquirer: false, deliveryCount: 1),
        deliveryAnnotations: [.symbol("x-opt-lock-token"): .uuid(UUIDBytes(high: 1, low: 2))],
        messageAnnotations: [
            .symbol("x-opt-sequence-number"): .long(4_503_599_627_370_497), .symbol("x-opt-partition-key"): "partition-key-1",
        ],
        properties: Properties(
            messageID: "7b0f1d2e-6f0a-4f6e-9a55-2f1d8c3b7e10", userID: ByteBuffer(bytes: [1]), to: "orders", subject: "OrderCreated",
            replyTo: "replies", correlationID: .uuid(UUIDBytes(high: 3, low: 4)), contentType: "application/json",
            contentEncoding: "gzip", absoluteExpiryTime: 1_700_000_300_123, creationTime: 1_700_000_000_000, groupID: "session-42",
            groupSequence: 7, replyToGroupID: "session-43"),
        applicationProperties: ["text": "some-value-text", "int": .int(100_001), "long": .long(1 << 40), "truth": true],
        body: .data([ByteBuffer(repeating: 0x61, count: 1024)]),
        footer: [.symbol("f"): .null])

    @Test("comes back as it was sent, in both styles", arguments: [EncodingStyle.compact, .uniform])
    func roundTrip(_ style: EncodingStyle) throws {
        var buffer = ByteBuffer()
        Self.content.encode(into: &buffer, style: style)
        #expect(try MessageContent(Message(buffer)) == Self.content)
    }

    @Test(
        "with every kind of body",
        arguments: [
            Body.none, .data([]), .data([ByteBuffer(), ByteBuffer(string: "x")]), .value(.null), .value(.map(["k": .list([.uint(1)])])),
            .sequence([[], [true, "x"]]),
        ])
    func bodies(_ body: Body) throws {
        let read = try MessageContent(Message(MessageContent(body: body).encoded)).body
        #expect(read == (body == .data([]) ? .none : body))
    }

    @Test("is the same when changed field by field, and copies do not change each other")
    func values() {
        var changed = MessageContent()
        changed.properties = Properties()
        changed.properties?.subject = "one"
        let copy = changed
        changed.properties?.subject = "two"
        #expect(copy.properties?.subject == "one")
        #expect(changed.properties?.subject == "two")
        #expect(copy != changed)
        changed.properties?.subject = "one"
        #expect(copy == changed && copy.hashValue == changed.hashValue)
    }

    @Test("written section by section is the same bytes")
    func streamed() {
        let content = Self.content
        var streamed = ByteBuffer()
        streamed.writeAMQP { message in
            message.header(Header(durable: true, priority: 4, ttl: 300_000, firstAcquirer: false, deliveryCount: 1))
            message.deliveryAnnotations(1) {
                $0.symbol("x-opt-lock-token")
                $0.uuid(UUIDBytes(high: 1, low: 2))
            }
            message.messageAnnotations(2) {
                $0.symbol("x-opt-sequence-number")
                $0.long(4_503_599_627_370_497)
                $0.symbol("x-opt-partition-key")
                $0.string("partition-key-1")
            }
            if let properties = content.properties { message.properties(properties) }
            message.applicationProperties(4) {
                for pair in content.applicationProperties.pairs { $0.value(pair.key); $0.value(pair.value) }
            }
            message.data(ByteBuffer(repeating: 0x61, count: 1024))
        }
        var unfooted = content
        unfooted.footer = AMQPMap()
        #expect(streamed == unfooted.encoded)
    }

    @Test("is appended to what a buffer holds, whatever room it has", arguments: [0, 10, 500, 1_800, 4_096])
    func appended(_ room: Int) {
        var buffer = ByteBufferAllocator().buffer(capacity: 2 + room)
        buffer.writeBytes([7, 8])
        let whole = buffer
        Self.content.encode(into: &buffer)
        #expect(buffer.readBytes(length: 2) == [7, 8])
        #expect(buffer == Self.content.encoded)
        #expect(whole.readableBytes == 2, "a copy made before is not written to")
    }
}
