import NIOCore
import Testing

@testable import ServiceBus

@Suite("LIKE") struct LikeTests {
    static let cases: [FilterCase] = [
        FilterCase("color LIKE 'blue'", .yes), FilterCase("color LIKE 'blu'", .no), FilterCase("color LIKE 'blue1'", .no),
        FilterCase("color LIKE 'Blue'", .no),
        FilterCase("color LIKE 'b%'", .yes), FilterCase("color LIKE '%e'", .yes), FilterCase("color LIKE '%lu%'", .yes),
        FilterCase("color LIKE '%'", .yes),
        FilterCase("color LIKE '%%'", .yes), FilterCase("color LIKE '%blue%'", .yes), FilterCase("color LIKE '%x%'", .no),
        FilterCase("color LIKE 'l%'", .no),
        FilterCase("color LIKE '____'", .yes), FilterCase("color LIKE '___'", .no), FilterCase("color LIKE '_____'", .no),
        FilterCase("color LIKE '_lu_'", .yes),
        FilterCase("color LIKE 'b_%e'", .yes), FilterCase("color LIKE 'b%_e'", .yes), FilterCase("color LIKE '%_'", .yes),
        FilterCase("color LIKE '_%'", .yes),
        FilterCase("color LIKE 'b%l%e'", .yes), FilterCase("color LIKE '%b%l%u%e%'", .yes), FilterCase("color LIKE 'b%x%e'", .no),
        FilterCase("color LIKE ''", .no),
        FilterCase("empty LIKE ''", .yes), FilterCase("empty LIKE '%'", .yes), FilterCase("empty LIKE '_'", .no),
        FilterCase("empty LIKE '_%'", .no),
        FilterCase("'aaab' LIKE '%aab'", .yes), FilterCase("'abababc' LIKE '%abc'", .yes),
        FilterCase("'mississippi' LIKE 'm%iss%ip%i'", .yes),
        FilterCase("'mississippi' LIKE 'm%iss%ip%x'", .no),
        FilterCase("color NOT LIKE 'r%'", .yes), FilterCase("color NOT LIKE 'b%'", .no), FilterCase("NOT color LIKE 'b%'", .no),
        FilterCase("sys.Label LIKE '%voi%'", .yes), FilterCase("sys.correlationid like 'abc-%'", .yes),
        FilterCase("sys.Label LIKE '%bus%' OR user.StoreId IN ('Store2')", .yes),
        // One character is one Unicode scalar.
        FilterCase("city LIKE 'Z_rich'", .yes), FilterCase("city LIKE 'Z__rich'", .no), FilterCase("city LIKE '%ü%'", .yes),
        FilterCase("face LIKE 'a_b'", .yes),
        FilterCase("face LIKE 'a%b'", .yes), FilterCase("face LIKE '%😀_'", .yes), FilterCase("lines LIKE 'one_two'", .yes),
        FilterCase("lines LIKE 'one%'", .yes),
        // ESCAPE makes the next character stand for itself.
        FilterCase("percent LIKE '100\\%' ESCAPE '\\'", .yes), FilterCase("percent LIKE '100\\%%' ESCAPE '\\'", .yes),
        FilterCase("color LIKE 'blu\\%' ESCAPE '\\'", .no),
        FilterCase("'ABC%' LIKE 'ABC\\%' ESCAPE '\\'", .yes), FilterCase("'ABCD' LIKE 'ABC\\%' ESCAPE '\\'", .no),
        FilterCase("under LIKE 'a!_b' ESCAPE '!'", .yes),
        FilterCase("'axb' LIKE 'a!_b' ESCAPE '!'", .no), FilterCase("'a!b' LIKE 'a!!b' ESCAPE '!'", .yes),
        FilterCase("path LIKE 'C:\\%'", .yes),
        FilterCase("path LIKE 'C:\\\\%' ESCAPE '\\'", .yes), FilterCase("'100%' LIKE '100ü%' ESCAPE 'ü'", .yes),
        FilterCase("'blue' LIKE '!b!l!u!e' ESCAPE '!'", .yes),
        FilterCase("'%%' LIKE '%%%' ESCAPE '%'", .fails(.malformedPattern)), FilterCase("'%' LIKE '%%' ESCAPE '%'", .yes),
        FilterCase("color LIKE 'blue!' ESCAPE '!'", .fails(.malformedPattern)),
        FilterCase("color LIKE 'b%' ESCAPE ''", .fails(.malformedPattern)),
        FilterCase("color LIKE 'b%' ESCAPE 'ab'", .fails(.malformedPattern)),
        // The pattern and the escape character are expressions.
        FilterCase("color LIKE 'b' + '%'", .yes), FilterCase("color LIKE color", .yes), FilterCase("color LIKE color + '%'", .yes),
        FilterCase("'x' + color LIKE 'xb%'", .yes), FilterCase("under LIKE 'a!_b' ESCAPE '' + '!'", .yes),
        FilterCase("quantity LIKE '1%'", .fails(.typeMismatch)), FilterCase("color LIKE 1", .fails(.typeMismatch)),
        FilterCase("ok LIKE 'T%'", .fails(.typeMismatch)),
        FilterCase("color LIKE '[a-c]%'", .no),
    ]

    @Test("matches", arguments: cases) func table(_ line: FilterCase) throws { #expect(try verdict(line.expression) == line.verdict) }

    /// The obvious definition, on scalars and without an escape character.
    private func reference(_ text: ArraySlice<Unicode.Scalar>, _ pattern: ArraySlice<Unicode.Scalar>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        if first == "%" { return (text.startIndex...text.endIndex).contains { reference(text[$0...], pattern.dropFirst()) } }
        guard let character = text.first, first == "_" || first == character else { return false }
        return reference(text.dropFirst(), pattern.dropFirst())
    }

    @Test("agrees with its definition on random texts and patterns") func agreesWithDefinition() {
        var random = SeededNumbers(seed: 1)
        for _ in 0..<3000 {
            let text = (0..<Int(random.next() % 9)).map { _ in ["a", "b", "ü"][Int(random.next() % 3)] }.joined()
            let pattern = (0..<Int(random.next() % 7)).map { _ in ["a", "b", "ü", "%", "_"][Int(random.next() % 5)] }.joined()
            let expected = reference(Array(text.unicodeScalars)[...], Array(pattern.unicodeScalars)[...])
            #expect(LikePattern.matches(FilterText(text), FilterText(pattern), escape: "") == expected, "'\(text)' LIKE '\(pattern)'")
        }
    }

    @Test("does not take for ever over a pattern made to do so") func bounded() {
        let text = FilterText(String(repeating: "a", count: 20_000))
        let pattern = FilterText(String(repeating: "a%", count: 300) + "b")
        #expect(LikePattern.matches(text, pattern, escape: "") == false)
    }

    @Test(
        "reads bytes that are no UTF-8 without going astray",
        arguments: [[0xff, 0x61], [0xf0], [0x61, 0xe2, 0x82], [0x80, 0x80]] as [[UInt8]])
    func invalidUTF8(_ bytes: [UInt8]) {
        #expect(LikePattern.matches(FilterText(ByteBuffer(bytes: bytes)), "%", escape: "") == true)
        #expect(LikePattern.matches(FilterText(ByteBuffer(bytes: bytes)), "______", escape: "") == false)
    }
}
