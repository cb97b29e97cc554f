import ServiceBus
import Testing

@Suite("Escapes in JSON")
struct JSONEscapeTests {
    @Test(
        "each is read as RFC 8259 has it, and nothing else is one",
        arguments: [
            (#"n"#, .character("\n", length: 1)), (#"/"#, .character("/", length: 1)), (#"""#, .character("\"", length: 1)),
            (#"u0041B"#, .character("A", length: 5)), (#"uD83D\uDE00"#, .character("😀", length: 11)),
            (#"ud83d\ude00x"#, .character("😀", length: 11)), (#"uD83D"#, .halfPair(length: 5)), (#"uD83Dxxxxxx"#, .halfPair(length: 5)),
            (#"uD83D\u0041"#, .halfPair(length: 5)), (#"uDE00\uD83D"#, .halfPair(length: 5)), (#"u00+1"#, .notHexadecimal),
            (#"u-001"#, .notHexadecimal), (#"uD83D\uDEX0"#, .notHexadecimal), (#"U0041"#, .unknown), (#"x41"#, .unknown), ("\n", .unknown),
            ("", .ended), (#"u004"#, .ended), (#"uD83D\uDE"#, .ended),
        ] as [(String, JSONEscape)])
    func reads(text: String, expected: JSONEscape) {
        let bytes = Array(#"{"\"#.utf8) + Array(text.utf8)
        #expect(JSONEscape(in: bytes, at: 3, end: bytes.count) == expected)
    }

    @Test(
        "no byte behind the end is looked at, wherever it is asked for",
        arguments: [(0, 4), (0, 0), (0, -1), (-1, 5), (5, 5), (5, .max), (.max, .max)] as [(Int, Int)])
    func bounds(place: Int, end: Int) {
        #expect(JSONEscape(in: Array("u0041".utf8), at: place, end: end) == .ended)
    }
}
