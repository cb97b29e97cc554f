/// A position in the bytes of an XML document, and what can be read there without knowing about elements.
struct XMLCursor: ~Escapable {
    let bytes: RawSpan
    var offset = 0
    private let nameLimit: Int

    @_lifetime(copy bytes)
    init(_ bytes: RawSpan, limits: XMLLimits) {
        self.bytes = bytes
        nameLimit = limits.nameBytes
    }

    func error(_ code: XMLError.Code) -> XMLError { error(code, at: offset) }

    func error(_ code: XMLError.Code, at offset: Int) -> XMLError { XMLError(code, at: offset, in: bytes) }

    // MARK: Bytes

    /// The byte at `index`; zero, which is no XML character, beyond the end.
    func byte(at index: Int) -> UInt8 {
        index >= 0 && index < bytes.byteCount ? bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self) : 0
    }

    func peek(_ distance: Int = 0) -> UInt8? {
        offset + distance < bytes.byteCount ? byte(at: offset + distance) : nil
    }

    func starts(with text: StaticString, at index: Int? = nil) -> Bool {
        let start = index ?? offset
        guard bytes.byteCount - start >= text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { buffer in
            for (distance, expected) in buffer.enumerated() where byte(at: start + distance) != expected { return false }
            return true
        }
    }

    mutating func take(_ expected: UInt8) throws(XMLError) {
        guard let byte = peek() else { throw error(.unexpectedEnd) }
        guard byte == expected else { throw error(.unexpectedCharacter) }
        offset += 1
    }

    @discardableResult
    mutating func skipSpace() -> Bool {
        let start = offset
        while let byte = peek(), Self.isSpace(byte) { offset += 1 }
        return offset > start
    }

    mutating func skipByteOrderMark() {
        if byte(at: offset) == 0xEF, byte(at: offset + 1) == 0xBB, byte(at: offset + 2) == 0xBF { offset += 3 }
    }

    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    func firstIndex(of text: StaticString, in range: Range<Int>) -> Int? {
        let last = range.upperBound - text.utf8CodeUnitCount
        var index = range.lowerBound
        while index <= last {
            if starts(with: text, at: index) { return index }
            index += 1
        }
        return nil
    }

    /// Moves past the next `text` and returns the range before it.
    mutating func skip(past text: StaticString) throws(XMLError) -> Range<Int> {
        guard let found = firstIndex(of: text, in: offset..<bytes.byteCount) else { throw error(.unexpectedEnd) }
        let range = offset..<found
        offset = found + text.utf8CodeUnitCount
        return range
    }

    // MARK: Names

    /// Reads a name. Non-ASCII characters are all accepted: which of them XML allows matters to nobody here, that they are UTF-8 is checked.
    mutating func readName() throws(XMLError) -> Range<Int> {
        let start = offset
        guard let first = peek() else { throw error(.unexpectedEnd) }
        guard Self.isNameStart(first) else { throw error(.unexpectedCharacter) }
        while let byte = peek(), Self.isNameStart(byte) || Self.isNameRest(byte) { offset += 1 }
        guard offset - start <= nameLimit else { throw error(.limitExceeded, at: start) }
        let name = start..<offset
        guard bytes.extracting(name).withUnsafeBytes({ String(validating: $0, as: UTF8.self) }) != nil else {
            throw error(.invalidUTF8, at: start)
        }
        return name
    }

    func string(in range: Range<Int>) -> String {
        bytes.extracting(range).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }

    func isSame(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
        guard left.count == right.count else { return false }
        for distance in 0..<left.count where byte(at: left.lowerBound + distance) != byte(at: right.lowerBound + distance) { return false }
        return true
    }

    private static func isNameStart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), UInt8(ascii: ":"), 0x80...:
            true
        default: false
        }
    }

    private static func isNameRest(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: false
        }
    }

    // MARK: Text

    /// Reads text up to `end` (or the end of the document), resolves references and checks characters.
    /// - Parameters:
    ///   - limit: the most bytes to read.
    ///   - normalizesWhitespace: whether white space becomes spaces, as in attribute values (XML 1.0 section 3.3.3).
    mutating func readText(until end: UInt8, limit: Int, normalizesWhitespace: Bool) throws(XMLError) -> String {
        let start = offset
        var isPlain = true
        while let byte = peek(), byte != end {
            guard offset - start < limit else { throw error(.limitExceeded, at: start) }
            switch byte {
            case UInt8(ascii: "&"), 0x0D: isPlain = false
            case 0x09, 0x0A: if normalizesWhitespace { isPlain = false }
            case UInt8(ascii: "<"): throw error(.unexpectedCharacter)
            case 0x00..<0x20: throw error(.invalidCharacter)
            case UInt8(ascii: "]"): if end == UInt8(ascii: "<"), starts(with: "]]>") { throw error(.unexpectedCharacter) }
            default: break
            }
            offset += 1
        }
        let range = start..<offset
        return isPlain ? try validText(in: range) : try resolvedText(in: range, normalizesWhitespace: normalizesWhitespace)
    }

    /// The text of a CDATA section: no references, line ends as XML wants them (a lone line feed).
    func literalText(in range: Range<Int>, limit: Int) throws(XMLError) -> String {
        guard range.count <= limit else { throw error(.limitExceeded, at: range.lowerBound) }
        try checkCharacters(in: range)
        guard firstIndex(of: "\r", in: range) != nil else { return try validText(in: range) }
        var result: [UInt8] = []
        result.reserveCapacity(range.count)
        for index in range {
            let byte = byte(at: index)
            guard byte == 0x0D else {
                result.append(byte)
                continue
            }
            if !(index + 1 < range.upperBound && self.byte(at: index + 1) == 0x0A) { result.append(0x0A) }
        }
        return try text(of: result, at: range.lowerBound)
    }

    func checkCharacters(in range: Range<Int>) throws(XMLError) {
        for index in range {
            let byte = byte(at: index)
            if byte < 0x20, !Self.isSpace(byte) { throw error(.invalidCharacter, at: index) }
        }
    }

    private func validText(in range: Range<Int>) throws(XMLError) -> String {
        guard let text = bytes.extracting(range).withUnsafeBytes({ String(validating: $0, as: UTF8.self) }) else {
            throw error(.invalidUTF8, at: range.lowerBound)
        }
        return text
    }

    private func text(of bytes: [UInt8], at offset: Int) throws(XMLError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw error(.invalidUTF8, at: offset) }
        return text
    }

    private func resolvedText(in range: Range<Int>, normalizesWhitespace: Bool) throws(XMLError) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(range.count)
        let lineEnd: UInt8 = normalizesWhitespace ? 0x20 : 0x0A
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = byte(at: index)
            switch byte {
            case UInt8(ascii: "&"):
                let end = try appendReference(at: index, before: range.upperBound, to: &result)
                index = end
                continue
            case 0x0D:
                if !(index + 1 < range.upperBound && self.byte(at: index + 1) == 0x0A) { result.append(lineEnd) }
            case 0x09, 0x0A:
                result.append(normalizesWhitespace ? 0x20 : byte)
            default:
                result.append(byte)
            }
            index += 1
        }
        return try text(of: result, at: range.lowerBound)
    }

    /// Appends what the reference at `index` stands for and returns the index behind it.
    private func appendReference(at index: Int, before end: Int, to result: inout [UInt8]) throws(XMLError) -> Int {
        // The longest reference is a hexadecimal character with leading zeros; sixteen bytes are generous.
        var semicolon = index + 1
        while semicolon < end, semicolon - index <= 16, byte(at: semicolon) != UInt8(ascii: ";") { semicolon += 1 }
        guard semicolon < end, byte(at: semicolon) == UInt8(ascii: ";") else { throw error(.unknownEntity, at: index) }
        let name = string(in: index + 1..<semicolon)
        switch name {
        case "lt": result.append(UInt8(ascii: "<"))
        case "gt": result.append(UInt8(ascii: ">"))
        case "amp": result.append(UInt8(ascii: "&"))
        case "quot": result.append(UInt8(ascii: "\""))
        case "apos": result.append(UInt8(ascii: "'"))
        default:
            guard name.hasPrefix("#") else { throw error(.unknownEntity, at: index) }
            let isHexadecimal = name.hasPrefix("#x")
            let digits = name.dropFirst(isHexadecimal ? 2 : 1)
            guard digits.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
                let code = UInt32(digits, radix: isHexadecimal ? 16 : 10), let scalar = Unicode.Scalar(code), Self.isCharacter(scalar)
            else { throw error(.invalidCharacter, at: index) }
            result.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        }
        return semicolon + 1
    }

    /// XML 1.0 section 2.2.
    private static func isCharacter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D, 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }
}
