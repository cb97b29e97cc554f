internal import CallboardCore
internal import ServiceBus

/// Asking for roles and deciding about requests: from any screen, and what is new while others are shown.
extension App {
    /// Whether requests can be looked at, asked for, or decided here.
    func requestAvailability(of id: CommandID) -> Availability {
        guard let title = model.title else { return .disabled("there is no connection yet") }
        guard title.signsIn else { return .disabled("needs a context that signs in to Azure: docs/identity.md") }
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

    /// The lists were read, or could not be. What nobody asked for is no error of theirs.
    mutating func finishInbox(_ error: OperatorError?, now: Timestamp) {
        let isQuiet = model.inbox.isQuiet
        model.inbox.lists.finish(error)
        if let error, !isQuiet || model.log.last?.text != error.description {
            model.append(LogEntry(time: now, level: isQuiet ? .warning : .error, source: "access", text: error.description))
        }
        modelChanged()
    }

    /// What the top line says of a role of one's own that ends: `PIM until 04:10Z`.
    func ownEndNote(now: Timestamp) -> String? {
        model.ownEnd(now: now).map { grant in
            "\(grant.backend == .pim ? "PIM" : "role") until \(AccessText.brief(grant.endsAt, now: now))"
        }
    }
}
