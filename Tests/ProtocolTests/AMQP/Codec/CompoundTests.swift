import AMQP
import NIOCore
import Testing

@Suite("Lists, maps, arrays and described values (part 1, 1.6.22 to 1.6.24)")
struct CompoundTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let hex: String
        let value: AMQPValue
        /// What we write in the shortest form, where that differs from what was read.
        var compact: String?
        var testDescription: String { name }
    }

    static func array(_ type: AMQPArray.ElementType, _ elements: [AMQPValue]) -> AMQPValue {
        guard let array = AMQPArray(elementType: type, elements: elements) else { preconditionFailure("elements do not fit \(type)") }
        return .array(array)
    }

    static let cases: [Case] = [
        Case(name: "empty list", hex: "45", value: .list([])),
        Case(name: "empty list8", hex: "c0 01 00", value: .list([]), compact: "45"),
        Case(name: "empty list32", hex: "d0 00000004 00000000", value: .list([]), compact: "45"),
        Case(name: "list8", hex: "c0 06 03 40 41 a1 01 78", value: .list([.null, .boolean(true), .string("x")])),
        Case(name: "list32", hex: "d0 00000006 00000002 43 41", value: .list([.uint(0), .boolean(true)]), compact: "c0 03 02 43 41"),
        Case(name: "list in a list", hex: "c0 06 02 c0 02 01 40 45", value: .list([.list([.null]), .list([])])),
        Case(name: "empty map8", hex: "c1 01 00", value: .map([:])),
        Case(name: "empty map32", hex: "d1 00000004 00000000", value: .map([:]), compact: "c1 01 00"),
        Case(name: "map8", hex: "c1 06 02 a3 01 6b 54 05", value: .map([.symbol("k"): .int(5)])),
        Case(
            name: "map32", hex: "d1 00000009 00000002 a3 01 6b 54 05", value: .map([.symbol("k"): .int(5)]),
            compact: "c1 06 02 a3 01 6b 54 05"),
        Case(
            name: "map with a key twice, in the order sent", hex: "c1 0f 06 a1 01 62 54 01 a1 01 61 54 02 a1 01 62 40",
            value: .map(
                AMQPMap([
                    .init(key: "b", value: .int(1)), .init(key: "a", value: .int(2)), .init(key: "b", value: .null),
                ]))),
        Case(
            name: "map with keys of any type", hex: "c1 0a 06 43 41 c0 02 01 40 42 40 45",
            value: .map(
                AMQPMap([
                    .init(key: .uint(0), value: true), .init(key: .list([.null]), value: false), .init(key: .null, value: .list([])),
                ]))),
        Case(name: "array8 of ints", hex: "e0 0a 02 71 00000001 ffffffff", value: array(.primitive(0x71), [.int(1), .int(-1)])),
        Case(name: "array8 of small ints", hex: "e0 04 02 54 01 ff", value: array(.primitive(0x54), [.int(1), .int(-1)])),
        Case(
            name: "array32", hex: "f0 00000007 00000002 54 01 ff", value: array(.primitive(0x54), [.int(1), .int(-1)]),
            compact: "e0 04 02 54 01 ff"),
        Case(name: "empty array keeps its type", hex: "e0 02 00 83", value: array(.primitive(0x83), [])),
        Case(name: "array of booleans", hex: "e0 04 02 56 01 00", value: array(.primitive(0x56), [true, false])),
        Case(name: "array of elements without bytes", hex: "e0 02 03 41", value: array(.primitive(0x41), [true, true, true])),
        Case(name: "array of nulls", hex: "e0 02 02 40", value: array(.primitive(0x40), [.null, .null])),
        Case(name: "array of empty lists", hex: "e0 02 02 45", value: array(.primitive(0x45), [.list([]), .list([])])),
        Case(name: "array of zeros", hex: "e0 02 02 43", value: array(.primitive(0x43), [.uint(0), .uint(0)])),
        Case(
            name: "array of long symbols", hex: "e0 0d 02 b3 00000001 61 00000002 6263",
            value: .array(.symbols(["a", "bc"]))),
        Case(name: "array of short strings", hex: "e0 06 02 a1 01 61 01 62", value: array(.primitive(0xa1), ["a", "b"])),
        Case(
            name: "array of binaries", hex: "e0 05 02 a0 00 01 ff",
            value: array(.primitive(0xa0), [.binary(ByteBuffer()), .binary(ByteBuffer(bytes: [255]))])),
        Case(
            name: "array of uuids", hex: "e0 12 01 98 0000000000000001 0000000000000002",
            value: .array(.uuids([UUIDBytes(high: 1, low: 2)]))),
        Case(
            name: "array of lists", hex: "e0 09 02 c0 02 01 40 03 02 41 42",
            value: array(.primitive(0xc0), [.list([.null]), .list([true, false])])),
        Case(
            name: "array of long lists", hex: "e0 0b 01 d0 00000005 00000001 40",
            value: array(.primitive(0xd0), [.list([.null])])),
        Case(
            name: "array of maps", hex: "e0 08 02 c1 01 00 03 02 40 41",
            value: array(.primitive(0xc1), [.map([:]), .map([.null: true])])),
        Case(
            name: "array of arrays", hex: "e0 09 02 e0 03 01 54 05 02 00 40",
            value: array(.primitive(0xe0), [array(.primitive(0x54), [.int(5)]), array(.primitive(0x40), [])])),
        Case(
            name: "array of described values", hex: "e0 07 02 00 53 07 54 01 02",
            value: array(.described(.ulong(7), .primitive(0x54)), [.int(1), .int(2)])),
        Case(
            name: "array of twice described values", hex: "e0 09 01 00 a3 01 61 00 43 54 05",
            value: array(.described(.symbol("a"), .described(.uint(0), .primitive(0x54))), [.int(5)])),
        Case(name: "described value", hex: "00 a3 01 64 a1 01 76", value: .described(descriptor: .symbol("d"), value: "v")),
        Case(
            name: "value described twice", hex: "00 53 01 00 53 02 40",
            value: .described(descriptor: .ulong(1), value: .described(descriptor: .ulong(2), value: .null))),
        Case(
            name: "value with a described descriptor", hex: "00 00 53 01 41 42",
            value: .described(descriptor: .described(descriptor: .ulong(1), value: true), value: false)),
    ]

    @Test("decodes", arguments: cases)
    func decodes(_ one: Case) throws {
        #expect(try AMQPValue(decoding: ByteBuffer(hex: one.hex)) == one.value)
    }

    @Test("encodes as it was, or shorter", arguments: cases)
    func encodes(_ one: Case) throws {
        #expect(one.value.encoded().hex == ByteBuffer(hex: one.compact ?? one.hex).hex)
        #expect(one.value.encodedSize() == one.value.encoded().readableBytes)
        let uniform = one.value.encoded(style: .uniform)
        #expect(try AMQPValue(decoding: uniform) == one.value)
        #expect(one.value.encodedSize(style: .uniform) == uniform.readableBytes)
    }

    @Test("is read in place as the same value", arguments: cases)
    func readsInPlace(_ one: Case) throws {
        let bytes = ByteBuffer(hex: one.hex)
        var reader = WireReader(bytes.readableBytesSpan)
        let value = try reader.readEncodedValue()
        #expect(inPlace(value, of: bytes) == one.value)
    }

    @Test("cut short anywhere is refused", arguments: cases.filter { $0.hex.count > 2 })
    func truncated(_ one: Case) {
        let bytes = ByteBuffer(hex: one.hex)
        for length in 0..<bytes.readableBytes {
            guard let part = bytes.getSlice(at: 0, length: length) else { continue }
            #expect(throws: CodecError.self) { try AMQPValue(decoding: part) }
        }
    }

    @Test("with any byte changed is refused or means something else, and never traps", arguments: cases)
    func mutated(_ one: Case) throws {
        let original = ByteBuffer(hex: one.hex)
        let telling: [UInt8] = [0x00, 0x01, 0x02, 0x40, 0x45, 0x53, 0x7f, 0x80, 0xa1, 0xb1, 0xc0, 0xc1, 0xd0, 0xd1, 0xe0, 0xf0, 0xff]
        for index in 0..<original.readableBytes {
            for byte in telling {
                var bytes = original
                bytes.setInteger(byte, at: index)
                guard let value = try? AMQPValue(decoding: bytes) else { continue }
                let again = value.encoded()
                #expect(try AMQPValue(decoding: again).encoded() == again)
            }
        }
    }

    @Test("a list takes its short form as long as size and count fit a byte", arguments: 250...260)
    func shortAndLongLists(_ count: Int) throws {
        let values: [AMQPValue] = [
            .list(Array(repeating: .null, count: count)),
            .list([.binary(ByteBuffer(repeating: 0, count: count))]),
            .map([.binary(ByteBuffer(repeating: 0, count: count)): .null]),
            Self.array(.primitive(0x50), Array(repeating: .ubyte(1), count: count)),
        ]
        for value in values {
            let encoded = value.encoded()
            #expect(encoded.readableBytes == value.encodedSize())
            let isShort = try #require(encoded.getInteger(at: 0, as: UInt8.self)) & 0x10 == 0
            // Content and count within the size byte; and never long when short would do.
            #expect(isShort == (encoded.readableBytes - (isShort ? 3 : 9) <= 254))
            #expect(try AMQPValue(decoding: encoded) == value)
        }
    }

    @Test(
        "nested compounds grow together when the innermost outgrows its short form",
        arguments: [200, 240, 244, 248, 250, 252, 254, 256, 300])
    func growth(_ size: Int) throws {
        var value = AMQPValue.binary(ByteBuffer(repeating: 7, count: size))
        for level in 0..<12 {
            value = level.isMultiple(of: 2) ? .list([value]) : .map([.symbol("k"): value])
        }
        for style in [EncodingStyle.compact, .uniform] {
            let encoded = value.encoded(style: style)
            #expect(encoded.readableBytes == value.encodedSize(style: style))
            #expect(try AMQPValue(decoding: encoded) == value)
        }
    }

    @Test("an array cannot be made of elements that do not fit its type")
    func misfits() {
        #expect(AMQPArray(elementType: .primitive(0x54), elements: [.int(128)]) == nil)
        #expect(AMQPArray(elementType: .primitive(0x71), elements: [.long(1)]) == nil)
        #expect(AMQPArray(elementType: .primitive(0x41), elements: [.boolean(false)]) == nil)
        #expect(AMQPArray(elementType: .primitive(0x45), elements: [.list([.null])]) == nil)
        #expect(AMQPArray(elementType: .primitive(0xa1), elements: [.string(String(repeating: "x", count: 256))]) == nil)
        #expect(AMQPArray(elementType: .primitive(0xc0), elements: [.list(Array(repeating: .null, count: 255))]) == nil)
        #expect(AMQPArray(elementType: .primitive(0xc0), elements: [.list(Array(repeating: .null, count: 254))]) != nil)
        #expect(AMQPArray(elementType: .primitive(0xc0), elements: [.list([])]) != nil)
        #expect(AMQPArray(elementType: .primitive(0x00), elements: []) == nil)
        #expect(AMQPArray(elementType: .primitive(0x46), elements: []) == nil)
        #expect(AMQPArray(elementType: .primitive(0x71), elements: [.described(descriptor: .null, value: .int(1))]) == nil)
    }

    @Test("short compounds inside arrays stay short in every style")
    func shortInsideArrays() throws {
        // As a uniform list this content would need more than the 255 bytes its size can say.
        let inner = AMQPValue.list(Array(repeating: .list([.null]), count: 60))
        let array = Self.array(.primitive(0xc0), [inner])
        for style in [EncodingStyle.compact, .uniform] {
            #expect(try AMQPValue(decoding: array.encoded(style: style)) == array)
        }
    }

    @Test("a map gives and takes values by the name of a key")
    func mapByName() {
        var map: AMQPMap = ["text": .int(1), .symbol("symbol"): .int(2), .uint(5): .int(3), "text": .int(4)]
        #expect(map["text"] == .int(1))
        #expect(map["symbol"] == .int(2))
        #expect(map["missing"] == nil)
        map["text"] = .int(9)
        #expect(map.pairs.map(\.value) == [.int(9), .int(2), .int(3), .int(4)])
        map["text"] = nil
        #expect(map["text"] == .int(4))
        map["new"] = true
        #expect(map.pairs.last == AMQPMap.Pair(key: .symbol("new"), value: true))
        #expect(!map.isEmpty)
    }
}
