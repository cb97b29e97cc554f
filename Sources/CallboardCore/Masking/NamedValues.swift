internal import ServiceBus

/// Values in running text that stand behind a hidden name: `password=hunter2`, `Authorization: Bearer eyJ…`, `"apiKey": ["…"]`,
/// `<wsse:Password Type="…">…</wsse:Password>`, and blocks such as `-----BEGIN PRIVATE KEY-----`.
///
/// Where a value ends says ``ValueExtent``. One pass: what was hidden is not looked at again.
struct NamedValues {
    private let text: UnsafeBufferPointer<UInt8>
    private let names: NameRules
    private let extent: ValueExtent

    init(_ text: UnsafeBufferPointer<UInt8>, _ names: NameRules) {
        self.text = text
        self.names = names
        extent = ValueExtent(text)
    }

    func find(_ found: (Range<Int>) -> Void) {
        // What is masked already is not masked again.
        func report(_ range: Range<Int>) {
            if !range.isEmpty, !text[range].elementsEqual(Redaction.placeholder.utf8) { found(range) }
        }
        var pairs = OpenPairs()
        var tags = OpenTags()
        var place = 0
        while place < text.count {
            switch text[place] {
            case UInt8(ascii: "="), UInt8(ascii: ":"): place = separator(place, nameEnd: place, &pairs, report)
            case UInt8(ascii: ">") where place > 0 && text[place - 1] == UInt8(ascii: "-"):
                place = separator(place, nameEnd: place - 1, &pairs, report)
            case UInt8(ascii: "<"): place = tag(place, &tags, report)
            case UInt8(ascii: "-"): place = keyBlock(place, report)
            case UInt8(ascii: "{"):
                pairs.open()
                place += 1
            case UInt8(ascii: "}"):
                pairs.close()
                place += 1
            default: place += 1
            }
        }
    }

    // MARK: name=value

    private func separator(_ place: Int, nameEnd: Int, _ pairs: inout OpenPairs, _ report: (Range<Int>) -> Void) -> Int {
        guard let name = name(before: nameEnd) else { return place + 1 }
        if hides(name) {
            let value = extent.value(behind: place, isList: isList(name))
            report(value)
            return max(value.upperBound, place + 1)
        }
        if PairNames.isName(text[name]) {
            let value = extent.value(behind: place, isList: false, limit: OpenPairs.longestName)
            if names.hides(UnsafeBufferPointer(rebasing: text[value])) {
                var end = place + 1
                pairs.hide {
                    let value = extent.value(behind: $0, isList: false)
                    report(value)
                    end = max(end, value.upperBound)
                } all: {
                    report($0..<place)
                }
                return end
            }
        } else if PairNames.isValue(text[name]) {
            if pairs.isHidden {
                let value = extent.value(behind: place, isList: false)
                report(value)
                return max(value.upperBound, place + 1)
            }
            pairs.note(place)
        }
        return place + 1
    }

    /// So much may stand between a name and its separator.
    private static let longestGap = 4096

