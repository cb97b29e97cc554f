internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// What was done, by the audit ledger of this user on this machine, the newest first.
struct HistoryScreen: Screen {
    let context = KeyContext.history
    let crumbs = ["history"]
    private(set) var filter = TextFilter()
    private var found = Loadable<History>()
    private var rows: [HistoryEntry] = []
    private var list = ListState()
    private var height = 1

    // MARK: - Loading

    mutating func appear(_ turn: inout Turn) { if case .notAsked = found.phase { load(&turn) } }

    private mutating func load(_ turn: inout Turn) {
        turn.stop(found.load)
        found.begin(turn.start(.history))
    }

    mutating func disappear(_ turn: inout Turn) { turn.stop(found.load) }
    func loads(_ model: Model) -> [LoadID] { [found.load].compactMap(\.self) }

    mutating func stopLoading(_ turn: inout Turn) {
        turn.stop(found.load)
        found.stop()
    }

    mutating func receive(_ id: LoadID, _ answer: Answer, _ turn: inout Turn) -> Bool {
        guard id == found.load, case .history(let history) = answer else { return false }
        found.set(history, asOf: turn.now)
        arrange()
        return true
    }

    mutating func finish(_ id: LoadID, _ error: OperatorError?, _ turn: inout Turn) -> Bool {
        guard id == found.load else { return false }
        found.finish(error)
        return true
    }

    // MARK: - Rows

    mutating func apply(filter: TextFilter, model: Model) {
        self.filter = filter
        arrange()
    }

    private mutating func arrange() {
        let selected = rows.indices.contains(list.selected) ? rows[list.selected].sequence : nil
        rows = (found.value?.entries ?? []).filter { $0.matches(filter) }
        let place = selected.flatMap { number in rows.firstIndex { $0.sequence == number } }
        list.select(list.selected == 0 ? 0 : place ?? 0, count: rows.count, height: height)
    }

    mutating func settle(rows: Int, columns: Int, model: Model) {
        height = Table.bodyHeight(Rect(row: 0, column: 0, rows: rows, columns: columns))
        list.settle(count: self.rows.count, height: height)
    }

    // MARK: - Commands

    func availability(of command: CommandID, model: Model) -> Availability {
        command == .open && rows.isEmpty ? .disabled("no record is selected") : .enabled
    }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        if let step = ListState.Step(command) {
            list.move(step, count: rows.count, height: height)
            return
        }
        switch command {
        case .open: if rows.indices.contains(list.selected) { turn.navigation = .push(HistoryRecordScreen(rows[list.selected])) }
        case .refresh: load(&turn)
        default: break
        }
    }

    mutating func press(row: Int, column: Int, _ turn: inout Turn) {
        let line = list.top + row - 1
        guard row >= 1, rows.indices.contains(line) else { return }
        if line == list.selected { perform(.open, &turn) } else { list.select(line, count: rows.count, height: height) }
    }

    // MARK: - Drawing

    func asOf(_ model: Model) -> Timestamp? { found.asOf }

    func position(_ model: Model) -> String {
        rows.isEmpty ? "" : "\(Figures.count(list.selected + 1)) of \(Figures.count(rows.count))"
    }

    func summary(_ surroundings: Surroundings) -> [Span] {
        guard let history = found.value else { return [Span("History", .title)] }
        let isCut = history.entries.count >= History.most
        var spans = [Span("\(isCut ? "the last " : "")\(Figures.count(history.entries.count, "record"))", .title)]
        if isFiltered { spans.append(Span(" · \(Figures.count(rows.count)) shown", .match)) }
        if let problem = history.problem {
            spans.append(Span(" · ! \(problem)", .statusError))
        } else {
            spans.append(Span(" · the ledger is whole", .muted))
        }
        return spans
    }

    private static let columns = [
        TableColumn("time (UTC)", 14, upTo: 19, worth: 70),
        TableColumn("action", 12, upTo: 26, worth: 100),
        TableColumn("outcome", 9, worth: 95),
        TableColumn("entity", 12, upTo: 60, worth: 90),
        TableColumn("messages", 10, upTo: 50, worth: 60),
        TableColumn("rule", 8, upTo: 32, worth: 75),
        TableColumn("job", 3, upTo: 8, .right, worth: 50),
        TableColumn("who", 6, upTo: 20, worth: 40),
    ]

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        let visible = list.visible(count: rows.count, height: Table.bodyHeight(rect))
        Table(columns: HistoryScreen.columns, isProduction: surroundings.model.isProduction)
            .fitted(to: rows[visible].lazy.map { cells(of: $0, surroundings.now) })
            .render(into: &surface, rect, list: list, count: rows.count) { cells(of: rows[$0], surroundings.now) }
        guard rows.isEmpty else { return }
        let below = rect.splitTop(rect.rows >= 2 ? 1 : 0).rest
        if let error = found.error {
            Placeholder.render(error, into: &surface, below, retry: "^R tries again · q goes back")
        } else if found.load != nil {
            Placeholder.render("Reading the ledger…", role: .statusPending, into: &surface, below)
        } else if found.isStopped {
            Placeholder.render("Stopped. ^R reads the ledger.", into: &surface, below)
        } else {
            Placeholder.render(isFiltered ? "No record fits the filter. esc clears it." : "Nothing was done yet.", into: &surface, below)
        }
    }

    private func cells(of entry: HistoryEntry, _ now: Timestamp) -> [Span] {
        let role: Role =
            switch entry.outcome {
            case "done": .statusOK
            case "refused", "failed": .statusError
            case "partly", "cancelled": .statusWarning
            default: .muted
            }
        return [
            Span(entry.time.map { Figures.moment($0, now: now) } ?? "–", .muted), Span(entry.action), Span(entry.outcome, role),
            Span(entry.entity), Span(entry.counts, .muted), Span(entry["rule"] ?? "–", .muted),
            Span(entry["job"].map { "#\($0)" } ?? "–", .muted),
            Span(entry["actor.name"] ?? "–", .muted),
        ]
    }
}

/// One record of the ledger with all its fields.
struct HistoryRecordScreen: Screen {
    let context = KeyContext.historyRecord
    let filter = TextFilter()
    private let entry: HistoryEntry
    private var text: ScrolledText

    init(_ entry: HistoryEntry) {
        self.entry = entry
        let label = (entry.fields.map(\.name.utf8.count).max() ?? 0) + 2
        text = ScrolledText(hang: min(label, 40))
        text.set(
            entry.fields.map { field in
                [Span(field.name + String(repeating: " ", count: max(label - field.name.utf8.count, 1)), .muted), Span(field.value)]
            })
    }

    var crumbs: [String] { ["history", "record \(entry.sequence)"] }

    mutating func apply(filter: TextFilter, model: Model) {}
    mutating func settle(rows: Int, columns: Int, model: Model) { text.settle(rows: rows, columns: columns) }
    func availability(of command: CommandID, model: Model) -> Availability { .enabled }
    mutating func perform(_ command: CommandID, _ turn: inout Turn) { if let step = ListState.Step(command) { text.move(step) } }
    func position(_ model: Model) -> String { text.position }
    func summary(_ surroundings: Surroundings) -> [Span] { [Span(entry.type, .title), Span(" · \(entry.entity)")] }
    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) { text.render(into: &surface, rect) }
}
