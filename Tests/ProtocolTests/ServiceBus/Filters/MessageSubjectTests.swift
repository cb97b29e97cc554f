import AMQP
import NIOCore
import Testing

@testable import ServiceBus

@Suite("A filter reads an encoded message") struct MessageSubjectTests {
    private func subject(_ circumstances: MessageSubject.Circumstances? = nil, _ configure: (inout MessageContent) -> Void) throws
        -> MessageSubject
    {
        var content = MessageContent(body: .data([ByteBuffer(string: "hello")]))
        configure(&content)
        return MessageSubject(try Message(content.encoded), circumstances)
    }

    private func holds(_ expression: String, _ subject: MessageSubject, dialect: FilterDialect = .rule) throws -> Bool? {
        try SQLFilter(expression, dialect: dialect).evaluate(subject)
    }

    @Test("in every type an application property may have") func types() throws {
        let long = String(repeating: "long text ", count: 40)
        let subject = try subject {
            $0.applicationProperties = [
                "ub": .ubyte(200), "us": .ushort(1), "ui": .uint(4_000_000_000), "ul": .ulong(.max), "b": .byte(-1), "s": .short(-2),
                "i": .int(-3), "l": .long(-4),
                "f": .float(0.5), "d": .double(0.1), "t": .boolean(true), "text": .string(long), "sym": .symbol("sym"),
                "when": .timestamp(1_767_225_600_000),
                "id": .uuid(UUIDBytes(high: 1, low: 2)), "null": .null, "bytes": .binary(ByteBuffer(bytes: [1])), "list": .list([.int(1)]),
                "c": .char(0xfc),
                "span": .described(descriptor: .symbol("com.microsoft:timespan"), value: .long(600_000_000)),
                "uri": .described(descriptor: .symbol("com.microsoft:uri"), value: .string("https://x/")),
                "offset": .described(
                    descriptor: .symbol("com.microsoft:datetime-offset"), value: .long(DotNetTicks.epoch + 17_672_256_000_000_000)),
            ]
        }
        for expression in [
            "ub = 200", "us = 1", "ui = 4000000000", "ul > 9223372036854775807", "b = -1", "s = -2", "i = -3", "l = -4", "f = 0.5",
            "d = 0.1", "t = TRUE", "text = '\(long)'",
            "TEXT LIKE 'long%'", "sym = 'sym'", "when = offset", "id <> newid()", "[null] IS NULL", "EXISTS(bytes)", "EXISTS(list)",
            "c = 'ü'", "span + span > span", "uri LIKE 'https:%'",
            "missing IS NULL",
        ] {
            #expect(try holds(expression, subject) == true, "\(expression)")
        }
    }

    @Test("as SQL sees its properties") func properties() throws {
        let subject = try subject {
            $0.header = Header(durable: true, ttl: 60_000, deliveryCount: 3)
            $0.messageAnnotations = [
                "x-opt-sequence-number": .long(812), "x-opt-enqueued-time": .timestamp(1_767_225_600_000), "x-opt-partition-key": "key",
                "x-opt-message-state": .int(2),
                "x-opt-deadletter-source": "orders", "x-opt-scheduled-enqueue-time": .timestamp(1_767_225_601_000),
                "x-opt-enqueue-sequence-number": .long(7),
            ]
            $0.properties = Properties(
                messageID: .uuid(UUIDBytes(high: 1, low: 2)), to: "to", subject: "subject", replyTo: "reply", correlationID: .ulong(5),
                contentType: "text/plain",
                groupID: "session", replyToGroupID: "answers")
        }
        for expression in [
            "sys.MessageId = '00000000-0000-0001-0000-000000000002'", "sys.CorrelationId = '5'", "sys.Label = 'subject'", "sys.To = 'to'",
            "sys.ReplyTo = 'reply'", "sys.SessionId = 'session'",
            "sys.ReplyToSessionId = 'answers'", "sys.ContentType = 'text/plain'", "sys.SequenceNumber = 812",
            "sys.EnqueuedSequenceNumber = 7", "sys.DeliveryCount = 3", "sys.PartitionKey = 'key'",
            "sys.DeadLetterSource = 'orders'", "sys.State = 'scheduled'", "sys.EnqueuedTimeUtc < sys.ExpiresAtUtc",
            "sys.ExpiresAtUtc - sys.EnqueuedTimeUtc = sys.TimeToLive",
            "sys.ScheduledEnqueueTimeUtc > sys.EnqueuedTimeUtc", "sys.Size > 100", "sys.LockToken IS NULL", "sys.ViaPartitionKey IS NULL",
        ] {
            #expect(try holds(expression, subject) == true, "\(expression)")
        }
        #expect(try holds("sys.TimeToLive = 'PT1M'", subject, dialect: .operatorExpression) == true)
    }

