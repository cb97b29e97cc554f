import Testing

@testable import Terminal

@Suite("Hostile text")
struct SanitizerTests {
    @Test(
        "controls are shown by name",
        arguments: [
            ("plain", "plain"),
            ("\u{1B}[31m", "^[[31m"),
            ("a\nb\tc", "a^Jb^Ic"),
            ("\0\u{7F}", "^@^?"),
            ("\u{9B}m", "U+009Bm"),
            ("a\u{202E}b", "aU+202Eb"),
            ("a\u{200B}b", "aU+200Bb"),
            ("\u{E0041}", "U+E0041"),
            ("e\u{301}", "e\u{301}"),
            ("👩‍🚀", "👩"),
            ("🇫🇷", "FR"),
            ("❤\u{FE0F}\u{FE0F}", "❤U+FE0F"),
        ]) func controlsShownByName(_ text: String, _ shown: String)
    {
        #expect(Sanitizer.visible(text) == shown)
    }

    @Test("bytes that are not UTF-8 are shown as they are") func bytesNotUTF8Shown() {
        #expect(Sanitizer.visible([0x61, 0x9B, 0x62, 0xC3, 0xA9, 0xC3]) == "a\\x9Bbé\\xC3")
    }

    @Test("pieces tell text from controls") func piecesTellTextFromControls() {
        #expect(
            Sanitizer.pieces("ab\u{1B}[1m\u{7}\u{202E}c") == [
                .init("ab", isControl: false), .init("^[", isControl: true), .init("[1m", isControl: false),
                .init("^GU+202E", isControl: true), .init("c", isControl: false),
            ])
    }

    @Test("hostile text becomes harmless", arguments: HostileText.corpus) func hostileTextBecomesHarmless(_ text: HostileText) {
        #expect(HostileText.isHarmless(Sanitizer.visible(text.bytes)))
    }

    @Test("hostile text is harmless on a surface, and its controls are marked", arguments: HostileText.corpus)
    func hostileTextHarmlessOnSurface(_ text: HostileText) {
        var surface = Surface(rows: 3, columns: 60)
        let used = surface.put(row: 1, column: 5, text.bytes, role: Role(rawValue: 9))
        #expect(used <= 55)
        #expect(HostileText.isHarmless(surface.textGrid().split(separator: "\n").joined()))
        #expect(surface.line(0).isEmpty && surface.line(2).isEmpty)
        for column in 0..<60 {
            #expect(surface[1, column].scalars.count <= Cell.maximumScalars)
        }
    }

    @Test("at most twenty marks hide behind a character") func mostTwentyMarksHideBehind() {
        let text = "e" + String(repeating: "\u{301}", count: 30)
        let shown = Sanitizer.visible(text)
        #expect(shown.unicodeScalars.prefix(5).elementsEqual("e\u{301}\u{301}\u{301}\u{301}".unicodeScalars))
        #expect(shown.hasSuffix(String(repeating: "U+0301", count: 10)))
    }

    @Test("a megabyte of marks is drawn by looking at its beginning", .timeLimit(.minutes(3))) func megabyteOfMarks() {
        var surface = Surface(rows: 1, columns: 80)
        // Reading all of it ten thousand times would take hours.
        for _ in 0..<10_000 { surface.put(row: 0, column: 0, HostileText.megabyteOfMarks) }
        #expect(surface.line(0).hasSuffix(String(repeating: "U+0301", count: 13) + "U"))
    }

    @Test("random bytes never become anything a terminal obeys") func randomBytesNeverBecomeAnything() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 0...64, using: &random)).map { _ in
                Bool.random(using: &random) ? UInt8.random(in: 0x80...0xFF, using: &random) : UInt8.random(in: 0...0xFF, using: &random)
            }
            let shown = Sanitizer.visible(bytes)
            #expect(HostileText.isHarmless(shown), "\(bytes)")
            #expect(Width.of(bytes) == Width.of(shown), "\(bytes)")
        }
    }
}
