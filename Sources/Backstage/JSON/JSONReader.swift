/// Reads JSON (RFC 8259) into the nodes that YAML is read into, so that one reader of fields serves files and answers.
///
/// Foundation's decoder would lose the order of keys, and a value that can be anything is found there by trying one type after the other. What can be taken for
/// two different things, a key that occurs twice, is refused.
struct JSONReader {
    /// How much an answer may make us hold.
    struct Limits {
        /// The deepest nesting of lists and mappings.
        var depth = 100
        /// The most values.
        var values = 1_000_000
    }

    /// Why bytes are no JSON.
    struct Fault: Error, Hashable {
        /// What is wrong.
        var message: String
        /// The byte where, from 0.
        var offset: Int
    }

    private let bytes: [UInt8]
    private let limits: Limits
    private var place = 0
    private var values = 0

    private init(_ bytes: [UInt8], limits: Limits) {
        self.bytes = bytes
        self.limits = limits
    }

    /// The value that bytes hold, and nothing besides.
    static func read(_ bytes: [UInt8], limits: Limits = Limits()) throws(Fault) -> YAMLNode {
        guard String(validating: bytes, as: UTF8.self) != nil else { throw Fault(message: "it is not UTF-8", offset: 0) }
        var reader = JSONReader(bytes, limits: limits)
        reader.skipBlanks()
        let value = try reader.value(depth: 0)
        reader.skipBlanks()
        if reader.place < bytes.count { throw reader.fault("there is more after the end") }
        return value
    }

    private var current: UInt8? { place < bytes.count ? bytes[place] : nil }

    private func fault(_ message: String) -> Fault { Fault(message: message, offset: place) }

    private mutating func skipBlanks() {
        while let byte = current, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { place += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard current == byte else { return false }
        place += 1
        return true
    }

    private mutating func value(depth: Int) throws(Fault) -> YAMLNode {
        values += 1
        guard values <= limits.values else { throw fault("it has more than \(limits.values) values") }
        switch current {
        case UInt8(ascii: "{"): return YAMLNode(.map(try entries(depth: depth)), line: 1)
        case UInt8(ascii: "["): return YAMLNode(.list(try elements(depth: depth)), line: 1)
        case UInt8(ascii: "\""): return YAMLNode(.scalar(try string(), isPlain: false), line: 1)
        case UInt8(ascii: "-"), (UInt8(ascii: "0")...UInt8(ascii: "9"))?: return YAMLNode(.scalar(try number(), isPlain: true), line: 1)
        case nil: throw fault("it ends too early")
        default:
            for word in ["true", "false", "null"] where bytes[place...].starts(with: word.utf8) {
                place += word.utf8.count
                return YAMLNode(.scalar(word, isPlain: true), line: 1)
            }
            throw fault("a value is missing")
        }
    }

    private mutating func entries(depth: Int) throws(Fault) -> [YAMLNode.Entry] {
        guard depth < limits.depth else { throw fault("it is nested more than \(limits.depth) deep") }
        place += 1
        var entries: [YAMLNode.Entry] = []
        skipBlanks()
        if take(UInt8(ascii: "}")) { return entries }
        var keys: Set<String> = []
        while true {
            skipBlanks()
            guard current == UInt8(ascii: "\"") else { throw fault("a key in quotes is missing") }
            let key = try string()
            guard keys.insert(key).inserted else { throw fault("the key '\(key.prefix(80))' occurs twice") }
            skipBlanks()
            guard take(UInt8(ascii: ":")) else { throw fault("':' is missing") }
            skipBlanks()
            entries.append(YAMLNode.Entry(key: key, line: 1, value: try value(depth: depth + 1)))
            skipBlanks()
            if take(UInt8(ascii: ",")) { continue }
            guard take(UInt8(ascii: "}")) else { throw fault("',' or '}' is missing") }
            return entries
        }
    }

    private mutating func elements(depth: Int) throws(Fault) -> [YAMLNode] {
        guard depth < limits.depth else { throw fault("it is nested more than \(limits.depth) deep") }
        place += 1
        var elements: [YAMLNode] = []
        skipBlanks()
        if take(UInt8(ascii: "]")) { return elements }
        while true {
            skipBlanks()
            elements.append(try value(depth: depth + 1))
            skipBlanks()
            if take(UInt8(ascii: ",")) { continue }
            guard take(UInt8(ascii: "]")) else { throw fault("',' or ']' is missing") }
            return elements
        }
    }

    /// A number as it is written.
    private mutating func number() throws(Fault) -> String {
        let start = place
        _ = take(UInt8(ascii: "-"))
        let leadingZero = current == UInt8(ascii: "0")
        guard let digits = takeDigits(), digits == 1 || !leadingZero else { throw fault("a number cannot be read") }
        if take(UInt8(ascii: ".")), takeDigits() == nil { throw fault("a number cannot be read") }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            _ = take(UInt8(ascii: "+")) || take(UInt8(ascii: "-"))
            guard takeDigits() != nil else { throw fault("a number cannot be read") }
        }
        return String(decoding: bytes[start..<place], as: UTF8.self)
    }

    private mutating func takeDigits() -> Int? {
        let start = place
        while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { place += 1 }
        return place > start ? place - start : nil
    }

    private mutating func string() throws(Fault) -> String {
        place += 1
        var start = place
        // Set aside once there is an escape; most strings have none and are taken as they lie.
        var text: [UInt8]?
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                let rest = bytes[start..<place]
                place += 1
                return String(decoding: text.map { $0[...] + rest } ?? rest, as: UTF8.self)
            case UInt8(ascii: "\\"):
                // Taken out while it grows, or each escape would copy all that came before.
                var before = text ?? []
                text = nil
                before += bytes[start..<place]
                place += 1
                before += String(Character(try escape())).utf8
                text = before
                start = place
            case ..<0x20: throw fault("a control character stands in a text")
            default: place += 1
            }
        }
        throw fault("it ends too early")
    }

    private mutating func escape() throws(Fault) -> Unicode.Scalar {
        guard let byte = current else { throw fault("it ends too early") }
        place += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let unit = try codeUnit()
            if let scalar = Unicode.Scalar(UInt32(unit)) { return scalar }
            // A server cuts texts by UTF-16 code units and may leave half a pair; it stands for nothing, and is shown as that.
            guard UTF16.isLeadSurrogate(unit), current == UInt8(ascii: "\\"), place + 1 < bytes.count, bytes[place + 1] == UInt8(ascii: "u")
            else { return "\u{fffd}" }
            let back = place
            place += 2
            let second = try codeUnit()
            guard UTF16.isTrailSurrogate(second) else {
                place = back
                return "\u{fffd}"
            }
            return UTF16.decode(UTF16.EncodedScalar([unit, second]))
        default: throw fault("an escape that JSON does not know")
        }
    }

    private mutating func codeUnit() throws(Fault) -> UInt16 {
        guard bytes.count - place >= 4 else { throw fault("it ends too early") }
        var unit: UInt16 = 0
        for byte in bytes[place..<place + 4] {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: throw fault("\\u needs four hexadecimal digits")
            }
            unit = unit << 4 | UInt16(digit)
        }
        place += 4
        return unit
    }
}
