internal import CallboardCore
internal import ServiceBus

/// Jobs belong to no screen: they go on whatever is shown, and every screen's top line has them.
extension App {
    /// A job tells how far it is. The first word of it ends the wait of the screen that began it.
    mutating func note(_ progress: JobProgress, _ id: LoadID, now: Timestamp) -> [Effect] {
        let isNew = !model.jobs.contains(id)
        guard model.jobs.note(progress, id) else { return [] }
        errands[id] = nil
        modelChanged()
        guard isNew else { return [] }
        return turn(now) { app, turn in
            for index in app.screens.indices {
                guard let path = (app.screens[index] as? PlanScreen)?.path(begunBy: id) else { continue }
                for place in app.screens.indices { app.screens[place].actionBegan(on: path) }
                turn.say(.info, "Job \(progress.id) has begun.")
                return app.leave(planAt: index, begun: progress.id, &turn)
            }
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
            if resumptions.contains(job.id) { return .disabled("it is being gone on with; wait for the answer") }
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
        default: return errand(.resume(job.id, Justification()), now: now)
        }
    }

    /// The jobs that are to be gone on with and have not told anything yet.
    private var resumptions: [Int] { errands.values.compactMap { if case .resume(let id, _) = $0 { id } else { nil } } }

    /// Why no screen may go; nil: none waits for its job, or for the answer to something that it sent.
    var beginningObstacle: String? {
        if screens.contains(where: { ($0 as? PlanScreen)?.isBeginning == true }) { return "a job is beginning; wait for the answer" }
        return screens.contains { $0.isSending } ? "something was sent; wait for the answer" : nil
    }

    /// Leaves the console; while jobs run or begin, that is asked first.
    mutating func quit(now: Timestamp) -> [Effect] {
        var jobs = model.jobs.running.map { "#\($0.id)" } + resumptions.sorted(by: >).map { "#\($0)" }
        let beginning = screens.count { ($0 as? PlanScreen)?.isBeginning == true }
        let count = jobs.count + beginning
        guard count > 0 else { return screens.contains { $0.isSending } ? quitBeforeAnswer(now: now) : [.quit(0)] }
        if beginning > 0 { jobs.append("what is beginning") }
        let isOne = jobs.count == 1
        return turn(now) { _, turn in
            turn.question = Question(
                label: count == 1 ? "a job \(beginning == 1 ? "is beginning" : "runs"); quit?" : "\(count) jobs run; quit?",
                help:
                    "\(jobs.joined(separator: ", ")) \(isOne ? "stops" : "stop") between messages and can be gone on with: R on the jobs screen, or callboard jobs resume",
                choices: [.init(text: "no", note: "stay"), .init(text: "yes", note: "stop and leave")], purpose: .quit)
        }
    }

    /// What was sent and is not answered goes on at the service, and nobody sees what becomes of it.
    private mutating func quitBeforeAnswer(now: Timestamp) -> [Effect] {
        turn(now) { _, turn in
            turn.question = Question(
                label: "what was sent is not answered; quit?",
                help: "it may be done or half done, and nothing here would tell: callboard access list, or audit reconcile, shows it",
                choices: [.init(text: "no", note: "wait for the answer"), .init(text: "yes", note: "leave")], purpose: .quit)
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
