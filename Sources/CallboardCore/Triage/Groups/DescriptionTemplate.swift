/// A dead-letter description without its variable parts: what two messages that died of one cause have in common.
///
///     POST https://pay/orders/88213 took 30012ms (limit 30000ms)
///     POST https://pay/orders/{} took {}ms (limit {}ms)
///
/// Taken for variable are numbers, dates, times and addresses; GUIDs and hexadecimal or mixed ids; what stands in quotes; the digits in paths,
/// and the queries of URLs; of a stack trace everything but the frame it began in. What varies without looking like it, such as a name, is
/// found by ``TemplateMerging``, which sees many templates.
struct DescriptionTemplate: Hashable, Sendable {
    /// UTF-8 of the template; `{}` stands for a variable part.
    let bytes: [UInt8]

    /// The template as text.
    var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// Makes templates, one after the other, in memory that is kept.
///
/// One pass over the bytes, bounded: of a text longer than ``longestInput`` the rest is left out. The service itself cuts descriptions at 4,096
/// characters.
struct TemplateScanner: Sendable {
    /// How many bytes of a text are looked at.
    static let longestInput = 8192
    /// How long a template may be; the rest is left out.
    static let longestTemplate = 1024
    /// How long quoted text may be to count as a value.
    private static let longestQuotation = 512

    /// The template of the last text scanned.
    private(set) var template: [UInt8] = []
    private var hasFrame = false

