internal import CallboardCore
internal import ServiceBus

/// What can be done with messages, as the action menu lists it.
enum ActionKind: CaseIterable, Hashable, Sendable {
    case redrive, resubmit, move, delete, purge, `defer`, deadLetter, receiveDeferred, cancelScheduled, export, importing

    /// The command that does it, by key or by name.
    var command: CommandID {
        switch self {
        case .redrive: .redrive
        case .resubmit: .resubmit
        case .move: .move
        case .delete: .delete
        case .purge: .purge
        case .defer: .deferMessages
        case .deadLetter: .deadLetterMessages
        case .receiveDeferred: .receiveDeferred
        case .cancelScheduled: .cancelScheduled
        case .export: .exportMessages
        case .importing: .importMessages
        }
    }

    init?(_ command: CommandID) {
        guard let kind = ActionKind.allCases.first(where: { $0.command == command }) else { return nil }
        self = kind
    }

    /// What a policy calls it.
    var policyAction: PolicyAction {
        switch self {
        case .redrive: .redriveMessage
        case .resubmit: .editMessage
        case .move: .moveMessage
        case .delete: .deleteMessage
        case .purge: .purgeMessage
        case .defer: .deferMessage
        case .deadLetter: .deadLetterMessage
        case .receiveDeferred: .receiveDeferredMessage
        case .cancelScheduled: .cancelScheduledMessage
        case .export: .exportMessage
        case .importing: .importMessage
        }
    }

    /// Whether it is about all of a queue, whatever is picked.
    var isAboutQueue: Bool { self == .purge || self == .importing }

    /// Whether it makes sense for all messages of a queue where none were picked.
    var canTakeAll: Bool { isAboutQueue || self == .redrive || self == .export }

    /// What it needs to be told before it can be planned.
    func needed(_ draft: ActionDraft) -> ActionField? {
        switch self {
        case .move where draft.target == nil: .target
        case .deadLetter where draft.deathReason.isEmpty: .deathReason
        case .importing where draft.file.isEmpty: .file
        default: nil
        }
    }

    /// What can be said about it.
    var fields: [ActionField] {
        switch self {
        case .redrive: [.target, .onlySubscription, .newIDs, .rate, .atomic, .reason, .ticket]
        case .resubmit: [.target, .onlySubscription, .newIDs, .atomic, .reason, .ticket]
        case .move: [.target, .onlySubscription, .newIDs, .rate, .atomic, .reason, .ticket]
        case .delete, .cancelScheduled: [.export, .rate, .reason, .ticket]
        case .purge: [.before, .export, .reason, .ticket]
        case .defer: [.rate, .reason, .ticket]
        case .deadLetter: [.deathReason, .deathDescription, .rate, .reason, .ticket]
        case .receiveDeferred: [.newIDs, .rate, .atomic, .reason, .ticket]
        case .importing: [.file, .newIDs, .rate, .reason, .ticket]
        case .export: []
        }
    }
}
