internal import Terminal

/// Lines of text that wrap at words and are scrolled; laid out anew only when they or the width change.
struct ScrolledText {
    /// Lines that wrap in the same way.
    struct Part: Hashable {
        var lines: [[Span]]
        /// Columns that the rows of a long line are indented by; nil: two more than the line.
        var hang: Int?
    }

    private var parts: [Part] = []
    private var scroll = ScrollState()
    private var layout = TextLayout(width: 1)
    private var height = 1
    private var isLaidOut = false
    /// Columns that the rows of a long line are indented by.
    private let hang: Int

    init(hang: Int) { self.hang = hang }

    mutating func set(_ lines: [[Span]]) { set([Part(lines: lines, hang: hang)]) }

    mutating func set(_ parts: [Part]) {
        guard parts != self.parts else { return }
        self.parts = parts
        isLaidOut = false
    }

    mutating func settle(rows: Int, columns: Int) {
        height = max(rows, 1)
        let width = max(columns - 2, 1)
        if !isLaidOut || layout.width != width {
            let blocks = parts.map { TextBlock.lines(TextBlock.visible($0.lines), TextBlock.Wrapping(hang: $0.hang, atWords: true)) }
            layout = TextLayout(blocks, width: width)
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
