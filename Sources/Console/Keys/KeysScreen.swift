internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// The shared access rules of the namespace, the worst first by the age of their keys; below them what could not be read, and the way to no keys at all.
/// Nothing is changed here, and no key is fetched.
struct KeysScreen: Screen, Saving {
    let context = KeyContext.keys
    let crumbs = ["keys"]
    private(set) var filter = TextFilter()
    /// The reading that this screen began; it ends with the screen.
    private var ownLoad: LoadID?
    private var list = NotedList()
    private var rows: [KeyAge] = []
    private var survey: KeySurvey?
    private var title: ContextTitle?

    // MARK: - Loading

    mutating func appear(_ turn: inout Turn) {
        let keys = turn.model.keys
        if keys.value == nil, keys.error == nil, !keys.isStopped { load(&turn) }
        modelChanged(turn.model)
    }

    private mutating func load(_ turn: inout Turn) {
        guard turn.model.keys.load == nil else { return }
        let id = turn.start(.keys)
        turn.model.keys.begin(id)
        ownLoad = id
    }

    mutating func disappear(_ turn: inout Turn) {
        guard let ownLoad, ownLoad == turn.model.keys.load else { return }
        turn.stop(ownLoad)
        turn.model.keys.leave()
    }

    func loads(_ model: Model) -> [LoadID] { [model.keys.load].compactMap(\.self) }

    mutating func stopLoading(_ turn: inout Turn) {
        turn.stop(turn.model.keys.load)
        turn.model.keys.stop()
    }

    // MARK: - Rows

    mutating func apply(filter: TextFilter, model: Model) {
        self.filter = filter
        arrange()
    }

    mutating func modelChanged(_ model: Model) {
        title = model.title
        guard survey?.asOf != model.keys.value?.asOf else { return }
        survey = model.keys.value
        arrange()
    }

    private var selected: KeyAge? { list.selected.flatMap { rows.indices.contains($0) ? rows[$0] : nil } }

    private mutating func arrange() {
        guard let survey else { return }
        let chosen = selected?.rule
        rows = isFiltered ? survey.ages.filter { filter.matches(KeyText.words($0)) } : survey.ages
        var notes = KeyText.notes(survey, title)
        if rows.isEmpty {
            let text = isFiltered ? "No rule fits the filter. esc clears it." : "There is no shared access rule, as far as could be read."
            notes.insert([Span(text, .muted)], at: 0)
        }
        let place = chosen.flatMap { rule in rows.firstIndex { $0.rule == rule } }
        list.set(count: rows.count, notes: notes, selecting: place ?? (chosen == nil ? nil : 0))
    }

    mutating func settle(rows: Int, columns: Int, model: Model) { list.settle(rows: rows, columns: columns) }

    // MARK: - Commands

    func accessTopic(_ model: Model) -> AccessTopic { selected?.rule.entity.map { .entity($0) } ?? .namespace }

    func availability(of command: CommandID, model: Model) -> Availability {
        switch command {
        case .open: selected == nil ? .disabled("no rule is selected") : .enabled
        case .copyValue, .saveValue: selected.map { KeyScreen.copying($0) } ?? .disabled("no rule is selected")
        default: .enabled
        }
    }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        if let step = ListState.Step(command) { return list.move(step) }
        switch command {
        case .open: if let selected, let survey { turn.navigation = .push(KeyScreen(selected, of: survey)) }
        case .refresh: load(&turn)
        case .copyValue: if let line = rotationLine { turn.add(.copy(line, name: KeyScreen.copied)) }
        default: break
        }
    }

    private var rotationLine: String? { title.flatMap { selected?.rotationCommand(in: $0) } }

    func content(for command: CommandID) -> [UInt8]? { rotationLine.map { Array("\($0)\n".utf8) } }

    mutating func press(row: Int, column: Int, _ turn: inout Turn) {
        guard list.press(row: row), availability(of: .open, model: turn.model).isEnabled else { return }
        perform(.open, &turn)
    }

    // MARK: - Drawing

    func asOf(_ model: Model) -> Timestamp? { model.keys.asOf }

    func position(_ model: Model) -> String { list.position }

    func summary(_ surroundings: Surroundings) -> [Span] {
        guard let survey else { return [Span("Keys", .title)] }
        let isNarrow = surroundings.columns < 100
        var spans = [Span(Figures.count(survey.ages.count, "rule"), .title)]
        if survey.old > 0 { spans += [Span(" · "), Span("! \(Figures.count(survey.old)) too old", .statusError)] }
        if survey.unknown > 0 {
            spans += [
                Span(" · "), Span("✕ \(Figures.count(survey.unknown)) \(isNarrow ? "age unknown" : "of no known age")", .statusWarning),
            ]
        }
        spans += [Span(" · "), KeyText.taking(survey.takesKeys, isNarrow: isNarrow)]
        if !survey.gaps.isEmpty { spans += [Span(" · "), Span("✕ \(Figures.count(survey.gaps.count)) not read", .statusWarning)] }
        if surroundings.model.keys.error != nil { spans.append(Span(" · ! not read again (L)", .statusError)) }
        return spans
    }

    private static let columns = [
        TableColumn("age", 9, upTo: 14, worth: 100),
        TableColumn("may be", 6, upTo: 12, worth: 70),
        TableColumn("rule", 12, upTo: 44, worth: 98),
        TableColumn("opens", 11, upTo: 50, worth: 95),
        TableColumn("rights", 6, upTo: 20, worth: 85),
        TableColumn("in use", 7, upTo: 9, worth: 45),
        TableColumn("rotation", 8, upTo: 40, worth: 60),
        TableColumn("wrong", 22, upTo: 60, worth: 97),
    ]

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        let keys = surroundings.model.keys
        guard survey != nil else {
            surface.cursor = Surface.Position(row: rect.row, column: rect.column)
            if let error = keys.error {
                return Placeholder.render(error, into: &surface, rect, retry: "^R tries again · L shows the log · q goes back")
            }
            let text =
                keys.isStopped
                ? "Stopped. ^R reads the rules." : "Reading the shared access rules, of the namespace and of each queue and topic…"
            return Placeholder.render(text, role: keys.isStopped ? .muted : .statusPending, into: &surface, rect)
        }
        let table = Table(columns: KeysScreen.columns, isProduction: surroundings.model.isProduction)
            .fitted(to: rows.prefix(300).lazy.map { KeysScreen.cells(of: $0) })
        list.render(table, into: &surface, rect, foot: selected.map { KeyText.foot($0) } ?? []) { KeysScreen.cells(of: rows[$0]) }
    }

    private static func cells(of age: KeyAge) -> [Span] {
        [
            KeyText.age(age), KeyText.limit(age), Span(age.rule.name), Span(KeyText.place(age.rule)), Span(age.rule.rightsText, .muted),
            Span(age.active ?? "–", .muted), Span(age.round ?? "–", age.round == nil ? .muted : .statusPending), KeyText.findings(age),
        ]
    }
}
