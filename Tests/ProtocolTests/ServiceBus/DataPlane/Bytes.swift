import NIOCore

/// AMQP values written by hand, in their shortest encodings (part 1, 1.6): what our own encoder is compared with.
enum Bytes {
    static func hex(_ text: String) -> [UInt8] {
        let digits = text.filter { $0 != " " }.compactMap(\.hexDigitValue).map { UInt8($0) }
        return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    static func string(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        return bytes.count < 256 ? [0xa1, UInt8(bytes.count)] + bytes : [0xb1] + number(UInt32(bytes.count)) + bytes
    }

    static func symbol(_ text: String) -> [UInt8] { [0xa3, UInt8(text.utf8.count)] + Array(text.utf8) }

    static func binary(_ bytes: [UInt8]) -> [UInt8] {
        bytes.count < 256 ? [0xa0, UInt8(bytes.count)] + bytes : [0xb0] + number(UInt32(bytes.count)) + bytes
    }

    static func map(_ pairs: KeyValuePairs<String, [UInt8]>) -> [UInt8] {
        compound(0xc1, pairs.count * 2, pairs.flatMap { string($0.key) + $0.value })
    }

    static func list(_ elements: [[UInt8]]) -> [UInt8] {
        elements.isEmpty ? [0x45] : compound(0xc0, elements.count, elements.flatMap { $0 })
    }

    static func longs(_ values: [Int64]) -> [UInt8] { compound(0xe0, values.count, [0x81] + values.flatMap { number($0) }) }

    static func uuids(_ values: [[UInt8]]) -> [UInt8] { compound(0xe0, values.count, [0x98] + values.flatMap { $0 }) }

    static func timestamp(_ value: Int64) -> [UInt8] { [0x83] + number(value) }

    static func int(_ value: Int32) -> [UInt8] {
        (-128...127).contains(value) ? [0x54, UInt8(truncatingIfNeeded: value)] : [0x71] + number(value)
    }

    static func long(_ value: Int64) -> [UInt8] {
        (-128...127).contains(value) ? [0x55, UInt8(truncatingIfNeeded: value)] : [0x81] + number(value)
    }

    static func described(_ descriptor: String, _ value: [UInt8]) -> [UInt8] { [0x00] + hex(descriptor) + value }

    /// An amqp-value section.
    static func body(_ value: [UInt8]) -> [UInt8] { hex("00 53 77") + value }

    private static func compound(_ code: UInt8, _ count: Int, _ content: [UInt8]) -> [UInt8] {
        content.count < 255 && count < 256
            ? [code, UInt8(content.count + 1), UInt8(count)] + content
            : [code + 0x10] + number(UInt32(content.count + 4)) + number(UInt32(count)) + content
    }

    private static func number<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
        (0..<Number.bitWidth / 8).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
}
