internal import CallboardCore
internal import ServiceBus

/// Jobs belong to no screen: they go on whatever is shown, and every screen's top line has them.
extension App {
    /// A job tells how far it is. The first word of it ends the wait of the screen that began it.
    mutating func note(_ progress: JobProgress, _ id: LoadID, now: Timestamp) -> [Effect] {
        let isNew = !model.jobs.contains(id)
        model.jobs.note(progress, id)
        errands[id] = nil
        modelChanged()
        guard isNew else { return [] }
        return turn(now) { app, turn in
            let path = app.screens.lazy.compactMap { ($0 as? PlanScreen)?.path(begunBy: id) }.first
            if let path { for index in app.screens.indices { app.screens[index].actionBegan(on: path) } }
            for index in app.screens.indices where app.screens[index].receive(id, .jobProgress(progress), &turn) { return }
        }
    }

    /// A job is over: that is said wherever one is, and what is loaded next shows what became of the queues.
    mutating func endJob(_ id: LoadID, now: Timestamp) -> [Effect] {
        guard let progress = model.jobs.end(id, now: now) else { return [] }
        modelChanged()
        let state = JobFigures.state(progress)
        var text = "Job \(progress.id) \(state.text): \(Figures.count(progress.done)) of \(Figures.count(progress.total))"
        if progress.failed > 0 { text += ", \(Figures.count(progress.failed)) failed" }
        if let message = progress.message { text += ". \(message)" }
        let isGood = progress.state == .finished || progress.state == .cancelled
        if !isGood { model.append(LogEntry(time: now, level: .warning, source: "", text: text)) }
        notice = Notice(kind: isGood ? .info : .warning, text: text)
        return []
    }

    /// The job that the screen on top has selected.
    private var selectedJob: JobProgress? { (top as? any JobSelecting)?.selectedJob(model) }

    func jobAvailability(of id: CommandID) -> Availability {
        guard let job = selectedJob else { return .disabled("no job is selected") }
        let isOurs = model.jobs.isRunning(job.id)
        switch id {
        case .resumeJob:
            if isOurs { return .disabled(job.state == .paused ? "it is paused; p goes on" : "it is running") }
            guard job.isResumable else {
                return .disabled(job.isOver ? "it is over: there is nothing to go on with" : "another process runs it")
            }
            if let changeRefusal = model.changeRefusal { return .disabled(changeRefusal) }
            return .enabled
        default:
            if isOurs { return .enabled }
            return .disabled(job.isOver ? "it does not run" : "another process runs it")
        }
    }

    mutating func order(_ id: CommandID, now: Timestamp) -> [Effect] {
        guard let job = selectedJob else { return [] }
        switch id {
        case .pauseJob: return errand(.order(job.state == .paused ? .goOn : .pause, job.id), now: now)
        case .cancelJob: return errand(.order(.cancel, job.id), now: now)
        default: return errand(.resume(job.id), now: now)
        }
    }

    /// Leaves the console; while jobs run, that is asked first.
    mutating func quit(now: Timestamp) -> [Effect] {
        let running = model.jobs.running
        guard !running.isEmpty else { return [.quit(0)] }
        let ids = running.map { "#\($0.id)" }.joined(separator: ", ")
        let isOne = running.count == 1
        return turn(now) { _, turn in
            turn.question = Question(
                label: isOne ? "a job runs; quit?" : "\(running.count) jobs run; quit?",
                help:
                    "\(ids) \(isOne ? "stops" : "stop") between messages and can be gone on with: R on the jobs screen, or callboard jobs resume",
                choices: [.init(text: "no", note: "stay"), .init(text: "yes", note: "stop and leave")], purpose: .quit)
        }
    }

    mutating func accept(quitting answer: String) -> [Effect] {
        prompt = nil
        return ["y", "yes"].contains(answer.lowercased()) ? [.quit(0)] : []
    }
}

/// A screen on which one job is meant.
protocol JobSelecting {
    /// That one, as it was last told of.
    func selectedJob(_ model: Model) -> JobProgress?
}
