/// Writes protocol buffer fields, enough for bodies that look like real ones.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    /// A varint field.
    mutating func varint(_ field: UInt64, _ value: UInt64) {
        append(field << 3)
        append(value)
    }

    /// A length-delimited field of text.
    mutating func string(_ field: UInt64, _ text: String) { bytes(field, Array(text.utf8)) }

    /// A length-delimited field of bytes, or of an embedded message.
    mutating func bytes(_ field: UInt64, _ content: [UInt8]) {
        append(field << 3 | 2)
        append(UInt64(content.count))
        bytes += content
    }

    /// A fixed 64-bit field.
    mutating func double(_ field: UInt64, _ value: Double) {
        append(field << 3 | 1)
        for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> UInt64(shift))) }
    }

    private mutating func append(_ value: UInt64) {
        var value = value
        while value > 0x7f {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }
}
