internal import ServiceBus

/// Masks values of a JSON document (RFC 8259) where they stand: everything else keeps its bytes, and what is masked becomes a string, so that it
/// is still JSON.
///
/// One pass without recursion over the whole document, which must be well-formed to its end. Several documents, one behind the other, are
/// taken as lines of one. Hidden is a value
/// - whose name, or place, a rule hides, with all that is in it;
/// - that is a `value` of an object whose `name` or `key` is such a name, as ``PairNames`` has them;
/// - or that is a text or number of which something is recognised; of a text only that part.
struct JSONMasking {
    /// Deeper documents are not read.
    static let deepest = 512

    private let masker: Masker
    private let bytes: UnsafeBufferPointer<UInt8>
    private let depth: Int
    private var at = 0
    private var edits: [Edit] = []
    private var frames: [Frame] = []
    private var places: [MaskingPaths.Place] = []
    /// How many frames were open where what is hidden began.
    private var hiddenSince: Int?

    private struct Edit {
        var range: Range<Int>
        var text: [UInt8]
    }

    /// An object or array that is open.
    private struct Frame {
        var start: Int
        var isObject: Bool
        var count = 0
        /// Whether it is the `value` of the object it is in.
        var isValue: Bool
        /// Whether its `name` or `key` is a hidden one.
        var hasHiddenName = false
        /// Where its `value` stands; a name may occur more than once.
        var values: [Range<Int>] = []
    }

    /// A value that is about to be read.
    private struct Coming {
        var isHidden = false
        var isName = false
        var isValue = false
    }

    private static let placeholder = Array("\"\(Redaction.placeholder)\"".utf8)

    init(_ masker: Masker, _ bytes: UnsafeBufferPointer<UInt8>, depth: Int) {
        self.masker = masker
        self.bytes = bytes
        self.depth = depth
    }

    /// Whether a text begins as JSON objects and arrays do, which few other texts do.
    static func looksLikeJSON(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var signs = text.lazy.filter { $0 > 0x20 }.makeIterator()
        let opening = signs.next()
        guard let second = signs.next() else { return false }
        switch opening {
        case UInt8(ascii: "{"): return second == UInt8(ascii: "\"") || second == UInt8(ascii: "}") || second == UInt8(ascii: "'")
        case UInt8(ascii: "["): return "{[\"]".utf8.contains(second)
        default: return false
        }
    }

    /// What becomes of the document.
    consuming func outcome() -> DocumentMasking {
        var masking = self
        if masking.bytes.starts(with: [0xef, 0xbb, 0xbf]) { masking.at = 3 }
        masking.skipSpace()
        guard masking.at < masking.bytes.count else { return .unreadable }
        while masking.at < masking.bytes.count {
            guard masking.document() else { return .unreadable }
            masking.skipSpace()
        }
        return masking.result()
    }

    // MARK: Structure

    private mutating func document() -> Bool {
        guard value(Coming(), at: masker.paths.isEmpty ? nil : masker.paths.root) else { return false }
        while let frame = frames.last {
            skipSpace()
            guard let byte = current else { return false }
            if byte == UInt8(ascii: frame.isObject ? "}" : "]") {
                at += 1
                close()
                continue
            }
            if frame.count > 0 {
                guard byte == UInt8(ascii: ",") else { return false }
                at += 1
                skipSpace()
            }
            frames[frames.count - 1].count += 1
            guard frame.isObject ? member() : element(frame.count) else { return false }
        }
        return true
    }

    private mutating func element(_ index: Int) -> Bool {
        let place = places.last.map { masker.paths.element(index, of: $0) }
        return value(Coming(isHidden: place?.isHidden ?? false), at: place)
    }

