public import ServiceBus

/// The messages of a queue or subscription, counted by looking at every one of them, beside what the service says.
///
/// The service's own figures are approximate, know no deferred messages (they are among the active ones), and need *Manage*. A count by
/// looking needs *Listen*, locks nothing, and ends at the newest message there was when it began, in each sub-queue.
public struct CountedMessages: Hashable, Sendable {
    /// The messages of one sub-queue.
    public struct Part: Hashable, Sendable {
        /// Ready or locked ones.
        public var active: Int64 = 0
        /// Those set aside.
        public var deferred: Int64 = 0
        /// Those that wait for their time.
        public var scheduled: Int64 = 0
        /// Whether all of them were seen.
        public var isComplete = false

        /// None yet.
        public init(active: Int64 = 0, deferred: Int64 = 0, scheduled: Int64 = 0, isComplete: Bool = false) {
            self.active = active
            self.deferred = deferred
            self.scheduled = scheduled
            self.isComplete = isComplete
        }

        /// All of them together.
        public var total: Int64 { active + deferred + scheduled }

        mutating func note(_ state: MessageState) {
            switch state {
            case .deferred: deferred += 1
            case .scheduled: scheduled += 1
            default: active += 1
            }
        }
    }

    /// The messages of the entity itself.
    public var queue = Part()
    /// Its dead letters.
    public var deadLetters = Part()
    /// Its messages that could not be forwarded.
    public var transferDeadLetters = Part()
    /// What the service said when the count was at its end.
    public var service: Reading<EntityCounts> = .pending
    /// When the count began.
    public var startedAt: Timestamp
    /// When it ended; nil while it goes on.
    public var finishedAt: Timestamp?

    /// A count that begins.
    public init(startedAt: Timestamp) { self.startedAt = startedAt }

    /// A part by its sub-queue.
    public subscript(subQueue: EntityPath.SubQueue) -> Part {
        get {
            switch subQueue {
            case .active: queue
            case .deadLetter: deadLetters
            case .transferDeadLetter: transferDeadLetters
            }
        }
        set {
            switch subQueue {
            case .active: queue = newValue
            case .deadLetter: deadLetters = newValue
            case .transferDeadLetter: transferDeadLetters = newValue
            }
        }
    }

    /// All messages seen so far.
    public var total: Int64 { queue.total + deadLetters.total + transferDeadLetters.total }

    /// What the service says of a figure, and what was counted. The service's active messages include deferred ones.
    public struct Comparison: Hashable, Sendable {
        /// The service's figure, where there is one.
        public var service: Int64?
        /// Messages seen.
        public var counted: Int64
        /// How many more were seen than the service says; nil where that is not known.
        public var difference: Int64? {
            service.flatMap { service in
                let (difference, overflow) = counted.subtractingReportingOverflow(service)
                return overflow ? nil : difference
            }
        }
    }

    /// Active messages, deferred ones included.
    public var active: Comparison { Comparison(service: service.value?.active, counted: queue.active + queue.deferred) }
    /// Scheduled messages.
    public var scheduled: Comparison { Comparison(service: service.value?.scheduled, counted: queue.scheduled) }
    /// Dead letters.
    public var deadLetter: Comparison { Comparison(service: service.value?.deadLetter, counted: deadLetters.total) }
    /// Transfer dead letters.
    public var transferDeadLetter: Comparison {
        Comparison(service: service.value?.transferDeadLetter, counted: transferDeadLetters.total)
    }
}
