/// Base64 and base64url (RFC 4648), for what is hidden in text that is encoded once more.
enum Base64Reading {
    /// Shorter text is taken for a word or an id.
    static let shortest = 16

    static func isAlphabet(_ byte: UInt8) -> Bool {
        byte.isASCIIDigit || byte.isASCIILetter || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "_")
    }

    /// The bytes a text encodes; line ends are stepped over. Nil when it is not base64 from end to end.
    static func bytes(of text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(text.count / 4 * 3 + 3)
        var bits: UInt32 = 0
        var count = 0
        var padding = 0
        for byte in text {
            if byte == 0x0a || byte == 0x0d { continue }
            if byte == UInt8(ascii: "=") {
                padding += 1
                continue
            }
            guard padding == 0, let value = value(byte) else { return nil }
            bits = bits << 6 | value
            count += 1
            if count % 4 == 0 {
                result.append(UInt8(truncatingIfNeeded: bits >> 16))
                result.append(UInt8(truncatingIfNeeded: bits >> 8))
                result.append(UInt8(truncatingIfNeeded: bits))
            }
        }
        let rest = count % 4
        guard rest != 1, padding == 0 || padding == 4 - rest, padding < 3 else { return nil }
        if rest == 2 { result.append(UInt8(truncatingIfNeeded: bits >> 4)) }
        if rest == 3 {
            result.append(UInt8(truncatingIfNeeded: bits >> 10))
            result.append(UInt8(truncatingIfNeeded: bits >> 2))
        }
        return result
    }

    /// The text a text encodes; nil when it encodes none.
    static func text(of text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard beginsAsText(text), let bytes = bytes(of: text), !bytes.isEmpty, String(validating: bytes, as: UTF8.self) != nil,
            bytes.allSatisfy({ $0 >= 0x20 || $0 == 0x09 || $0 == 0x0a || $0 == 0x0d })
        else { return nil }
        return bytes
    }

    /// Whether the first bytes could be text: ids, which look like base64 too, are told apart without being decoded.
    private static func beginsAsText(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        for start in stride(from: 0, to: min(text.count, 32) - 3, by: 4) {
            guard let a = value(text[start]), let b = value(text[start + 1]), let c = value(text[start + 2]), let d = value(text[start + 3])
            else {
                return true
            }
            let bits = a << 18 | b << 12 | c << 6 | d
            for shift: UInt32 in [16, 8, 0] {
                let byte = bits >> shift & 0xff
                if byte < 0x20, byte != 0x09, byte != 0x0a, byte != 0x0d { return false }
            }
        }
        return true
    }

    private static func value(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
