/// Base64 with the standard alphabet and padding, and with the alphabet for URLs and no padding (RFC 4648 sections 4 and 5).
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity((bytes.count + 2) / 3 * 4)
        var pending: UInt32 = 0
        var count = 0
        for byte in bytes {
            pending = pending << 8 | UInt32(byte)
            count += 1
            if count == 3 {
                for shift: UInt32 in [18, 12, 6, 0] {
                    result.append(self.alphabet[Int(pending >> shift & 0x3F)])
                }
                pending = 0
                count = 0
            }
        }
        if count == 1 {
            result.append(self.alphabet[Int(pending >> 2 & 0x3F)])
            result.append(self.alphabet[Int(pending << 4 & 0x3F)])
            result.append(contentsOf: "==".utf8)
        } else if count == 2 {
            result.append(self.alphabet[Int(pending >> 10 & 0x3F)])
            result.append(self.alphabet[Int(pending >> 4 & 0x3F)])
            result.append(self.alphabet[Int(pending << 2 & 0x3F)])
            result.append(UInt8(ascii: "="))
        }
        return result
    }

    /// As JSON web tokens have it: `-` and `_`, no padding.
    static func encodeURLSafe(_ bytes: some Collection<UInt8>) -> String {
        let text = self.encode(bytes).lazy.filter { $0 != UInt8(ascii: "=") }.map { byte in
            switch byte {
            case UInt8(ascii: "+"): UInt8(ascii: "-")
            case UInt8(ascii: "/"): UInt8(ascii: "_")
            default: byte
            }
        }
        return String(decoding: Array(text), as: UTF8.self)
    }

    /// The bytes that `text` stands for in either alphabet, padded or not; nil when it is not base64, or the unused bits of its end are not zero.
    static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        var digits = Array(text)[...]
        var padding = 0
        while padding < 2, digits.last == UInt8(ascii: "=") {
            digits.removeLast()
            padding += 1
        }
        guard padding == 0 || (digits.count + padding).isMultiple(of: 4), digits.count % 4 != 1 else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(digits.count / 4 * 3 + 2)
        var pending: UInt32 = 0
        var bits: UInt32 = 0
        for digit in digits {
            guard let value = self.value(of: digit) else { return nil }
            pending = (pending << 6 | UInt32(value)) & 0xFFFF
            bits += 6
            if bits >= 8 {
                bits -= 8
                result.append(UInt8(truncatingIfNeeded: pending >> bits))
            }
        }
        guard pending & ((1 << bits) - 1) == 0 else { return nil }
        return result
    }

    private static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): digit - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
