internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// One job in full: what was planned, how far it is, which messages failed and why, and which are in doubt.
struct JobScreen: Screen, JobSelecting {
    let context = KeyContext.job
    let filter = TextFilter()
    private var progress: JobProgress
    private var details = Loadable<ActionPlan>()
    private var text = ScrolledText(hang: PlanText.label)

    init(_ progress: JobProgress) {
        self.progress = progress
        arrange()
    }

    var crumbs: [String] { ["jobs", "#\(progress.id)"] }

    func selectedJob(_ model: Model) -> JobProgress? { model.jobs.isRunning(progress.id) ? model.jobs.known[progress.id] : progress }

    // MARK: - Loading

    mutating func appear(_ turn: inout Turn) {
        if case .notAsked = details.phase { details.begin(turn.start(.job(progress.id))) }
        modelChanged(turn.model)
    }

    mutating func disappear(_ turn: inout Turn) { turn.stop(details.load) }
    func loads(_ model: Model) -> [LoadID] { [details.load].compactMap(\.self) }

    mutating func stopLoading(_ turn: inout Turn) {
        turn.stop(details.load)
        details.stop()
    }

    mutating func receive(_ id: LoadID, _ answer: Answer, _ turn: inout Turn) -> Bool {
        guard id == details.load, case .job(let plan, let progress) = answer else { return false }
        details.set(plan, asOf: turn.now)
        if !turn.model.jobs.isRunning(progress.id) { self.progress = progress }
        arrange()
        return true
    }

    mutating func finish(_ id: LoadID, _ error: OperatorError?, _ turn: inout Turn) -> Bool {
        guard id == details.load else { return false }
        details.finish(error)
        arrange()
        return true
    }

    /// A job of this console tells by itself.
    mutating func modelChanged(_ model: Model) {
        guard let newer = model.jobs.newer(progress.id, than: details.asOf) else { return }
        progress = newer
        arrange()
    }

    mutating func apply(filter: TextFilter, model: Model) {}
    mutating func settle(rows: Int, columns: Int, model: Model) { text.settle(rows: rows, columns: columns) }

    // MARK: - Commands

    func availability(of command: CommandID, model: Model) -> Availability { .enabled }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        if let step = ListState.Step(command) { return text.move(step) }
        if command == .refresh, details.load == nil { details.begin(turn.start(.job(progress.id))) }
    }

    // MARK: - Lines

    private mutating func arrange() {
        let job = progress
        let (state, role) = JobFigures.state(job)
        var lines: [[Span]] = []
        func row(_ name: String, _ spans: Span...) {
            lines.append([Span(name + String(repeating: " ", count: max(PlanText.label - name.utf8.count, 1)), .muted)] + spans)
        }
        row("what", Span(job.headline))
        var facts = [state]
        if let rate = JobFigures.rateText(job) { facts.append(rate) }
        if let left = JobFigures.left(job) { facts.append("\(Figures.duration(left)) left") }
        facts.append("ran \(Figures.duration(job.elapsed))")
        row("state", Span(facts.joined(separator: " · "), role.role))
        row(
            "progress", Span(JobFigures.bar(job.settled, of: job.total, width: 24) + " ", role.role),
            Span("\(Figures.count(job.done)) / \(Figures.count(job.total))"))
        if let message = job.message { row("message", Span("! \(message)", .statusWarning)) }
        row("begun", Span("\(job.startedAt.rfc3339)"))
        if let error = details.error { row("journal", Span("! \(error.description) ^R reads it again.", .statusError)) }
        if let plan = details.value {
            row("where", Span("\(plan.title.name) (\(plan.title.endpoint)): \(plan.source.displayName)"))
            row("chosen", Span(plan.choice))
            if let first = plan.snapshot.first, let last = plan.snapshot.last { row("snapshot", Span("#\(first) … #\(last)")) }
            row("rate", Span(plan.rate.map { "\(Figures.count($0))/s at most" } ?? "as fast as it goes"))
        }
        if let export = job.export {
            row("export", Span(export))
            if let warning = job.exportWarning { row("", Span("! it \(warning)", .statusWarning)) }
        }
        if job.gone > 0 { row("gone", Span("\(Figures.count(job.gone, "message")) were gone before anything was done with them")) }
        if !job.unknown.isEmpty {
            row(
                "unknown",
                Span(
                    "! of these nobody knows whether a copy was sent; the originals are there: \(JobScreen.list(job.unknown))",
                    .statusWarning))
        }
        if !job.maybeDoubled.isEmpty {
            row("twice?", Span("! these may be there twice: \(JobScreen.list(job.maybeDoubled))", .statusWarning))
        }
        if job.failed > 0 {
            let isAll = job.failures.count == job.failed
            let text = Figures.count(job.failed, "message")
            row("failed", Span("! \(text), as they were" + (isAll ? "" : "; the first \(job.failures.count) are listed"), .statusError))
            for failure in job.failures { row("", Span("#\(failure.number)  ", .statusError), Span(failure.reason)) }
        }
        if job.isResumable { row("", Span("R goes on with it: nothing is done twice that was settled", .statusInfo)) }
        text.set(lines)
    }

    /// Numbers, with neighbours as a range; of very many the first.
    static func list(_ numbers: [SequenceNumber]) -> String {
        let most = 50
        let ranges = SequenceNumberSet(numbers).ranges(gap: 1)
        let texts = ranges.prefix(most).map { $0.lowerBound == $0.upperBound ? "#\($0.lowerBound)" : "#\($0.lowerBound)-\($0.upperBound)" }
        return texts.joined(separator: ", ") + (ranges.count > most ? " and \(Figures.count(ranges.count - most)) more ranges" : "")
    }

    // MARK: - Drawing

    func asOf(_ model: Model) -> Timestamp? { details.asOf }
    func position(_ model: Model) -> String { text.position }

    func summary(_ surroundings: Surroundings) -> [Span] {
        let (state, role) = JobFigures.state(progress)
        return [
            Span("Job \(progress.id)", .title), Span(" · "), Span(state, role.role),
            Span(" · \(Figures.count(progress.done)) of \(Figures.count(progress.total))"),
        ]
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) { text.render(into: &surface, rect) }
}
