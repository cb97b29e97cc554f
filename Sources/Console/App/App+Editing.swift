internal import CallboardCore
internal import ServiceBus

/// Editing the body of one message and sending it again: out to the editor, back, and then the plan of that one message.
extension App {
    /// Why no body can be edited now; nil: one can.
    var editingObstacle: String? { bodies.current.map { "the body of #\($0.place.number) is being edited; wait for it" } }

    /// What was typed before and could not be taken is edited on.
    mutating func beginEditing(_ subject: ActionSubject, now: Timestamp) -> [Effect] {
        guard editingObstacle == nil, let number = subject.one else { return [] }
        let place = MessagePlace(path: subject.path, number: number)
        if let typed = bodies.begin(subject, place) { return [.edit(typed)] }
        return errand(.editable(place), now: now)
    }

    /// The body of a message is here: the editor has it next.
    mutating func edit(_ text: String, of place: MessagePlace) -> [Effect] { bodies.open(text, of: place) ? [.edit(text)] : [] }

    /// The editor has ended.
    mutating func take(edited outcome: EditorOutcome, now: Timestamp) -> [Effect] {
        guard let edit = bodies.current, case .open(let original) = edit.stage else { return [] }
        switch outcome {
        case .failed(let error, let typed):
            let kept = typed == original ? nil : typed
            bodies.leave(keeping: kept)
            notice = Notice(kind: .error, text: error.description + (kept == nil ? "" : " e goes on with what was typed."))
            return []
        case .edited(original):
            bodies.drop()
            notice = Notice(kind: .info, text: "The body was left as it was: nothing is sent.")
            return []
        case .edited(let text):
            bodies.make(of: text)
            return errand(.edited(edit.place, text), now: now)
        }
    }

    /// The edited body was taken: what sending it would do is shown first.
    mutating func resubmit(_ body: OutgoingMessage.Body, of place: MessagePlace, now: Timestamp) -> [Effect] {
        guard let edit = bodies.taken(place) else { return [] }
        var draft = ActionDraft(.resubmit, edit.subject)
        draft.body = body
        let leaving = top is ActionMenuScreen ? 1 : 0
        return turn(now) { _, turn in turn.navigation = .replace(leaving, PlanScreen(draft, leaving: 1)) }
    }
}
