import Testing

@testable import Terminal

@Suite("What others write")
struct DiagnosticsTests {
    @Test("bytes become lines wherever they are cut") func bytesBecomeLinesWhereverThey() {
        var diagnostics = Diagnostics()
        for byte in "first\nsec\u{E9}ond\n\nrest".utf8 { diagnostics.append([byte]) }
        #expect(diagnostics.take() == ["first", "secéond", ""])
        #expect(diagnostics.take().isEmpty)
        diagnostics.finish()
        #expect(diagnostics.take() == ["rest"])
        #expect(diagnostics.history == ["first", "secéond", "", "rest"])
    }

    @Test("a flood is bounded, and what was lost is counted") func floodBoundedWhatWasLost() {
        var diagnostics = Diagnostics()
        for number in 0..<5_000 { diagnostics.append("line \(number)\n".utf8) }
        diagnostics.append(Array(repeating: 0x61, count: 10 * Diagnostics.maximumLineBytes))
        #expect(diagnostics.history.count < 2 * Diagnostics.maximumLines)
        #expect(diagnostics.history.count + diagnostics.dropped == 5_010)
        #expect(diagnostics.take().count < 2 * Diagnostics.maximumLines)
    }
}

@Suite("The clipboard")
struct ClipboardTests {
    @Test(
        "text is sent as Base64",
        arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy"), ("✓", "4pyT")])
    func textSentBase64(_ text: String, _ encoded: String) {
        #expect(Clipboard.sequence(for: text).map { String(decoding: $0, as: UTF8.self) } == "\u{1B}]52;c;\(encoded)\u{7}")
    }

    @Test("what terminals would cut off is not sent") func whatTerminalsWouldCutOff() {
        let limit = Clipboard.maximumEncoded / 4 * 3
        let longest = Clipboard.sequence(for: String(repeating: "a", count: limit))
        #expect((longest?.count ?? .max) <= Clipboard.maximumEncoded + 8)
        #expect(Clipboard.sequence(for: String(repeating: "a", count: limit + 1)) == nil)
    }
}

@Suite("Without UTF-8")
struct AsciiFallbackTests {
    @Test("what is drawn without UTF-8 is printable ASCII") func whatDrawnWithoutUTF8() {
        for value in UInt32(0x20)..<0x30000 {
            let character = AsciiFallback.character(for: value)
            if !(0x20...0x7E).contains(character) { Issue.record("U+\(String(value, radix: 16))") }
        }
    }

    @Test("boxes stay boxes") func boxesStayBoxes() {
        let box = "┌─┬┐│├┼┤└┴┘▌█▲▼…"
        #expect(String(decoding: box.unicodeScalars.map { AsciiFallback.character(for: $0.value) }, as: UTF8.self) == "+-++|++++++|#^v.")
    }
}

@Suite("Waiting")
struct WaitTests {
    @Test(
        "a wait is never shorter than asked",
        arguments: [
            (Duration.zero, 0), (.milliseconds(1), 1), (.microseconds(1), 1), (.microseconds(1_001), 2), (.seconds(3), 3_000),
            (.milliseconds(-5), -5),
        ] as [(Duration, Int64)]) func waitNeverShorterThanAsked(_ duration: Duration, _ milliseconds: Int64)
    {
        #expect(duration.wholeMilliseconds >= milliseconds)
        #expect(duration.wholeMilliseconds <= milliseconds + 1)
    }

    @Test("no duration overflows") func noDurationOverflows() {
        #expect(Duration.seconds(Int64.max).wholeMilliseconds > 1 << 60)
        #expect(Duration.seconds(Int64.min).wholeMilliseconds < -(1 << 60))
    }
}
