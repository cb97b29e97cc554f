internal import ServiceBus

/// Reads JSON (RFC 8259) into a tree, without changing a digit of its numbers; also texts of one JSON value a line.
struct JSONBody {
    private var reader: ByteReader
    /// Whether the bytes end where the text ends; else there is more, which is not looked at.
    private let isWhole: Bool

    /// Reads a text.
    ///
    /// - Parameter bytes: UTF-8.
    static func read(_ bytes: [UInt8], isWhole: Bool, into builder: inout BodyTreeBuilder) throws(BodyFault) {
        var body = JSONBody(reader: ByteReader(bytes), isWhole: isWhole)
        body.skipBlanks()
        try body.value(.root, &builder)
        body.skipBlanks()
        if body.reader.isAtEnd { return }
        guard let next = body.reader.peek(), next == UInt8(ascii: "{") || next == UInt8(ascii: "[") else {
            throw body.reader.fault("there is more after the end")
        }
        // One value a line: an array without its brackets.
        builder.rewind(to: 0, depth: 0)
        body = JSONBody(reader: ByteReader(bytes), isWhole: isWhole)
        try builder.open(.root, .array, type: "JSON lines")
        body.skipBlanks()
        var place = 0
        while !body.reader.isAtEnd {
            try body.value(.index(place), &builder)
            place += 1
            body.skipBlanks()
        }
        builder.close()
    }

    private func ended() -> BodyFault { isWhole ? reader.fault("the text ends too early") : .full(.window) }

    private func unexpected(_ wanted: String) -> BodyFault { reader.isAtEnd ? ended() : reader.fault("expected \(wanted)") }

    private mutating func step() { _ = try? reader.byte() }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard reader.peek() == UInt8(truncatingIfNeeded: character.value) else { return false }
        step()
        return true
    }

    private mutating func skipBlanks() {
        while let byte = reader.peek(), byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { step() }
    }

    private mutating func value(_ place: BodyTree.Step, _ builder: inout BodyTreeBuilder) throws(BodyFault) {
        switch reader.peek() {
        case UInt8(ascii: "{"): try object(place, &builder)
        case UInt8(ascii: "["): try array(place, &builder)
        case UInt8(ascii: "\""):
            let (text, written) = try string()
            try builder.leaf(place, .text(text, written: written))
        case UInt8(ascii: "-"), (UInt8(ascii: "0")...UInt8(ascii: "9"))?: try builder.leaf(place, .number(try number()))
        default: try builder.leaf(place, .word(try word()))
        }
    }

    private mutating func object(_ place: BodyTree.Step, _ builder: inout BodyTreeBuilder) throws(BodyFault) {
        try builder.open(place, .object)
        step()
        skipBlanks()
        if !take("}") {
            while true {
                skipBlanks()
                guard reader.peek() == UInt8(ascii: "\"") else { throw unexpected("a name in quotes") }
                let name = try string().text
                skipBlanks()
                guard take(":") else { throw unexpected("':'") }
                skipBlanks()
                try value(.member(name), &builder)
                skipBlanks()
                if take(",") { continue }
                guard take("}") else { throw unexpected("',' or '}'") }
                break
            }
        }
        builder.close()
    }

    private mutating func array(_ place: BodyTree.Step, _ builder: inout BodyTreeBuilder) throws(BodyFault) {
        try builder.open(place, .array)
        step()
        skipBlanks()
        if !take("]") {
            var index = 0
            while true {
                skipBlanks()
                try value(.index(index), &builder)
                index += 1
                skipBlanks()
                if take(",") { continue }
                guard take("]") else { throw unexpected("',' or ']'") }
                break
            }
        }
        builder.close()
    }

    // MARK: Leaves

    private mutating func string() throws(BodyFault) -> (text: String, written: String?) {
        step()
        let start = reader.offset
        var unescaped: [UInt8]?
        while let byte = reader.peek() {
            switch byte {
            case UInt8(ascii: "\""):
                let source = reader.bytes[start..<reader.offset]
                guard let written = String(validating: source, as: UTF8.self) else { throw .malformed("a text is not UTF-8", at: start) }
                step()
                guard let unescaped else { return (written, nil) }
                let text = String(decoding: unescaped, as: UTF8.self)
                return (text, JSONText.escaped(text) == written ? nil : written)
            case UInt8(ascii: "\\"):
                if unescaped == nil { unescaped = Array(reader.bytes[start..<reader.offset]) }
                step()
                let scalar = try escape()
                unescaped?.append(contentsOf: Array(String(scalar).utf8))
            case ..<0x20: throw reader.fault("a control character stands in a text")
            default:
                unescaped?.append(byte)
                step()
            }
        }
        throw ended()
    }

    private mutating func escape() throws(BodyFault) -> Unicode.Scalar {
        switch JSONEscape(in: reader.bytes, at: reader.offset, end: reader.end) {
        case .character(let scalar, let length):
            _ = try reader.take(length)
            return scalar
        case .halfPair(let length):
            // A character that there is not: shown as one that is none, so that the rest can be read.
            _ = try reader.take(length)
            return "\u{FFFD}"
        case .notHexadecimal: throw reader.fault("\\u needs four hexadecimal digits")
        case .unknown: throw reader.fault("an escape that JSON does not know")
        case .ended: throw ended()
        }
    }

    private mutating func digits() throws(BodyFault) {
        let start = reader.offset
        while let byte = reader.peek(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { step() }
        if reader.offset == start { throw unexpected("a digit") }
    }

    private mutating func number() throws(BodyFault) -> String {
        let start = reader.offset
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits()
        }
        // A number that the window cuts may go on.
        if reader.isAtEnd, !isWhole { throw .full(.window) }
        return String(decoding: reader.bytes[start..<reader.offset], as: UTF8.self)
    }

    private mutating func word() throws(BodyFault) -> String {
        for word in ["true", "false", "null"] where reader.bytes[reader.offset..<reader.end].starts(with: word.utf8) {
            for _ in word.utf8 { step() }
            return word
        }
        if !isWhole, reader.remaining < 5 { throw .full(.window) }
        throw unexpected("a value")
    }
}

/// JSON as text.
enum JSONText {
    /// A text between quotes, with the escapes that JSON demands and no others.
    static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result.append(contentsOf: #"\""#.unicodeScalars)
            case "\\": result.append(contentsOf: #"\\"#.unicodeScalars)
            case "\n": result.append(contentsOf: #"\n"#.unicodeScalars)
            case "\r": result.append(contentsOf: #"\r"#.unicodeScalars)
            case "\t": result.append(contentsOf: #"\t"#.unicodeScalars)
            case "\u{8}": result.append(contentsOf: #"\b"#.unicodeScalars)
            case "\u{c}": result.append(contentsOf: #"\f"#.unicodeScalars)
            case ..<" ": result.append(contentsOf: (#"\u00"# + UInt8(truncatingIfNeeded: scalar.value).hexadecimal).unicodeScalars)
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}
