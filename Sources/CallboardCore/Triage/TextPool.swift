/// Texts that repeat, held once.
///
/// Bounded: a queue in which every subject differs stops being interned after ``capacity`` texts, and the rest is kept with its row.
struct TextPool: Sendable {
    static let capacity = 4096

    private(set) var texts: [String] = []
    private var entries: [String: Int] = [:]

    /// The entry of a text, made if there is room; nil when the text must be kept elsewhere.
    mutating func intern(_ text: String) -> Int? {
        if let entry = entries[text] { return entry }
        guard texts.count < Self.capacity, text.utf8.count <= MessageTable.longestText else { return nil }
        // A copy: the text given may be a slice that keeps something larger alive.
        let entry = texts.count
        texts.append(text)
        entries[text] = entry
        return entry
    }

    var sizeInBytes: Int {
        texts.reduce(texts.capacity * 16 + entries.capacity * 25) { $0 + ($1.utf8.count > 15 ? $1.utf8.count + 32 : 0) }
    }
}

/// A UUID in lower or upper case, dashed or not, in seventeen bytes that give back the very same text.
struct PackedUUID {
    static let size = 17

    private enum Style: UInt8 {
        case lower = 0
        case upper = 1
        case lowerPlain = 2
        case upperPlain = 3

        var hasDashes: Bool { self == .lower || self == .upper }
        var isUpper: Bool { self == .upper || self == .upperPlain }
    }

    private let style: Style
    private let bytes: [UInt8]

    /// Reads a text; nil when it is no UUID or mixes upper and lower case.
    init?(_ text: String) {
        let count = text.utf8.count
        guard count == 36 || count == 32 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.size)
        var isUpper = false
        var isLower = false
        var high: UInt8?
        for (place, byte) in text.utf8.enumerated() {
            if count == 36, place == 8 || place == 13 || place == 18 || place == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"):
                isLower = true
                digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"):
                isUpper = true
                digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        guard !(isUpper && isLower), bytes.count == 16 else { return nil }
        style = count == 36 ? (isUpper ? .upper : .lower) : (isUpper ? .upperPlain : .lowerPlain)
        self.bytes = bytes
    }

    /// Reads what ``write(to:)`` wrote.
    init(_ stored: ArraySlice<UInt8>) {
        style = stored.first.flatMap { Style(rawValue: $0) } ?? .lower
        bytes = Array(stored.dropFirst())
    }

    func write(to arena: inout [UInt8]) {
        arena.append(style.rawValue)
        arena.append(contentsOf: bytes)
    }

    /// The text as it was.
    var text: String {
        let digits = Array((style.isUpper ? "0123456789ABCDEF" : "0123456789abcdef").utf8)
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for (index, byte) in bytes.enumerated() {
            if style.hasDashes, index == 4 || index == 6 || index == 8 || index == 10 { text.append(UInt8(ascii: "-")) }
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
