internal import CallboardCore
internal import ServiceBus

/// Asking for roles and deciding about requests: from any screen, and what is new while others are shown.
extension App {
    /// Whether requests can be looked at, asked for, or decided here.
    func requestAvailability(of id: CommandID) -> Availability {
        guard let title = model.title else { return .disabled("there is no connection yet") }
        guard title.signsIn else { return .disabled("needs a context that signs in to Azure: docs/identity.md") }
        if id == .keys, [.keys, .key].contains(top.context) { return .disabled("these are the keys; q goes back") }
        if id == .requests, top.context == .requests { return .disabled("these are the requests; tab shows the others") }
        return .enabled
    }

    /// The form in which a role is asked for: on the entity that was named, or the one that the screen on top is about.
    mutating func ask(for name: String?, now: Timestamp) -> [Effect] {
        var path: EntityPath?
        if let name {
            guard let named = entity(named: name) else { return [] }
            path = named.entity
        } else if case .entity(let topic)? = top.askTopic(model) {
            path = topic.entity
        }
        // What is asked for is shown among the own requests: the list, and the request of it, that it was asked from are left.
        let listed = screens.reversed().prefix { [.requests, .request].contains($0.context) }.count
        return push(AskScreen(path, model: model, leaving: listed + 1), now: now)
    }

    /// Lists have come.
    mutating func receive(_ lists: AccessInbox, now: Timestamp) -> [Effect] {
        let news = model.take(lists)
        modelChanged()
        let effects = turn(now) { app, turn in
            turn.proveGrant()
            // What is selected now may be another one, of which more is to be known.
            if [.requests, .request].contains(app.top.context) { app.top.appear(&turn) }
        }
        guard let first = news.first else { return effects }
        let more = news.count > 1 ? " and \(Figures.count(news.count - 1)) more" : ""
        for text in news { model.append(LogEntry(time: now, level: .info, source: "access", text: text)) }
        modelChanged()
        // Who decides or types an answer is told when that is done: the line at the bottom is theirs.
        if prompt == nil { notice = Notice(kind: .info, text: "\(first)\(more) · ga shows it") }
        return effects + [.bell]
    }

    /// Something of requests was read, or could not be.
    /// - Returns: false where it was something else.
    mutating func finishRequests(_ id: LoadID, _ error: OperatorError?, now: Timestamp) -> Bool {
        switch id {
        case model.inbox.lists.load:
            model.inbox.lists.finish(error)
            note(error, about: .inbox, isQuiet: model.inbox.isQuiet, now: now)
        case model.inbox.grants.load:
            model.inbox.finishGrants(error, now: now)
            note(error, about: .grants, isQuiet: model.inbox.areGrantsQuiet, now: now)
        case model.emergencies.load:
            model.emergencies.load = nil
            // The same again and again is told once.
            if error != model.emergencies.problem { note(error, about: nil, isQuiet: true, now: now) }
            model.emergencies.problem = error
        case model.inbox.proving?.load: model.finishProbe(error, now: now)
        default: return false
        }
        modelChanged()
        return true
    }

    /// What nobody asked for is no error of theirs, and is told once.
    private mutating func note(_ error: OperatorError?, about subject: ErrorSubject?, isQuiet: Bool, now: Timestamp) {
        guard let error else { return model.mend(subject) }
        guard !isQuiet || model.log.last?.text != error.description else { return }
        let entry = LogEntry(time: now, level: isQuiet ? .warning : .error, source: "access", text: error.description)
        model.append(entry, about: subject)
    }

    /// What the ledger says of break-glass. What was not there before is told with a bell.
    mutating func receive(_ uses: [BreakGlassUse]) -> [Effect] {
        let known = Set(model.emergencies.uses.map(\.id))
        model.emergencies.uses = uses
        return uses.contains { !known.contains($0.id) } ? [.bell] : []
    }

    /// What the top line says of a role of one's own that ends: `PIM until 04:10Z`.
    func ownEndNote(now: Timestamp) -> String? {
        model.ownEnd(now: now).map { grant in
            "\(grant.backend == .pim ? "PIM" : "role") until \(AccessText.brief(grant.endsAt, now: now))"
        }
    }
}
