internal import ServiceBus

/// Masks what is recognised in a text: by detectors, by patterns, and as the value that follows a hidden name (`password=…`, `"token": "…"`,
/// `<secret>…`). A document inside a text, JSON or XML, plain or in base64, is looked through as such.
struct TextMasking {
    /// Documents inside documents, this deep; beyond it they are hidden as a whole.
    static let deepest = 4

    private let masker: Masker
    private let text: UnsafeBufferPointer<UInt8>
    private let depth: Int

    init(_ masker: Masker, _ text: UnsafeBufferPointer<UInt8>, depth: Int) {
        self.masker = masker
        self.text = text
        self.depth = depth
    }

    /// The text as it may be seen; nil when nothing in it is hidden.
    func masked() -> [UInt8]? {
        let signs = TextSigns(text)
        if signs.isEmpty, masker.patterns.isEmpty { return nil }
        if let document = document(signs) { return document.masked }
        var hidden: [Range<Int>] = []
        for detector in masker.detectors where signs.mayHold(detector) { detector.find(in: text) { hidden.append($0) } }
        for pattern in masker.patterns { pattern.find(in: text) { hidden.append($0) } }
        if signs.hasSeparator || signs.hasRun { NamedValues(text, masker.names).find { hidden.append($0) } }
        if signs.hasRun, !signs.isOneRun { EncodedContent(masker, depth: depth).find(in: text) { hidden.append($0) } }
        let shown = hidden.isEmpty ? nil : Self.replaced(text, hidden)
        if signs.mayBeEscaped, (shown.map { $0.withUnsafeBufferPointer { holdsEscaped($0) } } ?? holdsEscaped(text)) { return Self.whole }
        return shown
    }

    /// Whether something is hidden in a text once its escapes are resolved.
    private func holdsEscaped(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let resolved = TextEscapes.resolved(text) else { return false }
        if depth >= Self.deepest { return true }
        return resolved.withUnsafeBufferPointer { TextMasking(masker, $0, depth: depth + 1).masked() != nil }
    }

    static let whole = Array(Redaction.placeholder.utf8)

    /// The text with the placeholder in place of each stretch that is hidden.
    private static func replaced(_ text: UnsafeBufferPointer<UInt8>, _ hidden: [Range<Int>]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var place = 0
        for range in hidden.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            guard range.upperBound > place else { continue }
            // Stretches that overlap or touch are one: how many there were says something of what they hide.
            if range.lowerBound > place || place == 0 {
                result.append(contentsOf: text[place..<max(range.lowerBound, place)])
                result.append(contentsOf: whole)
            }
            place = range.upperBound
        }
        result.append(contentsOf: text[place...])
        return result
    }

    // MARK: Documents inside the text

    private struct Document {
        /// Nil when nothing is hidden in it.
        var masked: [UInt8]?
    }

    /// What became of the document this text is; nil when it is none.
    private func document(_ signs: TextSigns) -> Document? {
        let outcome: DocumentMasking
        switch signs.first {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard JSONMasking.looksLikeJSON(text) else { return nil }
            guard depth < Self.deepest else { return Document(masked: Self.whole) }
            outcome = JSONMasking(masker, text, depth: depth + 1).outcome()
            // It begins like JSON and was cut, or is no JSON: what is in it cannot be told.
            if case .unreadable = outcome { return Document(masked: Self.whole) }
        case UInt8(ascii: "<"):
            guard depth < Self.deepest else { return Document(masked: Self.whole) }
            outcome = XMLMasking(masker, text, depth: depth + 1).outcome()
            if case .unreadable = outcome { return looksLikeXML ? Document(masked: Self.whole) : nil }
        default:
            let isHidden = signs.mayBeBase64 && EncodedContent(masker, depth: depth).isHidden(text)
            return isHidden ? Document(masked: Self.whole) : nil
        }
        switch outcome {
        case .masked(let bytes, _): return Document(masked: bytes)
        case .unchanged, .unreadable: return Document(masked: nil)
        }
    }
}

