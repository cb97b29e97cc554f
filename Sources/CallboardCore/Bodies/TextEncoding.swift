#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// How bytes stand for text: found in the bytes, declared by the sender, or guessed.
enum TextEncoding {
    /// Text, and how it was encoded.
    struct Decoded {
        var text: String
        var name: String
    }

    /// Text whose first bytes say how it is encoded (a byte order mark).
    static func marked(_ bytes: ArraySlice<UInt8>) -> Decoded? {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            return utf8(bytes.dropFirst(3)).map { Decoded(text: $0, name: "UTF-8 with mark") }
        }
        // Before UTF-16, whose mark it begins with.
        if bytes.starts(with: [0xFF, 0xFE, 0, 0]) {
            return utf32(bytes.dropFirst(4), isBigEndian: false).map { Decoded(text: $0, name: "UTF-32LE") }
        }
        if bytes.starts(with: [0, 0, 0xFE, 0xFF]) {
            return utf32(bytes.dropFirst(4), isBigEndian: true).map { Decoded(text: $0, name: "UTF-32BE") }
        }
        if bytes.starts(with: [0xFF, 0xFE]) {
            return utf16(bytes.dropFirst(2), isBigEndian: false).map { Decoded(text: $0, name: "UTF-16LE") }
        }
        if bytes.starts(with: [0xFE, 0xFF]) {
            return utf16(bytes.dropFirst(2), isBigEndian: true).map { Decoded(text: $0, name: "UTF-16BE") }
        }
        return nil
    }

    /// UTF-8 with few controls. Text that tries to drive the terminal is still text: its controls are shown.
    static func plain(_ bytes: ArraySlice<UInt8>) -> String? {
        guard !bytes.contains(0), let text = utf8(bytes) else { return nil }
        let controls = bytes.reduce(0) { $0 + ($1 < 0x20 && $1 != 0x09 && $1 != 0x0A && $1 != 0x0D ? 1 : 0) }
        return controls * 8 <= bytes.count ? text : nil
    }

    /// UTF-16 and UTF-32 without a mark: in text of most languages every second byte, or three of four, are zero or few values.
    static func unmarked(_ bytes: ArraySlice<UInt8>) -> Decoded? {
        guard bytes.count >= 4, bytes.contains(0) else { return nil }
        let sample = bytes.prefix(1024)
        var zeros = [0, 0, 0, 0]
        for (place, byte) in sample.enumerated() where byte == 0 { zeros[place & 3] += 1 }
        let quarter = sample.count / 4
        let isMostly = { (place: Int) in zeros[place] * 10 >= quarter * 9 }
        let isRarely = { (place: Int) in zeros[place] * 10 <= quarter }
        if bytes.count % 4 == 0 {
            if isRarely(0), isMostly(2), isMostly(3), let text = readable(utf32(bytes, isBigEndian: false)) {
                return Decoded(text: text, name: "UTF-32LE")
            }
            if isRarely(3), isMostly(0), isMostly(1), let text = readable(utf32(bytes, isBigEndian: true)) {
                return Decoded(text: text, name: "UTF-32BE")
            }
        }
        guard bytes.count % 2 == 0 else { return nil }
        let half = sample.count / 2
        let (even, odd) = (zeros[0] + zeros[2], zeros[1] + zeros[3])
        // In a few bytes a zero may be a zero: then all of them must be.
        let enough = sample.count < 16 ? half : half - half / 2
        if odd >= enough, even * 10 <= half, let text = readable(utf16(bytes, isBigEndian: false)) {
            return Decoded(text: text, name: "UTF-16LE")
        }
        if even >= enough, odd * 10 <= half, let text = readable(utf16(bytes, isBigEndian: true)) {
            return Decoded(text: text, name: "UTF-16BE")
        }
        return nil
    }

    private static func readable(_ text: String?) -> String? {
        guard let text else { return nil }
        let controls = text.unicodeScalars.reduce(0) { $0 + ($1.value < 0x20 && $1 != "\t" && $1 != "\n" && $1 != "\r" ? 1 : 0) }
        return controls == 0 ? text : nil
    }

    /// Text of bytes that are mostly ASCII letters, with some of Western European languages among them.
    static func western(_ bytes: ArraySlice<UInt8>) -> Decoded? {
        let sample = bytes.prefix(4096)
        guard sample.count >= 4 else { return nil }
        var (letters, high) = (0, 0)
        for byte in sample {
            switch byte {
            case 0x09, 0x0A, 0x0D: break
            case ..<0x20, 0x7F: return nil
            // Unassigned in Windows-1252.
            case 0x81, 0x8D, 0x8F, 0x90, 0x9D: return nil
            case 0x80...: high += 1
            default: letters += 1
            }
        }
        guard high * 4 <= letters else { return nil }
        return decode(bytes, declared: "windows-1252").map { Decoded(text: $0, name: "Windows-1252, guessed") }
    }

    /// Text in an encoding that somebody declared.
    ///
    /// - Parameter name: a name of the IANA registry, in any case.
    /// - Returns: nil when the bytes are not in that encoding, or the encoding is not known here.
    static func decode(_ bytes: ArraySlice<UInt8>, declared name: String) -> String? {
        switch name.lowercased() {
        case "utf-8", "utf8": utf8(bytes)
        case "us-ascii", "ascii": bytes.allSatisfy { $0 < 0x80 } ? utf8(bytes) : nil
        case "utf-16", "utf-16le", "utf-16-le", "unicode", "unicodefffe": utf16(bytes, isBigEndian: false)
        case "utf-16be", "utf-16-be": utf16(bytes, isBigEndian: true)
        case "utf-32", "utf-32le": utf32(bytes, isBigEndian: false)
        case "utf-32be": utf32(bytes, isBigEndian: true)
        case "iso-8859-1", "latin1", "latin-1", "iso8859-1", "windows-1252", "cp1252": windows1252(bytes)
        default: system(bytes, name)
        }
    }

    static func utf8(_ bytes: ArraySlice<UInt8>) -> String? { String(validating: bytes, as: UTF8.self) }

    static func utf16(_ bytes: ArraySlice<UInt8>, isBigEndian: Bool) -> String? {
        guard bytes.count % 2 == 0 else { return nil }
        var units: [UInt16] = []
        units.reserveCapacity(bytes.count / 2)
        var place = bytes.startIndex
        while place + 1 < bytes.endIndex {
            let (first, second) = (UInt16(bytes[place]), UInt16(bytes[place + 1]))
            units.append(isBigEndian ? first << 8 | second : second << 8 | first)
            place += 2
        }
        return String(validating: units, as: UTF16.self)
    }

    static func utf32(_ bytes: ArraySlice<UInt8>, isBigEndian: Bool) -> String? {
        guard bytes.count % 4 == 0 else { return nil }
        var text = String.UnicodeScalarView()
        var place = bytes.startIndex
        while place + 3 < bytes.endIndex {
            var value: UInt32 = 0
            for offset in 0..<4 { value = value << 8 | UInt32(bytes[place + (isBigEndian ? offset : 3 - offset)]) }
            guard let scalar = Unicode.Scalar(value) else { return nil }
            text.append(scalar)
            place += 4
        }
        return String(text)
    }

    /// What browsers read for Latin-1 too (WHATWG, "Encoding"): the bytes from 0x80 to 0x9F are characters there and controls in ISO 8859-1.
    private static let windows: [UInt32] = [
        0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D, 0x017D, 0x8F, 0x90,
        0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D, 0x017E, 0x0178,
    ]

    private static func windows1252(_ bytes: ArraySlice<UInt8>) -> String {
        var text = String.UnicodeScalarView()
        for byte in bytes {
            if (0x80...0x9F).contains(byte), let scalar = Unicode.Scalar(windows[Int(byte - 0x80)]) {
                text.append(scalar)
            } else {
                text.append(Unicode.Scalar(byte))
            }
        }
        return String(text)
    }

    /// Whether it may be the name of a character set: letters, digits and `- _ . :`. A slash would be followed by instructions to iconv, or lead
    /// into its folders.
    static func isCharsetName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 40
            && name.utf8.allSatisfy { $0.isASCIILetter || $0.isASCIIDigit || "-_.:".utf8.contains($0) }
    }

    /// What the system's iconv knows.
    private static func system(_ bytes: ArraySlice<UInt8>, _ name: String) -> String? {
        guard isCharsetName(name), let converter = iconv_open("UTF-8", name), Int(bitPattern: converter) != -1
        else { return nil }
        defer { iconv_close(converter) }
        var input = Array(bytes)
        // No character of an older encoding takes more than four bytes of UTF-8 for each of its own.
        var output = [UInt8](repeating: 0, count: input.count * 4 + 16)
        let written: Int? = input.withUnsafeMutableBytes { input in
            output.withUnsafeMutableBytes { output in
                var from = input.baseAddress?.assumingMemoryBound(to: CChar.self)
                var to = output.baseAddress?.assumingMemoryBound(to: CChar.self)
                var (left, room) = (input.count, output.count)
                guard iconv(converter, &from, &left, &to, &room) != Int(bitPattern: UInt.max), left == 0 else { return nil }
                return output.count - room
            }
        }
        return written.flatMap { utf8(output[..<$0]) }
    }
}
