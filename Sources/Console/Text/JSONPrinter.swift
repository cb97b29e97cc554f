internal import Terminal

/// Lays JSON out over lines, in roles, without changing a character of its strings and numbers.
///
/// It validates as it goes (RFC 8259) and gives up on anything that is not JSON: a body is only called JSON when it is.
struct JSONPrinter {
    /// Deeper nesting is not laid out.
    static let deepest = 128

    private let bytes: [UInt8]
    private var index = 0
    private var lines: [[Span]] = []
    private var line: [Span] = []
    private let maximumLines: Int
    private var isCut = false

    private init(_ bytes: [UInt8], maximumLines: Int) {
        self.bytes = bytes
        self.maximumLines = maximumLines
    }

    /// The lines of a JSON text, and whether there were more than asked for; nil when it is not JSON.
    ///
    /// - Parameter bytes: valid UTF-8, perhaps with a byte order mark.
    static func lines(of bytes: [UInt8], maximum: Int) -> (lines: [[Span]], isCut: Bool)? {
        var printer = JSONPrinter(bytes, maximumLines: max(maximum, 1))
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { printer.index = 3 }
        printer.skipBlanks()
        // A bare number or word is JSON too, but calling every short text JSON helps nobody.
        guard let first = printer.peek, first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else { return nil }
        guard printer.value(depth: 0) else { return nil }
        printer.skipBlanks()
        guard printer.index == bytes.count else { return nil }
        printer.endLine()
        return (printer.lines, printer.isCut)
    }

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(truncatingIfNeeded: character.value) else { return false }
        index += 1
        return true
    }

    private mutating func skipBlanks() {
        while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { index += 1 }
    }

    private mutating func emit(_ text: String, _ role: Role) {
        guard !isCut else { return }
        line.append(Span(text, role))
    }

    private mutating func endLine() {
        guard !isCut else { return }
        lines.append(line)
        line = []
        if lines.count >= maximumLines { isCut = true }
    }

    private mutating func startLine(depth: Int) {
        endLine()
        emit(String(repeating: "  ", count: min(depth, 32)), .text)
    }

    private mutating func value(depth: Int) -> Bool {
        guard depth <= JSONPrinter.deepest, let byte = peek else { return false }
        switch byte {
        case UInt8(ascii: "{"): return container(depth: depth, open: "{", close: "}", isObject: true)
        case UInt8(ascii: "["): return container(depth: depth, open: "[", close: "]", isObject: false)
        case UInt8(ascii: "\""): return string(.jsonString)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return number()
        default: return word()
        }
    }

    private mutating func container(depth: Int, open: Unicode.Scalar, close: Unicode.Scalar, isObject: Bool) -> Bool {
        guard take(open) else { return false }
        skipBlanks()
        if take(close) {
            emit("\(open)\(close)", .jsonPunctuation)
            return true
        }
        emit(String(open), .jsonPunctuation)
        repeat {
            skipBlanks()
            startLine(depth: depth + 1)
            if isObject {
                guard string(.jsonKey) else { return false }
                skipBlanks()
                guard take(":") else { return false }
                emit(": ", .jsonPunctuation)
                skipBlanks()
            }
            guard value(depth: depth + 1) else { return false }
            skipBlanks()
            guard take(",") else { break }
            emit(",", .jsonPunctuation)
        } while true
        guard take(close) else { return false }
        startLine(depth: depth)
        emit(String(close), .jsonPunctuation)
        return true
    }

    private mutating func string(_ role: Role) -> Bool {
        let start = index
        guard take("\"") else { return false }
        while let byte = peek {
            index += 1
            switch byte {
            case UInt8(ascii: "\""):
                emit(String(decoding: bytes[start..<index], as: UTF8.self), role)
                return true
            case UInt8(ascii: "\\"):
                guard escape() else { return false }
            case ..<0x20: return false
            default: break
            }
        }
        return false
    }

    private mutating func escape() -> Bool {
        guard let byte = peek else { return false }
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            return true
        case UInt8(ascii: "u"):
            guard index + 4 <= bytes.count, bytes[index..<index + 4].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else {
                return false
            }
            index += 4
            return true
        default: return false
        }
    }

    private mutating func digits() -> Bool {
        let start = index
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { index += 1 }
        return index > start
    }

    private mutating func number() -> Bool {
        let start = index
        _ = take("-")
        if !take("0") {
            guard digits() else { return false }
        }
        if take(".") {
            guard digits() else { return false }
        }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            guard digits() else { return false }
        }
        emit(String(decoding: bytes[start..<index], as: UTF8.self), .jsonNumber)
        return true
    }

    private mutating func word() -> Bool {
        for word in ["true", "false", "null"] where bytes[index...].starts(with: word.utf8) {
            index += word.utf8.count
            emit(word, .jsonWord)
            return true
        }
        return false
    }
}
