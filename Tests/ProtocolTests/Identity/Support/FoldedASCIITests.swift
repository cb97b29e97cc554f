import Testing

@testable import Identity

@Suite("Texts without regard to the case of ASCII's letters")
struct FoldedASCIITests {
    /// Every byte as a text of its own, or with others around it so that it stands at each place of eight.
    private static func texts(around scalar: Unicode.Scalar) -> [String] {
        (0..<9).map { String(repeating: "x", count: $0) + String(Character(scalar)) + String(repeating: "y", count: 8 - $0) }
    }

    @Test("only letters of ASCII are folded, at every place")
    func letters() {
        for value in UInt8(0)..<128 {
            let scalar = Unicode.Scalar(value)
            let isCapital = ("A"..."Z").contains(scalar)
            let other = Unicode.Scalar(value ^ 0x20)
            for (text, changed) in zip(Self.texts(around: scalar), Self.texts(around: other)) {
                let isLetter = isCapital || ("a"..."z").contains(scalar)
                #expect(FoldedASCII.isSame(text, changed) == isLetter, "\(value)")
                #expect(FoldedASCII.isSame(text, text))
                #expect(FoldedASCII.isSame(text, text.lowercased()))
            }
        }
    }

    @Test("what is no ASCII counts as it is")
    func others() {
        #expect(FoldedASCII.isSame("straße-Q", "STRAßE-q"))
        #expect(!FoldedASCII.isSame("É", "é"))
        #expect(!FoldedASCII.isSame("e\u{301}", "é"), "equal to a person, and other bytes")
        #expect(FoldedASCII.isASCII("") && FoldedASCII.isASCII("plain and long enough"))
        #expect(!FoldedASCII.isASCII("twelve bytes é") && !FoldedASCII.isASCII("é"))
    }

    @Test("the order is that of the bytes in lower case, shorter ones first")
    func order() {
        let texts = [
            "", "a", "A-longer-one", "aa", "B", "b-1", "B-10", "b-2", "z_", "zA", "Ümlaut", "orders-and-more-x", "ORDERS-and-more-Y",
        ]
        for left in texts {
            for right in texts {
                let (one, other) = (Array(left.utf8.map(lower)), Array(right.utf8.map(lower)))
                let expected = one == other ? 0 : one.lexicographicallyPrecedes(other) ? -1 : 1
                #expect(FoldedASCII.order(left, right) == expected, "\(left) \(right)")
                #expect(FoldedASCII.isSame(left, right) == (expected == 0))
                #expect((hash(left) == hash(right)) == (expected == 0))
            }
        }
    }

    @Test("a beginning is one whatever follows; parts of texts are compared and hashed like the texts they are")
    func beginnings() {
        #expect(FoldedASCII.begins("/Subscriptions/1/rest", with: "/subscriptions/1"))
        #expect(FoldedASCII.begins("abc", with: "") && FoldedASCII.begins("abc", with: "ABC"))
        #expect(!FoldedASCII.begins("ab", with: "abc") && !FoldedASCII.begins("abd", with: "abc"))
        #expect(FoldedASCII.isSame("one-two"[...].dropFirst(4), "TWO"))
        #expect(!FoldedASCII.isSame("one-two"[...].dropFirst(4), "TW"))
        #expect(
            FoldedASCII.isSame("0123456789-x", "0123456789-y", first: 11) && !FoldedASCII.isSame("0123456789-x", "0123456789-y", first: 12))
        #expect(!FoldedASCII.isSame("short", "short", first: 6) && !FoldedASCII.isSame("short", "short", first: -1))
        #expect(hash("0123456789-X", first: 11) == hash("0123456789-"))
        #expect(hash("0123456789-X", first: 11) != hash("0123456789-x"))
    }

    private func lower(_ byte: UInt8) -> UInt8 { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte + 32 : byte }

    private func hash(_ text: String, first count: Int = .max) -> Int {
        var hasher = Hasher()
        FoldedASCII.hash(text, first: count, into: &hasher)
        return hasher.finalize()
    }
}
