import AMQP
import NIOCore
import Testing

@Suite("Every encoding of every primitive type (part 1, 1.6)")
struct PrimitiveTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let hex: String
        let value: AMQPValue
        /// What we write for the value: the shortest form, and the form without zero codes.
        let compact: String
        let uniform: String

        init(_ hex: String, _ value: AMQPValue, writes compact: String? = nil, uniform: String? = nil) {
            self.hex = hex
            self.value = value
            self.compact = compact ?? hex
            self.uniform = uniform ?? compact ?? hex
        }
        var testDescription: String { "\(value.typeName) \(hex.prefix(40))" }
    }

    static let cases: [Case] = [
        Case("40", .null),
        Case("41", .boolean(true)),
        Case("42", .boolean(false)),
        Case("56 01", .boolean(true), writes: "41"),
        Case("56 00", .boolean(false), writes: "42"),
        Case("50 00", .ubyte(0)),
        Case("50 ff", .ubyte(255)),
        Case("60 0000", .ushort(0)),
        Case("60 ffff", .ushort(65535)),
        Case("43", .uint(0), uniform: "52 00"),
        Case("52 00", .uint(0), writes: "43", uniform: "52 00"),
        Case("52 ff", .uint(255)),
        Case("70 00000000", .uint(0), writes: "43", uniform: "52 00"),
        Case("70 00000100", .uint(256)),
        Case("70 ffffffff", .uint(.max)),
        Case("44", .ulong(0), uniform: "53 00"),
        Case("53 00", .ulong(0), writes: "44", uniform: "53 00"),
        Case("53 ff", .ulong(255)),
        Case("80 0000000000000007", .ulong(7), writes: "53 07"),
        Case("80 0000000000000100", .ulong(256)),
        Case("80 ffffffffffffffff", .ulong(.max)),
        Case("51 80", .byte(-128)),
        Case("51 7f", .byte(127)),
        Case("61 8000", .short(-32768)),
        Case("61 7fff", .short(32767)),
        Case("54 80", .int(-128)),
        Case("54 7f", .int(127)),
        Case("71 00000000", .int(0), writes: "54 00"),
        Case("71 ffffff7f", .int(-129)),
        Case("71 00000080", .int(128)),
        Case("71 80000000", .int(.min)),
        Case("55 80", .long(-128)),
        Case("55 7f", .long(127)),
        Case("81 ffffffffffffffff", .long(-1), writes: "55 ff"),
        Case("81 0000000000000080", .long(128)),
        Case("81 8000000000000000", .long(.min)),
        Case("72 3fc00000", .float(1.5)),
        Case("72 ff800000", .float(-.infinity)),
        Case("82 3ff8000000000000", .double(1.5)),
        Case("82 8000000000000000", .double(-0.0)),
        Case("74 22500001", .decimal32(0x2250_0001)),
        Case("84 2234000000000001", .decimal64(0x2234_0000_0000_0001)),
        Case("94 22080000000000000000000000000001", .decimal128(UUIDBytes(high: 0x2208_0000_0000_0000, low: 1))),
        Case("73 0001f600", .char(0x1f600)),
        Case("73 ffffffff", .char(.max)),
        Case("83 0000000000000000", .timestamp(0)),
        Case("83 0000016066a47e52", .timestamp(1_513_550_544_466)),
        Case("83 ffffc77cedd32800", .timestamp(-62_135_596_800_000)),
        Case("98 6cf14cc0a9ea4b4aa3299070bec19fc4", .uuid(UUIDBytes(high: 0x6cf1_4cc0_a9ea_4b4a, low: 0xa329_9070_bec1_9fc4))),
        Case("a0 00", .binary(ByteBuffer())),
        Case("a0 03 00ff80", .binary(ByteBuffer(bytes: [0x00, 0xff, 0x80]))),
        Case("b0 00000001 2a", .binary(ByteBuffer(bytes: [0x2a])), writes: "a0 01 2a"),
        Case("a1 00", .string("")),
        Case("a1 06 c3a4e282ac21", .string("ä€!")),
        Case("b1 00000002 6869", .string("hi"), writes: "a1 02 6869"),
        Case("a3 03 616263", .symbol("abc")),
        Case("b3 00000003 616263", .symbol("abc"), writes: "a3 03 616263"),
        Case("45", .list([])),
    ]

    @Test("decodes", arguments: cases)
    func decodes(_ one: Case) throws {
        #expect(try AMQPValue(decoding: ByteBuffer(hex: one.hex)) == one.value)
    }

    @Test("encodes in the form asked for", arguments: cases)
    func encodes(_ one: Case) {
        #expect(one.value.encoded().hex == ByteBuffer(hex: one.compact).hex)
        #expect(one.value.encoded(style: .uniform).hex == ByteBuffer(hex: one.uniform).hex)
        #expect(one.value.encodedSize() == ByteBuffer(hex: one.compact).readableBytes)
        #expect(one.value.encodedSize(style: .uniform) == ByteBuffer(hex: one.uniform).readableBytes)
    }

    @Test("is read in place as the same value", arguments: cases)
    func readsInPlace(_ one: Case) throws {
        let bytes = ByteBuffer(hex: one.hex)
        var reader = WireReader(bytes.readableBytesSpan)
        let value = try reader.readEncodedValue()
        #expect(try value.decoded(in: bytes) == one.value)
        #expect(inPlace(value, of: bytes) == one.value)
        #expect(value.integer == one.value.integer)
        if case .timestamp(let time) = one.value { #expect(value.timestamp == time) } else { #expect(value.timestamp == nil) }
        #expect(reader.remaining == 0)
    }

    @Test("cut short anywhere is truncated", arguments: cases.filter { $0.hex.count > 2 })
    func truncated(_ one: Case) {
        let bytes = ByteBuffer(hex: one.hex)
        for length in 0..<bytes.readableBytes {
            guard let part = bytes.getSlice(at: 0, length: length) else { continue }
            let error = #expect(throws: CodecError.self) { try AMQPValue(decoding: part) }
            #expect(error?.code == .truncated)
        }
    }

    @Test("NaN keeps its bits")
    func notANumber() throws {
        for hex in ["727fc00001", "827ff8000000000001", "72ffbfffff"] {
            #expect(try AMQPValue(decoding: ByteBuffer(hex: hex)).encoded().hex == hex)
        }
    }

    @Test("variable widths change form between 255 and 256 bytes", arguments: [0, 1, 15, 16, 254, 255, 256, 70_000])
    func variableWidths(_ length: Int) throws {
        let text = String(repeating: "x", count: length)
        let values: [(AMQPValue, UInt8, UInt8)] = [
            (.string(text), 0xa1, 0xb1), (.symbol(Symbol(text)), 0xa3, 0xb3),
            (.binary(ByteBuffer(repeating: 0x78, count: length)), 0xa0, 0xb0),
        ]
        for (value, short, long) in values {
            let encoded = value.encoded()
            #expect(encoded.getInteger(at: 0, as: UInt8.self) == (length <= 255 ? short : long))
            #expect(encoded.readableBytes == length + (length <= 255 ? 2 : 5))
            #expect(try AMQPValue(decoding: encoded) == value)
        }
    }

    @Test("text of every length up to 40 bytes is written whole, in and out of line")
    func everyLength() throws {
        for length in 0...40 {
            let text = String("abcdefghijklmnopqrstuvwxyz0123456789ABCD".prefix(length))
            let encoded = AMQPValue.string(text).encoded()
            #expect(encoded.getString(at: 2, length: length) == text)
            #expect(try AMQPValue(decoding: encoded) == .string(text))
        }
    }

    @Test("text that is not UTF-8 is repaired, and its bytes can still be had")
    func invalidText() throws {
        let bytes = ByteBuffer(hex: "a1 03 61ff62")
        #expect(try AMQPValue(decoding: bytes) == .string("a\u{fffd}b"))
        var reader = WireReader(bytes.readableBytesSpan)
        let value = try reader.readEncodedValue()
        #expect(value.text == "a\u{fffd}b")
        #expect(value.utf8?.byteCount == 3)
    }

    @Test("binary data share the buffer they were read from")
    func slices() throws {
        let bytes = ByteBuffer(hex: "40 a0 02 abcd")
        guard case .binary(let data)? = try AMQPValue.sequence(decoding: bytes).last else {
            Issue.record("no binary")
            return
        }
        let owner = bytes.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) }
        #expect(data.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) } == owner + 3)
    }

    @Test("format codes the standard does not define are refused")
    func unknownCodes() throws {
        var defined: Set<UInt8> = [0x00]
        for one in Self.cases { defined.insert(try #require(ByteBuffer(hex: one.hex).getInteger(at: 0))) }
        defined.formUnion([0xc0, 0xc1, 0xd0, 0xd1, 0xe0, 0xf0])
        for code in UInt8.min ... .max where !defined.contains(code) {
            var bytes = ByteBuffer(bytes: [code])
            bytes.writeRepeatingByte(0x40, count: 40)
            let error = #expect(throws: CodecError.self) { try AMQPValue(decoding: bytes) }
            #expect(error?.code == .unknownFormatCode(code))
        }
        #expect(defined.count == 1 + 6 + 33)
    }
}