    @Test("with the circumstances a broker keeps apart") func circumstances() throws {
        let circumstances = MessageSubject.Circumstances(
            timeToLive: 5000, enqueuedTime: 1000, partitionKey: "pk", sequenceNumber: 9, size: 77)
        let subject = try subject(circumstances) { $0.properties = Properties(subject: "s") }
        for expression in [
            "sys.Label = 's'", "sys.PartitionKey = 'pk'", "sys.SequenceNumber = 9", "sys.Size = 77", "sys.DeliveryCount = 0",
            "sys.ScheduledEnqueueTimeUtc IS NULL",
            "sys.ExpiresAtUtc - sys.EnqueuedTimeUtc = sys.TimeToLive",
        ] {
            #expect(try holds(expression, subject) == true, "\(expression)")
        }
    }

    /// The standard has it an `uint`; who sends it is not held to that.
    @Test("whose time to live is of no type it may have, and larger than any") func hugeTimeToLive() throws {
        // A header of three fields: null, null, the long 2^63 - 1.
        let header: [UInt8] = [0x00, 0x53, 0x70, 0xc0, 0x0c, 0x03, 0x40, 0x40, 0x81, 0x7f] + Array(repeating: 0xff, count: 7)
        let subject = MessageSubject(try Message(ByteBuffer(bytes: header)))
        #expect(subject.systemValue(.timeToLive) == .duration(ticks: .max))
    }

    @Test("that has none of its sections") func empty() throws {
        let subject = MessageSubject(try Message(ByteBuffer()))
        for property in SystemProperty.allCases where ![.size, .deliveryCount, .state].contains(property) {
            #expect(subject.systemValue(property) == .unknown, "\(property)")
        }
        #expect(subject.userValue(FoldedName("a")) == nil)
    }

    @Test("Correlation conditions compare by equality") func correlation() throws {
        let subject = try subject {
            $0.properties = Properties(messageID: "m", subject: "OrderPlaced")
            $0.applicationProperties = ["Region": "emea", "tries": .int(3), "ratio": .float(0.5), "nothing": .null]
        }
        func matches(_ build: (inout CorrelationConditions) -> Void) -> Bool {
            var conditions = CorrelationConditions()
            build(&conditions)
            return conditions.matches(subject)
        }
        #expect(matches { _ in })
        #expect(
            matches {
                $0.require(.label, "OrderPlaced"); $0.require(.messageID, "m")
            })
        #expect(!matches { $0.require(.label, "orderplaced") }, "text is compared case-sensitively")
        #expect(
            matches {
                $0.require(.label, ""); $0.require(.sessionID, nil)
            }, "an empty condition is none")
        #expect(!matches { $0.require(.sessionID, "s") })
        #expect(matches { $0.require(property: "region", .text("emea")) }, "names have no case")
        #expect(
            matches {
                $0.require(property: "tries", .integer(3)); $0.require(property: "ratio", .double(0.5))
            })
        #expect(matches { $0.require(property: "tries", .double(3)) })
        #expect(!matches { $0.require(property: "tries", .text("3")) }, "the number 3 is not the text 3")
        #expect(!matches { $0.require(property: "missing", .text("x")) })
    }

    @Test("Unsigned, signed and text spell one id") func ids() throws {
        for id in [AMQPValue.ulong(5), .string("5")] {
            let subject = try subject { $0.properties = Properties(messageID: id) }
            #expect(try holds("sys.MessageId = '5'", subject) == true)
        }
    }
}
