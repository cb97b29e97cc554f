/// Payment card numbers: digits in one piece or in the groups they are printed in, that begin and are as long as an issuer's, with Luhn's check
/// digit (ISO/IEC 7812-1).
///
/// Visa's thirteen digits are left out: none have been issued for decades, and German article numbers (EAN) look like them. A number that
/// goes on in letters, digits or a fraction is another kind of number.
enum CardNumber {
    /// How numbers are printed in groups.
    private static let groupings: [[Int]] = [[4, 4, 4, 4, 3], [4, 4, 4, 4], [4, 6, 5], [4, 6, 4], [6, 13]]

    /// So many groups are looked at together; more are another run.
    private static let mostGroups = 256

    static func find(in text: UnsafeBufferPointer<UInt8>, _ found: (Range<Int>) -> Void) {
        var place = 0
        while place < text.count {
            guard text[place].isASCIIDigit else {
                place += 1
                continue
            }
            let run = run(of: text, from: place)
            // Most runs of digits are shorter than any card's number.
            place = run.digits < 13 ? run.end : findRun(in: text, from: place, found)
        }
    }

    /// How many digits stand here with at most a separator between them, and where they end.
    private static func run(of text: UnsafeBufferPointer<UInt8>, from start: Int) -> (digits: Int, end: Int) {
        var place = start
        var digits = 0
        while place < text.count {
            if text[place].isASCIIDigit {
                digits += 1
            } else if !isSeparator(text[place]) || place + 1 == text.count || !text[place + 1].isASCIIDigit {
                break
            }
            place += 1
        }
        return (digits, place)
    }

    /// Looks at groups of digits with single spaces, hyphens or points between them; gives where they end.
    private static func findRun(in text: UnsafeBufferPointer<UInt8>, from start: Int, _ found: (Range<Int>) -> Void) -> Int {
        var groups: [Range<Int>] = []
        var place = start
        while groups.count < mostGroups {
            let first = place
            while place < text.count, text[place].isASCIIDigit { place += 1 }
            groups.append(first..<place)
            guard place + 1 < text.count, isSeparator(text[place]), text[place + 1].isASCIIDigit else { break }
            place += 1
        }
        var index = 0
        while index < groups.count {
            index += max(1, match(text, groups[index...], found))
        }
        // A number may begin in the last of many groups and go on behind them.
        if groups.count == mostGroups, let again = groups.dropLast(4).last { return again.upperBound }
        return max(place, start + 1)
    }

    /// The number of groups that are a card number together; 0 when none are.
    private static func match(_ text: UnsafeBufferPointer<UInt8>, _ groups: ArraySlice<Range<Int>>, _ found: (Range<Int>) -> Void) -> Int {
        guard let first = groups.first, isBoundary(text, before: first.lowerBound) else { return 0 }
        for lengths in groupings where groups.count >= lengths.count {
            let candidate = groups.prefix(lengths.count)
            guard zip(candidate, lengths).allSatisfy({ $0.count == $1 }), let last = candidate.last,
                isBoundary(text, after: last.upperBound)
            else { continue }
            let separators = candidate.dropLast().map { text[$0.upperBound] }
            guard Set(separators).count == 1 else { continue }
            let range = first.lowerBound..<last.upperBound
            if isCard(text, range) {
                found(range)
                return lengths.count
            }
        }
        guard isBoundary(text, after: first.upperBound), !isFraction(text, first), isCard(text, first) else { return 0 }
        found(first)
        return 1
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }

    private static func isBoundary(_ text: UnsafeBufferPointer<UInt8>, before place: Int) -> Bool {
        place == 0 || !text[place - 1].isWordByte
    }

    private static func isBoundary(_ text: UnsafeBufferPointer<UInt8>, after place: Int) -> Bool {
        place == text.count || !text[place].isWordByte
    }

    /// Whether digits in one piece are a part of a decimal number.
    private static func isFraction(_ text: UnsafeBufferPointer<UInt8>, _ digits: Range<Int>) -> Bool {
        let (start, end) = (digits.lowerBound, digits.upperBound)
        let point = UInt8(ascii: ".")
        return (start >= 2 && text[start - 1] == point && text[start - 2].isASCIIDigit)
            || (end + 1 < text.count && text[end] == point && text[end + 1].isASCIIDigit)
    }

    private static func isCard(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Bool {
        var sum = 0
        var count = 0
        for place in range.reversed() where text[place].isASCIIDigit {
            let digit = Int(text[place] - 0x30)
            sum += count % 2 == 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2
            count += 1
        }
        guard (13...19).contains(count), sum % 10 == 0 else { return false }
        var beginning = 0
        for place in range.lazy.filter({ text[$0].isASCIIDigit }).prefix(6) { beginning = beginning * 10 + Int(text[place] - 0x30) }
        return isIssued(beginning, count)
    }

    /// Whether an issuer's numbers begin with these six digits and have this length.
    private static func isIssued(_ beginning: Int, _ length: Int) -> Bool {
        let four = beginning / 100
        switch four {
        case 4000...4999: return length == 16 || length == 19
        case 5018, 5020, 5038, 5893, 6304, 6759, 6761...6763: return true
        case 5085...5089, 5100...5599, 2221...2720, 9792: return length == 16
        case 3400...3499, 3700...3799: return length == 15
        case 3000...3059, 3095, 3600...3699, 3800...3999: return length == 14
        case 3528...3589, 2200...2204, 6011, 6200...6299, 6440...6599: return length >= 16
        case 6060...6085: return length == 16
        default: return false
        }
    }
}

extension UInt8 {
    /// Whether it belongs to a word: an ASCII letter, digit or underscore, or a part of a letter beyond ASCII.
    var isWordByte: Bool { isASCIIDigit || (lowercasedASCII &- 0x61) < 26 || self == UInt8(ascii: "_") || self >= 0x80 }

    var isASCIILetter: Bool { (self | 0x20) &- 0x61 < 26 }
}
