/// The patterns of LIKE: `%` is any text, `_` any one character (a Unicode scalar), everything else itself.
///
/// Looks at the bytes where they lie, case-sensitively, without recursion: on a mismatch only the last `%` takes one more character, which is
/// enough, so that time is bounded by the product of both lengths.
enum LikePattern {
    /// Whether a text matches; nil when the pattern ends with its escape character.
    /// - Parameter escape: one character that makes the next one stand for itself; empty for none.
    static func matches(_ text: FilterText, _ pattern: FilterText, escape: FilterText) -> Bool? {
        text.withUTF8 { text in
            pattern.withUTF8 { pattern in
                escape.withUTF8 { escape in
                    if endsWithEscape(pattern, escape) { return nil }
                    return matches(text, pattern, escape)
                }
            }
        }
    }

    private static func matches(_ text: UnsafeRawBufferPointer, _ pattern: UnsafeRawBufferPointer, _ escape: UnsafeRawBufferPointer) -> Bool
    {
        var t = 0
        var p = 0
        // Where the pattern goes on after the last %, and up to where that % reaches.
        var afterPercent = -1
        var reached = 0
        while true {
            if p < pattern.count, let step = step(text, t, pattern, p, escape) {
                switch step {
                case .percent:
                    p += 1
                    // What ends with % takes the rest.
                    if p == pattern.count { return true }
                    afterPercent = p
                    reached = t
                    continue
                case .advanced(let newT, let newP):
                    t = newT
                    p = newP
                    continue
                }
            }
            if t == text.count, p == pattern.count { return true }
            guard afterPercent >= 0, reached < text.count else { return false }
            reached += scalarLength(text, at: reached)
            t = reached
            p = afterPercent
        }
    }

    private enum Step {
        case percent
        case advanced(Int, Int)
    }

    /// One character of the pattern against one of the text; nil when they differ.
    @inline(__always)
    private static func step(
        _ text: UnsafeRawBufferPointer, _ t: Int, _ pattern: UnsafeRawBufferPointer, _ p: Int, _ escape: UnsafeRawBufferPointer
    ) -> Step? {
        let byte = pattern[p]
        var literal = p
        if !escape.isEmpty, starts(pattern, p, with: escape) {
            literal = p + escape.count
        } else if byte == UInt8(ascii: "%") {
            return .percent
        } else if byte == UInt8(ascii: "_") {
            return t < text.count ? .advanced(t + scalarLength(text, at: t), p + 1) : nil
        }
        let length = scalarLength(pattern, at: literal)
        guard t + length <= text.count else { return nil }
        for index in 0..<length where text[t + index] != pattern[literal + index] { return nil }
        return .advanced(t + length, literal + length)
    }

    private static func starts(_ bytes: UnsafeRawBufferPointer, _ offset: Int, with prefix: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count - offset >= prefix.count else { return false }
        for index in 0..<prefix.count where bytes[offset + index] != prefix[index] { return false }
        return true
    }

    /// Whether an escape character is the last of the pattern, with nothing to stand for.
    private static func endsWithEscape(_ pattern: UnsafeRawBufferPointer, _ escape: UnsafeRawBufferPointer) -> Bool {
        if escape.isEmpty { return false }
        var p = 0
        while p < pattern.count {
            if starts(pattern, p, with: escape) {
                p += escape.count
                if p == pattern.count { return true }
            }
            p += scalarLength(pattern, at: p)
        }
        return false
    }

    /// The length of the character at an offset, at least 1 and within the bytes, whatever they are.
    static func scalarLength(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int {
        guard offset < bytes.count else { return 1 }
        let byte = bytes[offset]
        let length = byte < 0x80 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
        return min(length, bytes.count - offset)
    }
}
