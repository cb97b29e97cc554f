/// What is encoded within texts: base64, over several lines too, and hexadecimal.
struct EncodedContent {
    private let masker: Masker
    private let depth: Int

    /// - Parameter depth: in how many documents the text stands.
    init(_ masker: Masker, depth: Int) {
        self.masker = masker
        self.depth = depth
    }

    /// Whether a text encodes something that must not be seen, or that nobody could look through.
    func isHidden(_ text: UnsafeBufferPointer<UInt8>) -> Bool { EncodedRun(text).hiddenStart(holdsHidden) != nil }

    private func holdsHidden(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        depth >= TextMasking.deepest || masker.masked(text, depth: depth + 1) != nil
    }

    /// Finds what is encoded in the midst of a running text.
    func find(in text: UnsafeBufferPointer<UInt8>, _ found: (Range<Int>) -> Void) {
        var place = 0
        while place < text.count {
            guard Base64Reading.isAlphabet(text[place]) else {
                place += 1
                continue
            }
            var first = run(of: text, from: place)
            place = first.upperBound
            // Hyphens in a row are a rule or the frame of a label, which the lines behind it must not be read together with.
            let isFrame = text[first].suffix(2).elementsEqual("--".utf8)
            if isFrame { first = first.lowerBound..<(text[first].lastIndex { $0 != UInt8(ascii: "-") } ?? first.lowerBound) + 1 }
            guard first.count >= Base64Reading.shortest else { continue }
            var lines = [first]
            while !isFrame, let next = continuation(of: lines, in: text) { lines.append(next) }
            place = max(lines[lines.count - 1].upperBound, place)
            if lines.count > 1, isHidden(UnsafeBufferPointer(rebasing: text[first.lowerBound..<place])) {
                found(first.lowerBound..<place)
                continue
            }
            for line in lines where line.count >= Base64Reading.shortest {
                let run = EncodedRun(UnsafeBufferPointer(rebasing: text[line]))
                if let start = run.hiddenStart(holdsHidden) { found(line.lowerBound + start..<line.upperBound) }
            }
        }
    }

    /// The bytes of the alphabet from a place on, with the padding behind them.
    private func run(of text: UnsafeBufferPointer<UInt8>, from start: Int) -> Range<Int> {
        var end = start
        while end < text.count, Base64Reading.isAlphabet(text[end]) { end += 1 }
        for _ in 0..<2 where end < text.count && text[end] == UInt8(ascii: "=") { end += 1 }
        return start..<end
    }

    /// The next line of what began in another one: all of them are as long, but the last and, with something before it, the first.
    private func continuation(of lines: [Range<Int>], in text: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
        guard let last = lines.last, text[last.upperBound - 1] != UInt8(ascii: "="),
            lines.count < 3 || last.count == lines[lines.count - 2].count
        else { return nil }
        var start = last.upperBound
        var lineEnds = 0
        while start < text.count, Base64Reading.isSpace(text[start]) {
            if text[start] == 0x0a { lineEnds += 1 }
            if lineEnds == 0, text[start] != 0x0d { return nil }
            start += 1
        }
        guard lineEnds == 1, start < text.count, Base64Reading.isAlphabet(text[start]) else { return nil }
        let next = run(of: text, from: start)
        guard next.upperBound == text.count || !Self.goesOn(text[next.upperBound]), lines.count < 2 || next.count <= last.count else {
            return nil
        }
        return next
    }

    /// Whether a line goes on in something else.
    private static func goesOn(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte.isWordByte || byte == UInt8(ascii: ":") }
}
