import AMQP
import NIOCore
import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Exact export, round trip")
struct ExportRoundTripTests {
    private let fixture: ExportFixture

    init() throws { fixture = try ExportFixture() }

    private static let bodies: [Body] = [
        .none, .data([ByteBuffer()]), .data([ByteBuffer(bytes: Array(0...255))]),
        .data([ByteBuffer(string: "one"), ByteBuffer(string: "two")]),
        .value(.null), .value(.string("text with \u{0} and ü")), .value(.binary(ByteBuffer(bytes: [0, 255]))),
        .value(.map(["k": .list([.int(1), .null])])), .value(.array(.longs([1, -1]))),
        .sequence([[.int(1), .string("a")], [.boolean(false)]]),
        .value(.described(descriptor: .symbol("com.microsoft:uri"), value: .string("https://example.com"))),
    ]

    private static let properties: [AMQPValue] = [
        .null, .boolean(true), .boolean(false), .ubyte(255), .ushort(65535), .uint(.max), .uint(0), .ulong(.max), .byte(-128), .short(-1),
        .int(.min), .long(.min), .long(5), .float(.nan), .float(-0.0), .double(.infinity), .decimal32(1), .decimal64(2),
        .decimal128(UUIDBytes(high: 3, low: 4)), .char(0x1F600), .timestamp(.max), .timestamp(-1), .uuid(UUIDBytes(high: .max, low: 0)),
        .binary(ByteBuffer(bytes: [1, 2, 3])), .string(""), .string(String(repeating: "x", count: 300)), .symbol("symbol"),
        .list([]), .map(["a": .map([:])]), .array(.strings(["a", "b"])),
        .described(descriptor: .symbol("com.microsoft:timespan"), value: .long(10_000_000)),
        .described(descriptor: .symbol("com.microsoft:datetime-offset"), value: .long(1)),
    ]

    private static func messages() throws -> [PeekedMessage] {
        var messages = try bodies.enumerated().map { index, body in
            try Messages.make(Int64(index + 1), id: "m\(index)") { content in
                content.body = body
                content.header = Header(ttl: 5000, deliveryCount: 9)
                content.deliveryAnnotations = ["x-opt-lock-token": .uuid(UUIDBytes(high: 1, low: 2))]
                content.messageAnnotations["x-opt-message-state"] = .int(2)
                content.footer = ["after": .int(1)]
            }
        }
        messages += try properties.enumerated().map { index, value in
            try Messages.make(Int64(100 + index), reason: "why") { $0.applicationProperties["p"] = value }
        }
        return messages
    }

    @Test("every kind of body and every type of property comes back byte for byte, in order")
    func everyKind() throws {
        let messages = try Self.messages()
        try fixture.export(messages)
        let read = try fixture.read(try fixture.bytes)
        #expect(read.map(\.encoded) == messages.map(\.encoded))
        #expect(read.map(\.sequenceNumber) == messages.map(\.sequenceNumber))
        #expect(read.first?.deliveryCount == 9)
        #expect(read.first?.state == .scheduled)
    }

    @Test("encodings that nobody would choose stay as they were")
    func unusualEncodings() throws {
        // Annotations as map32 with the number as an eight-byte long, and an uint0 that could be shorter still.
        let annotations: [UInt8] =
            [0, 0x53, 0x72, 0xd1, 0, 0, 0, 0x24, 0, 0, 0, 2, 0xa3, 21] + Array("x-opt-sequence-number".utf8) + [
                0x81, 0, 0, 0, 0, 0, 0, 0, 7,
            ]
        let encoded = annotations + [0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x77, 0x70, 0, 0, 0, 0]
        let message = try PeekedMessage(encoded: encoded)
        try fixture.export([message])
        #expect(try fixture.read(try fixture.bytes).map(\.encoded) == [encoded])
        #expect(message.sequenceNumber == SequenceNumber(7))
    }

    @Test("messages larger than what is gathered, and many small ones, come back", arguments: [1, 262_139, 262_140, 262_141, 1_000_000])
    func sizes(size: Int) throws {
        let large = try Messages.make(2) { $0.body = .data([ByteBuffer(repeating: 7, count: size)]) }
        let messages = [try Messages.make(1, body: "before"), large, try Messages.make(3, body: "after")]
        let summary = try fixture.export(messages)
        #expect(try fixture.read(try fixture.bytes).map(\.encoded) == messages.map(\.encoded))
        #expect(summary.bytes == Int64(try fixture.bytes.count))
    }

    @Test("twenty thousand messages come back, and the summaries of writer and reader agree")
    func many() throws {
        let messages = try (1...20_000).map { try Messages.make($0, body: "body \($0)") }
        let written = try fixture.export(messages)
        let reader = try ExportReader(fixture.file)
        #expect(try reader.verify() == written)
        #expect(written.count == 20_000)
        var number: Int64 = 0
        while let message = try reader.next() {
            number += 1
            #expect(message.sequenceNumber.rawValue == number)
        }
        #expect(number == 20_000)
        #expect(try reader.next() == nil)
    }

    @Test("an export of nothing is whole too")
    func empty() throws {
        let summary = try fixture.export([])
        #expect(summary.count == 0)
        #expect(try fixture.read(try fixture.bytes).isEmpty)
    }

    @Test("the file is what the documents say, to the byte")
    func form() throws {
        let message = try Messages.make(5, body: "b")
        try fixture.export([message])
        let head =
            "callboard-export 1\n"
            + #"{"context":"demo","entity":"order/events/Subscriptions/billing","exportedAt":"2026-11-18T11:06:40.123Z","identity":"key Root","#
            + #""jobId":"job-7","namespace":"demo.servicebus.windows.net","reason":"purge","subQueue":"deadLetter"}"# + "\n"
        let size = UInt8(message.encodedSize)
        let trailer: [UInt8] = [255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 1]
        let expected = Array(head.utf8) + [0, 0, 0, size] + message.encoded + trailer
        let bytes = try fixture.bytes
        #expect(bytes.dropLast(32) == expected[...])
        #expect(bytes.count == expected.count + 32)
    }

    @Test(
        "the header comes back, whatever its texts are", arguments: ["", "a \"quoted\" name", "line\nfeed", "\u{202e}bidi\u{0}\u{1F600}"])
    func header(text: String) throws {
        var header = fixture.header
        (header.context, header.identity, header.namespace, header.jobID) = (text, text, text, nil)
        for reason in [ExportReason.export, .purge, .delete] {
            for subQueue in EntityPath.SubQueue.allCases {
                header.reason = reason
                header.entity = fixture.entity.subQueue(subQueue)
                _ = try ExportWriter(to: fixture.file, header: header, isOverwriting: true).finish()
                #expect(try ExportReader(fixture.file).header == header)
            }
        }
    }

    @Test("the digest within covers all before it, and the summary's is that of the file, as sha256sum prints it")
    func digest() throws {
        // Both reckoned with Python's hashlib for this header and no messages.
        let summary = try fixture.export([])
        #expect(try fixture.bytes.suffix(32).hexadecimal == "09cae678e52061acdfebe6553e6dd0cdc0cb66304a7dbb51c8a0a9fb16a87256")
        #expect(summary.sha256 == "033a853f9d0e03df8037bd46b0c60b23233d1060af08e90152838361a95ef34c")
        #expect(try ExportReader(fixture.file).verify() == summary)
        #expect(summary.path == fixture.file)
    }
}
