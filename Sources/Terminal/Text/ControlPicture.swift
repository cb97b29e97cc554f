/// The visible name of something that must not reach a terminal. ASCII, at most eight characters.
struct ControlPicture: Sequence {
    private let packed: UInt64
    /// Number of characters; each takes one column.
    let count: Int

    private init(_ text: String) {
        var packed: UInt64 = 0
        var count = 0
        for byte in text.utf8.prefix(8) {
            packed |= UInt64(byte) << (8 * UInt64(count))
            count += 1
        }
        self.packed = packed
        self.count = count
    }

    /// `^[` for C0 controls and DEL, `U+202E` for the rest.
    static func of(_ scalar: UInt32) -> ControlPicture {
        if scalar < 0x20 || scalar == 0x7F {
            return ControlPicture("^" + String(Unicode.Scalar(UInt8(truncatingIfNeeded: scalar) ^ 0x40)))
        }
        let hex = String(scalar, radix: 16, uppercase: true)
        return ControlPicture("U+" + String(repeating: "0", count: Swift.max(0, 4 - hex.utf8.count)) + hex)
    }

    /// `\x9B` for a byte that is not part of valid UTF-8.
    static func of(invalidByte byte: UInt8) -> ControlPicture {
        let hex = String(byte, radix: 16, uppercase: true)
        return ControlPicture((byte < 16 ? "\\x0" : "\\x") + hex)
    }

    /// The characters, one by one.
    func makeIterator() -> AnyIterator<UInt8> {
        var index = 0
        return AnyIterator {
            guard index < count else { return nil }
            defer { index += 1 }
            return self[index]
        }
    }

    subscript(index: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: packed >> (8 * UInt64(index)))
    }

    /// The name as text.
    var text: String { String(decoding: (0..<count).map { self[$0] }, as: UTF8.self) }
}
