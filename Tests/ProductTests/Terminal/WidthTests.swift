import Testing

@testable import Terminal

@Suite("Widths of text")
struct WidthTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let width: Int
        let testDescription: String

        init(_ text: String, _ width: Int, _ why: String) {
            self.text = text
            self.width = width
            testDescription = why
        }
    }

    static let cases: [Case] = [
        Case("", 0, "nothing"),
        Case("orders", 6, "ASCII"),
        Case("café", 4, "precomposed"),
        Case("cafe\u{301}", 4, "decomposed"),
        Case("你好", 4, "ideographs"),
        Case("ｆｕｌｌ", 8, "full-width forms"),
        Case("ﾊﾝｶｸ", 4, "half-width forms"),
        Case("한글", 4, "Hangul syllables"),
        Case("\u{1112}\u{1161}\u{11AB}", 2, "Hangul jamo compose into one syllable"),
        Case("🦖", 2, "an emoji"),
        Case("\u{1FAE8}", 2, "an emoji that libc may not know"),
        Case("👨‍👩‍👧", 2, "a family is drawn as its first member"),
        Case("👍🏽", 2, "a skin tone adds nothing"),
        Case("❤\u{FE0F}", 1, "a variation selector adds nothing"),
        Case("🇳🇱", 2, "a flag is two letters"),
        Case("1\u{FE0F}\u{20E3}", 1, "a keycap is a digit and an enclosing mark"),
        Case("─│┌┐▌█▁", 7, "line drawing and blocks"),
        Case("★☆…–“”", 6, "ambiguous width counts as one"),
        Case("नमस्ते", 4, "virama and vowel signs above take none"),
        Case("हिन्दी", 5, "spacing vowel signs take a column"),
        Case("שלום", 4, "Hebrew"),
        Case("\u{E0B0}", 1, "private use"),
        Case("a\u{1B}[0m", 6, "an escape takes the columns of its picture"),
        Case("\u{202E}", 6, "so does an override"),
        Case("\u{E0001}", 7, "and a tag"),
    ]

    @Test("text has the width it is drawn with", arguments: cases) func textHasWidthDrawnWith(_ item: Case) {
        #expect(Width.of(item.text) == item.width)
        var surface = Surface(rows: 1, columns: 40)
        #expect(surface.put(row: 0, column: 0, item.text) == item.width)
    }

    @Test(
        "a code point has a width",
        arguments: [
            ("a", 1), ("\u{301}", 0), ("你", 2), ("\u{11AB}", 0), ("\u{200B}", 6), ("\u{7}", 2), ("\u{10FFFF}", 8),
        ] as [(Unicode.Scalar, Int)]) func codePointHasWidth(_ scalar: Unicode.Scalar, _ width: Int)
    {
        #expect(Width.of(scalar) == width)
    }

    @Test("the table agrees with the standard library where both know") func tableAgreesWithStandardLibrary() {
        // The standard library has general categories but no widths. Its Unicode may be older than the table.
        for value in UInt32(0)..<0x110000 {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let kind = WidthTable.kind(of: value)
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator:
                if kind != .hidden { Issue.record("U+\(String(value, radix: 16)) is a control and would be drawn") }
            case .nonspacingMark, .enclosingMark:
                if kind != .mark && kind != .hidden { Issue.record("U+\(String(value, radix: 16)) is a mark and takes a column") }
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .decimalNumber:
                if kind == .hidden || kind == .mark { Issue.record("U+\(String(value, radix: 16)) is a letter and would not be drawn") }
            default:
                break
            }
            if scalar.properties.isBidiControl || scalar.properties.isVariationSelector, kind != .hidden {
                Issue.record("U+\(String(value, radix: 16)) is invisible and would be drawn")
            }
        }
    }
}
