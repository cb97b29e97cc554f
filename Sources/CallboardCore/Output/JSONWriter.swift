/// Writes JSON into a buffer, as fast as it can be had and safe to print on a terminal.
///
/// Besides what JSON demands, it escapes everything a terminal or a reader's eye might obey: DEL, C1 controls, line separators,
/// bidirectional and zero-width characters, tags. The values are the same to every JSON parser.
public struct JSONWriter: Sendable {
    /// What was written so far.
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// The largest whole number that every JSON parser reads exactly.
    public static let largestExactInteger: Int64 = 1 << 53

    /// Creates an empty writer.
    public init() {}

    /// Forgets what was written and keeps the room it took.
    public mutating func reset() {
        bytes.removeAll(keepingCapacity: true)
        needsComma = false
    }

    /// Writes an object whose members the closure writes.
    public mutating func object(_ members: (inout JSONWriter) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "{"))
        needsComma = false
        members(&self)
        bytes.append(UInt8(ascii: "}"))
        needsComma = true
    }

    /// Writes an array whose elements the closure writes.
    public mutating func array(_ elements: (inout JSONWriter) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "["))
        needsComma = false
        elements(&self)
        bytes.append(UInt8(ascii: "]"))
        needsComma = true
    }

    /// Writes a member's name; its value must follow.
    public mutating func key(_ name: String) {
        text(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes `null`.
    public mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
    }

    /// Writes a truth value.
    public mutating func bool(_ value: Bool) {
        separate()
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    /// Writes a whole number.
    public mutating func integer(_ value: some BinaryInteger) {
        separate()
        bytes.append(contentsOf: String(value).utf8)
    }

    /// Writes a whole number; as a string where a parser that reads doubles would lose digits.
    public mutating func exactInteger(_ value: Int64) {
        if value.magnitude > Self.largestExactInteger.magnitude { text(String(value)) } else { integer(value) }
    }

    /// Writes a number; what is infinite or no number as a string, since JSON has none.
    public mutating func number(_ value: Double) {
        guard value.isFinite else { return text(value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity") }
        separate()
        bytes.append(contentsOf: value.description.utf8)
    }

    /// Writes a text.
    public mutating func text(_ value: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        var value = value
        value.withUTF8 { escape($0) }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes the name of a member that is known when this is compiled: printable ASCII that needs no escaping.
    public mutating func key(fixed name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes a member with a fixed name and a text, or `null`.
    public mutating func member(fixed name: StaticString, _ value: String?) {
        key(fixed: name)
        if let value { text(value) } else { null() }
    }

    /// Writes a member with a fixed name and a whole number, or `null`.
    public mutating func member(fixed name: StaticString, _ value: Int64?) {
        key(fixed: name)
        if let value { exactInteger(value) } else { null() }
    }

    /// Writes a member with a text, or `null`.
    public mutating func member(_ name: String, _ value: String?) {
        key(name)
        if let value { text(value) } else { null() }
    }

    /// Writes a member with a whole number, or `null`.
    public mutating func member(_ name: String, _ value: Int64?) {
        key(name)
        if let value { exactInteger(value) } else { null() }
    }

    /// Writes a member with a truth value.
    public mutating func member(_ name: String, _ value: Bool) {
        key(name)
        bool(value)
    }

    /// Writes a member with texts.
    public mutating func member(_ name: String, _ values: [String]) {
        key(name)
        array { for value in values { $0.text(value) } }
    }

    /// Writes raw bytes between values: line ends, and the brackets of streams.
    mutating func raw(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        needsComma = false
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private static let hexDigits = Array("0123456789abcdef".utf8)

    private mutating func escape(_ text: UnsafeBufferPointer<UInt8>) {
        var runStart = 0
        var index = 0
        while index < text.count {
            // Eight plain bytes at a time: most text has nothing else.
            if index &+ 8 <= text.count,
                Self.isPlain(UnsafeRawBufferPointer(text).loadUnaligned(fromByteOffset: index, as: UInt64.self))
            {
                index &+= 8
                continue
            }
            let byte = text[index]
            // Printable ASCII but quote and backslash, and every sequence that begins with a byte that no special character begins with.
            let length: Int
            let scalar: UInt32
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), 0..<0x20, 0x7f: (length, scalar) = (1, UInt32(byte))
            case 0xc2, 0xd8, 0xe1, 0xe2, 0xef, 0xf3:
                (length, scalar) = Self.decode(text, index)
                if !Self.isSpecial(scalar) {
                    index += length
                    continue
                }
            default:
                index += 1
                continue
            }
            bytes.append(contentsOf: text[runStart..<index])
            index += length
            runStart = index
            append(escaped: scalar)
        }
        bytes.append(contentsOf: text[runStart..<text.count])
    }

    /// Whether all eight bytes are printable ASCII without quote and backslash.
    private static func isPlain(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        let low = word &- ones &* 0x20
        let quote = (word ^ (ones &* 0x22)) &- ones
        let backslash = (word ^ (ones &* 0x5c)) &- ones
        let delete = word &+ ones
        // A borrow into a neighbour can only call a plain byte special, never the other way round: then the slow way looks again.
        return (word | low | quote | backslash | delete) & tops == 0
    }

    private mutating func append(escaped scalar: UInt32) {
        switch scalar {
        case 0x22: bytes.append(contentsOf: "\\\"".utf8)
        case 0x5c: bytes.append(contentsOf: "\\\\".utf8)
        case 0x0a: bytes.append(contentsOf: "\\n".utf8)
        case 0x0d: bytes.append(contentsOf: "\\r".utf8)
        case 0x09: bytes.append(contentsOf: "\\t".utf8)
        case 0x10000...:
            let offset = scalar - 0x10000
            append(unit: 0xd800 + (offset >> 10))
            append(unit: 0xdc00 + (offset & 0x3ff))
        default: append(unit: scalar)
        }
    }

    private mutating func append(unit: UInt32) {
        bytes.append(contentsOf: "\\u".utf8)
        for shift in [12, 8, 4, 0] as [UInt32] { bytes.append(Self.hexDigits[Int(unit >> shift & 15)]) }
    }

    /// The scalar of a sequence in valid UTF-8.
    private static func decode(_ text: UnsafeBufferPointer<UInt8>, _ index: Int) -> (length: Int, scalar: UInt32) {
        let lead = text[index]
        let length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
        guard index + length <= text.count else { return (1, 0xfffd) }
        var scalar = UInt32(lead) & (0x7f >> UInt32(length))
        for place in 1..<length { scalar = scalar << 6 | UInt32(text[index + place] & 0x3f) }
        return (length, scalar)
    }

    private static func isSpecial(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x80...0x9f, 0xad, 0x061c, 0x180e, 0x200b...0x200f, 0x2028...0x202e, 0x2060...0x206f, 0xfeff, 0xfff9...0xfffb,
            0xe0000...0xe007f:
            true
        default: false
        }
    }
}
