import Testing

@testable import Console

@Suite struct TextFilterTests {
    @Test(
        "all words must occur, those after ! must not, and case does not matter",
        arguments: [
            ("", true), ("order", true), ("ORDER timeout", true), ("order absent", false), ("!absent", true), ("order !timeout", false),
            ("!", true), ("team-cart", true),
        ])
    func matches(_ text: String, _ expected: Bool) {
        #expect(TextFilter(text: text).matches(["OrderPlaced", "TimeoutException", "team-cart"]) == expected)
    }

    @Test("a word does not match across two cells")
    func cells() { #expect(!TextFilter(text: "ab").matches(["a", "b"])) }
}
