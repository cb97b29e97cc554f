/// A tag that opens in running text, as XML and HTML have them, well-formed or not.
struct TagInText {
    private let text: UnsafeBufferPointer<UInt8>
    /// Its name, with a prefix.
    let name: Range<Int>
    /// Where its attributes stand; empty when it has none.
    let attributes: Range<Int>
    /// Behind it.
    let end: Int
    /// Whether nothing is in it.
    let isEmpty: Bool
    /// The values of its attributes `key`, `name` and the like.
    let pairNames: [Range<Int>]

    /// Nil when there is none. One that does not end, ends at the next or with the text.
    init?(_ text: UnsafeBufferPointer<UInt8>, at place: Int, _ extent: ValueExtent) {
        self.text = text
        var at = place + 1
        while at < text.count, Self.isName(text[at]) { at += 1 }
        let name = place + 1..<at
        guard let first = name.first.map({ text[$0] }), first.isASCIILetter || first == UInt8(ascii: "_") || first >= 0x80 else {
            return nil
        }
        guard at == text.count || text[at] <= 0x20 || text[at] == UInt8(ascii: ">") || text[at] == UInt8(ascii: "/") else { return nil }
        self.name = name
        var pairNames: [Range<Int>] = []
        scan: while at < text.count {
            switch text[at] {
            case UInt8(ascii: ">"), UInt8(ascii: "<"): break scan
            case UInt8(ascii: "="):
                guard let value = extent.quotation(behind: at) else {
                    at += 1
                    continue
                }
                var start = at
                while start > name.upperBound, text[start - 1] <= 0x20 { start -= 1 }
                let attribute = text[name.upperBound..<start].reversed().prefix { Self.isName($0) && $0 != UInt8(ascii: ":") }
                if PairNames.isName(attribute.reversed()) { pairNames.append(value) }
                at = max(value.upperBound, at + 1)
                while at < text.count, text[at] == UInt8(ascii: "\\") { at += 1 }
                if at < text.count { at += 1 }
            default: at += 1
            }
        }
        self.pairNames = pairNames
        end = at < text.count && text[at] == UInt8(ascii: ">") ? at + 1 : at
        var last = at
        while last > name.upperBound, text[last - 1] <= 0x20 { last -= 1 }
        isEmpty = last > name.upperBound && text[last - 1] == UInt8(ascii: "/") && end > at
        if isEmpty { last -= 1 }
        var begin = name.upperBound
        while begin < last, text[begin] <= 0x20 { begin += 1 }
        attributes = begin..<last
    }

    private static func isName(_ byte: UInt8) -> Bool {
        byte.isWordByte || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }

    /// Its name without the prefix.
    var localName: Range<Int> {
        let start = text[name].lastIndex(of: UInt8(ascii: ":")).map { $0 + 1 } ?? name.lowerBound
        return start..<name.upperBound
    }

    /// Whether it is that of the value of a pair.
    var isPairValue: Bool { PairNames.isValue(text[localName]) }

    /// Where what is in it ends: at the tag that closes it, or with the text.
    var contentEnd: Int { contentEnd(within: text.count) ?? text.count }

    /// Where the tag that closes it stands; nil when it is not among so many bytes.
    func contentEnd(within limit: Int) -> Int? {
        var depth = 0
        var at = end
        while at < text.count, at - end < limit {
            guard text[at] == UInt8(ascii: "<") else {
                at += 1
                continue
            }
            let start = at
            at += 1
            // JSON may write a slash with an escape.
            while at < text.count, text[at] == UInt8(ascii: "\\") { at += 1 }
            let closes = at < text.count && text[at] == UInt8(ascii: "/")
            if closes { at += 1 }
            let nameEnd = at + name.count
            guard nameEnd <= text.count, text[at..<nameEnd].elementsEqual(text[name]), nameEnd == text.count || !Self.isName(text[nameEnd])
            else { continue }
            at = nameEnd
            if !closes {
                depth += 1
            } else if depth > 0 {
                depth -= 1
            } else {
                return start
            }
        }
        return nil
    }
}
