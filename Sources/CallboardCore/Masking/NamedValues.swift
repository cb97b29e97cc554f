/// Values in running text that stand behind a hidden name: `password=hunter2`, `Authorization: Bearer eyJ…`, `"apiKey": "…"`, `<pin>…</pin>`.
///
/// A value ends at its quote; without one at a space, a comma or a bracket, and at the tag that follows.
struct NamedValues {
    private static let longestName = 100

    private let text: UnsafeBufferPointer<UInt8>
    private let names: NameRules

    init(_ text: UnsafeBufferPointer<UInt8>, _ names: NameRules) {
        self.text = text
        self.names = names
    }

    func find(_ found: (Range<Int>) -> Void) {
        var place = 0
        while place < text.count {
            let byte = text[place]
            guard byte == UInt8(ascii: "=") || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ">"), let name = name(before: place),
                names.hides(UnsafeBufferPointer(rebasing: text[name]))
            else {
                place += 1
                continue
            }
            if byte == UInt8(ascii: ">") {
                // Only behind the name of a tag that opens here.
                guard name.lowerBound > 0, text[name.lowerBound - 1] == UInt8(ascii: "<") else {
                    place += 1
                    continue
                }
                let end = text[(place + 1)...].firstIndex(of: UInt8(ascii: "<")) ?? text.count
                if end > place + 1 { found(place + 1..<end) }
                place = max(end, place + 1)
            } else {
                let value = value(behind: place)
                if !value.isEmpty { found(value) }
                place = max(value.upperBound, place + 1)
            }
        }
    }

    /// The name that ends before a separator, without quotes and spaces between.
    private func name(before separator: Int) -> Range<Int>? {
        var end = separator
        let limit = max(0, separator - Self.longestName)
        while end > limit, isSpace(text[end - 1]) { end -= 1 }
        // Quotes may be escaped where a document stands in a text.
        while end > limit, isQuote(text[end - 1]) || text[end - 1] == UInt8(ascii: "\\") || text[end - 1] == UInt8(ascii: "]") { end -= 1 }
        var start = end
        while start > limit, isName(text[start - 1]) { start -= 1 }
        guard start < end, let first = text[start..<end].first(where: { $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: "-") }),
            first.isASCIILetter || first >= 0x80
        else { return nil }
        return start..<end
    }

    private func value(behind separator: Int) -> Range<Int> {
        var start = separator + 1
        // `:=`, `==`, `=>` and spaces.
        while start < text.count, isSpace(text[start]) || text[start] == UInt8(ascii: "=") || text[start] == UInt8(ascii: ">") {
            start += 1
        }
        while start < text.count, text[start] == UInt8(ascii: "\\") { start += 1 }
        guard start < text.count else { return start..<start }
        if isQuote(text[start]) {
            return start + 1..<quotationEnd(start + 1, text[start], isEscaped: text[start - 1] == UInt8(ascii: "\\"))
        }
        var end = wordEnd(start)
        // A scheme is followed by what is worth hiding.
        if Self.isScheme(text[start..<end]) {
            while end < text.count, text[end] == UInt8(ascii: " ") { end += 1 }
            end = wordEnd(end)
        }
        return start..<end
    }

    private func quotationEnd(_ start: Int, _ quote: UInt8, isEscaped: Bool) -> Int {
        var place = start
        while place < text.count {
            if text[place] == UInt8(ascii: "\\"), !isEscaped {
                place += 2
                continue
            }
            if text[place] == quote { return isEscaped && text[place - 1] == UInt8(ascii: "\\") ? max(start, place - 1) : place }
            place += 1
        }
        return text.count
    }

    private func wordEnd(_ start: Int) -> Int {
        text[start...].firstIndex { byte in
            switch byte {
            case 0...0x20, UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "&"), UInt8(ascii: ")"), UInt8(ascii: "}"), UInt8(ascii: "]"),
                UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "|"):
                true
            default: false
            }
        } ?? text.count
    }

    private static let schemes = ["bearer", "basic", "digest", "negotiate", "sharedaccesssignature", "sharedkey", "apikey", "token"]

    private static func isScheme(_ word: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        schemes.contains { $0.utf8.count == word.count && $0.utf8.elementsEqual(word, by: { $0 == $1.lowercasedASCII }) }
    }

    private func isName(_ byte: UInt8) -> Bool { byte.isWordByte || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") }
    private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    private func isQuote(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "`") }
}
