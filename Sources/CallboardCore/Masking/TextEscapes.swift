/// Characters that are written otherwise in a running text: `%40` as in URLs, `&quot;` and `&#64;` as in XML, `\u0040` and `\x40` as in
/// programming languages.
enum TextEscapes {
    private static let entities: [(name: StaticString, byte: UInt8)] = [
        ("quot", UInt8(ascii: "\"")), ("apos", UInt8(ascii: "'")), ("lt", UInt8(ascii: "<")), ("gt", UInt8(ascii: ">")),
        ("amp", UInt8(ascii: "&")), ("colon", UInt8(ascii: ":")), ("equals", UInt8(ascii: "=")), ("commat", UInt8(ascii: "@")),
    ]

    /// The text with all of them resolved; nil when there is none. One that is malformed stays as it is.
    static func resolved(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        var rest = 0
        var place = 0
        while place < text.count {
            guard let escape = escape(in: text, at: place) else {
                place += 1
                continue
            }
            result.append(contentsOf: text[rest..<place])
            result.append(contentsOf: escape.bytes)
            place = escape.end
            rest = place
        }
        if rest == 0 { return nil }
        result.append(contentsOf: text[rest...])
        return result
    }

    private static func escape(in text: UnsafeBufferPointer<UInt8>, at place: Int) -> (bytes: [UInt8], end: Int)? {
        switch text[place] {
        case UInt8(ascii: "%"): return number(text, place + 1, digits: 2).map { ([UInt8(truncatingIfNeeded: $0)], place + 3) }
        case UInt8(ascii: "\\") where text.starts(with: "\\x", at: place):
            return number(text, place + 2, digits: 2).map { (utf8($0), place + 4) }
        case UInt8(ascii: "\\") where text.starts(with: "\\u", at: place):
            return number(text, place + 2, digits: 4).map { (utf8($0), place + 6) }
        case UInt8(ascii: "&"):
            guard let end = text[place...].prefix(12).firstIndex(of: UInt8(ascii: ";")), end > place + 2 else { return nil }
            let name = text[(place + 1)..<end]
            if text[place + 1] == UInt8(ascii: "#") {
                let digits = String(decoding: name.dropFirst(), as: UTF8.self)
                let code = digits.lowercased().hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
                return code.map { (utf8($0), end + 1) }
            }
            return entities.first { entity in entity.name.withUTF8Buffer { $0.elementsEqual(name) } }.map { ([$0.byte], end + 1) }
        default: return nil
        }
    }

    private static func number(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, digits: Int) -> UInt32? {
        guard start + digits <= text.count else { return nil }
        var value: UInt32 = 0
        for byte in text[start..<start + digits] {
            guard let digit = digit(byte) else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    /// The value of a hexadecimal digit.
    static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - 0x30
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - 0x61 + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - 0x41 + 10
        default: nil
        }
    }

    /// Half of a surrogate pair becomes U+FFFD.
    private static func utf8(_ code: UInt32) -> [UInt8] { Array(String(Unicode.Scalar(code) ?? "\u{fffd}").utf8) }
}
