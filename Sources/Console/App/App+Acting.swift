internal import CallboardCore
internal import ServiceBus

/// Doing something with messages: what an action is about, what stands in its way, and where it begins.
extension App {
    /// What an action would be about: in the menu what the selected line stands below, else the first that admits it, else the first.
    private func subject(for kind: ActionKind) -> ActionSubject? {
        if let chosen = (top as? ActionMenuScreen)?.subject { return chosen }
        let subjects = top.subjects(model)
        return subjects.first { $0.availability(of: kind, model).isEnabled } ?? subjects.first
    }

    func actionAvailability(of id: CommandID) -> Availability {
        guard let kind = ActionKind(id), let subject = subject(for: kind) else { return .disabled("nothing here has messages") }
        if kind == .resubmit, let editingObstacle { return .disabled(editingObstacle) }
        return subject.availability(of: kind, model)
    }

    /// Begins an action: with its form where it needs to be told something, else with its plan. Nothing is done before that was agreed to.
    /// - Parameter argument: where to, or which file.
    mutating func act(_ id: CommandID, _ argument: String?, now: Timestamp) -> [Effect] {
        guard let kind = ActionKind(id), let subject = subject(for: kind) else { return [] }
        // Chosen in the menu, it was asked of the subject only.
        if case .disabled(let reason) = actionAvailability(of: id) {
            notice = Notice(kind: .warning, text: "\(CommandTable.command(id)?.title(in: top.context) ?? id.rawValue): \(reason)")
            return []
        }
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

    /// An export changes nothing and needs no plan, only a file. The question keeps what it is about: what is asked for on the menu is not
    /// what the screen below it would mean.
    private mutating func export(_ subject: ActionSubject, to file: String?, now: Timestamp) -> [Effect] {
        guard let file else {
            let isMenu = top is ActionMenuScreen
            return turn(now) { _, turn in
                if isMenu { turn.navigation = .pop(1) }
                turn.question = Question(label: "export to file", help: "Writes \(subject.title).", purpose: .export(subject))
            }
        }
        let numbers: SequenceNumberSet? = if case .picked(let numbers, _) = subject.messages { numbers } else { nil }
        let effects = errand(.export(subject.path, numbers, to: file, Justification()), now: now)
        notice = Notice(kind: .info, text: "Writing \(subject.title) to \(file)…")
        return effects
    }

    /// Takes the file of an export.
    mutating func accept(exporting subject: ActionSubject, to file: String, now: Timestamp) -> [Effect] {
        let file = Substring(file).trimmed
        guard !file.isEmpty else {
            prompt?.problem = Question.Problem(text: "to which file?")
            return []
        }
        prompt = nil
        return export(subject, to: file, now: now)
    }
}
