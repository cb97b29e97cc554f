internal import ServiceBus

/// A value of the JSON that the ledger is written in: whole numbers only, no name twice in an object.
indirect enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case text(String)
    case array([JSONValue])
    case object([Member])

    /// A name and its value.
    struct Member: Hashable, Sendable {
        var name: String
        var value: JSONValue

        init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// The value of a name; nil when there is none or this is no object.
    subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    var text: String? { if case .text(let text) = self { text } else { nil } }
    var integer: Int64? { if case .integer(let integer) = self { integer } else { nil } }
    var elements: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }

    /// The canonical form of RFC 8785: no blanks, names in the order of their UTF-16 code units, the shortest escapes.
    var canonical: [UInt8] {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return bytes
    }

    private func write(to bytes: inout [UInt8]) {
        switch self {
        case .null: bytes += Array("null".utf8)
        case .bool(let value): bytes += Array((value ? "true" : "false").utf8)
        case .integer(let value): bytes += Array(String(value).utf8)
        case .text(let text): Self.write(text, to: &bytes)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                element.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            let sorted = members.sorted { $0.name.utf16.lexicographicallyPrecedes($1.name.utf16) }
            for (index, member) in sorted.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                Self.write(member.name, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.value.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        bytes += Array(JSONText.escaped(text).utf8)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes it in the order it has, safe to print: what a terminal or an eye might obey is escaped.
    func write(to json: inout JSONWriter) {
        switch self {
        case .null: json.null()
        case .bool(let value): json.bool(value)
        case .integer(let value): json.integer(value)
        case .text(let text): json.text(text)
        case .array(let elements): json.array { json in for element in elements { element.write(to: &json) } }
        case .object(let members):
            json.object { json in
                for member in members {
                    json.key(member.name)
                    member.value.write(to: &json)
                }
            }
        }
    }
}

/// Reads one ``JSONValue``, strictly: what two readers could take for different things is refused.
struct JSONValueReader {
    /// Why a text is none.
    struct Fault: Error, Hashable {
        var message: String
        /// Its byte, from 0.
        var offset: Int
    }

    private static let deepest = 16

    private let bytes: [UInt8]
    private var place = 0

    /// The value of a whole text.
    static func value(of bytes: [UInt8]) throws(Fault) -> JSONValue {
        guard String(validating: bytes, as: UTF8.self) != nil else { throw Fault(message: "it is not UTF-8", offset: 0) }
        var reader = JSONValueReader(bytes: bytes)
        reader.skipBlanks()
        let value = try reader.value(depth: 0)
        reader.skipBlanks()
        if reader.place < bytes.count { throw reader.fault("there is more after the end") }
        return value
    }

    private var current: UInt8? { place < bytes.count ? bytes[place] : nil }

    private func fault(_ message: String) -> Fault { Fault(message: message, offset: place) }

    private mutating func skipBlanks() {
        while let byte = current, byte == 0x20 || byte == 0x09 || byte == 0x0d || byte == 0x0a { place += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard current == UInt8(truncatingIfNeeded: character.value) else { return false }
        place += 1
        return true
    }

    private mutating func value(depth: Int) throws(Fault) -> JSONValue {
        guard depth < Self.deepest else { throw fault("it is nested too deeply") }
        switch current {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .text(try string())
        case UInt8(ascii: "-"), (UInt8(ascii: "0")...UInt8(ascii: "9"))?: return .integer(try integer())
        default:
            for (word, value) in [("true", JSONValue.bool(true)), ("false", .bool(false)), ("null", .null)]
            where bytes[place...].starts(with: word.utf8) {
                place += word.utf8.count
                return value
            }
            throw fault(current == nil ? "it ends too early" : "a value is missing")
        }
    }

    private mutating func object(depth: Int) throws(Fault) -> JSONValue {
        place += 1
        var members: [JSONValue.Member] = []
        var names: Set<String> = []
        skipBlanks()
        if take("}") { return .object(members) }
        while true {
            skipBlanks()
            guard current == UInt8(ascii: "\"") else { throw fault("a name in quotes is missing") }
            let name = try string()
            // Also refused are two spellings of one name that only differ in how its characters are put together.
            guard names.insert(name).inserted else { throw fault("the name '\(name.prefix(80))' occurs twice") }
            skipBlanks()
            guard take(":") else { throw fault("':' is missing") }
            skipBlanks()
            members.append(JSONValue.Member(name, try value(depth: depth + 1)))
            skipBlanks()
            if take(",") { continue }
            guard take("}") else { throw fault("',' or '}' is missing") }
            return .object(members)
        }
    }

    private mutating func array(depth: Int) throws(Fault) -> JSONValue {
        place += 1
        var elements: [JSONValue] = []
        skipBlanks()
        if take("]") { return .array(elements) }
        while true {
            skipBlanks()
            elements.append(try value(depth: depth + 1))
            skipBlanks()
            if take(",") { continue }
            guard take("]") else { throw fault("',' or ']' is missing") }
            return .array(elements)
        }
    }

    private mutating func integer() throws(Fault) -> Int64 {
        let start = place
        _ = take("-")
        let first = place
        while let byte = current, byte.isASCIIDigit { place += 1 }
        if let next = current, ".eE".utf8.contains(next) { throw fault("numbers here are whole") }
        let digits = bytes[first..<place]
        guard !digits.isEmpty, digits.count == 1 || digits.first != UInt8(ascii: "0"),
            !(digits.elementsEqual([UInt8(ascii: "0")]) && start < first),
            let value = Int64(String(decoding: bytes[start..<place], as: UTF8.self))
        else { throw fault("a number cannot be read") }
        return value
    }

    private mutating func string() throws(Fault) -> String {
        place += 1
        var text: [UInt8] = []
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                place += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                place += 1
                text += Array(String(Character(try escape())).utf8)
            case ..<0x20: throw fault("a control character stands in a text")
            default:
                text.append(byte)
                place += 1
            }
        }
        throw fault("it ends too early")
    }

    private mutating func escape() throws(Fault) -> Unicode.Scalar {
        switch JSONEscape(in: bytes, at: place, end: bytes.count) {
        case .character(let scalar, let length):
            place += length
            return scalar
        // What it stands for differs from reader to reader.
        case .halfPair: throw fault("half a surrogate pair is no character")
        case .notHexadecimal: throw fault("\\u needs four hexadecimal digits")
        case .unknown: throw fault("an escape that JSON does not know")
        case .ended: throw fault("it ends too early")
        }
    }
}
