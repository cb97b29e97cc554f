internal import ServiceBus

/// Masks values of an XML document where they stand: everything else keeps its bytes, and the document stays well-formed.
///
/// One pass without recursion. Tags must be closed in order and attributes quoted; document types, which can define what a text means, are not
/// read. Hidden is the content of an element with its attributes, and the value of an attribute, whose name or place a rule hides; what an
/// element `value` or the other attributes say where a `key` or `name` is such a name; and in other texts what is recognised.
struct XMLMasking {
    /// Deeper documents are not read.
    static let deepest = 512

    private let masker: Masker
    private let bytes: UnsafeBufferPointer<UInt8>
    private let depth: Int
    private var at = 0
    private var edits: [(range: Range<Int>, text: [UInt8])] = []
    private var open: [Element] = []
    private var hiddenSince: Int?
    private var elements = 0

    /// An element that is open.
    private struct Element {
        var name: Range<Int>
        var contentStart: Int
        var place: MaskingPaths.Place?
        /// Whether its attribute `key` or `name` is a hidden name, which then is its own.
        var isNamedHidden = false
        /// Whether a `key` or `name` in it is a hidden name.
        var hasHiddenName = false
        /// Where the contents of its `value` elements stand.
        var values: [Range<Int>] = []
    }

    init(_ masker: Masker, _ bytes: UnsafeBufferPointer<UInt8>, depth: Int) {
        self.masker = masker
        self.bytes = bytes
        self.depth = depth
    }

    /// What becomes of the document.
    consuming func outcome() -> DocumentMasking {
        var masking = self
        if masking.bytes.starts(with: [0xef, 0xbb, 0xbf]) { masking.at = 3 }
        while masking.at < masking.bytes.count {
            guard masking.step() else { return .unreadable }
        }
        guard masking.open.isEmpty, masking.elements > 0 else { return .unreadable }
        return masking.result()
    }

    private mutating func step() -> Bool {
        guard bytes[at] == UInt8(ascii: "<") else { return text() }
        if starts(with: "<!--") { return passage(opening: 4, until: "-->") }
        if starts(with: "<![CDATA[") { return !open.isEmpty && passage(opening: 9, until: "]]>") }
        if starts(with: "<?") { return passage(opening: 2, until: "?>") }
        if starts(with: "</") { return endTag() }
        return startTag()
    }

    // MARK: Texts

    private mutating func text() -> Bool {
        let start = at
        at = bytes[at...].firstIndex(of: UInt8(ascii: "<")) ?? bytes.count
        let range = start..<at
        if open.isEmpty { return bytes[range].allSatisfy { $0 <= 0x20 } }
        guard hiddenSince == nil else { return true }
        return look(at: range)
    }

    /// Comments, sections of character data and processing instructions: of these nothing is escaped.
    private mutating func passage(opening: Int, until end: StaticString) -> Bool {
        let start = at + opening
        guard let close = bytes.firstIndex(of: end, from: start) else { return false }
        at = close + end.utf8CodeUnitCount
        if hiddenSince == nil, let masked = masker.masked(UnsafeBufferPointer(rebasing: bytes[start..<close]), depth: depth) {
            edits.append((start..<close, masked))
        }
        return true
    }

    /// Masks what is recognised in a text; false when it is not well-formed.
    private mutating func look(at range: Range<Int>) -> Bool {
        guard let masked = Self.withText(range, in: bytes, { masker.masked($0, depth: depth) }) else { return false }
        if let masked { edits.append((range, Self.escaped(masked))) }
        return true
    }

