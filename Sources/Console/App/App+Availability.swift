internal import CallboardCore
internal import ServiceBus

/// What can be done now, and if something cannot, why.
extension App {
    /// Whether a command can be run now, and if not, why.
    func availability(of id: CommandID) -> Availability {
        guard let command = CommandTable.command(id) else { return .disabled("there is no such command") }
        guard command.contexts.contains(context) || (prompt != nil && command.contexts.contains(top.context)) else {
            return .disabled("not on this screen")
        }
        switch id {
        case .refresh, .stop: return .enabled
        case .create, .edit, .remove:
            return model.contextRefusal.map { .disabled($0) } ?? top.availability(of: id, model: model)
        case .board where screens.count == 1: return .disabled("this is the board")
        case .tree where top.context == .tree: return .disabled("these are the entities")
        case .board, .tree:
            let own = top.availability(of: id, model: model)
            // What was filled in lies beneath, and would go with its screen.
            let isLosing = screens.contains { $0.isEdited }
            if own.isEnabled, let beginningObstacle { return .disabled(beginningObstacle) }
            return own.isEnabled && isLosing ? .disabled("a form is filled in and was not sent; q asks before it is lost") : own
        case .testRules where ![.tree, .entity, .messages, .message].contains(top.context):
            return .disabled("select a topic first, or name one: test-rules TOPIC")
        case .sessions where ![.tree, .entity].contains(top.context):
            return .disabled("select an entity first, or name one: sessions ENTITY")
        case .actions:
            if top.subjects(model).isEmpty { return .disabled("nothing here has messages") }
            return top.context == .actions ? .disabled("these are the actions") : .enabled
        case .jobs where top.context == .jobs: return .disabled("these are the jobs; q goes back")
        case .history where top.context == .history: return .disabled("this is the history; q goes back")
        case .pauseJob, .cancelJob, .resumeJob: return jobAvailability(of: id)
        case _ where ActionKind(id) != nil: return actionAvailability(of: id)
        case .bindings, .drift: return accessAvailability(of: id)
        case .requests, .ask, .keys: return requestAvailability(of: id)
        case .log where top.context == .log: return .disabled("this is the log; q goes back")
        case .service: return model.board == nil ? .disabled("services are not loaded yet") : .enabled
        default: return top.availability(of: id, model: model)
        }
    }
}
