import AMQP
import NIOCore
import Testing

@Suite("Values that contradict themselves")
struct MalformedValueTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let hex: String
        let code: CodecError.Code
        var offset: Int?
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(name: "nothing", hex: "", code: .truncated, offset: 0),
        Case(name: "bytes after the value", hex: "40 40", code: .trailingBytes, offset: 1),
        Case(name: "an undefined format code", hex: "c0 03 02 40 46", code: .unknownFormatCode(0x46), offset: 4),
        Case(name: "a list with fewer elements than its count", hex: "c0 02 02 40", code: .truncated),
        Case(name: "a list with more elements than its count", hex: "c0 03 01 40 40", code: .inconsistentCompound),
        Case(name: "a list whose count is 0 and whose size is not", hex: "c0 02 00 40", code: .inconsistentCompound),
        Case(name: "a list whose size is 0", hex: "c0 00", code: .truncated),
        Case(name: "a list whose size leaves no room for its count", hex: "d0 00000003 00000000", code: .inconsistentCompound),
        Case(name: "a list that ends beyond the data", hex: "c0 05 01 40", code: .truncated),
        Case(name: "a list that ends beyond the list around it", hex: "c0 04 01 c0 05 01 40 40 40", code: .truncated),
        Case(name: "an element that ends beyond its list", hex: "c0 03 01 a1 05 4040404040", code: .truncated),
        Case(name: "a long element that ends beyond its list", hex: "c0 06 01 b1 00000005 4040404040", code: .truncated),
        Case(name: "a list of 4 GiB", hex: "d0 ffffffff ffffffff 40", code: .truncated),
        Case(name: "a list of a billion elements", hex: "d0 00000005 3b9aca00 40", code: .tooMany),
        Case(name: "a string of 4 GiB", hex: "b1 ffffffff 40", code: .truncated),
        Case(name: "a map with a key and no value", hex: "c1 02 01 40", code: .inconsistentCompound),
        Case(name: "an array without an element type", hex: "e0 01 00", code: .truncated),
        Case(name: "an array of an undefined type", hex: "e0 02 00 46", code: .unknownFormatCode(0x46), offset: 3),
        Case(name: "an array of an undefined described type", hex: "e0 04 00 00 40 46", code: .unknownFormatCode(0x46), offset: 5),
        Case(name: "an array with too few bytes", hex: "e0 03 02 54 01", code: .inconsistentCompound),
        Case(name: "an array with too many bytes", hex: "e0 05 02 54 01 02 03", code: .inconsistentCompound),
        Case(name: "an array of empty elements with bytes", hex: "e0 03 01 40 40", code: .inconsistentCompound),
        Case(name: "an array of too many empty elements", hex: "f0 00000005 00000008 40", code: .tooMany),
        Case(name: "an array of a billion empty elements", hex: "f0 00000005 3b9aca00 40", code: .tooMany),
        Case(name: "an array of strings that end beyond it", hex: "e0 05 02 a1 01 61 02 62", code: .inconsistentCompound),
        Case(
            name: "an array whose count times its width overflows", hex: "f0 0000000d 000f4240 98 0000000000000000",
            code: .inconsistentCompound),
        Case(name: "an array whose descriptor ends beyond it", hex: "e0 04 00 00 a1 05 4040404040", code: .truncated),
        Case(name: "an array of maps with an odd count", hex: "e0 05 01 c1 02 01 40", code: .inconsistentCompound),
        Case(name: "a descriptor without a value", hex: "00 53 01", code: .truncated),
        Case(name: "a descriptor that is missing", hex: "00", code: .truncated),
    ]

    @Test("are refused, with the place of the fault", arguments: cases)
    func refused(_ one: Case) {
        let bytes = ByteBuffer(hex: one.hex)
        let error = #expect(throws: CodecError.self) { try AMQPValue(decoding: bytes) }
        #expect(error?.code == one.code)
        if let offset = one.offset { #expect(error?.offset == offset) }
        #expect((0...bytes.readableBytes).contains(error?.offset ?? -1), "the fault lies inside the data")
        #expect(error?.description.isEmpty == false)
    }

    @Test("are refused alike when they are skipped", arguments: cases.filter { $0.code != .trailingBytes })
    func refusedBySkipping(_ one: Case) {
        let bytes = ByteBuffer(hex: one.hex)
        var reader = WireReader(bytes.readableBytesSpan)
        var error: CodecError?
        do { try reader.skipValue() } catch let thrown { error = thrown }
        #expect(error?.code == one.code)
    }
}

@Suite("Nesting")
struct NestingTests {
    /// What can hold one more of itself, as the bytes around the inner value.
    struct Shell: Sendable, CustomTestStringConvertible {
        let name: String
        let wrap: @Sendable (ByteBuffer) -> ByteBuffer
        var testDescription: String { name }
    }

