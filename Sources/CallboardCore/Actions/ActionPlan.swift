public import ServiceBus

/// What an operator wants done, before it is looked at what that means.
public struct ActionRequest: Hashable, Sendable {
    /// What.
    public enum Wish: Hashable, Sendable {
        /// Send dead letters on; nil: to where they came from.
        case redrive(to: EntityPath?)
        /// Send messages to another entity.
        case move(to: EntityPath)
        /// Make deferred messages active.
        case reactivate
        case delete
        /// Remove everything that was enqueued before a moment; nil: before now.
        case purge(before: Timestamp?)
        case `defer`
        case deadLetter(reason: String, description: String?)
        case cancelScheduled
        /// Send the messages of an export.
        case importing(file: String)
    }

    /// What.
    public var wish: Wish
    /// Of which queue.
    public var path: EntityPath
    /// Which messages of it.
    public var choice: MessageChoice
    /// Whether copies get new ids; the old ones are kept in a property.
    public var newIDs = false
    /// The body of the copy, where one message is edited.
    public var body: OutgoingMessage.Body?
    /// The one subscription of a topic that is to get the copies.
    public var onlySubscription: String?
    /// The most messages a second; nil: what is usual here; 0: as fast as it goes.
    public var rate: Int?
    /// Whether copies are sent and originals removed in one transaction.
    public var isAtomic = true
    /// Where messages that are removed for good are exported first; empty: beside the journal of the job. nil: nowhere.
    public var export: String?

    /// Asks for something.
    public init(_ wish: Wish, in path: EntityPath, _ choice: MessageChoice) {
        self.wish = wish
        self.path = path
        self.choice = choice
    }
}

/// What would happen, exactly, before it does.
public struct ActionPlan: Hashable, Sendable {
    /// What is done.
    public var action: MessageAction
    /// The queue it is done in.
    public var source: EntityPath
    /// How the messages were chosen.
    public var choice: String
    /// The messages, as they were then.
    public var snapshot: Snapshot
    /// When it was made.
    public var plannedAt: Timestamp
    /// Whether copies are sent and originals removed in one transaction, a hundred at a time.
    public var isAtomic: Bool
    /// Whether messages arrive in the order they stand in.
    public var keepsOrder: Bool
    /// The most messages a second; nil for no limit.
    public var rate: Int?
    /// What it costs of the namespace's credits, about.
    public var credits: Int
    /// How large the messages are together, in bytes, about; nil where that is not known.
    public var bytes: Int64?
    /// How long it takes, about.
    public var duration: Duration
    /// How long a lock on a message lasts, and so how long a message that somebody holds is waited for.
    public var lockDuration: Duration
    /// Where the messages are exported to first; nil: they are not.
    public var export: String?
    /// What the operator should know.
    public var remarks: [PlanRemark]
    /// Where it is done.
    public var title: ContextTitle
    /// A hash of each message's id, in the order of the snapshot's numbers, to know those that come back; of actions that send copies.
    var idHashes: [UInt32] = []

    /// Before this moment, by the service's clock, nothing is enqueued any more: what is older is in the plan of a purge, or was seen and left
    /// alone. nil where there is no such moment.
    var closedBefore: Timestamp?
    /// How many messages a file holds that is to be sent.
    var records: Int?
    /// The file's SHA-256, so that what is sent is what was planned.
    var fileDigest: String?
    /// What source and target are, where that is known: for rules that name queues or topics.
    var sourceKind = PolicyScope.Kind.unknown
    var targetKind = PolicyScope.Kind.unknown

    /// Goes no faster than so many messages a second.
    mutating func limit(to most: Int) {
        guard rate ?? .max > most else { return }
        rate = most
        duration = max(duration, .seconds(1) * count / max(most, 1))
    }

    /// How many messages.
    public var count: Int { records ?? snapshot.count }
    /// Why it cannot be carried out; empty: it can.
    public var blockers: [PlanRemark] { remarks.filter { $0.weight == .blocker } }
    /// `Redrive 48,110 dead letters of orders to orders`, with numbers as they are.
    public var headline: String {
        let isOne = count == 1
        let what =
            switch source.subQueue {
            case .deadLetter: isOne ? "dead letter" : "dead letters"
            case .transferDeadLetter: isOne ? "transfer dead letter" : "transfer dead letters"
            case .active: isOne ? "message" : "messages"
            }
        let verb =
            switch action {
            case .redrive: "redrive"
            case .move: "move"
            case .reactivate: "make active"
            case .delete: "delete"
            case .purge: "purge"
            case .defer: "defer"
            case .deadLetter: "dead-letter"
            case .cancelScheduled: "cancel"
            case .importing: "send"
            }
        let place = if case .importing(let file, _) = action { "\(file)" } else { source.entity.displayName }
        let target = action.target ?? (action.isImport ? source : nil)
        return "\(verb) \(count) \(what) of \(place)" + (target.map { " to \($0.displayName)" } ?? "")
    }
}

extension MessageAction {
    /// Whether it sends what is in a file.
    public var isImport: Bool { if case .importing = self { true } else { false } }
}
