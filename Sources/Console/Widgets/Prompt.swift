internal import Terminal

/// The line at the bottom while a filter or a command is typed.
struct Prompt {
    /// What is being typed.
    enum Kind: Hashable, Sendable {
        /// A filter; what was there before comes back when it is cancelled.
        case filter(previous: TextFilter)
        case command
        /// An answer to a question of the screen.
        case answer(Question)
    }

    let kind: Kind
    /// How often screens had come and gone when it was opened: what was asked is of the screen that was on top then.
    let place: Int
    var editor: LineEditor
    /// Ways to go on, best first.
    var suggestions: [CommandLine.Suggestion] = []
    /// The suggestion that a person moved to.
    var chosen: Int?
    /// What is wrong with the line, shown beside it.
    var complaint: String?
    /// What is wrong with an answer, shown above it.
    var problem: Question.Problem?

    init(_ kind: Kind, text: String = "", place: Int) {
        self.kind = kind
        self.place = place
        editor = LineEditor(text)
    }

    var sign: String {
        switch kind {
        case .filter: "/"
        case .command: ":"
        case .answer(let question): "\(question.label): "
        }
    }

    /// The command line a suggestion or the typed text stands for.
    var line: String { chosen.flatMap { suggestions.indices.contains($0) ? suggestions[$0].text : nil } ?? editor.text }

    mutating func choose(_ step: Int) {
        guard !suggestions.isEmpty else { return }
        guard let chosen else {
            self.chosen = step > 0 ? 0 : suggestions.count - 1
            return
        }
        let next = chosen + step
        self.chosen = suggestions.indices.contains(next) ? next : nil
    }

    /// Takes over as much as all suggestions agree on; with one, or one chosen, all of it.
    mutating func complete() {
        if chosen != nil || suggestions.count == 1 {
            let taken = chosen.flatMap { suggestions.indices.contains($0) ? suggestions[$0] : nil } ?? suggestions.first
            editor.set(taken?.text ?? editor.text)
            if let cursor = taken?.cursor { editor.move(to: cursor) }
            chosen = nil
            return
        }
        guard let first = suggestions.first?.text else { return }
        let typed = editor.text
        let starting = suggestions.map(\.text).filter { $0.hasPrefix(typed) }
        let common = starting.reduce(starting.first ?? first) { common, text in
            String(zip(common, text).prefix { $0 == $1 }.map(\.0))
        }
        if common.count > typed.count { editor.set(common) } else { choose(1) }
    }

    /// Rows that suggestions take above the line.
    func rows(available: Int) -> Int {
        switch kind {
        case .filter: 0
        case .command: max(min(suggestions.count, 8, available), 0)
        // A line more, for what may be typed or what is wrong, and another for what to do about it.
        case .answer: max(min(suggestions.count + (problem?.hint == nil ? 1 : 2), 9, available), 0)
        }
    }

    func renderLine(into surface: inout Surface, row: Int, columns: Int) {
        surface.fill(Rect(row: row, column: 0, rows: 1, columns: columns), role: .prompt)
        let start = signWidth(columns)
        surface.put(row: row, column: 0, sign, role: .prompt, maxWidth: start, truncation: .ellipsis)
        var width = columns - start
        if let complaint {
            let used = min(complaint.count + 4, columns / 2)
            surface.put(row: row, endingAt: columns - 1, [Span("! " + complaint, .statusError)], maxWidth: used)
            width = max(columns - used - start - 2, 1)
        }
        editor.render(into: &surface, row: row, column: min(start, columns - 1), width: max(width, columns > 1 ? 1 : 0), role: .prompt)
    }

    private func signWidth(_ columns: Int) -> Int { min(Width.of(sign), max(columns / 2, 1)) }

    /// Draws what may be typed, or what is wrong and under which character of the line.
    private func renderRemark(into surface: inout Surface, _ rect: Rect) {
        guard case .answer(let question) = kind, !rect.isEmpty else { return }
        surface.fill(rect, role: .promptSuggestion)
        guard let problem else {
            surface.put(
                row: rect.row, column: rect.column + 1, question.help, role: .promptSuggestion, maxWidth: max(rect.columns - 2, 0),
                truncation: .ellipsis)
            return
        }
        var column = rect.column + 1
        let start = signWidth(rect.columns)
        if let place = problem.column, let offset = editor.column(of: place - 1, width: rect.columns - start) {
            column = start + offset
            // The line that is typed is the next one down.
            surface.put(row: rect.row, column: column, "↓", role: .statusError)
            column += 2
        }
        let text = "! " + problem.text
        let room = rect.endColumn - 1 - column
        if Width.of(text) <= room || column <= rect.columns / 2 {
            surface.put(row: rect.row, column: column, text, role: .statusError, maxWidth: max(room, 0), truncation: .ellipsis)
        } else {
            surface.put(row: rect.row, endingAt: column - 3, [Span(text, .statusError)], maxWidth: max(column - 4, 0))
        }
    }

    /// Draws suggestions into a rectangle, the best at the top.
    func renderSuggestions(into surface: inout Surface, _ rect: Rect) {
        guard !rect.isEmpty else { return }
        var rect = rect
        if case .answer = kind {
            var (rest, remark) = rect.splitBottom(1)
            renderRemark(into: &surface, remark)
            if let hint = problem?.hint, !rest.isEmpty {
                (rest, remark) = rest.splitBottom(1)
                surface.fill(remark, role: .promptSuggestion)
                surface.put(
                    row: remark.row, column: remark.column + 1, hint, role: .promptSuggestion, maxWidth: max(remark.columns - 2, 0),
                    truncation: .ellipsis)
            }
            rect = rest
        }
        let selected = chosen ?? -1
        let first = max(min(selected - rect.rows + 1, suggestions.count - rect.rows), 0)
        let labelWidth = min(suggestions.map { Width.of($0.label) }.max() ?? 0, max(rect.columns / 2, 12))
        for offset in 0..<max(min(rect.rows, suggestions.count - first), 0) {
            let suggestion = suggestions[first + offset]
            let row = rect.row + offset
            let isChosen = first + offset == selected
            let role: Role = isChosen ? .promptSelected : suggestion.disabled == nil ? .promptSuggestion : .keyDisabled
            surface.fill(Rect(row: row, column: rect.column, rows: 1, columns: rect.columns), role: role)
            surface.put(row: row, column: rect.column, isChosen ? "▌" : " ", role: role)
            surface.put(row: row, column: rect.column + 2, suggestion.label, role: role, maxWidth: labelWidth, truncation: .ellipsis)
            let note = suggestion.disabled.map { "✕ \($0)" } ?? suggestion.note
            surface.put(
                row: row, column: rect.column + labelWidth + 4, note, role: role, maxWidth: max(rect.columns - labelWidth - 5, 0),
                truncation: .ellipsis)
        }
    }
}
