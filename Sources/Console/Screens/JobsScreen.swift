internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// All jobs, the newest first: how far they are, how fast, what is left. Those of this console tell by themselves.
struct JobsScreen: Screen, JobSelecting {
    let context = KeyContext.jobs
    let crumbs = ["jobs"]
    private(set) var filter = TextFilter()
    private var listed = Loadable<[JobEntry]>()
    private var rows: [JobEntry] = []
    private var list = ListState()
    private var height = 1
    /// The job to select once it is there.
    private var wanted: Int?

    /// How often the list is read again while another process runs a job.
    private static let interval = Duration.seconds(2)

    init(selecting id: Int? = nil) { wanted = id }

    // MARK: - Loading

    mutating func appear(_ turn: inout Turn) {
        load(&turn)
        modelChanged(turn.model)
    }

    private mutating func load(_ turn: inout Turn) {
        if listed.load == nil { listed.begin(turn.start(.jobs)) }
    }

    mutating func disappear(_ turn: inout Turn) { turn.stop(listed.load) }
    func loads(_ model: Model) -> [LoadID] { [listed.load].compactMap(\.self) }
    /// What is read again by itself is waited for by nobody.
    func awaited(_ model: Model) -> [LoadID] { listed.value == nil ? loads(model) : [] }

    mutating func stopLoading(_ turn: inout Turn) {
        turn.stop(listed.load)
        listed.stop()
    }

    mutating func receive(_ id: LoadID, _ answer: Answer, _ turn: inout Turn) -> Bool {
        guard id == listed.load, case .jobs(let jobs) = answer else { return false }
        listed.set(jobs, asOf: turn.now)
        modelChanged(turn.model)
        return true
    }

    mutating func finish(_ id: LoadID, _ error: OperatorError?, _ turn: inout Turn) -> Bool {
        guard id == listed.load else { return false }
        listed.finish(error)
        return true
    }

    func refreshDue(_ model: Model) -> Timestamp? {
        guard listed.load == nil, listed.error == nil, let asOf = listed.asOf else { return nil }
        let isElsewhere = rows.contains { row in
            guard case .success(let progress) = row.progress else { return false }
            return !progress.isOver && !model.jobs.isRunning(row.id)
        }
        return isElsewhere ? asOf.advanced(by: JobsScreen.interval) : nil
    }

    mutating func refreshQuietly(_ turn: inout Turn) { load(&turn) }

    // MARK: - Rows

    mutating func apply(filter: TextFilter, model: Model) {
        self.filter = filter
        modelChanged(model)
    }

    /// What this console knows of its own jobs is newer than what was listed.
    mutating func modelChanged(_ model: Model) {
        let selected = wanted ?? self.selected?.id
        var entries = Dictionary((listed.value ?? []).map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        for id in model.jobs.known.keys {
            let asOf = entries[id] == nil ? nil : listed.asOf
            if let progress = model.jobs.newer(id, than: asOf) { entries[id] = JobEntry(id: id, progress: .success(progress)) }
        }
        rows = entries.values.sorted { $0.id > $1.id }.filter { filter.matches(["#\($0.id)", title(of: $0), stateText(of: $0)]) }
        let place = selected.flatMap { id in rows.firstIndex { $0.id == id } }
        if place != nil { wanted = nil }
        list.select(place ?? list.selected, count: rows.count, height: height)
    }

    private func title(of entry: JobEntry) -> String {
        switch entry.progress {
        case .success(let progress): progress.headline
        case .failure(let error): error.message
        }
    }

    private func stateText(of entry: JobEntry) -> String {
        guard case .success(let progress) = entry.progress else { return "unreadable" }
        return JobFigures.state(progress).text
    }

    private var selected: JobEntry? { rows.indices.contains(list.selected) ? rows[list.selected] : nil }

    func selectedJob(_ model: Model) -> JobProgress? {
        guard let selected else { return nil }
        if case .success(let progress) = selected.progress { return progress }
        return nil
    }

    mutating func settle(rows: Int, columns: Int, model: Model) {
        height = Table.bodyHeight(split(Rect(row: 0, column: 0, rows: rows, columns: columns)).table)
        list.settle(count: self.rows.count, height: height)
    }

    // MARK: - Commands

    func availability(of command: CommandID, model: Model) -> Availability {
        guard command == .open else { return .enabled }
        return selectedJob(model) == nil ? .disabled("no job is selected") : .enabled
    }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        if let step = ListState.Step(command) {
            list.move(step, count: rows.count, height: height)
            return
        }
        switch command {
        case .open: if let job = selectedJob(turn.model) { turn.navigation = .push(JobScreen(job)) }
        case .refresh: load(&turn)
        default: break
        }
    }

