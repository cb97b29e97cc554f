/// Where a value ends that stands behind a name in running text.
///
/// - With a quote, where that ends, as deep in escapes as it began.
/// - With a bracket, where that is closed.
/// - At the end of a line, with the lines that are indented further than the name's; else with the first word of the next.
/// - Else with the word: at a space, a comma or the like, and at a bracket or quote behind which the text is of something else.
struct ValueExtent {
    private let text: UnsafeBufferPointer<UInt8>
    /// Where the last `>` stands: behind it none is looked for, again and again.
    private let lastBracket: Int

    init(_ text: UnsafeBufferPointer<UInt8>) { self.init(text, lastBracket: text.lastIndex(of: UInt8(ascii: ">")) ?? -1) }

    private init(_ text: UnsafeBufferPointer<UInt8>, lastBracket: Int) {
        self.text = text
        self.lastBracket = lastBracket
    }

    /// The value behind a separator; empty when there is none.
    /// - Parameters:
    ///   - isList: whether all of the line belongs to it.
    ///   - limit: no more bytes than this are looked at.
    func value(behind separator: Int, isList: Bool, limit: Int? = nil) -> Range<Int> {
        if let limit, separator + limit < text.count {
            let start = UnsafeBufferPointer(rebasing: text[..<(separator + limit)])
            return ValueExtent(start, lastBracket: lastBracket).value(behind: separator, isList: isList)
        }
        let start = skipped(from: separator + 1)
        if let block = blockStart(start) { return lines(from: block, of: separator) }
        return value(at: start, isList: isList)
    }

    /// What is quoted behind a place, without the quotes; nil when it is not quoted, or not to the end.
    func quotation(behind place: Int) -> Range<Int>? {
        var start = place + 1
        while start < text.count, text[start] <= 0x20 { start += 1 }
        let first = start
        while start < text.count, text[start] == UInt8(ascii: "\\") { start += 1 }
        guard start < text.count, isQuote(text[start]) else { return nil }
        let range = quotation(from: start + 1, text[start], escapes: start - first)
        return range.upperBound < text.count ? range : nil
    }

    // MARK: Beginning

    /// Behind `:=`, `==`, `=>`, spaces, emphasis and tags that close.
    private func skipped(from place: Int) -> Int {
        var start = place
        while start < text.count {
            switch text[start] {
            case 0x20, 0x09, UInt8(ascii: "="), UInt8(ascii: ":"), UInt8(ascii: "*"): start += 1
            case UInt8(ascii: ">"):
                if blockStart(start) != nil { return start }
                start += 1
            case UInt8(ascii: "<"):
                guard start + 1 < text.count, text[start + 1] == UInt8(ascii: "/"),
                    let end = text[start...].prefix(200).firstIndex(of: UInt8(ascii: ">"))
                else { return start }
                start = end + 1
            default: return start
            }
        }
        return start
    }

    /// Where the lines begin when the value is not in this one; `|` and `>` announce them in YAML.
    private func blockStart(_ place: Int) -> Int? {
        var at = place
        if at < text.count, text[at] == UInt8(ascii: "|") || text[at] == UInt8(ascii: ">") {
            at += 1
            while at < text.count, text[at] == UInt8(ascii: "+") || text[at] == UInt8(ascii: "-") || text[at].isASCIIDigit { at += 1 }
            while at < text.count, text[at] == 0x20 || text[at] == 0x09 { at += 1 }
        }
        return at < text.count && (text[at] == 0x0a || text[at] == 0x0d) ? at : nil
    }

    private func value(at place: Int, isList: Bool) -> Range<Int> {
        var start = place
        while start < text.count, text[start] == UInt8(ascii: "\\") { start += 1 }
        guard start < text.count else { return start..<start }
        if isQuote(text[start]) { return quotation(from: start + 1, text[start], escapes: start - place) }
        if isOpening(text[start]) { return start..<bracketEnd(start) }
        if isList { return start..<lineEnd(start) }
        if text[start] == UInt8(ascii: "<") { return start..<markupEnd(start) }
        // A line end that was escaped, and its indentation.
        if start > place, "nrt".utf8.contains(text[start]), start + 1 < text.count, text[start + 1] <= 0x20 {
            var next = start + 1
            while next < text.count, text[next] <= 0x20 { next += 1 }
            return place..<wordEnd(next)
        }
        var end = wordEnd(start)
        let word = text[start..<end]
        // A scheme is followed by what is worth hiding.
        if Self.isOne(of: Self.schemes, word) {
            while end < text.count, text[end] == UInt8(ascii: " ") { end += 1 }
            if end < text.count, isQuote(text[end]) {
                end = min(quotation(from: end + 1, text[end], escapes: 0).upperBound + 1, text.count)
            } else {
                end = wordEnd(end)
            }
        } else if Self.isOne(of: Self.listedSchemes, word) {
            end = lineEnd(end)
        }
        return start..<end
    }

    private static let schemes: [StaticString] = [
        "bearer", "basic", "negotiate", "ntlm", "sharedaccesssignature", "sharedkey", "sharedkeylite", "apikey", "token",
    ]
    /// Schemes with several values behind them.
    private static let listedSchemes: [StaticString] = ["digest", "aws4-hmac-sha256", "hmac-sha256", "signature", "hawk", "oauth"]

    private static func isOne(of schemes: [StaticString], _ word: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        schemes.contains { scheme in
            scheme.utf8CodeUnitCount == word.count && scheme.withUTF8Buffer { $0.elementsEqual(word, by: { $0 == $1.lowercasedASCII }) }
        }
    }

    // MARK: End

    private func lineEnd(_ start: Int) -> Int { text[start...].firstIndex { $0 == 0x0a || $0 == 0x0d } ?? text.count }

