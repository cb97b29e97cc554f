internal import Terminal

/// One line being typed.
struct LineEditor: Hashable, Sendable {
    private var characters: [Character] = []
    /// The place of the cursor, in characters.
    private(set) var cursor = 0

    /// More than this is not taken: a pasted payload is not a command.
    static let longest = 1024

    init(_ text: String = "") { set(text) }

    var text: String { String(characters) }
    var isEmpty: Bool { characters.isEmpty }
    /// The text before the cursor.
    var head: String { String(characters[..<cursor]) }
    /// The text from the cursor on.
    var tail: String { String(characters[cursor...]) }

    mutating func set(_ text: String) {
        characters = Array(text.prefix(LineEditor.longest))
        cursor = characters.count
    }

    mutating func insert(_ text: String) {
        let fitting = Array(text.prefix(max(LineEditor.longest - characters.count, 0)))
        characters.insert(contentsOf: fitting, at: cursor)
        cursor += fitting.count
    }

    mutating func moveLeft() { cursor = max(cursor - 1, 0) }
    mutating func moveRight() { cursor = min(cursor + 1, characters.count) }
    mutating func moveToStart() { cursor = 0 }
    mutating func move(to place: Int) { cursor = min(max(place, 0), characters.count) }
    mutating func moveToEnd() { cursor = characters.count }

    mutating func deleteBackward() {
        guard cursor > 0 else { return }
        cursor -= 1
        characters.remove(at: cursor)
    }

    mutating func deleteForward() {
        guard cursor < characters.count else { return }
        characters.remove(at: cursor)
    }

    mutating func deleteWord() {
        var start = cursor
        while start > 0, characters[start - 1].isWhitespace { start -= 1 }
        while start > 0, !characters[start - 1].isWhitespace { start -= 1 }
        characters.removeSubrange(start..<cursor)
        cursor = start
    }

    mutating func deleteToStart() {
        characters.removeSubrange(..<cursor)
        cursor = 0
    }

    /// Columns that have gone out of view on the left.
    private func skipped(width: Int) -> Int { max(Width.of(head) - width + 1, 0) }

    /// Where a character of the line is drawn, counted from the line's start; nil when it is out of view.
    ///
    /// - Parameter place: its place, from 0; one behind the last is where the next would be.
    func column(of place: Int, width: Int) -> Int? {
        guard (0...characters.count).contains(place) else { return nil }
        let column = Width.of(String(characters[..<place])) - skipped(width: width)
        return (0..<max(width, 1)).contains(column) ? column : nil
    }

    /// Draws the line so that the cursor is in view, and puts the hardware cursor there.
    func render(into surface: inout Surface, row: Int, column: Int, width: Int, role: Role) {
        guard width > 0 else { return }
        let before = Width.of(head)
        let skip = skipped(width: width)
        surface.put(row: row, column: column, text, role: role, maxWidth: width, skip: skip)
        surface.cursor = Surface.Position(row: row, column: column + before - skip)
        surface.showsCursor = true
    }
}
