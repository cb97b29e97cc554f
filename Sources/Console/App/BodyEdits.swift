internal import CallboardCore
internal import ServiceBus

/// How a text came back from the person's editor.
enum EditorOutcome: Sendable {
    /// The editor ended well, with this.
    case edited(String)
    /// It did not, and this was in the file by then; nil where that is no text.
    case failed(OperatorError, typed: String?)
}

/// A body that is being edited, and of which message.
struct BodyEdit: Sendable {
    /// How far that is.
    enum Stage: Sendable {
        /// It is looked at.
        case looking
        /// The editor has it. The body is like this in the queue.
        case open(original: String)
        /// A body of the same kind is made of what was typed.
        case making
    }

    let subject: ActionSubject
    let place: MessagePlace
    fileprivate(set) var stage: Stage
}

/// The bodies that a person edits: one at a time. What was typed is kept until it was taken, by message, so that none comes to another.
struct BodyEdits: Sendable {
    private struct Kept: Sendable {
        let place: MessagePlace
        let original: String
        let text: String
    }

    /// The one that is under way.
    private(set) var current: BodyEdit?
    /// What was typed and not taken, the newest last.
    private var kept: [Kept] = []

    /// Of how many messages that is kept.
    static let most = 8

    /// Begins an edit.
    /// - Returns: what was typed of this one before; nil: its body is to be looked at.
    mutating func begin(_ subject: ActionSubject, _ place: MessagePlace) -> String? {
        guard let earlier = kept.first(where: { $0.place == place }) else {
            current = BodyEdit(subject: subject, place: place, stage: .looking)
            return nil
        }
        current = BodyEdit(subject: subject, place: place, stage: .open(original: earlier.original))
        return earlier.text
    }

    /// The body is here.
    /// - Returns: whether the editor may have it: it is that of the message under way.
    mutating func open(_ original: String, of place: MessagePlace) -> Bool {
        guard current?.place == place, case .looking? = current?.stage else { return false }
        current?.stage = .open(original: original)
        return true
    }

    /// The editor ended well, with a text other than the body.
    mutating func make(of text: String) {
        keep(text)
        current?.stage = .making
    }

    /// Nothing comes of the edit under way now.
    /// - Parameter typed: goes into the editor the next time; nil: as it was before.
    mutating func leave(keeping typed: String?) {
        if let typed { keep(typed) }
        current = nil
    }

    /// The body was left as it was: what was typed before is not wanted any more.
    mutating func drop() {
        kept.removeAll { $0.place == current?.place }
        current = nil
    }

    /// What was typed was taken.
    /// - Returns: the edit; nil where another one is under way.
    mutating func taken(_ place: MessagePlace) -> BodyEdit? {
        guard let edit = current, edit.place == place, case .making = edit.stage else { return nil }
        drop()
        return edit
    }

    /// An errand for an edit has ended: one that still waits for it waits in vain.
    mutating func end(_ errand: Request) {
        switch (errand, current?.stage) {
        case (.editable(current?.place), .looking?), (.edited(current?.place, _), .making?): current = nil
        default: break
        }
    }

    private mutating func keep(_ text: String) {
        guard let current, case .open(let original) = current.stage else { return }
        kept.removeAll { $0.place == current.place }
        kept.append(Kept(place: current.place, original: original, text: text))
        if kept.count > Self.most { kept.removeFirst() }
    }
}
