internal import CallboardCore
internal import ServiceBus

/// Doing something with messages: what an action is about, what stands in its way, and where it begins.
extension App {
    /// What an action would be about: of the menu's selected line where it is that action's, else the first that admits it, else the first.
    private func subject(for kind: ActionKind) -> ActionSubject? {
        if let chosen = (top as? ActionMenuScreen)?.subject(for: kind) { return chosen }
        let subjects = top.subjects(model)
        return subjects.first { $0.availability(of: kind, model).isEnabled } ?? subjects.first
    }

    func actionAvailability(of id: CommandID) -> Availability {
        guard let kind = ActionKind(id), let subject = subject(for: kind) else { return .disabled("nothing here has messages") }
        return subject.availability(of: kind, model)
    }

    /// Begins an action: with its form where it needs to be told something, else with its plan. Nothing is done before that was agreed to.
    /// - Parameter argument: where to, or which file.
    mutating func act(_ id: CommandID, _ argument: String?, now: Timestamp) -> [Effect] {
        guard let kind = ActionKind(id), let subject = subject(for: kind) else { return [] }
        var draft = ActionDraft(kind, subject)
        switch kind {
        case .redrive, .move:
            if let argument {
                guard let target = entity(named: argument) else { return [] }
                draft.target = target
            }
        case .importing: draft.file = argument ?? ""
        case .export: return export(subject, to: argument, now: now)
        case .resubmit: return beginEditing(subject, now: now)
        default: break
        }
        let screen: any Screen = kind.needed(draft) == nil ? PlanScreen(draft, leaving: 1) : ActionFormScreen(draft)
        let leaving = top is ActionMenuScreen ? 1 : 0
        return turn(now) { _, turn in turn.navigation = .replace(leaving, screen) }
    }

    /// An export changes nothing and needs no plan, only a file.
    private mutating func export(_ subject: ActionSubject, to file: String?, now: Timestamp) -> [Effect] {
        guard let file else {
            prompt = Prompt(.command, text: "\(CommandID.exportMessages.rawValue) ")
            historyPlace = nil
            _ = promptChanged()
            prompt?.complaint = "to which file?"
            let leaving = top is ActionMenuScreen ? 1 : 0
            return leaving == 0 ? [] : turn(now) { _, turn in turn.navigation = .pop(leaving) }
        }
        let numbers: SequenceNumberSet? = if case .picked(let numbers, _) = subject.messages { numbers } else { nil }
        let effects = errand(.export(subject.path, numbers, to: file), now: now)
        notice = Notice(kind: .info, text: "Writing \(subject.title) to \(file)…")
        return effects
    }
}
