import AMQP
import NIOCore
import Testing

@testable import CallboardCore
@testable import ServiceBus

@Suite("Messages to be sent, read from JSON lines")
struct MessageInputTests {
    static let values: [AMQPValue] = [
        .null, .boolean(true), .ubyte(255), .ushort(65535), .uint(.max), .ulong(.max), .ulong(5), .byte(-128), .short(-32768), .int(7),
        .int(.min),
        .long(.max), .long(.min), .long(1 << 53), .long(0), .float(0.1), .float(7), .float(.infinity), .float(.nan), .double(2),
        .double(0.1),
        .double(-0.0), .double(.nan), .double(.infinity), .double(-.infinity), .double(1e18), .double(9_223_372_036_854_775_808),
        .double(.leastNonzeroMagnitude), .double(.greatestFiniteMagnitude), .decimal32(0x2230_0001), .decimal64(0x2230_0000_0000_03e8),
        .decimal128(UUIDBytes(high: 0x2208 << 48, low: 10)), .char(0xdf), .char(0xd800), .timestamp(1_795_000_000_123), .timestamp(-1),
        .timestamp(.max), .uuid(UUIDBytes(high: 1, low: 2)), .binary(ByteBuffer(bytes: [0, 255])), .binary(ByteBuffer(string: "text")),
        .binary(ByteBuffer()), .string("häuser \u{202e}\n"), .string(""), .string("7"), .string("NaN"), .symbol("sym"),
        .list([.int(1), .long(1), .double(2), .float(1.5), nil, .binary(ByteBuffer(bytes: [1])), .list([.ubyte(1)])]), .list([]),
        .map(["a": .int(1), "type": "x", "value": .ulong(.max), "z": .double(2)]), .map([.ulong(1): "one", "1": "two"]),
        .array(AMQPArray.longs([1, 2])), .described(descriptor: .ulong(77), value: "x"),
        .described(descriptor: .symbol("com.microsoft:timespan"), value: .long(936_005_000_000)),
        .described(descriptor: .symbol("com.microsoft:uri"), value: "https://example.org/"),
        .described(descriptor: .symbol("com.microsoft:datetime-offset"), value: .long(639_311_616_001_234_567)),
        .described(descriptor: .symbol("com.microsoft:datetime-offset"), value: .long(.max)),
    ]

    /// NaN is not equal to itself, and so nothing that holds one.
    private func encoded(_ value: AMQPValue) -> [UInt8] {
        var buffer = ByteBuffer()
        buffer.writeAMQP { $0.value(value) }
        return Array(buffer.readableBytesView)
    }

    private func printed(_ edit: (inout MessageContent) -> Void) throws -> [UInt8] {
        ListOutput.all([MessageRecord(try Messages.make(1, edit: edit))], .jsonl)
    }

