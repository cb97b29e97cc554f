public import ServiceBus

/// What an operator can do to messages.
public enum MessageAction: Hashable, Sendable {
    /// Dead letters are sent on, to where they came from or elsewhere, and removed.
    case redrive(to: EntityPath, CopyChanges)
    /// Messages are sent to another entity and removed.
    case move(to: EntityPath, CopyChanges)
    /// Deferred messages are sent to their own entity again, and removed: they are active then.
    case reactivate(to: EntityPath, CopyChanges)
    /// Messages are removed.
    case delete
    /// All messages that were enqueued before a moment are removed.
    case purge(before: Timestamp)
    /// Messages are set aside, to be had by their numbers only.
    case `defer`
    /// Messages go to the dead-letter queue.
    case deadLetter(reason: String, description: String?)
    /// Messages that were to become active later are removed.
    case cancelScheduled
    /// The messages of an export are sent.
    case importing(file: String, CopyChanges)

    /// The verb, as the command is called.
    public var verb: String {
        switch self {
        case .redrive: "redrive"
        case .move: "move"
        case .reactivate: "receive-deferred"
        case .delete: "delete"
        case .purge: "purge"
        case .defer: "defer"
        case .deadLetter: "dead-letter"
        case .cancelScheduled: "cancel-scheduled"
        case .importing: "import"
        }
    }

    /// The action's name in a policy and in the audit ledger.
    public var policyName: String { "message.\(verb)" }

    /// The verb in the past, of messages.
    public var past: String {
        switch self {
        case .redrive: "redriven"
        case .move: "moved"
        case .reactivate: "made active"
        case .delete: "deleted"
        case .purge: "purged"
        case .defer: "deferred"
        case .deadLetter: "dead-lettered"
        case .cancelScheduled: "cancelled"
        case .importing: "sent"
        }
    }

    /// Where copies are sent; nil where none are.
    public var target: EntityPath? { copies?.target }

    /// Where copies are sent and what they have otherwise; nil where none are sent.
    var copies: (target: EntityPath, changes: CopyChanges)? {
        switch self {
        case .redrive(let target, let changes), .move(let target, let changes), .reactivate(let target, let changes): (target, changes)
        default: nil
        }
    }

    /// What copies have otherwise; nil where none are sent.
    var changes: CopyChanges? { if case .importing(_, let changes) = self { changes } else { copies?.changes } }

    /// Whether messages are removed of which no copy is left.
    public var destroys: Bool {
        switch self {
        case .delete, .purge, .cancelScheduled: true
        default: false
        }
    }

    /// The same with other changes to the copies.
    func with(_ changes: CopyChanges) -> MessageAction {
        switch self {
        case .redrive(let target, _): .redrive(to: target, changes)
        case .move(let target, _): .move(to: target, changes)
        case .reactivate(let target, _): .reactivate(to: target, changes)
        case .importing(let file, _): .importing(file: file, changes)
        default: self
        }
    }

    /// What is done with each message; nil for what is not done message by message.
    var many: ManyAction? {
        switch self {
        case .redrive(let target, let changes), .move(let target, let changes), .reactivate(let target, let changes):
            .forward(to: target, changes: changes)
        case .delete, .cancelScheduled: .delete
        case .defer: .defer
        case .deadLetter(let reason, let description): .deadLetter(reason: reason, description: description)
        case .purge, .importing: nil
        }
    }
}
