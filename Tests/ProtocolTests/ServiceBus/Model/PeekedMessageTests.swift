import AMQP
import NIOCore
import Testing

@testable import ServiceBus

@Suite("Peeked message")
struct PeekedMessageTests {
    private func message(_ edit: (inout MessageContent) -> Void) throws -> PeekedMessage {
        var content = MessageContent()
        content.messageAnnotations = AMQPMap([.init(key: .symbol("x-opt-sequence-number"), value: .long(7))])
        edit(&content)
        return try #require(PeekedMessage(Message(content.encoded)))
    }

    @Test("a message without a sequence number did not come from an entity")
    func number() throws {
        #expect(PeekedMessage(try Message(MessageContent(body: .value(.null)).encoded)) == nil)
        #expect(try message { _ in }.sequenceNumber == SequenceNumber(7))
    }

    @Test("every field is read where it lies, and says the same as the decoded section")
    func fields() throws {
        let properties = Properties(
            messageID: .string("id"), to: "to", subject: "subject", replyTo: "reply", correlationID: .uuid(UUIDBytes(high: 1, low: 2)),
            contentType: "application/json", contentEncoding: "gzip", groupID: "session", replyToGroupID: "answers")
        let message = try message { content in
            content.properties = properties
            content.header = Header(ttl: 5000, deliveryCount: 9)
            content.messageAnnotations.pairs += [
                .init(key: .symbol("x-opt-enqueued-time"), value: .timestamp(1000)),
                .init(key: .symbol("x-opt-offset"), value: .long(3)),
                .init(key: .symbol("x-opt-partition-key"), value: .string("key")),
                .init(key: .symbol("x-opt-deadletter-source"), value: .string("source")),
                .init(key: .symbol("x-opt-scheduled-enqueue-time"), value: .timestamp(2000)),
                .init(key: .symbol("x-opt-message-state"), value: .int(2)),
            ]
            content.applicationProperties = AMQPMap([
                .init(key: .string("DeadLetterReason"), value: .string("reason")),
                .init(key: .string("DeadLetterErrorDescription"), value: .int(12)),
            ])
        }
        #expect(message.messageID == "id")
        #expect(message.correlationID == UUIDBytes(high: 1, low: 2).description)
        #expect([message.to, message.subject, message.replyTo] == ["to", "subject", "reply"])
        #expect([message.sessionID, message.replyToSessionID, message.partitionKey] == ["session", "answers", "key"])
        #expect([message.contentType, message.contentEncoding] == ["application/json", "gzip"])
        #expect([message.deadLetterReason, message.deadLetterErrorDescription, message.deadLetterSource] == ["reason", "12", "source"])
        #expect(message.enqueuedSequenceNumber == SequenceNumber(3))
        #expect(message.enqueuedTime == Timestamp(milliseconds: 1000))
        #expect(message.scheduledEnqueueTime == Timestamp(milliseconds: 2000))
        #expect(message.timeToLive == .seconds(5))
        #expect(message.expiresAt == Timestamp(milliseconds: 6000))
        #expect(message.deliveryCount == 9)
        #expect(message.state == .scheduled)
    }

    @Test("what is missing is nil, and an id of any type has a text")
    func missing() throws {
        let bare = try message { _ in }
        #expect(bare.messageID == nil && bare.subject == nil && bare.deadLetterReason == nil && bare.enqueuedTime == nil)
        #expect(bare.timeToLive == nil && bare.expiresAt == nil && bare.deliveryCount == 0 && bare.state == .active)
        #expect(bare.applicationProperties.isEmpty)
        #expect(try message { $0.properties = Properties(messageID: .ulong(5)) }.messageID == "5")
        #expect(try message { $0.properties = Properties(messageID: .binary(ByteBuffer(bytes: [1, 255]))) }.messageID == "0x01ff")
    }

    @Test("a message that lives longer than a header can say lives from creation to expiry")
    func longLife() throws {
        let message = try message {
            $0.header = Header(ttl: .max)
            $0.properties = Properties(absoluteExpiryTime: 9_000_000_000, creationTime: 1_000_000_000)
        }
        #expect(message.timeToLive == .milliseconds(8_000_000_000))
        #expect(message.expiresAt == Timestamp(milliseconds: 9_000_000_000))
    }

    @Test(
        "application properties keep their types, nested ones too",
        arguments: [
            (.int(1), "int"), (.symbol("s"), "symbol"), (.double(0.5), "double"), (.ubyte(3), "ubyte"), (.null, "null"),
            (.boolean(true), "boolean"),
            (.list([.int(1), .string("a")]), "list"), (.map(["k": .long(2)]), "map"), (.array(.strings(["a", "b"])), "array"),
            (.described(descriptor: .symbol("com.microsoft:timespan"), value: .long(10_000_000)), "timespan"), (.char(65), "char"),
            (.binary(ByteBuffer(bytes: [1, 2])), "binary"), (.timestamp(0), "timestamp"), (.ulong(.max), "ulong"), (.float(2), "float"),
        ] as [(AMQPValue, String)])
    func types(value: AMQPValue, type: String) throws {
        let message = try message {
            $0.applicationProperties = AMQPMap([.init(key: .string("p"), value: value), .init(key: .int(4), value: .string("x"))])
        }
        #expect(message.applicationProperties.map(\.name) == ["p", "4"])
        #expect(message.applicationProperties.first?.value == PropertyValue(value))
        #expect(message.applicationProperties.first?.value.typeName == type)
    }

    @Test("a section that is not what it should be hides only itself")
    func malformed() throws {
        var bytes = ByteBuffer()
        bytes.writeBytes([0, 0x53, 0x70, 0xa1, 1, 65])  // a header that is a string
        bytes.writeImmutableBuffer(try message { $0.applicationProperties = ["DeadLetterReason": "r"] }.message.buffer)
        let message = try #require(PeekedMessage(try Message(bytes)))
        #expect(message.deliveryCount == 0)
        #expect(message.deadLetterReason == "r")
    }

    @Test("its bytes come back as they were received, sections that nothing shows included")
    func encoded() throws {
        let original = try message {
            $0.deliveryAnnotations = ["x-opt-lock-token": .uuid(UUIDBytes(high: 1, low: 2))]
            $0.body = .sequence([[.int(1)], [.string("a")]])
            $0.footer = ["f": .long(1)]
        }
        let bytes = original.withEncodedBytes { Array($0) }
        #expect(bytes.count == original.encodedSize)
        let again = try PeekedMessage(encoded: bytes)
        #expect(again.message.buffer == original.message.buffer)
        #expect(again.sequenceNumber == SequenceNumber(7))
    }

    @Test("bytes that are not exactly one numbered message are refused")
    func encodedWrongly() throws {
        let bytes = try message { $0.body = .value(.string("text")) }.withEncodedBytes { Array($0) }
        for wrong in [[], Array(bytes.dropLast()), bytes + [0], bytes + bytes, [0, 0x53, 0x77, 0x40]] as [[UInt8]] {
            #expect(throws: EncodedMessageError.self) { try PeekedMessage(encoded: wrong) }
        }
    }
}
