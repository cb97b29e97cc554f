internal import ServiceBus

/// What an operator has to say before a plan is carried out.
public enum ConfirmationDemand: Hashable, Sendable {
    /// Yes.
    case yes
    /// The name of the entity and of its sub-queue, typed.
    case typed(String)

    /// What a person is asked to type; nil where a yes is enough.
    public var phrase: String? { if case .typed(let phrase) = self { phrase } else { nil } }
}

/// An operator's word for one plan and no other. Only ``ActionPlan/confirm(_:)`` gives it.
public struct Confirmation: Hashable, Sendable {
    /// What was agreed to.
    public let plan: ActionPlan
    /// What was said.
    public let word: ConfirmationWord

    fileprivate init(_ plan: ActionPlan, _ word: ConfirmationWord) {
        self.plan = plan
        self.word = word
    }
}

/// What an operator says to a plan.
public enum ConfirmationWord: Hashable, Sendable {
    /// Yes, without naming anything.
    case yes
    /// What was typed.
    case typed(String)
}

extension ActionPlan {
    /// From how many messages on an action that can be undone is asked for by name.
    static let manyMessages = 100

    /// What the operator has to say: the name of the queue, sub-queue included, for what cannot be undone, for many messages, and in
    /// production; else yes.
    public var demand: ConfirmationDemand {
        let isDangerous =
            switch action {
            case .purge: true
            case .delete, .cancelScheduled: count > 1 || title.isProduction
            case .redrive, .move, .reactivate, .defer, .deadLetter, .importing: count > Self.manyMessages || title.isProduction
            }
        return isDangerous ? .typed(phrase) : .yes
    }

    /// The queue with its sub-queue, as it has to be typed: `orders/$deadletterqueue`.
    public var phrase: String { source.displayName }

    /// Takes an operator's word.
    /// - Throws: ``OperatorError`` with ``OperatorError/Code/refused`` when it is not what is asked for, or when the plan is blocked.
    public func confirm(_ word: ConfirmationWord) throws(OperatorError) -> Confirmation {
        if let blocker = blockers.first {
            throw OperatorError(.refused, "Nothing was done: \(blocker.text)", hint: blocker.remedy, entity: source)
        }
        switch (demand, word) {
        case (.yes, .yes): break
        case (.yes, .typed(let text)) where text.lowercased() == "yes" || text.lowercased() == "y" || text == phrase: break
        // Service Bus compares names without case, but who types a name in another case may have meant another thing.
        case (.typed(let phrase), .typed(let text)) where text == phrase: break
        case (.typed(let phrase), .yes):
            throw OperatorError(.refused, "Nothing was done: this has to be confirmed by name.", hint: "Type \(phrase).", entity: source)
        case (.typed(let phrase), .typed(let text)):
            throw OperatorError(
                .refused, "Nothing was done: '\(text)' is not '\(phrase)'.",
                hint: "Type the name of the queue that is meant, sub-queue included.",
                entity: source)
        case (.yes, .typed(let text)):
            throw OperatorError(.refused, "Nothing was done: '\(text)' is not yes.", entity: source)
        }
        return Confirmation(self, word)
    }
}