    /// The lines behind a name that are indented further than its own, or are items of a list; else the first word of the next.
    private func lines(from place: Int, of separator: Int) -> Range<Int> {
        var nameStart = separator
        while nameStart > 0, text[nameStart - 1] != 0x0a, text[nameStart - 1] != 0x0d { nameStart -= 1 }
        let indentation = text[nameStart..<separator].prefix { $0 == 0x20 || $0 == 0x09 }.count
        var first: Int?
        var end = place
        var at = place
        while at < text.count {
            let line = at
            while at < text.count, text[at] == 0x20 || text[at] == 0x09 { at += 1 }
            if at < text.count, text[at] == 0x0a || text[at] == 0x0d {
                at += 1
                continue
            }
            guard at < text.count else { break }
            let isItem = text[at] == UInt8(ascii: "-") && at + 1 < text.count && text[at + 1] == 0x20
            // The frames of a stack are no value.
            let isFrame = text.starts(with: "at ", at: at)
            guard !isFrame, at - line > indentation || isItem && at - line == indentation else { break }
            if first == nil { first = at }
            at = lineEnd(at)
            end = at
        }
        if let first { return first..<end }
        return at < text.count && !text.starts(with: "at ", at: at) ? value(at: at, isList: false) : place..<place
    }

    /// Where a quotation ends that began behind as many escapes. A quote in it has more: each level of text in text doubles them.
    private func quotation(from start: Int, _ quote: UInt8, escapes: Int) -> Range<Int> {
        let unit = 2 * (escapes + 1)
        var run = 0
        var place = start
        while place < text.count {
            let byte = text[place]
            if byte == UInt8(ascii: "\\") {
                run += 1
                place += 1
                continue
            }
            if byte == quote {
                // Fewer: what it stands in ends.
                if run < escapes { return start..<max(start, place - run) }
                if (run - escapes) % unit == 0 {
                    // SQL and CSV double a quote that does not end it.
                    guard escapes == 0, run == 0, place + 1 < text.count, text[place + 1] == quote else {
                        return start..<max(start, place - escapes)
                    }
                    place += 1
                }
            }
            run = 0
            place += 1
        }
        return start..<text.count
    }

    /// Behind the bracket that closes the one at a place, or at the end of the text.
    private func bracketEnd(_ start: Int) -> Int {
        var depth = 0
        var escapes = 0
        var place = start
        while place < text.count {
            let byte = text[place]
            if byte == UInt8(ascii: "\\") {
                escapes += 1
                place += 1
                continue
            }
            if isOpening(byte) {
                depth += 1
            } else if isClosing(byte) {
                depth -= 1
                if depth == 0 { return place + 1 }
            } else if isQuote(byte), !text[place - escapes - 1].isWordByte {
                // The place before is within the text: a bracket stands at the start. An apostrophe within a word is no quote.
                place = min(quotation(from: place + 1, byte, escapes: escapes).upperBound + escapes, text.count)
            }
            escapes = 0
            place += 1
        }
        return text.count
    }

    /// Longer elements are not looked for the end of: there may be many.
    private static let longestElement = 4096

    /// At the end of an element, or behind what stands in angle brackets.
    private func markupEnd(_ start: Int) -> Int {
        if let tag = TagInText(text, at: start, self), !tag.isEmpty, let end = tag.contentEnd(within: Self.longestElement) { return end }
        let close = start < lastBracket ? text[start...].firstIndex(of: UInt8(ascii: ">")) : nil
        return wordEnd(close.map { $0 + 1 } ?? start)
    }

    private func wordEnd(_ start: Int) -> Int {
        var place = start
        while place < text.count {
            let byte = text[place]
            if byte <= 0x20 || ",;&|".utf8.contains(byte) { return place }
            if byte == UInt8(ascii: "<") {
                if place + 1 < text.count, "/!?".utf8.contains(text[place + 1]) { return place }
                place += 1
            } else if isOpening(byte) {
                place = bracketEnd(place)
            } else if isQuote(byte), place > start, place - start <= 2, text[start..<place].allSatisfy({ "brufl".utf8.contains($0 | 0x20) })
            {
                // A literal with a prefix: b'…'.
                place = min(quotation(from: place + 1, byte, escapes: 0).upperBound + 1, text.count)
            } else if isCloser(byte) {
                // Only where nothing of the word follows does it end at a bracket or quote.
                var next = place
                while next < text.count, isCloser(text[next]) { next += 1 }
                if byte == UInt8(ascii: "\\"), !text[place..<next].contains(where: { $0 != byte }) {
                    place = next
                    continue
                }
                if next == text.count || text[next] <= 0x20 || ",;&|:.=<".utf8.contains(text[next]) { return place }
                place = next
            } else {
                place += 1
            }
        }
        return place
    }

    private func isCloser(_ byte: UInt8) -> Bool {
        isClosing(byte) || isQuote(byte) || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "\\")
    }
    private func isQuote(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "`") }
    private func isOpening(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "(") || byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{") }
    private func isClosing(_ byte: UInt8) -> Bool { byte == UInt8(ascii: ")") || byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}") }
}

extension UnsafeBufferPointer<UInt8> {
    /// Whether a text stands at a place.
    func starts(with text: StaticString, at place: Int) -> Bool {
        place >= 0 && place + text.utf8CodeUnitCount <= count && text.withUTF8Buffer { self[place..<place + $0.count].elementsEqual($0) }
    }

    /// Where a text stands, from a place on.
    /// - Parameter end: behind the last place where it may begin; the end of the text when nil.
    func firstIndex(of text: StaticString, from start: Int, to end: Int? = nil) -> Int? {
        let end = Swift.min(end ?? count, count)
        guard start >= 0, start < end else { return nil }
        return (start..<end).first { starts(with: text, at: $0) }
    }
}