    private mutating func member() -> Bool {
        let start = at
        guard let token = string() else { return false }
        let end = at
        skipSpace()
        guard take(UInt8(ascii: ":")) else { return false }
        skipSpace()
        guard hiddenSince == nil else { return value(Coming(), at: nil) }
        var coming = Coming()
        var place: MaskingPaths.Place?
        guard
            Self.withText(
                of: token, in: bytes,
                { name in
                    coming.isHidden = masker.names.hides(name)
                    coming.isName = PairNames.isName(name)
                    coming.isValue = PairNames.isValue(name)
                    place = places.last.map { masker.paths.member(String(decoding: name, as: UTF8.self), of: $0) }
                    if let changed = masker.masked(name, depth: depth) {
                        edits.append(Edit(range: start..<end, text: JSONEscapes.quoted(changed)))
                    }
                })
        else { return false }
        if place?.isHidden == true { coming.isHidden = true }
        return value(coming, at: place)
    }

    /// Reads a value, of an object or array only the opening.
    private mutating func value(_ coming: Coming, at place: MaskingPaths.Place?) -> Bool {
        let start = at
        let isVisible = hiddenSince == nil
        switch current {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard frames.count < Self.deepest else { return false }
            if isVisible, coming.isHidden { hiddenSince = frames.count }
            frames.append(Frame(start: start, isObject: current == UInt8(ascii: "{"), isValue: coming.isValue))
            // Where something is hidden paths are not followed; the place is there to be taken away again.
            if let place { places.append(place) } else if !masker.paths.isEmpty { places.append(masker.paths.root) }
            at += 1
            return true
        case UInt8(ascii: "\""):
            guard let token = string() else { return false }
            if isVisible { return text(token, start..<at, coming) }
        case UInt8(ascii: "t"): guard word("true") else { return false }
        case UInt8(ascii: "f"): guard word("false") else { return false }
        case UInt8(ascii: "n"): guard word("null") else { return false }
        default:
            guard number() else { return false }
            if isVisible, !coming.isHidden, masker.hidesNumber(UnsafeBufferPointer(rebasing: bytes[start..<at])) { hide(start..<at) }
        }
        if isVisible {
            if coming.isHidden { hide(start..<at) }
            note(start..<at, coming)
        }
        return true
    }

    private mutating func text(_ token: Token, _ range: Range<Int>, _ coming: Coming) -> Bool {
        if coming.isHidden {
            hide(range)
        } else {
            guard
                Self.withText(
                    of: token, in: bytes,
                    { text in
                        if coming.isName, !frames.isEmpty, masker.names.hides(text) { frames[frames.count - 1].hasHiddenName = true }
                        if let masked = masker.masked(text, depth: depth) {
                            edits.append(Edit(range: range, text: JSONEscapes.quoted(masked)))
                        }
                    })
            else { return false }
        }
        note(range, coming)
        return true
    }

    private mutating func note(_ range: Range<Int>, _ coming: Coming) {
        if coming.isValue, !frames.isEmpty { frames[frames.count - 1].values.append(range) }
    }

    private mutating func close() {
        let frame = frames.removeLast()
        if !masker.paths.isEmpty { places.removeLast() }
        let range = frame.start..<at
        if hiddenSince == frames.count {
            hiddenSince = nil
            hide(range)
        } else if hiddenSince == nil, frame.hasHiddenName {
            for value in frame.values { hide(value) }
        }
        if hiddenSince == nil, frame.isValue, !frames.isEmpty { frames[frames.count - 1].values.append(range) }
    }

    private mutating func hide(_ range: Range<Int>) { edits.append(Edit(range: range, text: Self.placeholder)) }

    private mutating func result() -> DocumentMasking {
        if edits.isEmpty { return .unchanged }
        // Of two that overlap the outer one stands; of two in one place the later, which hides the whole.
        let ordered = edits.enumerated().sorted {
            ($0.element.range.lowerBound, $1.element.range.upperBound, $1.offset)
                < ($1.element.range.lowerBound, $0.element.range.upperBound, $0.offset)
        }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var place = 0
        var fields = 0
        for edit in ordered.lazy.map(\.element) where edit.range.lowerBound >= place {
            result.append(contentsOf: bytes[place..<edit.range.lowerBound])
            result.append(contentsOf: edit.text)
            place = edit.range.upperBound
            fields += 1
        }
        result.append(contentsOf: bytes[place...])
        return .masked(result, fields: fields)
    }

    // MARK: Tokens