extension TextMasking {
    /// Whether a text that begins with `<` is a document, if not a well-formed one: it declares that it is, or an element ends in it.
    fileprivate var looksLikeXML: Bool {
        guard let start = text.firstIndex(of: UInt8(ascii: "<")), start + 1 < text.count else { return false }
        let next = text[start + 1]
        if next == UInt8(ascii: "?") || next == UInt8(ascii: "!") { return true }
        guard next.isASCIILetter || next == UInt8(ascii: "_") || next >= 0x80 else { return false }
        return text.firstIndex(of: "</", from: start) != nil || text.firstIndex(of: "/>", from: start) != nil
    }
}

/// What became of a document.
enum DocumentMasking {
    /// Nothing is hidden in it.
    case unchanged
    /// So many values are masked in it.
    case masked([UInt8], fields: Int)
    /// It is not of its format.
    case unreadable
}

/// What a text could hold, found in one pass: most texts hold none of it, and are done with.
struct TextSigns {
    private static let at: UInt8 = 1
    private static let separator: UInt8 = 2
    private static let point: UInt8 = 4
    private static let notBase64: UInt8 = 8
    private static let escape: UInt8 = 16
    private static let notInRun: UInt8 = 32

    /// The signs each byte is.
    private static let table: [UInt8] = (0..<256).map { byte in
        let byte = UInt8(byte)
        var signs: UInt8 = 0
        switch byte {
        case UInt8(ascii: "@"): signs = at
        case UInt8(ascii: "%"): signs = at | escape
        case UInt8(ascii: "&"), UInt8(ascii: "\\"): signs = escape
        case UInt8(ascii: "="), UInt8(ascii: ":"), UInt8(ascii: ">"): signs = separator
        case UInt8(ascii: "."): signs = point
        default: break
        }
        if Base64Reading.isAlphabet(byte) { return signs }
        return byte == UInt8(ascii: "=") || byte == 0x0a || byte == 0x0d ? signs | notInRun : signs | notInRun | notBase64
    }

    /// The first byte that is no space; 0 when there is none.
    let first: UInt8
    private let signs: UInt8
    private let digits: Int
    private let longestRun: Int
    private let count: Int

    init(_ text: UnsafeBufferPointer<UInt8>) {
        var signs: UInt8 = 0
        var digits = 0
        var run = 0
        var longestRun = 0
        Self.table.withUnsafeBufferPointer { table in
            for byte in text {
                let sign = table[Int(byte)]
                signs |= sign
                run = sign & Self.notInRun == 0 ? run &+ 1 : 0
                longestRun = max(longestRun, run)
                digits &+= byte &- 0x30 < 10 ? 1 : 0
            }
        }
        self.signs = signs
        self.digits = digits
        self.longestRun = longestRun
        count = text.count
        var place = 0
        while place < text.count, text[place] <= 0x20 { place += 1 }
        first = place < text.count ? text[place] : 0
    }

    /// Whether something encoded may stand in it.
    var hasRun: Bool { longestRun >= Base64Reading.shortest }
    /// Whether all of it may be encoded, in one piece.
    var isOneRun: Bool { longestRun == count }
    var mayBeEscaped: Bool { signs & Self.escape != 0 }
    var hasSeparator: Bool { signs & Self.separator != 0 }
    var mayBeBase64: Bool { signs & Self.notBase64 == 0 && count >= Base64Reading.shortest }

    private var mayBeDocument: Bool { first == UInt8(ascii: "{") || first == UInt8(ascii: "[") || first == UInt8(ascii: "<") }

    /// Whether it can hold nothing that is hidden but by a pattern.
    var isEmpty: Bool {
        digits < 12 && signs & (Self.at | Self.separator | Self.escape) == 0 && !mayBeDocument && !hasRun && !mayBeBase64 && !mayHold(.jwt)
            && !mayHold(.iban)
    }

    func mayHold(_ detector: MaskingDetector) -> Bool {
        switch detector {
        case .card: digits >= 13
        case .iban: digits >= 8 && count >= 15
        case .email: signs & Self.at != 0
        case .jwt: signs & Self.point != 0 && count > 20
        }
    }
}
