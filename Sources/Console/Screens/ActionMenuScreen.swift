internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// Everything that can be done with what was picked, each with its key; what cannot be done here stands there too, with the reason.
struct ActionMenuScreen: Screen {
    /// A line.
    private enum Line: Hashable {
        case heading(ActionSubject)
        case action(ActionKind, ActionSubject)

        var isHeading: Bool { if case .heading = self { true } else { false } }
    }

    let context = KeyContext.actions
    let crumbs = ["actions"]
    let filter = TextFilter()
    private let about: [ActionSubject]
    private var lines: [Line] = []
    private var list = ListState()
    private var height = 1

    init(_ subjects: [ActionSubject]) {
        about = subjects
        for subject in subjects {
            lines.append(.heading(subject))
            // Where all of a queue is meant, only what makes sense for all of it is offered.
            let kinds = ActionKind.allCases.filter { subject.messages != .all || $0.canTakeAll }
            lines += kinds.map { .action($0, subject) }
        }
        leaveHeading(towards: 1)
    }

    func subjects(_ model: Model) -> [ActionSubject] { about }

    /// What an action is about when its key is pressed: what the selected line stands below.
    var subject: ActionSubject? {
        switch selected {
        case .heading(let subject)?, .action(_, let subject)?: subject
        case nil: nil
        }
    }

    private var selected: Line? { lines.indices.contains(list.selected) ? lines[list.selected] : nil }

    private mutating func leaveHeading(towards direction: Int) {
        let lines = lines
        list.leave({ lines[$0].isHeading }, towards: direction, count: lines.count, height: height)
    }

    mutating func apply(filter: TextFilter, model: Model) {}

    mutating func settle(rows: Int, columns: Int, model: Model) {
        height = split(Rect(row: 0, column: 0, rows: rows, columns: columns)).list.rows
        list.settle(count: lines.count, height: height)
    }

    // MARK: - Commands

    func availability(of command: CommandID, model: Model) -> Availability {
        guard command == .open else { return .enabled }
        guard case .action(let kind, let subject)? = selected else { return .disabled("nothing is selected") }
        return subject.availability(of: kind, model)
    }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        if let step = ListState.Step(command) {
            let before = list.selected
            list.move(step, count: lines.count, height: height)
            leaveHeading(towards: list.selected < before ? -1 : 1)
        }
    }

    /// The command of the selected line.
    var chosen: CommandID? {
        guard case .action(let kind, _)? = selected else { return nil }
        return kind.command
    }

    mutating func press(row: Int, column: Int, _ turn: inout Turn) {
        let line = list.top + row
        if row < height, lines.indices.contains(line), !lines[line].isHeading {
            list.select(line, count: lines.count, height: height)
        }
    }

    // MARK: - Drawing

    /// The list, and below it room for why the selected action cannot be done.
    private func split(_ rect: Rect) -> (list: Rect, foot: Rect) {
        let (list, foot) = rect.splitBottom(rect.rows >= 16 ? 4 : rect.rows >= 5 ? 1 : 0)
        return (list, foot)
    }

    func position(_ model: Model) -> String { list.position(among: lines.count) { lines[$0].isHeading } }

    func summary(_ surroundings: Surroundings) -> [Span] {
        let enabled = lines.count { line in
            guard case .action(let kind, let subject) = line else { return false }
            return subject.availability(of: kind, surroundings.model).isEnabled
        }
        let all = lines.count { !$0.isHeading }
        return [
            Span("Actions", .title), Span(" · \(enabled) of \(all) can be done here"), Span(" · each shows its plan first", .muted),
        ]
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        let model = surroundings.model
        let (body, foot) = split(rect)
        Page(isProduction: model.isProduction)
            .render(into: &surface, body, list: list, count: lines.count) { row(lines[$0], surroundings) }
        renderFoot(into: &surface, foot, surroundings)
    }

    private func row(_ line: Line, _ surroundings: Surroundings) -> Page.Line {
        switch line {
        case .heading(let subject): return .heading(subject.title)
        case .action(let kind, let subject):
            let command = CommandTable.command(kind.command)
            let keys = surroundings.keymap.keys(of: kind.command, in: .actions).first?.label ?? ""
            func pad(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(width - Width.of(text), 1)) }
            let name = pad(command?.title ?? kind.command.rawValue, 19)
            switch subject.availability(of: kind, surroundings.model) {
            case .enabled:
                let danger = command?.danger == .destroys ? Span("destroys: ", .statusWarning) : Span("")
                return .row([Span(pad(keys, 4), .keyName), Span(name), danger, Span(command?.help ?? "", .muted)])
            case .disabled(let reason):
                return .row([Span(pad(keys, 4), .keyDisabled), Span(name, .keyDisabled), Span("✕ \(reason)", .keyDisabled)])
            }
        }
    }

    /// The whole of what is said about the selected action: a reason is often longer than a line.
    private func renderFoot(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        guard !rect.isEmpty, case .action(let kind, let subject)? = selected else { return }
        var lines: [[Span]] = []
        if case .disabled(let reason) = subject.availability(of: kind, surroundings.model) {
            if let refusal = subject.refusal(of: kind, surroundings.model), refusal.clause == reason {
                lines.append([Span("✕ \(refusal.message)\(refusal.rule.map { " [\($0)]" } ?? "")", .statusWarning)])
                if !refusal.remedy.isEmpty { lines.append([Span("  \(refusal.remedy)")]) }
            } else {
                lines.append([Span("✕ \(reason)", .statusWarning)])
            }
        } else {
            lines.append([Span(CommandTable.command(kind.command)?.help ?? "", .muted)])
        }
        let layout = TextLayout([.lines(TextBlock.visible(lines), .prose)], width: max(rect.columns - 3, 1))
        for row in 0..<min(layout.count, rect.rows) {
            surface.put(row: rect.row + row, column: rect.column + min(2, rect.columns - 1), layout.row(row), truncation: .clip)
        }
    }
}