    /// Reads a text; the answer is in ``template``.
    mutating func scan(_ text: UnsafeBufferPointer<UInt8>) {
        template.removeAll(keepingCapacity: true)
        hasFrame = false
        let text = UnsafeBufferPointer(rebasing: text.prefix(Self.longestInput))
        var start = 0
        while start < text.count, template.count < Self.longestTemplate {
            let end = text[start...].firstIndex { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") } ?? text.count
            scanLine(UnsafeBufferPointer(rebasing: text[start..<end]))
            start = end + 1
        }
        while template.last == UInt8(ascii: " ") { template.removeLast() }
        if template.count > Self.longestTemplate { template.removeLast(template.count - Self.longestTemplate) }
    }

    // MARK: Lines

    private mutating func scanLine(_ line: UnsafeBufferPointer<UInt8>) {
        guard let first = line.firstIndex(where: { !Self.isSpace($0) }) else { return }
        let rest = UnsafeBufferPointer(rebasing: line[first...])
        if Self.isFrame(rest, indented: first > 0) {
            // Where it began tells causes apart; how the call came there, through retries and middleware, does not.
            if hasFrame { return }
            hasFrame = true
        } else if rest.starts(with: "--- End of".utf8) || rest.starts(with: "... ".utf8) {
            return
        }
        space()
        var index = 0
        while index < rest.count, template.count < Self.longestTemplate {
            let byte = rest[index]
            if Self.isSpace(byte) {
                space()
                index += 1
            } else if let end = Self.quotationEnd(rest, index) {
                template.append(byte)
                variable()
                template.append(byte)
                index = end
            } else if Self.isSeparator(byte) {
                separator(byte)
                index += 1
            } else {
                let end = Self.chunkEnd(rest, index)
                chunk(UnsafeBufferPointer(rebasing: rest[index..<max(end, index + 1)]))
                index = max(end, index + 1)
            }
        }
    }

    /// Whether a line is a frame of a stack trace, as .NET, Java, JavaScript, Python and Go print them.
    private static func isFrame(_ line: UnsafeBufferPointer<UInt8>, indented: Bool) -> Bool {
        indented && (line.starts(with: "at ".utf8) || line.starts(with: "File \"".utf8) || line.starts(with: "in ".utf8))
    }

    /// The end of the quoted text that begins here; nil when this is no opening quote.
    private static func quotationEnd(_ line: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int? {
        let quote = line[start]
        guard isQuote(quote) else { return nil }
        // An apostrophe stands behind a letter; an opening quote does not.
        if start > 0, isWord(line[start - 1]) { return nil }
        var index = start + 1
        let last = min(line.count, start + longestQuotation)
        while index < last {
            if line[index] == quote {
                // One inside a word is an apostrophe, not the end.
                let isInside = quote == UInt8(ascii: "'") && index + 1 < line.count && isWord(line[index + 1])
                if !isInside { return index + 1 }
            }
            index += 1
        }
        return nil
    }

    /// Where a chunk ends: at a space, a separator or a quote; a URL goes on through what may stand in its query.
    private static func chunkEnd(_ line: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
        let end = line[start...].firstIndex { isSpace($0) || isSeparator($0) || isQuote($0) } ?? line.count
        guard end < line.count, line[end] == UInt8(ascii: "="), schemeEnd(UnsafeBufferPointer(rebasing: line[start..<end])) != nil else {
            return end
        }
        return line[end...].firstIndex { isSpace($0) || isQuote($0) || isSeparator($0) && $0 != UInt8(ascii: "=") } ?? line.count
    }

    // MARK: Words

    /// What stands between spaces, brackets and commas.
    private mutating func chunk(_ chunk: UnsafeBufferPointer<UInt8>) {
        // The end of a sentence, or the colon behind a label, is not part of a value.
        var end = chunk.count
        while end > 0, Self.isStop(chunk[end - 1]) { end -= 1 }
        let word = UnsafeBufferPointer(rebasing: chunk[..<end])
        if !word.isEmpty { value(word) }
        for byte in chunk[end...] { separator(byte) }
    }

    private mutating func value(_ word: UnsafeBufferPointer<UInt8>) {
        if Self.isGUID(word) || Self.isMoment(word) || Self.isAddress(word) { return variable() }
        if let scheme = Self.schemeEnd(word) { return url(word, scheme) }
        var start = 0
        for index in word.indices where Self.isJoint(word[index]) {
            part(UnsafeBufferPointer(rebasing: word[start..<index]))
            separator(word[index])
            start = index + 1
        }
        part(UnsafeBufferPointer(rebasing: word[start...]))
    }

    /// Keeps scheme and host of a URL, and of its path what has no digits; the query is variable.
    private mutating func url(_ word: UnsafeBufferPointer<UInt8>, _ schemeEnd: Int) {
        template.append(contentsOf: word[..<schemeEnd])
        let query = word[schemeEnd...].firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? word.count
        var start = schemeEnd
        var isHost = true
        for index in schemeEnd...query {
            guard index == query || word[index] == UInt8(ascii: "/") else { continue }
            let segment = UnsafeBufferPointer(rebasing: word[start..<index])
            if isHost || !segment.contains(where: Self.isDigit) { template.append(contentsOf: segment) } else { variable() }
            if index < query { template.append(UInt8(ascii: "/")) }
            isHost = false
            start = index + 1
        }
        if query < word.count {
            template.append(word[query])
            variable()
        }
    }

    /// Letters and digits between joints.
    private mutating func part(_ part: UnsafeBufferPointer<UInt8>) {
        guard !part.isEmpty else { return }
        guard let digit = part.firstIndex(where: Self.isDigit) else {
            // A long run of a to f without a single digit is a word more often than a number.
            template.append(contentsOf: part)
            return
        }
        // A number with its unit: 30012ms, 5GB.
        if digit == 0 {
            let unit = part.firstIndex { !Self.isDigit($0) } ?? part.count
            let letters = part[unit...]
            variable()
            if letters.count <= 3, letters.allSatisfy(Self.isLetter) { template.append(contentsOf: letters) }
            return
        }
        // A name with a small number is a name: Int32, UTF8, Http2. Ids have more of them.
        let isName =
            part[..<digit].allSatisfy(Self.isLetter) && digit >= 2 && part.count - digit <= 2 && part[digit...].allSatisfy(Self.isDigit)
        if isName { template.append(contentsOf: part) } else { variable() }
    }

    // MARK: Writing

    private mutating func space() {
        if let last = template.last, last != UInt8(ascii: " ") { template.append(UInt8(ascii: " ")) }
    }

    private mutating func separator(_ byte: UInt8) { template.append(byte) }

    /// Writes a placeholder. Several with only joints or commas between them become one: a list of ids is as variable as an id.
    private mutating func variable() {
        var end = template.count
        while end > 0, Self.isJoint(template[end - 1]) || template[end - 1] == UInt8(ascii: ",") || template[end - 1] == UInt8(ascii: " ") {
            end -= 1
        }
        let gap = template[end...]
        let isList = gap.isEmpty || gap.contains(UInt8(ascii: ",")) || !gap.contains(UInt8(ascii: " "))
        if isList, end >= 2, template[end - 1] == UInt8(ascii: "}"), template[end - 2] == UInt8(ascii: "{") {
            template.removeLast(template.count - end)
            return
        }
        template.append(UInt8(ascii: "{"))
        template.append(UInt8(ascii: "}"))
    }

    // MARK: Classes of bytes

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
    private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 || byte >= 0x80 }
    private static func isWord(_ byte: UInt8) -> Bool { isDigit(byte) || isLetter(byte) || byte == UInt8(ascii: "_") }
    private static func isHex(_ byte: UInt8) -> Bool { isDigit(byte) || (byte | 0x20) &- 0x61 < 6 }

    private static func isQuote(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "`")
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"),
            UInt8(ascii: "<"),
            UInt8(ascii: ">"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "|"), UInt8(ascii: "="):
            true
        default: false
        }
    }

