/// Base64 and base64url (RFC 4648), for what is hidden in text that is encoded once more.
enum Base64Reading {
    /// Shorter text is taken for a word or an id.
    static let shortest = 16

    static func isAlphabet(_ byte: UInt8) -> Bool {
        byte.isASCIIDigit || byte.isASCIILetter || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "_")
    }

    /// Line ends, as MIME and PEM have them, and indentation.
    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x0a || byte == 0x0d || byte == 0x20 || byte == 0x09 }

    /// The bytes a text encodes; line ends are stepped over. Nil when it is not base64 from end to end.
    static func bytes(of text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(text.count / 4 * 3 + 3)
        var bits: UInt32 = 0
        var count = 0
        var padding = 0
        for byte in text {
            if isSpace(byte) { continue }
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
        guard beginsAsText(text), let bytes = bytes(of: text), bytes.withUnsafeBufferPointer({ isText($0) }) else { return nil }
        return bytes
    }

    /// Valid UTF-8 with few controls; with a NUL it is UTF-16 that looks like it, or no text.
    static func isText(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var controls = 0
        for byte in bytes where byte < 0x20 && byte != 0x09 && byte != 0x0a && byte != 0x0d {
            if byte == 0 { return false }
            controls += 1
        }
        return !bytes.isEmpty && controls * 8 <= bytes.count && String(validating: bytes, as: UTF8.self) != nil
    }

    /// Whether a text encodes, from its first sign on, something that may hold texts though it is none: what is compressed, or UTF-16.
    static func beginsWithheld(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 24) { memory in
            var (bits, signs, count): (UInt32, Int, Int) = (0, 0, 0)
            for byte in text.prefix(32) {
                if isSpace(byte) { continue }
                guard let value = value(byte) else { break }
                bits = bits << 6 | value
                signs += 1
                guard signs % 4 == 0 else { continue }
                for shift: UInt32 in [16, 8, 0] {
                    memory[count] = UInt8(truncatingIfNeeded: bits >> shift)
                    count += 1
                }
            }
            return isWithheld(UnsafeBufferPointer(rebasing: memory[..<count]))
        }
    }

    private static func isWithheld(_ start: UnsafeBufferPointer<UInt8>) -> Bool {
        guard start.count >= 3 else { return false }
        let two = Int(start[0]) << 8 | Int(start[1])
        switch two {
        // gzip, and the marks of UTF-16.
        case 0x1f8b, 0xfffe, 0xfeff: return true
        case 0x504b: return start.starts(with: [0x50, 0x4b, 3, 4])
        case 0x28b5: return start.starts(with: [0x28, 0xb5, 0x2f, 0xfd])
        // zlib, by its check sum and the levels it is written with.
        case _ where two & 0x8f00 == 0x0800 && two % 31 == 0 && [0x01, 0x5e, 0x9c, 0xda].contains(two & 0xff): return true
        default: break
        }
        var zeros = (even: 0, odd: 0)
        for (place, byte) in start.prefix(12).enumerated() where byte == 0 {
            if place % 2 == 0 { zeros.even += 1 } else { zeros.odd += 1 }
        }
        return max(zeros.even, zeros.odd) >= 4 && min(zeros.even, zeros.odd) == 0
    }

    /// Whether a text encodes so many bytes that they are no id, hash or key. Hexadecimal digits alone are one.
    static func isLongContent(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard text.count > longestKey, !text.allSatisfy({ TextEscapes.digit($0) != nil || isSpace($0) }) else { return false }
        return bytes(of: text) != nil || isMixed(text)
    }

    /// Whether letters of both cases and digits stand among the signs. So they do in base64 of this length, be its count of signs right or not: some
    /// may belong to something else. In a name they hardly do.
    private static func isMixed(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let last = text.lastIndex(where: { isAlphabet($0) }) else { return false }
        let signs = text[...last]
        return signs.allSatisfy { isAlphabet($0) || isSpace($0) } && signs.contains { $0.isASCIIDigit }
            && signs.contains { $0.isASCIILetter && $0 == $0.lowercasedASCII }
            && signs.contains { $0.isASCIILetter && $0 != $0.lowercasedASCII }
    }

    /// The signs of 72 bytes; a hash or a key has 64 at most.
    private static let longestKey = 96

    /// Whether the first bytes could be text: ids, which look like base64 too, are told apart without being decoded.
    private static func beginsAsText(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var controls = 0
        for start in stride(from: 0, to: min(text.count, 32) - 3, by: 4) {
            guard let a = value(text[start]), let b = value(text[start + 1]), let c = value(text[start + 2]), let d = value(text[start + 3])
            else {
                return true
            }
            let bits = a << 18 | b << 12 | c << 6 | d
            for shift: UInt32 in [16, 8, 0] {
                let byte = bits >> shift & 0xff
                if byte == 0 { return false }
                if byte < 0x20, byte != 0x09, byte != 0x0a, byte != 0x0d { controls += 1 }
            }
        }
        return controls <= 3
    }

    static func value(_ byte: UInt8) -> UInt32? {
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