    /// Gives a text without its references; nil when there is one that XML does not know.
    private static func withText<Result>(
        _ range: Range<Int>, in bytes: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result? {
        let raw = UnsafeBufferPointer(rebasing: bytes[range])
        guard raw.contains(UInt8(ascii: "&")) else { return body(raw) }
        return decoded(raw).map { $0.withUnsafeBufferPointer(body) }
    }

    private static func decoded(_ raw: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(raw.count)
        var at = 0
        while at < raw.count {
            guard raw[at] == UInt8(ascii: "&") else {
                result.append(raw[at])
                at += 1
                continue
            }
            guard let end = raw[at...].prefix(12).firstIndex(of: UInt8(ascii: ";")) else { return nil }
            let name = String(decoding: raw[at + 1..<end], as: UTF8.self)
            at = end + 1
            switch name {
            case "lt": result.append(UInt8(ascii: "<"))
            case "gt": result.append(UInt8(ascii: ">"))
            case "amp": result.append(UInt8(ascii: "&"))
            case "quot": result.append(UInt8(ascii: "\""))
            case "apos": result.append(UInt8(ascii: "'"))
            default:
                let code =
                    name.hasPrefix("#x") ? UInt32(name.dropFirst(2), radix: 16) : name.hasPrefix("#") ? UInt32(name.dropFirst()) : nil
                guard let scalar = code.flatMap({ Unicode.Scalar($0) }) else { return nil }
                result.append(contentsOf: String(scalar).utf8)
            }
        }
        return result
    }

    /// A text as it is written in an element or an attribute.
    static func escaped(_ text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        for byte in text {
            switch byte {
            case UInt8(ascii: "<"): result += Array("&lt;".utf8)
            case UInt8(ascii: ">"): result += Array("&gt;".utf8)
            case UInt8(ascii: "&"): result += Array("&amp;".utf8)
            case UInt8(ascii: "\""): result += Array("&quot;".utf8)
            case UInt8(ascii: "'"): result += Array("&apos;".utf8)
            default: result.append(byte)
            }
        }
        return result
    }

    // MARK: Tags

    private mutating func startTag() -> Bool {
        at += 1
        guard let name = name() else { return false }
        if open.isEmpty, elements > 0 { return false }
        elements += 1
        let isVisible = hiddenSince == nil
        var element = Element(name: name, contentStart: at)
        if !masker.paths.isEmpty {
            element.place = masker.paths.member(local(name), of: open.last?.place ?? masker.paths.root)
        }
        let isHidden = element.place?.isHidden == true || masker.names.hides(local(name))
        guard attributes(of: &element, isVisible: isVisible, isHidden: isHidden) else { return false }
        let isEmpty = take(UInt8(ascii: "/"))
        guard take(UInt8(ascii: ">")) else { return false }
        element.contentStart = at
        if isEmpty { return true }
        guard open.count < Self.deepest else { return false }
        if isVisible, isHidden || element.isNamedHidden { hiddenSince = open.count }
        open.append(element)
        return true
    }

    /// Reads attributes. Of a hidden element all are hidden, of one that its `key` or `name` hides all others.
    private mutating func attributes(of element: inout Element, isVisible: Bool, isHidden: Bool) -> Bool {
        var others: [Range<Int>] = []
        while true {
            let before = at
            skipSpace()
            guard let byte = current else { return false }
            if byte == UInt8(ascii: ">") || byte == UInt8(ascii: "/") { break }
            guard at > before, let name = name() else { return false }
            skipSpace()
            guard take(UInt8(ascii: "=")) else { return false }
            skipSpace()
            guard let quote = current, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { return false }
            at += 1
            guard let end = bytes[at...].firstIndex(of: quote), !bytes[at..<end].contains(UInt8(ascii: "<")) else { return false }
            let value = at..<end
            at = end + 1
            guard isVisible else { continue }
            let local = local(name)
            let place = element.place.map { masker.paths.member("@" + local, of: $0) }
            if isHidden || place?.isHidden == true || masker.names.hides(local) {
                edits.append((value, TextMasking.whole))
            } else if !look(at: value) {
                return false
            }
            if PairNames.isName(local.utf8), saysHiddenName(value) {
                element.isNamedHidden = true
            } else {
                others.append(value)
            }
        }
        // <add key="Password" value="…"/>, or <property name="password">…</property>.
        if element.isNamedHidden { for value in others { edits.append((value, TextMasking.whole)) } }
        return true
    }

    private mutating func endTag() -> Bool {
        let start = at
        at += 2
        guard let name = name(), let element = open.popLast(), bytes[name].elementsEqual(bytes[element.name]) else { return false }
        skipSpace()
        guard take(UInt8(ascii: ">")) else { return false }
        let content = element.contentStart..<start
        if hiddenSince == open.count {
            hiddenSince = nil
            if !content.isEmpty { edits.append((content, TextMasking.whole)) }
        } else if hiddenSince == nil, element.hasHiddenName {
            for value in element.values { edits.append((value, TextMasking.whole)) }
        }
        guard hiddenSince == nil, let parent = open.indices.last else { return true }
        let member = local(element.name)
        if PairNames.isName(member.utf8) {
            if saysHiddenName(content) { open[parent].hasHiddenName = true }
        } else if PairNames.isValue(member.utf8) {
            open[parent].values.append(content)
        }
        return true
    }

    /// Longer contents are no names of pairs. Without a bound elements within each other would be read again for each of them.
    private static let longestName = 1024

    /// Whether what is in an element or an attribute is a hidden name, be it in a section of character data or in an element of its own.
    private func saysHiddenName(_ content: Range<Int>) -> Bool {
        var (start, end) = (content.lowerBound, content.upperBound)
        while start < end, bytes[start] <= 0x20 { start += 1 }
        while end > start, bytes[end - 1] <= 0x20 { end -= 1 }
        guard end - start <= Self.longestName else { return false }
        var name: [UInt8] = []
        while start < end {
            var next = end
            if bytes.starts(with: "<![CDATA[", at: start) {
                next = bytes.firstIndex(of: "]]>", from: start, to: end) ?? end
                name += bytes[min(start + 9, next)..<next]
                next = min(next + 3, end)
            } else if bytes.starts(with: "<!--", at: start) {
                next = bytes.firstIndex(of: "-->", from: start, to: end).map { $0 + 3 } ?? end
            } else if bytes[start] == UInt8(ascii: "<") {
                next = bytes[start..<end].firstIndex(of: UInt8(ascii: ">")).map { $0 + 1 } ?? end
            } else {
                next = bytes[start..<end].firstIndex(of: UInt8(ascii: "<")) ?? end
                guard let text = Self.withText(start..<next, in: bytes, { Array($0) }) else { return true }
                name += text
            }
            start = next
        }
        return name.withUnsafeBufferPointer { masker.names.hides($0) }
    }

    private func result() -> DocumentMasking {
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
        for (_, edit) in ordered where edit.range.lowerBound >= place && !edit.range.isEmpty {
            result.append(contentsOf: bytes[place..<edit.range.lowerBound])
            result.append(contentsOf: edit.text)
            place = edit.range.upperBound
            fields += 1
        }
        result.append(contentsOf: bytes[place...])
        return fields == 0 ? .unchanged : .masked(result, fields: fields)
    }

    // MARK: Tokens

    private var current: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard current == byte else { return false }
        at += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { at += 1 }
    }

    private func starts(with text: StaticString) -> Bool { bytes.starts(with: text, at: at) }

    private mutating func name() -> Range<Int>? {
        let start = at
        while let byte = current, Self.isNameByte(byte) { at += 1 }
        return at > start && Self.mayBegin(bytes[start]) ? start..<at : nil
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte.isWordByte || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }

    private static func mayBegin(_ byte: UInt8) -> Bool { !byte.isASCIIDigit && byte != UInt8(ascii: "-") && byte != UInt8(ascii: ".") }

    /// Whether a text is a name of an element or attribute, as they are read here.
    static func isName(_ text: some Collection<UInt8>) -> Bool { text.first.map(mayBegin) == true && text.allSatisfy(isNameByte) }

    /// A name without its prefix.
    private func local(_ name: Range<Int>) -> String {
        let text = bytes[name]
        let start = text.lastIndex(of: UInt8(ascii: ":")).map { $0 + 1 } ?? text.startIndex
        return String(decoding: text[start...], as: UTF8.self)
    }
}
