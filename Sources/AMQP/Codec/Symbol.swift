/// An AMQP symbol: an ASCII name from a constrained domain (part 1, 1.6.21).
public struct Symbol: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible, Comparable {
    /// The name.
    public var name: String
    /// Creates a symbol from a name.
    public init(_ name: String) { self.name = name }
    /// Creates a symbol from a literal.
    public init(stringLiteral value: String) { name = value }
    /// The name.
    public var description: String { name }
    /// Orders by name.
    public static func < (a: Symbol, b: Symbol) -> Bool { a.name < b.name }
}

/// A UUID as AMQP carries it: sixteen bytes in network order (part 1, 1.6.18).
public struct UUIDBytes: Hashable, Sendable, CustomStringConvertible {
    /// The first eight bytes, big-endian.
    public var high: UInt64
    /// The last eight bytes, big-endian.
    public var low: UInt64

    /// Creates a UUID from its two halves.
    @inlinable
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A random (version 4) UUID.
    public static func random() -> UUIDBytes {
        let high = UInt64.random(in: .min ... .max) & 0xffff_ffff_ffff_0fff | 0x4000
        let low = UInt64.random(in: .min ... .max) & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
        return UUIDBytes(high: high, low: low)
    }

    /// Parses the 8-4-4-4-12 form, in either case; nil if it is not one.
    public init?(_ text: some StringProtocol) {
        var halves: (UInt64, UInt64) = (0, 0)
        var digits = 0
        for (index, byte) in text.utf8.enumerated() {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard digits < 32, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            if digits < 16 { halves.0 = halves.0 << 4 | UInt64(digit) } else { halves.1 = halves.1 << 4 | UInt64(digit) }
            digits += 1
        }
        guard digits == 32, text.utf8.count == 36 else { return nil }
        self.init(high: halves.0, low: halves.1)
    }

    /// The same GUID with its first three groups byte-swapped: .NET's memory order, which Service Bus uses for delivery tags.
    public var swappedToDotNetOrder: UUIDBytes {
        let a = UInt32(truncatingIfNeeded: high >> 32).byteSwapped
        let b = UInt16(truncatingIfNeeded: high >> 16).byteSwapped
        let c = UInt16(truncatingIfNeeded: high).byteSwapped
        return UUIDBytes(high: UInt64(a) << 32 | UInt64(b) << 16 | UInt64(c), low: low)
    }

    /// The lower-case 8-4-4-4-12 form.
    public var description: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for index in 0..<32 {
            if index == 8 || index == 12 || index == 16 || index == 20 { text.append(UInt8(ascii: "-")) }
            let half = index < 16 ? high : low
            text.append(digits[Int(half >> UInt64(60 - (index % 16) * 4) & 0xf)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
