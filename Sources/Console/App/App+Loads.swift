internal import CallboardCore
internal import ServiceBus

/// Answers to what was asked for, and the end of it: what all screens share is kept in the model, the rest goes to the screen that asked.
extension App {
    mutating func receive(_ id: LoadID, _ answer: Answer, now: Timestamp) -> [Effect] {
        switch answer {
        case .connected(let title) where id == model.connection.load:
            model.title = title
            model.connection.set(title, asOf: now)
        case .changes(let refusal, let guardrails) where id == model.connection.load:
            model.changeRefusal = refusal
            model.guardrails = guardrails
        case .jobProgress(let progress): return note(progress, id, now: now)
        case .outline(let board) where id == model.overview.load:
            model.take(outline: board)
            modelChanged()
        case .glimpse(let listing) where id == model.overview.load:
            model.take(glimpse: listing)
            modelChanged()
        case .overview(let overview) where id == model.overview.load:
            model.take(overview, now: now)
            log(overview.board.problems, now: now)
            modelChanged()
        case .accessPart(let part) where id == model.access.load: model.accessParts.insert(part)
        case .access(let snapshot) where id == model.access.load:
            model.access.set(snapshot, asOf: snapshot.asOf)
            log(snapshot.problems, now: now)
            modelChanged()
        case .inbox(let lists) where id == model.inbox.lists.load: return receive(lists, now: now)
        case .grants(let grants, let asOf) where id == model.inbox.grants.load:
            model.inbox.grants.set(grants, asOf: asOf)
            modelChanged()
        case .emergencies(let uses) where id == model.emergencies.load: return receive(uses)
        case .keys(let survey) where id == model.keys.load:
            model.keys.set(survey, asOf: survey.asOf)
            modelChanged()
        case .probed(let probe) where id == model.inbox.proving?.load:
            model.note(probe)
            modelChanged()
        case .palette(let palette, let name) where errands[id] != nil:
            notice = Notice(kind: .info, text: "Theme \(name).")
            return [.palette(palette)]
        case .themeNames(let names) where errands[id] != nil:
            themes = names
            return promptChanged()
        case .saved(let path) where errands[id] != nil:
            var what = "The screen was"
            if case .save(_, let content)? = errands[id] { what = "\(Figures.size(content.count)) were" }
            notice = Notice(kind: .info, text: "\(what) written to \(path).")
        case .editable(let text):
            guard case .editable(let place)? = errands[id] else { return [] }
            return edit(text, of: place)
        case .edited(let body):
            guard case .edited(let place, _)? = errands[id] else { return [] }
            return resubmit(body, of: place, now: now)
        case .exported(let summary) where errands[id] != nil:
            let (messages, size) = (Figures.count(summary.count, "message"), Figures.size(Int(clamping: summary.bytes)))
            notice = Notice(kind: .info, text: "\(messages) (\(size)) were written to \(summary.path).")
        default:
            return turn(now) { app, turn in
                for index in app.screens.indices where app.screens[index].receive(id, answer, &turn) {
                    return app.leave(askedAt: index, &turn)
                }
            }
        }
        return []
    }

    private mutating func log(_ problems: [CatalogueProblem], now: Timestamp) {
        for problem in problems where !model.log.contains(where: { $0.source == "catalogue" && $0.text == problem.description }) {
            model.append(LogEntry(time: now, level: .warning, source: "catalogue", text: problem.description))
        }
    }

    mutating func finish(_ id: LoadID, _ error: OperatorError?, now: Timestamp) -> [Effect] {
        let subject = model.subjects.removeValue(forKey: id)
        if model.jobs.contains(id) { return endJob(id, now: now) }
        if finishRequests(id, error, now: now) { return [] }
        // A stopped load is no longer anybody's; that it ended as cancelled is no news.
        let isKnown = errands[id] != nil || model.loads.contains(id) || screens.contains { $0.loads(model).contains(id) }
        guard isKnown else { return [] }
        if error == nil { model.mend(subject) }
        if let error, let asking = ask(after: error, id, now: now) { return asking }
        if let error {
            // What fails by itself again and again is told once, and interrupts nobody.
            let isQuiet = id == model.overview.load && model.isOverviewQuiet
            // That entities may not be listed is a fact and no failure; the screens say it with their figures.
            let isSaid = id == model.overview.load && error.isListingRefused && model.board != nil
            if !isQuiet || model.log.last?.text != error.description {
                model.append(LogEntry(time: now, level: isSaid ? .warning : .error, source: "", text: error.description), about: subject)
            }
            // Where the screen has content, the error is said in its line; an empty screen shows it in full.
            if !isQuiet, !isSaid, errands[id] != nil || !top.position(model).isEmpty {
                notice = Notice(kind: .error, text: error.description)
            }
            modelChanged()
        }
        if let errand = errands.removeValue(forKey: id) {
            bodies.end(errand)
            return []
        }
        return turn(now) { app, turn in
            if id == turn.model.connection.load {
                turn.model.connection.finish(error)
                if error == nil {
                    turn.loadOverview()
                    turn.loadEmergencies()
                }
            } else if id == turn.model.overview.load {
                turn.model.finishOverview(error, now: now)
                // Not before: in a large estate it is as much work again, and the board is what was opened.
                if turn.model.inbox.began == nil { turn.loadInbox(quietly: true) }
            } else if id == turn.model.access.load {
                turn.model.access.finish(error)
            } else if id == turn.model.keys.load {
                turn.model.keys.finish(error)
            } else {
                for index in app.screens.indices where app.screens[index].finish(id, error, &turn) {
                    return app.leave(coveredAt: index, &turn)
                }
            }
        }
    }
}
