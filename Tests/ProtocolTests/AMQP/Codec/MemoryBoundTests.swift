import AMQP
import NIOCore
import Testing

@Suite("No input is held in more than 64 times its size")
struct MemoryBoundTests {
    static let bound = 64

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: ByteBuffer
        var testDescription: String { name }

        init(_ name: String, _ value: AMQPValue) {
            self.name = name
            bytes = value.encoded()
        }
        init(_ name: String, hex: String) {
            self.name = name
            bytes = ByteBuffer(hex: hex)
        }
    }

    /// Shapes in which a byte of input costs most.
    static let shapes: [Case] = [
        Case("null", .null),
        Case("a short described value", hex: "00 40 40"),
        Case("a list of described nulls", .list(Array(repeating: .described(descriptor: .null, value: .null), count: 5_000))),
        Case("a list of one-element lists", .list(Array(repeating: .list([.null]), count: 5_000))),
        Case("a list of one-pair maps", .list(Array(repeating: .map([.null: .null]), count: 5_000))),
        Case("a list of empty lists", .list(Array(repeating: .list([]), count: 50_000))),
        Case("an array of as many empty elements as are allowed", hex: "e0 02 07 40"),
        Case("described arrays of empty elements", .list(Array(repeating: .array(describedNulls), count: 5_000))),
        Case("a list of arrays of empty elements", .list(Array(repeating: .array(nulls), count: 5_000))),
        Case("a list of sixteen-byte texts", .list(Array(repeating: .string("0123456789abcdef"), count: 5_000))),
        Case("an array of empty symbols", .array(.symbols(Array(repeating: "", count: 20_000)))),
        Case("an array of one-element lists", hex: "e0 08 02 c0 02 01 40 02 01 40"),
        Case("nested descriptors", hex: String(repeating: "00", count: 31) + String(repeating: "40", count: 32)),
        Case("nested lists", nestedLists),
    ]

    private static var nulls: AMQPArray {
        guard let array = AMQPArray(elementType: .primitive(0x40), elements: Array(repeating: .null, count: 7)) else {
            preconditionFailure()
        }
        return array
    }
    private static var describedNulls: AMQPArray {
        guard
            let array = AMQPArray(
                elementType: .described(.null, .described(.null, .primitive(0x40))), elements: Array(repeating: .null, count: 7))
        else { preconditionFailure() }
        return array
    }
    private static var nestedLists: AMQPValue { (0..<31).reduce(.null) { inner, _ in .list([inner]) } }

    @Test("whatever its shape", arguments: shapes)
    func shape(_ one: Case) throws {
        let value = try AMQPValue(decoding: one.bytes)
        let held = HeldMemory.of(value)
        #expect(held <= Self.bound * one.bytes.readableBytes, "\(held) bytes for \(one.bytes.readableBytes)")
    }

    @Test("not even when repaired text grows threefold")
    func repaired() throws {
        var bytes = ByteBuffer(bytes: [0xb1])
        bytes.writeInteger(UInt32(10_000))
        bytes.writeRepeatingByte(0xff, count: 10_000)
        let held = HeldMemory.of(try AMQPValue(decoding: bytes))
        #expect(held > 30_000)
        #expect(held <= Self.bound * bytes.readableBytes)
    }

    @Test("one empty element more would break the bound: the limit is no smaller than it must be")
    func limitIsTight() throws {
        var limits = CodecLimits()
        limits.maximumEmptyElements = 8
        let held = HeldMemory.of(try AMQPValue(decoding: ByteBuffer(hex: "e0 02 08 40"), limits: limits))
        #expect(held > Self.bound * 4)
    }

    @Test("every fuzz input", .enabled(if: AMQPVectors.areAvailable, AMQPVectors.missing))
    func corpora() throws {
        #expect(AMQPVectors.values.count == 215)
        var decoded = 0
        for file in AMQPVectors.values + AMQPVectors.connections + AMQPVectors.frames + AMQPVectors.interop {
            // Values stand at every offset of a file, as far as bytes can be values.
            for offset in 0..<min(file.bytes.readableBytes, 96) {
                guard let rest = file.bytes.getSlice(at: offset, length: file.bytes.readableBytes - offset) else { continue }
                var reader = WireReader(rest.readableBytesSpan)
                guard let value = try? reader.readValue(in: rest) else { continue }
                decoded += 1
                let held = HeldMemory.of(value)
                if held > Self.bound * reader.offset {
                    Issue.record("\(file.name) at \(offset): \(held) bytes for \(reader.offset)")
                }
            }
        }
        #expect(decoded > 10_000)
    }
}
