internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// What an action needs to be told, or may be: where to, how fast, why. From here its plan is made; nothing is sent.
struct ActionFormScreen: Screen {
    let context = KeyContext.form
    let filter = TextFilter()
    private var draft: ActionDraft
    private let fields: [ActionField]
    private var list = ListState()
    private var height = 1
    private var now = Timestamp(milliseconds: 0)

    init(_ draft: ActionDraft) {
        self.draft = draft
        fields = draft.kind.fields
    }

    var crumbs: [String] { [draft.kind.command.rawValue, "form"] }

    private var selected: ActionField? { fields.indices.contains(list.selected) ? fields[list.selected] : nil }

    mutating func appear(_ turn: inout Turn) { now = turn.now }

    mutating func apply(filter: TextFilter, model: Model) {}

    mutating func settle(rows: Int, columns: Int, model: Model) {
        // The last row tells about the selected line.
        height = rows > 4 ? rows - 1 : rows
        list.settle(count: fields.count, height: height)
    }

    // MARK: - Commands

    func availability(of command: CommandID, model: Model) -> Availability {
        switch command {
        case .open: return selected == nil ? .disabled("nothing is selected") : .enabled
        case .clear: return selected.map { isChanged($0) } == true ? .enabled : .disabled("it is as it was")
        case .review:
            if let field = draft.kind.needed(draft) { return .disabled("it needs \(field.name)") }
            return .enabled
        case .filter: return .disabled("all lines are here")
        default: return .enabled
        }
    }

    /// Whether a line says something else than when nothing was filled in.
    private func isChanged(_ field: ActionField) -> Bool { field.value(draft) != field.value(ActionDraft(draft.kind, draft.subject)) }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        now = turn.now
        if let step = ListState.Step(command) {
            list.move(step, count: fields.count, height: height)
            return
        }
        guard let field = selected else { return }
        switch command {
        case .open:
            turn.question = Question(
                label: field.name, text: field.value(draft) ?? "", help: field.help(draft.kind),
                choices: field.choices(draft, turn.model))
        case .clear: _ = field.set(field.value(ActionDraft(draft.kind, draft.subject)) ?? "", in: &draft, now: now)
        case .review: turn.navigation = .push(PlanScreen(draft, leaving: 2))
        default: break
        }
    }

    func check(_ answer: String, _ model: Model) -> Question.Problem? {
        var draft = draft
        return selected?.set(answer, in: &draft, now: now)
    }

    mutating func take(_ answer: String, _ turn: inout Turn) -> Question.Problem? { selected?.set(answer, in: &draft, now: turn.now) }

    mutating func press(row: Int, column: Int, _ turn: inout Turn) {
        let line = list.top + row
        guard row < height, fields.indices.contains(line) else { return }
        if line == list.selected { perform(.open, &turn) } else { list.select(line, count: fields.count, height: height) }
    }

    // MARK: - Drawing

    func position(_ model: Model) -> String { "\(list.selected + 1) of \(fields.count)" }

    func summary(_ surroundings: Surroundings) -> [Span] {
        let title = CommandTable.command(draft.kind.command)?.title ?? ""
        var spans = [Span(title, .title)]
        if let field = draft.kind.needed(draft) { spans.append(Span(" · needs \(field.name)", .statusWarning)) }
        spans += [Span(" · \(draft.subject.title)"), Span(" · nothing was done", .muted)]
        return spans
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        let (body, foot) = rect.rows > 4 ? rect.splitBottom(1) : (rect, rect.splitBottom(0).bottom)
        let label = (fields.map { Width.of($0.name) }.max() ?? 0) + 2
        Page(isProduction: surroundings.model.isProduction)
            .render(into: &surface, body, list: list, count: fields.count) { row(fields[$0], label) }
        guard !foot.isEmpty, let selected else { return }
        surface.put(
            row: foot.row, column: foot.column + 2, selected.help(draft.kind), role: .muted, maxWidth: max(foot.columns - 3, 0),
            truncation: .ellipsis)
    }

    private func row(_ field: ActionField, _ label: Int) -> Page.Line {
        let isChanged = isChanged(field)
        let name = field.name + String(repeating: " ", count: max(label - Width.of(field.name), 1))
        let value: Span =
            if let text = field.value(draft) {
                Span(text, isChanged ? .statusInfo : .text)
            } else {
                Span(field.placeholder(draft.kind), draft.kind.needed(draft) == field ? .statusWarning : .muted)
            }
        return .row([Span(isChanged ? "* " : "  ", .statusInfo), Span(name, .muted), value])
    }
}
