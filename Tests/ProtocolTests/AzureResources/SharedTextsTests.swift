import Identity
import NIOCore
import Testing

@testable import AzureResources

@Suite("Texts that come again")
struct SharedTextsTests {
    private struct Pair: Decodable {
        let first: ResourceID
        let second: ResourceID

        init(from decoder: any Decoder) throws {
            let fields = try JSONFields(decoder)
            first = try fields.commonID("a")
            second = try fields.object("b").commonID("c")
        }
    }

    /// Where the bytes of a text are.
    private func place(_ text: String) -> UnsafeRawPointer? {
        text.utf8.withContiguousStorageIfAvailable { UnsafeRawPointer($0.baseAddress) } ?? nil
    }

    @Test("an id that came before is the same text, also from an object in an object, and from another answer of the client")
    func shared() throws {
        let texts = SharedTexts()
        let json = #"{"a":"/subscriptions/00000000-1111","b":{"c":"/subscriptions/00000000-1111"}}"#
        let pairs = try (0..<2).map { _ in try AzureJSON.decode(Pair.self, from: ByteBuffer(string: json), sharing: texts) }
        let places = Set(pairs.flatMap { [place($0.first.text), place($0.second.text)] })
        #expect(places.count == 1)
        let alone = try AzureJSON.decode(Pair.self, from: ByteBuffer(string: json))
        #expect(alone.first == pairs[0].first && place(alone.first.text) != place(pairs[0].first.text))
    }

    @Test("a text too long to be an id is not kept, however often it comes")
    func long() {
        let texts = SharedTexts()
        let (longest, longer) = (String(repeating: "a", count: SharedTexts.longest), String(repeating: "b", count: SharedTexts.longest + 1))
        for text in [longest, longer, longest, longer] { #expect(texts.shared(text) == text) }
        #expect(texts.count == 1)
    }

    @Test("what is equal to a person and has other bytes is not taken for the same")
    func bytes() {
        let texts = SharedTexts()
        let (composed, decomposed) = ("/subscriptions/caf\u{e9}", "/subscriptions/cafe\u{301}")
        #expect(composed == decomposed)
        #expect(texts.shared(composed).utf8.elementsEqual(composed.utf8))
        #expect(texts.shared(decomposed).utf8.elementsEqual(decomposed.utf8))
    }
}
