/// A JSON value that knows the line it stands on, so that a wrong setting can be shown to whoever wrote it.
///
/// Reads JSON (RFC 8259) with `//` and `/* */` comments and a byte order mark, which is what the emulator's configuration files are. The
/// decoders of Foundation know neither comments nor lines.
package struct PositionedJSON {
    /// What a value is.
    package enum Value {
        case null
        case bool(Bool)
        case number(Double, text: String)
        case string(String)
        case array([PositionedJSON])
        case object([(key: String, value: PositionedJSON)])

        /// What it is, in words.
        package var kind: String {
            switch self {
            case .null: "null"
            case .bool: "true or false"
            case .number: "a number"
            case .string: "a string"
            case .array: "a list"
            case .object: "an object"
            }
        }
    }

    /// The value.
    package var value: Value
    /// From 1.
    package var line: Int

    /// Reads a whole text.
    /// - Throws: ``SyntaxError`` with the line where it goes wrong.
    package init(parsing bytes: [UInt8]) throws(SyntaxError) {
        var parser = Parser(bytes: bytes)
        self = try parser.document()
    }

    /// Why a text is not JSON.
    package struct SyntaxError: Error, Hashable {
        /// From 1.
        package var line: Int
        /// What is wrong.
        package var message: String
    }

    private init(_ value: Value, line: Int) {
        self.value = value
        self.line = line
    }

    private struct Parser {
        /// Deeper than any configuration, shallow enough for the stack.
        private static let maximumDepth = 64

        let bytes: [UInt8]
        var index = 0
        var line = 1

        init(bytes: [UInt8]) {
            self.bytes = bytes
            if bytes.starts(with: [0xef, 0xbb, 0xbf]) { index = 3 }
        }

        private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

        mutating func document() throws(SyntaxError) -> PositionedJSON {
            let value = try value(depth: 0)
            try skipSpace()
            if current != nil { throw error("there is more after the end of the document") }
            return value
        }

        private func error(_ message: String) -> SyntaxError { SyntaxError(line: line, message: message) }

        private func unexpected(_ wanted: String) -> SyntaxError {
            guard let current else { return error("the file ends where \(wanted) should be") }
            let shown = (0x21...0x7e).contains(current) ? "'\(Character(Unicode.Scalar(current)))'" : "byte 0x\(String(current, radix: 16))"
            return error("found \(shown) where \(wanted) should be")
        }

        // MARK: Space and comments

        private mutating func skipSpace() throws(SyntaxError) {
            while let byte = current {
                switch byte {
                case 0x0a:
                    line += 1
                    index += 1
                case 0x20, 0x09, 0x0d: index += 1
                case UInt8(ascii: "/"): try skipComment()
                default: return
                }
            }
        }

        private mutating func skipComment() throws(SyntaxError) {
            let start = line
            switch index + 1 < bytes.count ? bytes[index + 1] : 0 {
            case UInt8(ascii: "/"):
                while let byte = current, byte != 0x0a { index += 1 }
            case UInt8(ascii: "*"):
                index += 2
                while index + 1 < bytes.count, !(bytes[index] == UInt8(ascii: "*") && bytes[index + 1] == UInt8(ascii: "/")) {
                    if bytes[index] == 0x0a { line += 1 }
                    index += 1
                }
                guard index + 1 < bytes.count else { throw SyntaxError(line: start, message: "the comment is not closed") }
                index += 2
            default: throw unexpected("a value")
            }
        }

        // MARK: Values

        private mutating func value(depth: Int) throws(SyntaxError) -> PositionedJSON {
            try skipSpace()
            let start = line
            if depth > Self.maximumDepth { throw error("lists and objects are nested too deeply") }
            let value: Value
            switch current {
            case UInt8(ascii: "{"): value = .object(try object(depth: depth))
            case UInt8(ascii: "["): value = .array(try array(depth: depth))
            case UInt8(ascii: "\""): value = .string(try string())
            case UInt8(ascii: "t"): value = try word("true", .bool(true))
            case UInt8(ascii: "f"): value = try word("false", .bool(false))
            case UInt8(ascii: "n"): value = try word("null", .null)
            case let byte? where byte == UInt8(ascii: "-") || (0x30...0x39).contains(byte): value = try number()
            default: throw unexpected("a value")
            }
            return PositionedJSON(value, line: start)
        }

        private mutating func word(_ text: String, _ value: Value) throws(SyntaxError) -> Value {
            guard bytes[index...].starts(with: text.utf8) else { throw unexpected("a value") }
            index += text.utf8.count
            return value
        }

        private mutating func number() throws(SyntaxError) -> Value {
            let start = index
            while let byte = current, (0x30...0x39).contains(byte) || "+-.eE".utf8.contains(byte) { index += 1 }
            let text = String(decoding: bytes[start..<index], as: UTF8.self)
            let digits = text.drop { $0 == "-" }
            guard let value = Double(text), value.isFinite, digits.first?.isNumber == true, !text.hasSuffix("."),
                !(digits.utf8.count > 1 && digits.first == "0" && digits.dropFirst().first?.isNumber == true)
            else { throw error("'\(text)' is not a number") }
            return .number(value, text: text)
        }

        private mutating func array(depth: Int) throws(SyntaxError) -> [PositionedJSON] {
            index += 1
            var elements: [PositionedJSON] = []
            try skipSpace()
            if current == UInt8(ascii: "]") {
                index += 1
                return elements
            }
            while true {
                elements.append(try value(depth: depth + 1))
                if try !another(before: UInt8(ascii: "]"), "',' or ']'") { return elements }
            }
        }

        private mutating func object(depth: Int) throws(SyntaxError) -> [(key: String, value: PositionedJSON)] {
            index += 1
            var members: [(key: String, value: PositionedJSON)] = []
            var keys: Set<String> = []
            try skipSpace()
            if current == UInt8(ascii: "}") {
                index += 1
                return members
            }
            while true {
                try skipSpace()
                guard current == UInt8(ascii: "\"") else { throw unexpected("a name in quotes") }
                let key = try string()
                guard keys.insert(key.lowercased()).inserted else { throw error("'\(key)' is given twice") }
                try skipSpace()
                guard current == UInt8(ascii: ":") else { throw unexpected("':'") }
                index += 1
                members.append((key, try value(depth: depth + 1)))
                if try !another(before: UInt8(ascii: "}"), "',' or '}'") { return members }
            }
        }

        /// Moves past a comma, or past the closing bracket; answers whether another element follows.
        private mutating func another(before close: UInt8, _ wanted: String) throws(SyntaxError) -> Bool {
            try skipSpace()
            switch current {
            case UInt8(ascii: ","):
                index += 1
                return true
            case close:
                index += 1
                return false
            default: throw unexpected(wanted)
            }
        }

        // MARK: Strings

        private mutating func string() throws(SyntaxError) -> String {
            index += 1
            var content: [UInt8] = []
            while let byte = current {
                index += 1
                switch byte {
                case UInt8(ascii: "\""):
                    guard let text = String(validating: content, as: UTF8.self) else { throw error("the string is not valid UTF-8") }
                    return text
                case UInt8(ascii: "\\"): content += Array(String(try escape()).utf8)
                case 0..<0x20: throw error("a control character stands in a string")
                default: content.append(byte)
                }
            }
            throw error("the string is not closed")
        }

        private mutating func escape() throws(SyntaxError) -> Unicode.Scalar {
            switch JSONEscape(in: bytes, at: index, end: bytes.count) {
            case .character(let scalar, let length):
                index += length
                return scalar
            case .halfPair: throw error("half of a surrogate pair")
            case .notHexadecimal: throw error("\\u needs four hexadecimal digits")
            case .unknown: throw error("'\\\(current.map { String(Character(Unicode.Scalar($0))) } ?? "")' is not an escape")
            case .ended: throw error("the string is not closed")
            }
        }
    }
}
