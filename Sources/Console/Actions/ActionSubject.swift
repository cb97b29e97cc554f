internal import CallboardCore
internal import ServiceBus

/// What an action would be about, as the screen on top has it.
struct ActionSubject: Hashable, Sendable {
    /// Which messages of the queue.
    enum Messages: Hashable, Sendable {
        /// These, by their numbers.
        case picked(SequenceNumberSet, title: String)
        /// All there are when it is planned.
        case all
        /// None, and why.
        case none(String)
    }

    /// The queue, with its sub-queue.
    var path: EntityPath
    var messages: Messages
    /// What the entity is, where that is known.
    var kind: EntityDescription.Kind?

    /// What the menu says it is about.
    var title: String {
        switch messages {
        case .picked(let numbers, let title): "\(Figures.count(numbers.count, "message")) of \(path.displayName): \(title)"
        case .all: "all \(path.subQueue.title) of \(path.entity.displayName)"
        case .none: path.displayName
        }
    }

    /// The messages an action is about; nil where there are none.
    func choice(for kind: ActionKind) -> MessageChoice? {
        if kind.isAboutQueue { return .all }
        return switch messages {
        case .picked(let numbers, let title): .numbers(numbers, title: title)
        case .all: kind.canTakeAll ? .all : nil
        case .none: nil
        }
    }

    /// Whether it can be done here, and if not, why: what the queue is, what is picked, and then what the policy says.
    func availability(of kind: ActionKind, _ model: Model) -> Availability {
        if let reason = obstacle(to: kind) { return .disabled(reason) }
        if let refusal = refusal(of: kind, model) { return .disabled(refusal.clause) }
        return .enabled
    }

    /// What the policy has against it, as far as can be said before it is planned.
    func refusal(of kind: ActionKind, _ model: Model) -> Refusal? {
        let place = place(of: kind)
        return model.refusal(of: kind.policyAction, on: place, kind: place == path.topic ? .topic : nil)
    }

    /// The one message that is meant; nil where it is not one.
    var one: SequenceNumber? {
        if case .picked(let numbers, _) = messages, numbers.count == 1 { numbers.first } else { nil }
    }

    /// The queue that it is done to: what is imported is sent to the entity, wherever one looks at.
    func place(of kind: ActionKind) -> EntityPath { kind == .importing ? path.topic ?? path.entity : path }

    /// What makes it senseless, whoever asks.
    private func obstacle(to action: ActionKind) -> String? {
        if kind == .topic, action != .importing { return "a topic holds no messages; its subscriptions do" }
        let isDead = path.subQueue != .active
        switch action {
        case .resubmit where one == nil: return "open one message to edit it"
        case .redrive where !isDead: return "not a dead-letter queue; move sends messages elsewhere"
        case .deadLetter where isDead: return "they are dead letters already"
        case .receiveDeferred where isDead: return "a dead-letter queue has no deferred messages"
        case .cancelScheduled where isDead: return "a dead-letter queue has no scheduled messages"
        default: break
        }
        guard choice(for: action) == nil else { return nil }
        if case .none(let reason) = messages { return reason }
        return "pick messages first: m or d lists them"
    }
}

extension Screen {
    /// Nothing is done with messages from here.
    func subjects(_ model: Model) -> [ActionSubject] { [] }
}