    /// The name that ends before a separator, without quotes, brackets and spaces between.
    private func name(before separator: Int) -> Range<Int>? {
        var end = separator
        strip: while end > 0, separator - end < Self.longestGap {
            switch text[end - 1] {
            case 0x20, 0x09, 0x0a, 0x0d, UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"), UInt8(ascii: "\\"), UInt8(ascii: "]"),
                UInt8(ascii: ")"), UInt8(ascii: "*"):
                end -= 1
            case UInt8(ascii: ">"):
                // The end of markup, as in <b>Password</b>: …
                guard let start = text[max(0, end - 20)..<end].lastIndex(of: UInt8(ascii: "<")), text[start + 1] == UInt8(ascii: "/") else {
                    break strip
                }
                end = start
            default: break strip
            }
        }
        var start = end
        while start > 0, isName(text[start - 1]) { start -= 1 }
        guard start < end, let first = text[start..<end].first(where: { $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: "-") }),
            first.isASCIILetter || first >= 0x80
        else { return nil }
        return start..<end
    }

    /// Whether a name is hidden, also one of up to three words, `api key`. Words before one that is hidden by itself are none of its:
    /// `password check: passed`.
    private func hides(_ name: Range<Int>) -> Bool {
        if hidesWord(name) { return true }
        var start = name.lowerBound
        for _ in 0..<2 {
            guard start >= 2, text[start - 1] == 0x20, isName(text[start - 2]) else { return false }
            var first = start - 1
            while first > 0, isName(text[first - 1]) { first -= 1 }
            if hidesWord(first..<start - 1) { return false }
            start = first
            if hidesWord(start..<name.upperBound) { return true }
        }
        return false
    }

    private func hidesWord(_ range: Range<Int>) -> Bool { names.hides(UnsafeBufferPointer(rebasing: text[range])) }

    /// Whether what stands under it are several values in a line.
    private func isList(_ name: Range<Int>) -> Bool {
        let name = text[name]
        return name.count >= 6 && name.suffix(6).elementsEqual("cookie".utf8, by: { $0.lowercasedASCII == $1 })
    }

    private func isName(_ byte: UInt8) -> Bool { byte.isWordByte || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") }

    // MARK: Tags and blocks

    /// Hides what is in an element, its attributes too; gives where to go on.
    private func tag(_ place: Int, _ tags: inout OpenTags, _ report: (Range<Int>) -> Void) -> Int {
        guard let tag = TagInText(text, at: place, extent) else { return place + 1 }
        let name = tag.localName
        guard hidesWord(name) || tag.pairNames.contains(where: { hidesWord($0) }) || tags.takesHidden(tag) else {
            // Tags that stand in each other's attributes are read again and again: of such a text the rest is hidden.
            tags.bytesRead += tag.end - place
            guard tags.bytesRead <= Self.tagShare * text.count else {
                report(place..<text.count)
                return text.count
            }
            if PairNames.isName(text[name]), let end = tag.contentEnd(within: OpenPairs.longestName) {
                if let before = tags.name(isHidden: hidesWord(tag.end..<max(end, tag.end))) {
                    report(before.end..<max(before.contentEnd(within: place - before.end) ?? place, before.end))
                }
            } else if PairNames.isValue(text[name]) {
                tags.value = tag
            }
            return tag.name.upperBound
        }
        report(tag.attributes)
        if tag.isEmpty { return tag.end }
        let end = tag.contentEnd
        report(tag.end..<end)
        return max(end, tag.end)
    }

    /// How often the bytes of a text may be read as those of tags.
    private static let tagShare = 8

    private static let begin: StaticString = "-----BEGIN "
    private static let end: StaticString = "-----END"

    /// Hides what is in a block whose label is a hidden name (RFC 7468).
    private func keyBlock(_ place: Int, _ report: (Range<Int>) -> Void) -> Int {
        guard text.starts(with: Self.begin, at: place) else { return place + 1 }
        let label = place + Self.begin.utf8CodeUnitCount
        guard let labelEnd = text[label...].prefix(80).firstIndex(of: UInt8(ascii: "-")), hidesWord(label..<labelEnd) else { return label }
        var start = labelEnd
        while start < text.count, text[start] == UInt8(ascii: "-") { start += 1 }
        let close = text.firstIndex(of: Self.end, from: start) ?? text.count
        report(start..<close)
        return max(close, start)
    }
}

/// What the tags before a place in running text say of the next.
private struct OpenTags {
    /// Bytes of tags that were not hidden.
    var bytesRead = 0
    /// Whether a `<key>` or the like says a hidden name.
    private var isNameHidden = false
    /// Whether a `<value>` came since: then the next name is another pair's. Else it is one more member of the same,
    /// `<key>password</key><type>text</type><value>`.
    private var isValueTaken = false
    /// The `<value>` behind the last name.
    var value: TagInText?

    /// Whether a tag is that of a value whose name is hidden.
    mutating func takesHidden(_ tag: TagInText) -> Bool {
        guard isNameHidden, tag.isPairValue else { return false }
        isValueTaken = true
        return true
    }

    /// Takes a name; gives the value that stood before it, if that is hidden.
    mutating func name(isHidden: Bool) -> TagInText? {
        guard isHidden else {
            if isValueTaken { isNameHidden = false }
            return nil
        }
        defer { value = nil }
        isNameHidden = true
        isValueTaken = false
        return value
    }
}

/// The objects a place in running text is in, as far as braces tell: for a name and its value that stand side by side.
private struct OpenPairs {
    /// Longer texts are no names of pairs.
    static let longestName = 300
    private static let mostValues = 16
    private static let deepest = 64

    private struct Object {
        var isHidden = false
        /// Where the separators before its values stand.
        var values: [Int] = []
    }

    private var objects = [Object()]

    /// Whether the pair that is open has a hidden name.
    var isHidden: Bool { objects[objects.count - 1].isHidden }

    mutating func open() { if objects.count < Self.deepest { objects.append(Object()) } }
    mutating func close() { if objects.count > 1 { objects.removeLast() } }

    mutating func note(_ separator: Int) {
        if objects[objects.count - 1].values.count <= Self.mostValues { objects[objects.count - 1].values.append(separator) }
    }

    /// Its name is hidden: gives the values that stood before it, or where the first of very many began.
    mutating func hide(_ each: (Int) -> Void, all: (Int) -> Void) {
        let values = objects[objects.count - 1].values
        objects[objects.count - 1] = Object(isHidden: true)
        if values.count > Self.mostValues, let first = values.first { all(first + 1) } else { values.forEach(each) }
    }
}
