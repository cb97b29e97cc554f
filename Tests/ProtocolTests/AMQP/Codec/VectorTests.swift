import AMQP
import NIOCore
import Testing

@Suite("Bytes of other implementations", .enabled(if: AMQPVectors.areAvailable, AMQPVectors.missing))
struct VectorTests {
    static let typeEncodings = AMQPVectors.interop.filter { !$0.name.hasSuffix("message.amqp") }

    @Test("qpid-proton's type encodings are read and written as they are", arguments: typeEncodings)
    func interop(_ file: AMQPVectors.File) throws {
        let values = try AMQPValue.sequence(decoding: file.bytes)
        var encoded = ByteBuffer()
        encoded.writeAMQP(style: .uniform) { for value in values { $0.value(value) } }
        #expect(encoded == file.bytes)
    }

    @Test("there are eight files of them and a message")
    func complete() {
        #expect(Self.typeEncodings.count == 8)
        #expect(AMQPVectors.interop.count == 9)
    }

    @Test("they say what qpid-proton's tests say they do")
    func meanings() throws {
        func values(_ name: String) throws -> [AMQPValue] {
            try AMQPValue.sequence(decoding: try AMQPVectors.named(name, in: AMQPVectors.interop))
        }
        #expect(try values("null.amqp") == [.null])
        #expect(
            try values("primitives.amqp") == [
                true, false, .ubyte(42), .ushort(42), .short(-42), .uint(12345), .int(-12345), .ulong(12345), .long(-12345),
                .float(0.125), .double(0.125),
            ])
        #expect(
            try values("strings.amqp") == [
                .binary(ByteBuffer(bytes: Array("abc".utf8) + [0] + Array("defg".utf8))), "abcdefg", .symbol("abcdefg"),
                .binary(ByteBuffer()), "", .symbol(""),
            ])
        #expect(
            try values("described.amqp") == [
                .described(descriptor: .symbol("foo-descriptor"), value: "foo-value"),
                .described(descriptor: .int(12), value: .int(13)),
            ])
        #expect(try values("lists.amqp") == [.list([.int(32), "foo", true]), .list([])])
        #expect(
            try values("maps.amqp") == [
                .map(["three": .int(3), "two": .int(2), "one": .int(1)]), .map([.int(1): "one", .int(2): "two", .int(3): "three"]),
                .map([:]),
            ])
        #expect(try values("arrays.amqp").map(\.elements?.count) == [100, 3, 0])
        #expect(try values("described_array.amqp").map(\.elements?.count) == [10])
    }

    @Test("every fuzz input of single values is decoded or refused; what is decoded survives encoding", arguments: AMQPVectors.values)
    func values(_ file: AMQPVectors.File) throws {
        try checkValues(in: file.bytes)
    }

    @Test("every other file, taken as values, is decoded or refused", arguments: AMQPVectors.connections + AMQPVectors.frames)
    func others(_ file: AMQPVectors.File) throws {
        for offset in 0..<min(64, file.bytes.readableBytes) {
            guard let rest = file.bytes.getSlice(at: offset, length: file.bytes.readableBytes - offset) else { continue }
            try checkValues(in: rest)
        }
    }

    /// Decodes as many values as stand in a row, by all three ways there are, which have to agree.
    private func checkValues(in bytes: ByteBuffer) throws {
        var reader = WireReader(bytes.readableBytesSpan)
        var skipper = WireReader(bytes.readableBytesSpan)
        while reader.remaining > 0 {
            let start = reader.offset
            guard let value = try? reader.readValue(in: bytes) else {
                #expect(throws: CodecError.self) { try AMQPValue.sequence(decoding: bytes) }
                return
            }
            try skipper.skipValue()
            #expect(skipper.offset == reader.offset)
            var viewer = WireReader(bytes.readableBytesSpan, in: start..<reader.offset)
            let view = try viewer.readEncodedValue()
            #expect(inPlace(view, of: bytes)?.encoded() == value.encoded())
            for style in [EncodingStyle.compact, .uniform] {
                let encoded = value.encoded(style: style)
                #expect(encoded.readableBytes == value.encodedSize(style: style))
                #expect(try AMQPValue(decoding: encoded).encoded(style: style) == encoded)
            }
        }
    }
}
