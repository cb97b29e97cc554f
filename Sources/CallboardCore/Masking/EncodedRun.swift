/// A run of the signs of base64 or hexadecimal digits in which something may be encoded, wherever in it that begins: `eyJ…`, `h/p/eyJ…`, `key-eyJ…`,
/// `0x7b22…`.
///
/// Where the first sign of a run belongs to something else, what is encoded is told by its place among the signs that make up whole bytes: there are
/// four such places in base64 and two in hexadecimal. So each run is read six times, however many separators are in it.
struct EncodedRun {
    /// Shorter texts are taken for chance.
    private static let shortestText = 8

    private let signs: UnsafeBufferPointer<UInt8>

    /// - Parameter signs: the run. Line ends and padding may be in it.
    init(_ signs: UnsafeBufferPointer<UInt8>) { self.signs = signs }

    private enum Alphabet: Int {
        case hexadecimal = 4
        case base64 = 6

        /// Signs after which a whole byte ends.
        var period: Int { self == .base64 ? 4 : 2 }
        func value(_ sign: UInt8) -> UInt32? {
            self == .base64 ? Base64Reading.value(sign) : TextEscapes.digit(sign).map { UInt32($0) }
        }
    }

    /// Where the first encoded text begins of which something is hidden, or something that cannot be looked through; nil when there is neither.
    func hiddenStart(_ isHidden: (UnsafeBufferPointer<UInt8>) -> Bool) -> Int? {
        var first = withheldStart
        if first == 0 { return 0 }
        func note(_ place: Int?) { if let place { first = min(first ?? place, place) } }
        for skipped in 0..<Alphabet.base64.period { note(textStart(signs.indices, .base64, skipped, isHidden)) }
        var place = 0
        while place < signs.count {
            let start = place
            while place < signs.count, TextEscapes.digit(signs[place]) != nil || Base64Reading.isSpace(signs[place]) { place += 1 }
            if place - start >= Base64Reading.shortest {
                for skipped in 0..<Alphabet.hexadecimal.period { note(textStart(start..<place, .hexadecimal, skipped, isHidden)) }
            }
            place = max(place, start + 1)
        }
        return first
    }

    // MARK: Texts

    private func textStart(
        _ range: Range<Int>, _ alphabet: Alphabet, _ skipped: Int, _ isHidden: (UnsafeBufferPointer<UInt8>) -> Bool
    ) -> Int? {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: range.count) { memory in
            let count = read(range, alphabet, skipped, into: memory)
            guard let start = Self.textStart(UnsafeBufferPointer(rebasing: memory[..<count]), isHidden) else { return nil }
            return place(of: start * 8 / alphabet.rawValue + skipped, in: range)
        }
    }

    private func read(_ range: Range<Int>, _ alphabet: Alphabet, _ skipped: Int, into memory: UnsafeMutableBufferPointer<UInt8>) -> Int {
        var (value, bits, left, count): (UInt32, UInt32, Int, Int) = (0, 0, skipped, 0)
        for sign in signs[range] {
            guard let digit = alphabet.value(sign) else {
                if Base64Reading.isSpace(sign) { continue }
                // Padding: it ends here.
                break
            }
            guard left == 0 else {
                left -= 1
                continue
            }
            value = value << UInt32(alphabet.rawValue) | digit
            bits += UInt32(alphabet.rawValue)
            guard bits >= 8 else { continue }
            bits -= 8
            memory[count] = UInt8(truncatingIfNeeded: value >> bits)
            count += 1
        }
        return count
    }

    /// Where a sign stands, counted without line ends.
    private func place(of sign: Int, in range: Range<Int>) -> Int {
        var left = sign
        for place in range where !Base64Reading.isSpace(signs[place]) {
            if left == 0 { return place }
            left -= 1
        }
        return range.lowerBound
    }

    /// Where the first stretch of text begins of which something is hidden.
    private static func textStart(_ bytes: UnsafeBufferPointer<UInt8>, _ isHidden: (UnsafeBufferPointer<UInt8>) -> Bool) -> Int? {
        var (start, place, controls) = (0, 0, 0)
        while place <= bytes.count {
            var length = place < bytes.count ? characterLength(bytes, place) : 0
            if length == 1, isControl(bytes[place]) {
                controls += 1
                // The start of a text may be chance too.
                if controls * 8 > place - start + 8 { length = 0 }
            }
            if length > 0 {
                place += length
                continue
            }
            if place - start >= shortestText, isHiddenText(UnsafeBufferPointer(rebasing: bytes[start..<place]), isHidden) { return start }
            place += 1
            (start, controls) = (place, 0)
        }
        return nil
    }

    /// A document may have signs before it that are text by chance.
    private static func isHiddenText(_ text: UnsafeBufferPointer<UInt8>, _ isHidden: (UnsafeBufferPointer<UInt8>) -> Bool) -> Bool {
        if isHidden(text) { return true }
        guard let opening = text.firstIndex(where: { "{[<".utf8.contains($0) }), opening > 0 else { return false }
        return isHidden(UnsafeBufferPointer(rebasing: text[opening...]))
    }

    private static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 && byte != 0x09 && byte != 0x0a && byte != 0x0d }

    /// How many bytes the character at a place has in UTF-8; 0 when it is none, or one that texts do not have.
    private static func characterLength(_ bytes: UnsafeBufferPointer<UInt8>, _ place: Int) -> Int {
        let length: Int
        switch bytes[place] {
        case 0, 0x7f: return 0
        case ..<0x80: return 1
        case 0xc2...0xdf: length = 2
        case 0xe0...0xef: length = 3
        case 0xf0...0xf4: length = 4
        default: return 0
        }
        guard place + length <= bytes.count else { return 0 }
        return bytes[(place + 1)..<(place + length)].allSatisfy { $0 & 0xc0 == 0x80 } ? length : 0
    }

    // MARK: What is no text

    /// Where something begins that cannot be looked through: with the run, or behind a separator in it.
    private var withheldStart: Int? {
        if Base64Reading.isLongContent(signs) || Base64Reading.beginsWithheld(signs) { return 0 }
        for place in 1..<max(signs.count, 1) where Self.isSeparator(signs[place - 1]) {
            let rest = UnsafeBufferPointer(rebasing: signs[place...])
            guard rest.count >= Base64Reading.shortest else { return nil }
            if Base64Reading.beginsWithheld(rest) { return place }
        }
        return nil
    }

    private static func isSeparator(_ sign: UInt8) -> Bool { !sign.isASCIILetter && !sign.isASCIIDigit }
}