    private func sent(_ lines: [UInt8]) throws -> Message {
        let drafts = try MessageInput.lines(lines, file: "f")
        return try Message(try #require(drafts.first).encoded())
    }

    @Test("what peek prints of a property is sent with its type", arguments: values)
    func properties(value: AMQPValue) throws {
        let message = try sent(try printed { $0.applicationProperties = ["p": value] })
        #expect(encoded(try #require(message.applicationProperties?["p"])) == encoded(value))
    }

    @Test("what peek prints of a body that is a value is sent with its type", arguments: values)
    func bodies(value: AMQPValue) throws {
        let lines = try printed { $0.body = .value(value) }
        guard case .value(let body) = try sent(lines).body else {
            Issue.record("another kind of body")
            return
        }
        #expect(encoded(body) == encoded(value))
        #expect(String(decoding: lines, as: UTF8.self).contains(#""type":"\#(PropertyValue(value).typeName)","value":"#))
    }

    @Test("a value without a type is what JSON takes it for, and text alone is a string or, in base64, bytes")
    func untyped() throws {
        func body(_ json: String) throws -> Body { try sent(Array(#"{"body":{"kind":"value",\#(json)}}"#.utf8)).body }
        #expect(try body(#""value":5"#) == .value(.long(5)))
        #expect(try body(#""value":[1,"a",2.5]"#) == .value(.list([.long(1), "a", .double(2.5)])))
        #expect(try body(#""type":"list","value":[1]"#) == .value(.list([.long(1)])))
        #expect(try body(#""text":"7""#) == .value("7"))
        #expect(try body(#""type":"string","text":"7""#) == .value("7"))
        #expect(try body(#""encoding":"base64","text":"AP8=""#) == .value(.binary(ByteBuffer(bytes: [0, 255]))))
        #expect(try body(#""type":"double","value":2,"text":"2.0""#) == .value(.double(2)))
    }

    @Test(
        "what does not fit is a usage error with file and line, and nothing is sent",
        arguments: [
            (#"{"applicationProperties":{"n":{"type":"int","value":"x"}}}"#, "'applicationProperties.n'"),
            (#"{"applicationProperties":{"n":{"type":"ubyte","value":256}}}"#, "'ubyte'"),
            (#"{"applicationProperties":{"n":{"type":"long","value":"9223372036854775808"}}}"#, "'long'"),
            (#"{"applicationProperties":{"n":{"type":"long","value":1.5}}}"#, "'long'"),
            (#"{"applicationProperties":{"n":{"type":"double","value":"many"}}}"#, "'double'"),
            (#"{"applicationProperties":{"n":{"type":"binary","value":"%"}}}"#, "'binary'"),
            (#"{"applicationProperties":{"n":{"type":"string","value":5}}}"#, "'string'"),
            (#"{"applicationProperties":{"n":{"type":"uuid","value":"5"}}}"#, "'uuid'"),
            (#"{"applicationProperties":{"n":{"type":"timestamp","value":"today"}}}"#, "'timestamp'"),
            (#"{"applicationProperties":{"n":{"type":"array","value":[1]}}}"#, "'array'"),
            (#"{"applicationProperties":{"n":{"type":"str","value":"x"}}}"#, "'str'"),
            (#"{"applicationProperties":{"n":{"type":"list","value":[1],"amqp":"%"}}}"#, "base64"),
            // The list [1] of an int.
            (#"{"applicationProperties":{"n":{"type":"list","value":[2],"amqp":"wAMBVAE="}}}"#, "another value"),
            (#"{"applicationProperties":{"n":{"type":"map","value":[1],"amqp":"wAMBVAE="}}}"#, "another value"),
            (#"{"body":{"kind":"value","type":"string","value":"a","text":"b"}}"#, "'body.text' and 'body.value'"),
            (#"{"body":{"kind":"value","type":"long","text":"5"}}"#, "'body.value' is missing"),
            (#"{"body":{"kind":"value","value":[1],"amqp":"wAMBVAE="}}"#, "'body.type' is missing"),
            (#"{"timeToLiveMilliseconds":-1}"#, "'timeToLiveMilliseconds' must be"),
            (#"{"timeToLiveMilliseconds":0}"#, "from 1 to 4294967294"),
            (#"{"timeToLiveMilliseconds":4294967295}"#, "49 days"),
            (#"{"timeToLiveMilliseconds":9223372036854775807}"#, "'timeToLiveMilliseconds'"),
            (#"{"timeToLiveMilliseconds":1.5}"#, "timeToLiveMilliseconds"),
            (#"{"scheduledEnqueueTime":"tomorrow"}"#, "'scheduledEnqueueTime'"),
        ])
    func refusals(line: String, words: String) {
        let error = #expect(throws: OperatorError.self) { try MessageInput.lines(Array("{}\n\n\(line)\n".utf8), file: "f") }
        #expect(error?.code == .usage)
        #expect(error?.message.hasPrefix("f:3: ") == true, "\(error?.message ?? "")")
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test("the lines that messages stand on are known, empty ones counted")
    func numbers() throws {
        let (messages, lines) = try MessageInput.numbered(
            Array("{}\n \r\n{\"messageId\":\"x\",\"timeToLiveMilliseconds\":4294967294}\n".utf8), file: "f")
        #expect(messages.map(\.messageID) == [nil, "x"])
        #expect(lines == [1, 3])
        #expect(messages.last?.timeToLive == .milliseconds(4_294_967_294))
    }
}
