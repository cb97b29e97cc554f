internal import CallboardCore
internal import ServiceBus

/// A body that is being edited, of which message, and what was typed so far.
struct BodyEdit: Sendable {
    let subject: ActionSubject
    let place: MessagePlace
    /// As it is in the queue; nil until it was looked at.
    var original: String?
    /// As it is to be; nil until it was edited.
    var text: String?
}

/// Editing the body of one message and sending it again: out to the editor, back, and then the plan of that one message.
extension App {
    /// What was typed before and could not be taken is edited on.
    mutating func beginEditing(_ subject: ActionSubject, now: Timestamp) -> [Effect] {
        guard let number = subject.one else { return [] }
        let place = MessagePlace(path: subject.path, number: number)
        if let kept = bodyEdit, kept.place == place, let text = kept.text { return [.edit(text)] }
        bodyEdit = BodyEdit(subject: subject, place: place)
        return errand(.editable(place), now: now)
    }

    /// The body is here: the editor has it next.
    mutating func edit(_ text: String) -> [Effect] {
        guard bodyEdit != nil else { return [] }
        bodyEdit?.original = text
        return [.edit(text)]
    }

    /// The editor has ended.
    mutating func take(edited result: Result<String, OperatorError>, now: Timestamp) -> [Effect] {
        guard let edit = bodyEdit else { return [] }
        switch result {
        case .failure(let error):
            notice = Notice(kind: .error, text: error.description)
            return []
        case .success(let text):
            guard text != edit.original else {
                bodyEdit = nil
                notice = Notice(kind: .info, text: "The body was left as it was: nothing is sent.")
                return []
            }
            bodyEdit?.text = text
            return errand(.edited(edit.place, text), now: now)
        }
    }

    /// The edited body was taken: what sending it would do is shown first.
    mutating func resubmit(_ body: OutgoingMessage.Body, now: Timestamp) -> [Effect] {
        guard let edit = bodyEdit else { return [] }
        bodyEdit = nil
        var draft = ActionDraft(.resubmit, edit.subject)
        draft.body = body
        let leaving = top is ActionMenuScreen ? 1 : 0
        return turn(now) { _, turn in turn.navigation = .replace(leaving, PlanScreen(draft, leaving: 1)) }
    }
}
