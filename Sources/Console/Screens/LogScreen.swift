internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// What went wrong, and what libraries wrote to standard error; the newest at the end.
struct LogScreen: Screen {
    let context = KeyContext.log
    let crumbs = ["log"]
    private(set) var filter = TextFilter()
    private var scroll = ScrollState()
    private var layout = TextLayout(width: 1)
    private var lines: [[Span]] = []
    private var height = 1
    private var isAtEnd = true
    private var isLaidOut = false

    mutating func appear(_ turn: inout Turn) {
        turn.model.noteLogRead()
        modelChanged(turn.model)
    }

    mutating func apply(filter: TextFilter, model: Model) {
        self.filter = filter
        modelChanged(model)
    }

    mutating func modelChanged(_ model: Model) {
        lines = model.log.filter { filter.matches([$0.text, $0.source, $0.level.rawValue]) }.flatMap { entry in
            let role: Role =
                switch entry.level {
                case .error: .logError
                case .warning: .logWarning
                case .info: .logInfo
                }
            let head = [
                Span("\(Figures.time(entry.time))  ", .muted),
                Span(entry.level.rawValue + String(repeating: " ", count: 9 - entry.level.rawValue.utf8.count), role),
            ]
            let texts = entry.text.split(whereSeparator: \.isNewline)
            return texts.enumerated().map { index, text in
                let source = entry.source.isEmpty || index > 0 ? "" : "\(entry.source): "
                return (index == 0 ? head : [Span(String(repeating: " ", count: 20))]) + [Span(source + text)]
            }
        }
        isLaidOut = false
    }

    mutating func settle(rows: Int, columns: Int, model: Model) {
        height = max(rows, 1)
        if !isLaidOut || layout.width != max(columns - 2, 1) {
            layout = TextLayout([.lines(TextBlock.visible(lines), TextBlock.Wrapping(hang: 20, atWords: true))], width: columns - 2)
            isLaidOut = true
            if isAtEnd { scroll.move(.last, count: layout.count, height: height) }
        }
        scroll.settle(count: layout.count, height: height)
    }

    func availability(of command: CommandID, model: Model) -> Availability { .enabled }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        turn.model.noteLogRead()
        guard let step = ListState.Step(command) else { return }
        scroll.move(step, count: layout.count, height: height)
        isAtEnd = scroll.top + height >= layout.count
    }

    func position(_ model: Model) -> String { layout.count == 0 ? "" : "line \(scroll.top + 1) of \(layout.count)" }

    func summary(_ surroundings: Surroundings) -> [Span] {
        let model = surroundings.model
        var spans = [Span(Figures.count(model.log.count, "log entry", plural: "log entries"), .title)]
        let errors = model.log.filter { $0.level == .error }.count
        if errors > 0 { spans += [Span(" · "), Span(Figures.count(errors, "error"), .statusError)] }
        if model.droppedLogEntries > 0 { spans.append(Span(" · \(Figures.count(model.droppedLogEntries)) older ones dropped", .muted)) }
        return spans
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        surface.cursor = Surface.Position(row: rect.row, column: rect.column)
        guard layout.count > 0, !lines.isEmpty else {
            Placeholder.render(isFiltered ? "No entry fits the filter. esc clears it." : "Nothing went wrong so far.", into: &surface, rect)
            return
        }
        for row in 0..<min(rect.rows, max(layout.count - scroll.top, 0)) {
            surface.put(row: rect.row + row, column: rect.column + 1, layout.row(scroll.top + row), truncation: .clip)
        }
    }
}