    private static func isJoint(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "/"), UInt8(ascii: "\\"),
            UInt8(ascii: "#"),
            UInt8(ascii: "+"), UInt8(ascii: "@"), UInt8(ascii: "~"), UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: "*"),
            UInt8(ascii: "$"):
            true
        default: false
        }
    }

    private static func isStop(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "!") || byte == UInt8(ascii: "?")
    }

    private static func isGUID(_ word: UnsafeBufferPointer<UInt8>) -> Bool {
        guard word.count == 36 else { return false }
        for (place, byte) in word.enumerated() {
            if place == 8 || place == 13 || place == 18 || place == 23 {
                if byte != UInt8(ascii: "-") { return false }
            } else if !isHex(byte) {
                return false
            }
        }
        return true
    }

    /// A date, a time, a number with separators, an IP address, a version: digits first, and then nothing else but what stands in these.
    private static func isMoment(_ word: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = word.first, isDigit(first) || (word.count > 1 && (first == UInt8(ascii: "-") || first == UInt8(ascii: "+")))
        else {
            return false
        }
        return word.dropFirst().allSatisfy {
            isDigit($0) || isJoint($0) || $0 == UInt8(ascii: "T") || $0 == UInt8(ascii: "Z")
        } && word.contains(where: isDigit)
    }

    /// An e-mail address.
    private static func isAddress(_ word: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let at = word.firstIndex(of: UInt8(ascii: "@")), at > 0, at + 1 < word.count else { return false }
        return word[(at + 1)...].contains(UInt8(ascii: ".")) && isWord(word[at + 1])
    }

    /// The end of `scheme://`; nil when there is none.
    private static func schemeEnd(_ word: UnsafeBufferPointer<UInt8>) -> Int? {
        guard let colon = word.firstIndex(of: UInt8(ascii: ":")), colon > 0, colon + 2 < word.count, word[colon + 1] == UInt8(ascii: "/"),
            word[colon + 2] == UInt8(ascii: "/")
        else { return nil }
        return colon + 3
    }
}

extension DescriptionTemplate {
    /// The template of a text.
    init(of text: String) {
        var scanner = TemplateScanner()
        var text = text
        text.withUTF8 { scanner.scan($0) }
        bytes = scanner.template
    }
}
