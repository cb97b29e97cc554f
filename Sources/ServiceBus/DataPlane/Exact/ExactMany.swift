/// What is to become of each of many messages.
public enum ManyAction: Hashable, Sendable {
    /// They are removed.
    case delete
    /// They go to the dead-letter queue.
    case deadLetter(reason: String?, description: String?)
    /// They are set aside, to be had by their numbers only.
    case `defer`
    /// A copy of each is sent to another entity, and it is removed.
    case forward(to: EntityPath, changes: CopyChanges)
}

/// Messages that are reached in the same way.
public struct ManyPart: Hashable, Sendable {
    /// How they are reached.
    public enum Way: Hashable, Sendable {
        /// They stand in line: what stands between them is received, held, and given back.
        case line
        /// They stand in a session of an entity that requires them.
        case session(String)
        /// They are set aside: had by their numbers, in their session where the entity requires one.
        case deferred(session: String?)
        /// They are to become active later: they can only be deleted.
        case scheduled
    }

    /// How they are reached.
    public var way: Way
    /// Which they are, ascending.
    public var numbers: [SequenceNumber]

    /// Creates a part.
    public init(_ way: Way, _ numbers: [SequenceNumber]) {
        self.way = way
        self.numbers = numbers
    }
}

/// How an operation on many messages proceeds.
public struct ManyOptions: Sendable {
    /// Whether copies are sent and originals removed in one transaction. Without, each copy is sent, its outcome awaited, and then the
    /// original removed.
    public var isAtomic = true
    /// Whether messages arrive in the order they stand in: one batch after another.
    public var keepsOrder = false
    /// The most messages of one batch; the service takes 100 in a transaction.
    public var batchSize = 100
    /// The most messages that may be held at once while others are looked for. They are locked meanwhile.
    public var heldAtOnce = 5000
    /// The number after which batches are counted.
    public var firstBatch = 0
    /// How long a lock of the entity lasts; nil where that is not known. Locks that say less of themselves are believed.
    public var lockDuration: Duration?
    /// How long to go on looking while all that is left is in somebody else's hands: longer than a lock lasts.
    public var patience = Duration.seconds(70)
    /// Messages that a run before this one acted on, and nobody knows with what result. Where they are gone, it happened.
    public var unresolved: Set<SequenceNumber> = []
    /// Messages of which a run before this one sent a copy that was accepted: they are only removed.
    public var copied: Set<SequenceNumber> = []

    /// Options with the defaults above.
    public init() {}
}

/// What became of a batch.
public struct ManyOutcome: Sendable {
    /// For these it happened.
    public var done: [SequenceNumber] = []
    /// For these it did not, and will not.
    public var failed: [(number: SequenceNumber, error: ServiceBusError)] = []
    /// For these it did not; they are tried again.
    public var postponed: [SequenceNumber] = []
    /// Nobody knows whether it happened. The original was not touched where a copy was to be sent.
    public var unknown: [SequenceNumber] = []
    /// A copy of these was accepted, and the original may still be there.
    public var copied: [SequenceNumber] = []
    /// Why the last three are not done.
    public var error: ServiceBusError?

    /// Nothing became of anything.
    public init() {}
}

/// Told of each step of an operation on many messages, so that it can be kept, slowed down and stopped.
public protocol ManyObserver: Sendable {
    /// How long each message takes at least by the pace that the observer keeps; nil where it keeps none. No more messages are received in
    /// advance than that pace handles in a part of their lock.
    var timePerMessage: Duration? { get }
    /// Asked before messages are taken, with nil, and before a batch is acted on, with how many it has; may wait.
    /// - Returns: false to stop: what is under way ends, and nothing new begins.
    func mayProceed(with count: Int?) async -> Bool
    /// A batch is about to be acted on. When this throws, nothing was done with it, and the operation stops.
    func willAct(on batch: Int, _ numbers: [SequenceNumber]) async throws
    /// Copies of these were accepted and their originals are about to be removed, not in a transaction. When this throws, they are not,
    /// and the operation stops.
    func willRemove(_ numbers: [SequenceNumber], of batch: Int, unknown: [SequenceNumber]) async throws
    /// This became of a batch.
    func didAct(on batch: Int, _ outcome: ManyOutcome) async
    /// These are not there any more, though nothing was done with them here.
    func areGone(_ numbers: [SequenceNumber]) async
    /// The connection was lost; it is opened again after a pause.
    func willReconnect(after error: ServiceBusError) async
}

/// How an operation on many messages went.
public struct ManyReport: Sendable {
    /// Messages for which it happened, those included of which nobody knew until they were found gone.
    public internal(set) var done = 0
    /// Messages for which it did not, and will not.
    public internal(set) var failed = 0
    /// Messages of which nobody knows.
    public internal(set) var unknown: [SequenceNumber] = []
    /// Messages of which a copy was sent, and which may still be there.
    public internal(set) var copied: [SequenceNumber] = []
    /// Messages that were gone before anything was done with them.
    public internal(set) var gone = 0
    /// Messages with which nothing was done: somebody else held them until patience ended, or the operation was stopped.
    public internal(set) var left: [SequenceNumber] = []
    /// Those of the messages left that were acted on, and nobody knows with what result.
    public internal(set) var unresolved: [SequenceNumber] = []
    /// How many other messages were received on the way and given back.
    public internal(set) var passedOver = 0
    /// How many of those could not be given back: their locks run out by themselves, which the service counts as a failed delivery.
    public internal(set) var stillLocked = 0
    /// What stopped it before its end; nil when all was tried, or when it was asked to stop.
    public internal(set) var failure: (any Error)?

    /// The number of the last batch.
    public internal(set) var lastBatch = 0
    /// Whether it was asked to stop.
    public internal(set) var isStopped = false

    /// Nothing has gone any way.
    public init() {}
}

extension Namespace {
    /// Does the same with many messages of an entity, each named by its number, and with no other.
    ///
    /// Batches of them are received, and acted on while the next are received. Where a transaction cannot be committed because of one
    /// message, that one is found and left where it was. A connection that is lost is opened again; with transactions nothing happens twice.
    /// - Parameters:
    ///   - parts: which, by how they are reached.
    ///   - observer: told of each step, and asked to go on. What it throws is the report's failure.
    /// - Returns: how it went. Whatever happened, nothing stays locked that could be given back.
    public nonisolated func perform(
        _ action: ManyAction, onExactly parts: [ManyPart], in path: EntityPath, options: ManyOptions = ManyOptions(),
        observer: some ManyObserver
    ) async -> ManyReport {
        var report = ManyReport()
        report.lastBatch = options.firstBatch
        let apart = apart()
        for part in parts {
            let run = ManyRun(apart, path, action, part, options, observer, firstBatch: report.lastBatch)
            await run.perform(into: &report)
            if report.failure != nil || report.isStopped { break }
        }
        await apart.close()
        return report
    }
}
