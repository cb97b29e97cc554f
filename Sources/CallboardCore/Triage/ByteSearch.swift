extension UInt8 {
    var lowercasedASCII: UInt8 { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self }
    var isASCIIDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}

extension Collection where Element == UInt8 {
    /// Whether a needle in lower case occurs, without regard to ASCII case.
    func containsIgnoringASCIICase(_ needle: [UInt8]) -> Bool {
        guard let first = needle.first, count >= needle.count else { return needle.isEmpty }
        var start = startIndex
        while start != endIndex {
            if self[start].lowercasedASCII == first, self[start...].starts(with: needle, by: { $0.lowercasedASCII == $1 }) { return true }
            formIndex(after: &start)
        }
        return false
    }
}

extension String.UTF8View {
    /// The longest beginning of at most this many bytes that cuts no character's encoding in two.
    func prefixOfWholeCharacters(_ maximum: Int) -> Substring.UTF8View {
        guard count > maximum else { return self[...] }
        var end = index(startIndex, offsetBy: maximum)
        while end > startIndex, self[end] & 0xc0 == 0x80 { end = index(before: end) }
        return self[..<end]
    }
}