    private var current: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { at += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard current == byte else { return false }
        at += 1
        return true
    }

    private mutating func word(_ word: StaticString) -> Bool {
        guard at + word.utf8CodeUnitCount <= bytes.count,
            word.withUTF8Buffer({ bytes[at..<at + $0.count].elementsEqual($0) })
        else { return false }
        at += word.utf8CodeUnitCount
        return true
    }

    private mutating func digits() -> Bool {
        let start = at
        while let byte = current, byte.isASCIIDigit { at += 1 }
        return at > start
    }

    private mutating func number() -> Bool {
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")), !digits() { return false }
        if take(UInt8(ascii: ".")), !digits() { return false }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            at += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { at += 1 }
            return digits()
        }
        return true
    }

    private struct Token {
        var range: Range<Int>
        var isEscaped: Bool
    }

    private mutating func string() -> Token? {
        guard take(UInt8(ascii: "\"")) else { return nil }
        let start = at
        var isEscaped = false
        while let byte = current {
            at += 1
            switch byte {
            case UInt8(ascii: "\""): return Token(range: start..<at - 1, isEscaped: isEscaped)
            case UInt8(ascii: "\\"):
                isEscaped = true
                at += 1
            case 0..<0x20: return nil
            default: break
            }
        }
        return nil
    }

    /// Gives what a string says, without its escapes; false when one is malformed.
    private static func withText(
        of token: Token, in bytes: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) -> Bool {
        let raw = UnsafeBufferPointer(rebasing: bytes[token.range])
        guard token.isEscaped else {
            body(raw)
            return true
        }
        guard let text = JSONEscapes.unescaped(raw) else { return false }
        text.withUnsafeBufferPointer(body)
        return true
    }
}

/// The escapes in JSON's strings (RFC 8259, section 7).
enum JSONEscapes {
    /// A text as a string of JSON.
    static func quoted(_ text: some Collection<UInt8>) -> [UInt8] {
        var result: [UInt8] = [UInt8(ascii: "\"")]
        result.reserveCapacity(text.count + 2)
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): result += [UInt8(ascii: "\\"), byte]
            case 0x0a: result += Array("\\n".utf8)
            case 0x0d: result += Array("\\r".utf8)
            case 0x09: result += Array("\\t".utf8)
            case 0..<0x20: result += Array("\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8)
            default: result.append(byte)
            }
        }
        result.append(UInt8(ascii: "\""))
        return result
    }

    /// The text; nil when an escape is malformed. Half a surrogate pair becomes U+FFFD.
    static func unescaped(_ raw: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(raw.count)
        var at = 0
        while at < raw.count {
            let byte = raw[at]
            at += 1
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                continue
            }
            guard at < raw.count else { return nil }
            let escape = raw[at]
            at += 1
            switch escape {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(escape)
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0c)
            case UInt8(ascii: "n"): result.append(0x0a)
            case UInt8(ascii: "r"): result.append(0x0d)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "u"):
                guard let scalar = scalar(raw, &at) else { return nil }
                result.append(contentsOf: String(scalar).utf8)
            default: return nil
            }
        }
        return result
    }

    private static func scalar(_ raw: UnsafeBufferPointer<UInt8>, _ at: inout Int) -> Unicode.Scalar? {
        guard let first = unit(raw, at) else { return nil }
        at += 4
        if let scalar = Unicode.Scalar(first) { return scalar }
        if first & 0xfc00 == 0xd800, at + 1 < raw.count, raw[at] == UInt8(ascii: "\\"), raw[at + 1] == UInt8(ascii: "u"),
            let second = unit(raw, at + 2), second & 0xfc00 == 0xdc00
        {
            at += 6
            return Unicode.Scalar(0x10000 + (first & 0x3ff) << 10 + (second & 0x3ff))
        }
        return "\u{fffd}"
    }

    private static func unit(_ raw: UnsafeBufferPointer<UInt8>, _ at: Int) -> UInt32? {
        guard at + 4 <= raw.count else { return nil }
        var value: UInt32 = 0
        for byte in raw[at..<at + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
