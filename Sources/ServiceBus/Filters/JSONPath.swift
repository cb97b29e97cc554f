internal import NIOCore

/// Finds one value in a JSON document without building the others: steps over what it does not need, without recursion.
///
/// It is a reader for filters, not a validator: what stands behind the value is not looked at.
struct JSONPath {
    private let bytes: UnsafeRawBufferPointer
    private var offset = 0

    private init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The value at a path of member names and array positions; unknown when there is none, when it is null, or when this is no JSON.
    static func value(at path: [String], in document: ByteBuffer) -> FilterValue {
        document.withUnsafeReadableBytes { bytes in
            var reader = JSONPath(bytes)
            for step in path {
                guard reader.enter(step) else { return .unknown }
            }
            return reader.value(in: document)
        }
    }

    private var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { offset += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard current == UInt8(truncatingIfNeeded: character.value) else { return false }
        offset += 1
        return true
    }

    /// Moves to a member of the object, or an element of the array, that stands here.
    private mutating func enter(_ step: String) -> Bool {
        if take("{") {
            if take("}") { return false }
            repeat {
                skipSpace()
                guard let key = string(), take(":") else { return false }
                if matches(key, step) { return true }
                guard skipValue() else { return false }
            } while take(",")
            return false
        }
        guard take("["), let index = Int(step), index >= 0 else { return false }
        skipSpace()
        if current == UInt8(ascii: "]") { return false }
        for _ in 0..<index {
            guard skipValue(), take(",") else { return false }
        }
        return true
    }

    private func matches(_ key: Token, _ name: String) -> Bool {
        if key.isEscaped { return Self.unescaped(bytes, key.range) == name }
        return bytes[key.range].elementsEqual(name.utf8)
    }

    private struct Token {
        var range: Range<Int>
        var isEscaped: Bool
    }

    /// The contents of the string that starts here.
    private mutating func string() -> Token? {
        guard current == UInt8(ascii: "\"") else { return nil }
        offset += 1
        let start = offset
        var isEscaped = false
        while let byte = current {
            if byte == UInt8(ascii: "\"") {
                offset += 1
                return Token(range: start..<offset - 1, isEscaped: isEscaped)
            }
            if byte == UInt8(ascii: "\\") {
                isEscaped = true
                offset += 1
            }
            offset += 1
        }
        return nil
    }

    /// Steps over a value: brackets are counted, not followed.
    private mutating func skipValue() -> Bool {
        var open = 0
        skipSpace()
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""): if string() == nil { return false }
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                open += 1
                offset += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard open > 0 else { return false }
                open -= 1
                offset += 1
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                guard open > 0 else { return false }
                offset += 1
            default: if literal().isEmpty { return false }
            }
            skipSpace()
            if open == 0 { return true }
        }
        return false
    }

    /// The number or word that starts here.
    private mutating func literal() -> Range<Int> {
        let start = offset
        while let byte = current, byte > 0x20, byte != UInt8(ascii: ","), byte != UInt8(ascii: "}"), byte != UInt8(ascii: "]"),
            byte != UInt8(ascii: ":"), byte != UInt8(ascii: "\""), byte != UInt8(ascii: "{"), byte != UInt8(ascii: "[")
        { offset += 1 }
        return start..<offset
    }

    private mutating func value(in document: ByteBuffer) -> FilterValue {
        skipSpace()
        switch current {
        case UInt8(ascii: "\""):
            guard let token = string() else { return .unknown }
            if token.isEscaped { return Self.unescaped(bytes, token.range).map { .text($0) } ?? .unknown }
            let slice = document.getSlice(at: document.readerIndex + token.range.lowerBound, length: token.range.count)
            return slice.map { .text(FilterText($0)) } ?? .unknown
        case UInt8(ascii: "{"): return .other("object")
        case UInt8(ascii: "["): return .other("array")
        default:
            let text = String(decoding: bytes[literal()], as: UTF8.self)
            switch text {
            case "true": return .boolean(true)
            case "false": return .boolean(false)
            case "null", "": return .unknown
            default:
                guard let first = text.utf8.first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first) else { return .unknown }
                if let whole = Int64(text) { return .integer(whole) }
                return Double(text).map { .double($0) } ?? .unknown
            }
        }
    }

    /// A string without its escapes (RFC 8259, section 7); nil when one is malformed. Half a surrogate pair becomes U+FFFD.
    private static func unescaped(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> String? {
        var result: [UInt8] = []
        result.reserveCapacity(range.count)
        var offset = range.lowerBound
        while offset < range.upperBound {
            let byte = bytes[offset]
            offset += 1
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                continue
            }
            guard offset < range.upperBound else { return nil }
            let escape = bytes[offset]
            offset += 1
            switch escape {
            case UInt8(ascii: "n"): result.append(0x0a)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "r"): result.append(0x0d)
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0c)
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(escape)
            case UInt8(ascii: "u"):
                guard let scalar = scalar(bytes, &offset, range.upperBound) else { return nil }
                result.append(contentsOf: Array(String(scalar).utf8))
            default: return nil
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func scalar(_ bytes: UnsafeRawBufferPointer, _ offset: inout Int, _ end: Int) -> Unicode.Scalar? {
        guard let first = unit(bytes, &offset, end) else { return nil }
        if let scalar = Unicode.Scalar(first) { return scalar }
        let afterFirst = offset
        if UTF16.isLeadSurrogate(first), offset + 1 < end, bytes[offset] == UInt8(ascii: "\\"), bytes[offset + 1] == UInt8(ascii: "u") {
            offset += 2
            guard let second = unit(bytes, &offset, end) else { return nil }
            if UTF16.isTrailSurrogate(second) {
                let code = 0x10000 + (UInt32(first) - 0xd800) << 10 + (UInt32(second) - 0xdc00)
                return Unicode.Scalar(code)
            }
            offset = afterFirst
        }
        return "\u{fffd}"
    }

    private static func unit(_ bytes: UnsafeRawBufferPointer, _ offset: inout Int, _ end: Int) -> UInt16? {
        guard end - offset >= 4 else { return nil }
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(bytes[offset])).hexDigitValue else { return nil }
            value = value << 4 | UInt16(truncatingIfNeeded: digit)
            offset += 1
        }
        return value
    }
}

extension FilterValue {
    /// A field of a JSON document, for subjects of your own.
    /// - Parameter path: member names, and positions in arrays from 0.
    public init(field path: [String], ofJSON document: [UInt8]) { self = JSONPath.value(at: path, in: ByteBuffer(bytes: document)) }
}
