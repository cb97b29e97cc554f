import Terminal
import Testing

@testable import Console

@Suite struct LineEditorTests {
    @Test("types, moves, deletes")
    func editing() {
        var editor = LineEditor("orders dead")
        editor.deleteWord()
        #expect(editor.text == "orders ")
        editor.moveToStart()
        editor.insert("x")
        editor.deleteForward()
        #expect(editor.text == "xrders ")
        editor.moveToEnd()
        editor.deleteBackward()
        editor.moveLeft()
        editor.deleteToStart()
        #expect(editor.text == "s")
        for _ in 0..<5 { editor.deleteBackward() }
        editor.moveRight()
        editor.moveRight()
        editor.deleteForward()
        #expect(editor.text == "s")
    }

    @Test("an accented letter is one character")
    func characters() {
        var editor = LineEditor("e\u{301}")
        editor.deleteBackward()
        #expect(editor.isEmpty)
    }

    @Test("does not grow without end")
    func bounded() {
        var editor = LineEditor()
        editor.insert(String(repeating: "x", count: 100_000))
        #expect(editor.text.count == LineEditor.longest)
    }

    @Test("keeps the cursor in view, and puts the hardware cursor there")
    func scrolling() {
        var surface = Surface(rows: 1, columns: 10)
        LineEditor("0123456789abcdef").render(into: &surface, row: 0, column: 0, width: 10, role: .prompt)
        #expect(surface.line(0) == "789abcdef")
        #expect(surface.cursor == Surface.Position(row: 0, column: 9))
        #expect(surface.showsCursor)
    }
}
