internal import Terminal

/// Lines of text that wrap at words and are scrolled; laid out anew only when they or the width change.
struct ScrolledText {
    private var lines: [[Span]] = []
    private var scroll = ScrollState()
    private var layout = TextLayout(width: 1)
    private var height = 1
    private var isLaidOut = false
    /// Columns that the rows of a long line are indented by.
    private let hang: Int

    init(hang: Int) { self.hang = hang }

    mutating func set(_ lines: [[Span]]) {
        guard lines != self.lines else { return }
        self.lines = lines
        isLaidOut = false
    }

    mutating func settle(rows: Int, columns: Int) {
        height = max(rows, 1)
        let width = max(columns - 2, 1)
        if !isLaidOut || layout.width != width {
            layout = TextLayout([.lines(TextBlock.visible(lines), TextBlock.Wrapping(hang: hang, atWords: true))], width: width)
            isLaidOut = true
        }
        scroll.settle(count: layout.count, height: height)
    }

    mutating func move(_ step: ListState.Step) { scroll.move(step, count: layout.count, height: height) }

    /// `line 1 of 20`; empty where all is on screen.
    var position: String {
        layout.count <= height ? "" : "line \(scroll.top + 1)-\(min(scroll.top + height, layout.count)) of \(layout.count)"
    }

    func render(into surface: inout Surface, _ rect: Rect) {
        surface.cursor = Surface.Position(row: rect.row, column: rect.column)
        for row in 0..<min(rect.rows, max(layout.count - scroll.top, 0)) {
            surface.put(
                row: rect.row + row, column: rect.column + min(1, rect.columns - 1), layout.row(scroll.top + row),
                maxWidth: max(rect.columns - 1, 0), truncation: .clip)
        }
    }
}
