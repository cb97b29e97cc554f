import Terminal
import Testing

@testable import Console

@Suite struct TextLayoutTests {
    @Test("a long line goes on below, a little deeper, and nothing is lost")
    func wrapping() {
        let line = [Span("  \"key\": ", .jsonKey), Span("\"a rather long value\"", .jsonString)]
        let rows = TextLayout.wrap(line, width: 16)
        #expect(rows.map(\.text) == ["  \"key\": \"a rath", "    er long valu", "    e\""])
        #expect(rows[1].last?.role == .jsonString)
    }

    @Test("prose breaks after blanks, and hangs where it was told to")
    func words() {
        let rows = TextLayout.wrap([Span("Error   something went badly wrong")], width: 20, TextBlock.Wrapping(hang: 8, atWords: true))
        #expect(rows.map(\.text) == ["Error   something ", "        went badly ", "        wrong"])
    }

    @Test("wide characters are never split, and marks stay with their letter", arguments: 2...12)
    func wide(_ width: Int) {
        let text = "日本語テキスト e\u{301}e\u{301}e\u{301} 한국어"
        let rows = TextLayout.wrap([Span(text)], width: width, TextBlock.Wrapping(hang: 0))
        #expect(rows.map(\.text).joined() == text)
        for row in rows {
            #expect(row.columns <= width)
            #expect(row.text.unicodeScalars.first?.properties.isGraphemeExtend != true)
        }
    }

    @Test("a character wider than the screen does not stop it")
    func narrow() { #expect(TextLayout.wrap([Span("日本")], width: 1, TextBlock.Wrapping(hang: 0)).count == 2) }

    @Test("rows are found by number, over lines, hex and lines again")
    func sections() {
        let layout = TextLayout(
            [.lines([[Span("one")], [Span("two two two")]]), .bytes(Array(repeating: 0, count: 9)), .lines([[Span("end")]])], width: 6)
        #expect((0..<layout.count).map { layout.row($0).text.prefix(6) }.first == "one")
        #expect(layout.row(layout.count - 1).text == "end")
        #expect(layout.row(layout.count).isEmpty)
        #expect(layout.row(-1).isEmpty)
    }

    @Test("a line of a megabyte is cut into lines that are quick to draw")
    func longLines() {
        let lines = TextBlock.visible([[Span(String(repeating: "x", count: 1 << 20))]])
        #expect(lines.count == 256)
        #expect(lines.allSatisfy { $0.columns == 4096 })
    }

    @Test("an empty line is a row")
    func emptyLines() { #expect(TextLayout([.lines(TextBlock.visible([[], [Span("")], [Span("x")]]))], width: 10).count == 3) }
}