    mutating func press(row: Int, column: Int, _ turn: inout Turn) {
        let line = list.top + row - 1
        guard row >= 1, row <= height, rows.indices.contains(line) else { return }
        if line == list.selected { perform(.open, &turn) } else { list.select(line, count: rows.count, height: height) }
    }

    // MARK: - Drawing

    private func split(_ rect: Rect) -> (table: Rect, foot: Rect) {
        let (table, foot) = rect.splitBottom(rect.rows >= 6 ? 2 : 0)
        return (table, foot)
    }

    func asOf(_ model: Model) -> Timestamp? { listed.asOf }

    func position(_ model: Model) -> String {
        rows.isEmpty ? "" : "\(Figures.count(list.selected + 1)) of \(Figures.count(rows.count))"
    }

    func summary(_ surroundings: Surroundings) -> [Span] {
        var spans = [Span(Figures.count(rows.count, "job"), .title)]
        let running = surroundings.model.jobs.running.count
        if running > 0 { spans.append(Span(" · \(running) running here", .statusPending)) }
        if isFiltered { spans.append(Span(" · filtered", .match)) }
        return spans
    }

    private static let columns = [
        TableColumn("job", 4, upTo: 8, .right, worth: 100),
        TableColumn("what", 11, upTo: 60, worth: 90),
        TableColumn("progress", JobsScreen.barWidth, worth: 75),
        TableColumn("done", 15, upTo: 23, .right, worth: 85),
        TableColumn("state", 11, upTo: 12, worth: 95),
        TableColumn("rate", 6, upTo: 9, .right, worth: 50),
        TableColumn("left", 9, upTo: 14, .right, worth: 60),
        TableColumn("failed", 6, upTo: 9, .right, worth: 80),
    ]
    private static let barWidth = 10

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        let (body, foot) = split(rect)
        let visible = list.visible(count: rows.count, height: Table.bodyHeight(body))
        Table(columns: JobsScreen.columns, isProduction: surroundings.model.isProduction)
            .fitted(to: rows[visible].lazy.map { cells(of: $0) })
            .render(into: &surface, body, list: list, count: rows.count) { cells(of: rows[$0]) }
        let below = body.splitTop(1).rest
        if rows.isEmpty {
            if let error = listed.error {
                Placeholder.render(error, into: &surface, below, retry: "^R tries again · q goes back")
            } else if listed.load != nil, listed.value == nil {
                Placeholder.render("Reading the journals of jobs…", role: .statusPending, into: &surface, below)
            } else {
                Placeholder.render(
                    isFiltered
                        ? "No job fits the filter. esc clears it."
                        : "No job was begun yet. A on messages or groups shows what can be done.",
                    into: &surface, below)
            }
        }
        renderFoot(into: &surface, foot)
    }

    private func cells(of entry: JobEntry) -> [Span] {
        guard case .success(let job) = entry.progress else {
            return [Span("#\(entry.id)"), Span(title(of: entry), .statusError), Span(""), Span(""), Span("unreadable", .statusError)]
        }
        let (state, role) = JobFigures.state(job)
        return [
            Span("#\(job.id)"), Span(job.headline), Span(JobFigures.bar(job.settled, of: job.total, width: JobsScreen.barWidth), role.role),
            Span("\(Figures.count(job.done)) / \(Figures.count(job.total))"), Span(state, role.role),
            Span(JobFigures.rateText(job) ?? "–", .muted),
            Span(JobFigures.left(job).map { Figures.duration($0) } ?? (job.isResumable ? "R resumes" : "·"), .muted),
            Span(Figures.count(job.failed), job.failed > 0 ? .statusError : .muted),
        ]
    }

    /// What stopped the selected job, what is in doubt, and where the export is.
    private func renderFoot(into surface: inout Surface, _ rect: Rect) {
        guard !rect.isEmpty, case .success(let job)? = selected?.progress else { return }
        var parts: [Span] = []
        if let message = job.message { parts.append(Span("! \(message) ", .statusWarning)) }
        if !job.unknown.isEmpty { parts.append(Span("\(Figures.count(job.unknown.count)) unknown (enter says which) ", .statusWarning)) }
        if job.gone > 0 { parts.append(Span("\(Figures.count(job.gone)) were gone before ", .statusInfo)) }
        if let export = job.export { parts.append(Span("export \(export)", .muted)) }
        surface.put(row: rect.row, column: rect.column + 2, [Span(job.headline, .muted)], maxWidth: max(rect.columns - 3, 0))
        guard rect.rows > 1 else { return }
        surface.put(row: rect.row + 1, column: rect.column + 2, parts, maxWidth: max(rect.columns - 3, 0))
    }
}