    static func buffer(_ head: [UInt8], _ size: Int, _ tail: [UInt8], _ inner: ByteBuffer) -> ByteBuffer {
        var buffer = ByteBuffer(bytes: head)
        buffer.writeInteger(UInt32(size))
        buffer.writeBytes(tail)
        buffer.writeImmutableBuffer(inner)
        return buffer
    }

    static let shells: [Shell] = [
        Shell(name: "list") { buffer([0xd0], $0.readableBytes + 4, [0, 0, 0, 1], $0) },
        Shell(name: "map value") { buffer([0xd1], $0.readableBytes + 5, [0, 0, 0, 2, 0x40], $0) },
        Shell(name: "map key") {
            var inner = $0
            inner.writeInteger(UInt8(0x40))
            return buffer([0xd1], inner.readableBytes + 4, [0, 0, 0, 2], inner)
        },
        Shell(name: "described value") { inner in
            var bytes = ByteBuffer(bytes: [0x00, 0x40])
            bytes.writeImmutableBuffer(inner)
            return bytes
        },
        Shell(name: "descriptor") { inner in
            var bytes = ByteBuffer(bytes: [0x00])
            bytes.writeImmutableBuffer(inner)
            bytes.writeInteger(UInt8(0x40))
            return bytes
        },
        Shell(name: "array's descriptor") { buffer([0xf0], $0.readableBytes + 6, [0, 0, 0, 0, 0x00], appending(0x40, to: $0)) },
    ]

    static func appending(_ byte: UInt8, to buffer: ByteBuffer) -> ByteBuffer {
        var buffer = buffer
        buffer.writeInteger(byte)
        return buffer
    }

    static func nested(_ shell: Shell, _ depth: Int) -> ByteBuffer {
        var bytes = ByteBuffer(bytes: [0x41])
        for _ in 0..<depth { bytes = shell.wrap(bytes) }
        return bytes
    }

    /// An array in an array: only the innermost has an element type that is not `array`.
    static func nestedArrays(_ depth: Int) -> ByteBuffer {
        var inner = ByteBuffer(bytes: [0, 0, 0, 5, 0, 0, 0, 0, 0x41])
        for _ in 1..<depth {
            inner = buffer([], inner.readableBytes + 5, [0, 0, 0, 1, 0xf0], inner)
        }
        var bytes = ByteBuffer(bytes: [0xf0])
        bytes.writeImmutableBuffer(inner)
        return bytes
    }

    @Test("is accepted to the limit and refused beyond it", arguments: shells)
    func limit(_ shell: Shell) throws {
        // The array's descriptor opens two levels at a time: the array, and what its elements are described by.
        let step = shell.name.hasPrefix("array") ? 2 : 1
        _ = try AMQPValue(decoding: Self.nested(shell, 32 / step))
        let error = #expect(throws: CodecError.self) { try AMQPValue(decoding: Self.nested(shell, 32 / step + 1)) }
        #expect(error?.code == .tooDeep)
    }

    @Test("of arrays is accepted to the limit and refused beyond it")
    func arrays() throws {
        _ = try AMQPValue(decoding: Self.nestedArrays(32))
        let error = #expect(throws: CodecError.self) { try AMQPValue(decoding: Self.nestedArrays(33)) }
        #expect(error?.code == .tooDeep)
    }

    @Test("a hundred thousand levels deep is refused without using up the stack", arguments: shells.filter { $0.name.contains("descri") })
    func bottomless(_ shell: Shell) {
        var bytes = ByteBuffer()
        bytes.writeBytes(repeatElement(shell.name == "descriptor" ? [0x00] : [0x00, 0x40], count: 100_000).joined())
        let error = #expect(throws: CodecError.self) { try AMQPValue(decoding: bytes) }
        #expect(error?.code == .tooDeep)
    }

    @Test("can be limited further, and not without bound")
    func otherLimits() throws {
        var limits = CodecLimits()
        limits.maximumDepth = 2
        _ = try AMQPValue(decoding: Self.nested(Self.shells[0], 2), limits: limits)
        #expect(throws: CodecError.self) { try AMQPValue(decoding: Self.nested(Self.shells[0], 3), limits: limits) }
        limits.maximumDepth = 1_000_000
        #expect(limits.maximumDepth == CodecLimits.deepestNesting)
        for shell in Self.shells {
            let depth = CodecLimits.deepestNesting / (shell.name.hasPrefix("array") ? 2 : 1)
            let value = try AMQPValue(decoding: Self.nested(shell, depth), limits: limits)
            #expect(try AMQPValue(decoding: value.encoded(), limits: limits) == value)
        }
    }

    @Test("counts are limited")
    func counts() throws {
        var limits = CodecLimits()
        limits.maximumElements = 3
        let three = AMQPValue.list([.null, .null, .null]).encoded()
        let four = AMQPValue.list([.null, .null, .null, .null]).encoded()
        _ = try AMQPValue(decoding: three, limits: limits)
        let error = #expect(throws: CodecError.self) { try AMQPValue(decoding: four, limits: limits) }
        #expect(error?.code == .tooMany)
    }
}
