/// A position in bytes of a stranger: every step is checked, none can trap.
struct ByteReader {
    let bytes: [UInt8]
    private(set) var offset: Int
    let end: Int

    init(_ bytes: [UInt8], in range: Range<Int>? = nil) {
        self.bytes = bytes
        let range = (range ?? 0..<bytes.count).clamped(to: 0..<bytes.count)
        offset = range.lowerBound
        end = range.upperBound
    }

    var isAtEnd: Bool { offset >= end }
    var remaining: Int { end - offset }

    func fault(_ what: String) -> BodyFault { .malformed(what, at: offset) }

    func peek(_ distance: Int = 0) -> UInt8? { distance < remaining ? bytes[offset + distance] : nil }

    mutating func byte() throws(BodyFault) -> UInt8 {
        guard offset < end else { throw fault("the bytes end too early") }
        defer { offset += 1 }
        return bytes[offset]
    }

    /// The range of the next bytes, stepped over.
    mutating func take(_ count: Int) throws(BodyFault) -> Range<Int> {
        guard count >= 0, count <= remaining else { throw fault("a length goes beyond the end") }
        defer { offset += count }
        return offset..<offset + count
    }

    /// As ``take(_:)-(Int)``, for a length that may be anything.
    mutating func take(_ count: UInt64) throws(BodyFault) -> Range<Int> {
        guard let count = Int(exactly: count) else { throw fault("a length goes beyond the end") }
        return try take(count)
    }

    mutating func array(_ count: Int) throws(BodyFault) -> [UInt8] { Array(bytes[try take(count)]) }

    /// Text of so many bytes.
    mutating func text(_ count: UInt64) throws(BodyFault) -> String {
        let range = try take(count)
        guard let text = String(validating: bytes[range], as: UTF8.self) else {
            throw .malformed("a text is not UTF-8", at: range.lowerBound)
        }
        return text
    }

    mutating func bigEndian<Value: FixedWidthInteger & UnsignedInteger>(_: Value.Type) throws(BodyFault) -> Value {
        var value: Value = 0
        for index in try take(Value.bitWidth / 8) { value = value << 8 | Value(truncatingIfNeeded: bytes[index]) }
        return value
    }

    mutating func littleEndian<Value: FixedWidthInteger & UnsignedInteger>(_: Value.Type) throws(BodyFault) -> Value {
        Value(truncatingIfNeeded: try bigEndian(Value.self).byteSwapped)
    }

    /// Seven bits a byte, the low ones first (Protobuf, Avro, .NET).
    mutating func varint() throws(BodyFault) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 70, by: 7) {
            let byte = try byte()
            if shift == 63, byte > 1 { throw fault("a number is longer than 64 bits") }
            value |= UInt64(byte & 0x7F) << UInt64(shift)
            if byte < 0x80 { return value }
        }
        throw fault("a number is longer than 64 bits")
    }

    /// A signed number that was folded to be positive.
    mutating func zigzag() throws(BodyFault) -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }
}

extension UInt8 {
    var hexadecimal: String { (self < 16 ? "0" : "") + String(self, radix: 16) }
}

extension Sequence<UInt8> {
    /// Two digits a byte.
    var hexadecimal: String { reduce(into: "") { $0 += $1.hexadecimal } }
}

/// Whole numbers of any size, as formats carry them in bytes.
enum BigNumber {
    /// More bytes than this are shown in hexadecimal: the decimal form costs the square of the length.
    private static let longest = 128

    /// The decimal digits of a number without a sign, most significant byte first; nil when it is too long.
    static func decimal(magnitude bytes: some Collection<UInt8>) -> String? {
        let bytes = bytes.drop { $0 == 0 }
        guard bytes.count <= longest else { return nil }
        // Nine digits a limb, the low ones first.
        var limbs: [UInt64] = [0]
        for byte in bytes {
            var carry = UInt64(byte)
            for index in limbs.indices {
                let value = limbs[index] * 256 + carry
                limbs[index] = value % 1_000_000_000
                carry = value / 1_000_000_000
            }
            if carry > 0 { limbs.append(carry) }
        }
        var text = String(limbs.last ?? 0)
        for limb in limbs.dropLast().reversed() {
            let digits = String(limb)
            text += String(repeating: "0", count: 9 - digits.utf8.count) + digits
        }
        return text
    }

    /// The decimal form of a number in two's complement, most significant byte first, with so many digits behind the point.
    static func decimal(twosComplement bytes: some Collection<UInt8>, scale: Int = 0) -> String? {
        guard let first = bytes.first, scale >= 0, scale <= 1000 else { return bytes.isEmpty ? "0" : nil }
        let isNegative = first >= 0x80
        var magnitude = Array(bytes)
        if isNegative {
            var carry = true
            for index in magnitude.indices.reversed() {
                magnitude[index] = ~magnitude[index]
                if carry {
                    let (sum, overflow) = magnitude[index].addingReportingOverflow(1)
                    magnitude[index] = sum
                    carry = overflow
                }
            }
        }
        // The most negative number of a length is its own complement, and right as a magnitude.
        guard var digits = decimal(magnitude: magnitude) else { return nil }
        if scale > 0 {
            if digits.utf8.count <= scale { digits = String(repeating: "0", count: scale + 1 - digits.utf8.count) + digits }
            let point = digits.index(digits.endIndex, offsetBy: -scale)
            digits = digits[..<point] + "." + digits[point...]
        }
        return isNegative ? "-" + digits : digits
    }
}
