/// Texts without regard to the case of ASCII's letters: names of entities, ids of Azure's, keys of annotations.
///
/// They are compared and hashed by the ten thousand, and many are some hundred bytes long: eight bytes are taken at once, and nothing is allocated.
/// What is no letter of ASCII counts as it is.
package enum FoldedASCII {
    /// Whether two texts differ in case at most.
    package static func isSame(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count && withBytes(left, right) { isSame($0, $1) }
    }

    /// Whether a part of a text and another text differ in case at most.
    package static func isSame(_ left: Substring, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count && withBytes(left) { left in withBytes(right) { isSame(left, $0) } }
    }

    /// Whether a text begins with another.
    package static func begins(_ text: String, with beginning: String) -> Bool {
        let count = beginning.utf8.count
        return text.utf8.count >= count && withBytes(text, beginning) { isSame(UnsafeRawBufferPointer(rebasing: $0[..<count]), $1) }
    }

    /// Whether two texts begin with the same bytes; false where one is shorter.
    package static func isSame(_ left: String, _ right: String, first count: Int) -> Bool {
        withBytes(left, right) { left, right in
            guard (0...min(left.count, right.count)).contains(count) else { return false }
            return isSame(UnsafeRawBufferPointer(rebasing: left[..<count]), UnsafeRawBufferPointer(rebasing: right[..<count]))
        }
    }

    /// The order of two texts by their bytes: below zero when `left` comes first, above when `right` does.
    package static func order(_ left: String, _ right: String) -> Int {
        withBytes(left, right) { left, right in
            let common = min(left.count, right.count)
            var place = 0
            while place < common {
                // The first byte is the most significant one.
                let (one, other) = (word(left, at: place, before: common).bigEndian, word(right, at: place, before: common).bigEndian)
                if one != other { return one < other ? -1 : 1 }
                place += 8
            }
            return left.count == right.count ? 0 : left.count < right.count ? -1 : 1
        }
    }

    /// Hashes a text, or its first bytes: equal texts have equal hashes.
    /// - Parameter count: how many bytes; all of them unless said.
    package static func hash(_ text: String, first count: Int = .max, into hasher: inout Hasher) {
        withBytes(text) { bytes in
            let count = max(0, min(count, bytes.count))
            var place = 0
            while place < count {
                hasher.combine(word(bytes, at: place, before: count))
                place += 8
            }
            hasher.combine(count)
        }
    }

    /// Whether all of a text is ASCII.
    package static func isASCII(_ text: String) -> Bool {
        withBytes(text) { bytes in
            var all: UInt64 = 0
            var place = 0
            while place < bytes.count {
                all |= raw(bytes, at: place, before: bytes.count)
                place += 8
            }
            return all & highBits == 0
        }
    }

    // MARK: Eight bytes at once

    private static let highBits: UInt64 = 0x8080_8080_8080_8080

    private static func isSame(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        var place = 0
        while place < left.count {
            if word(left, at: place, before: left.count) != word(right, at: place, before: right.count) { return false }
            place += 8
        }
        return true
    }

    /// The bytes at a place, capital letters made small; behind the end there are zeros.
    @inline(__always)
    private static func word(_ bytes: UnsafeRawBufferPointer, at place: Int, before end: Int) -> UInt64 {
        let word = raw(bytes, at: place, before: end)
        // In each byte the highest bit comes to be set from 'A' on, and from behind 'Z' on: where these differ is a capital letter.
        let low = word & ~highBits
        let capitals = ((low &+ 0x3f3f_3f3f_3f3f_3f3f) ^ (low &+ 0x2525_2525_2525_2525)) & ~word & highBits
        return word | capitals >> 2
    }

    /// The bytes at a place, which is before the end, the first one lowest.
    @inline(__always)
    private static func raw(_ bytes: UnsafeRawBufferPointer, at place: Int, before end: Int) -> UInt64 {
        if end - place >= 8 { return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)) }
        var word: UInt64 = 0
        for offset in 0..<(end - place) { word |= UInt64(bytes[place + offset]) << UInt64(offset * 8) }
        return word
    }

    @inline(__always)
    private static func withBytes<Text: StringProtocol, Result>(_ text: Text, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let result = text.utf8.withContiguousStorageIfAvailable { body(UnsafeRawBufferPointer($0)) }
        // Texts of Foundation's, on Apple's systems, are no bytes in a row.
        return result ?? Array(text.utf8).withUnsafeBytes(body)
    }

    @inline(__always)
    private static func withBytes<Result>(
        _ left: String, _ right: String, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Result
    ) -> Result {
        withBytes(left) { left in withBytes(right) { right in body(left, right) } }
    }
}
