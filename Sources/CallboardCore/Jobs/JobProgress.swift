public import ServiceBus

/// How far a job is, and how it ends.
public struct JobProgress: Hashable, Sendable {
    /// Where it stands.
    public enum State: String, Hashable, Sendable {
        /// It is under way.
        case running
        /// It waits to be told to go on; nothing is locked.
        case paused
        /// The connection was lost; it goes on by itself.
        case reconnecting
        /// All that was planned is done.
        case finished
        /// All was tried, and some is not done.
        case partly
        /// It was stopped before its end, by whoever ran it, and can be gone on with.
        case cancelled
        /// Something stopped it before its end; it can be gone on with.
        case stopped
        /// The process that ran it is gone; it can be gone on with.
        case interrupted
    }

    /// A message with which it did not work.
    public struct Failure: Hashable, Sendable {
        /// Which.
        public var number: SequenceNumber
        /// Why, in the service's words. Sanitise before showing.
        public var reason: String
    }

    /// Its number.
    public var id: Int
    /// What it does.
    public var headline: String
    /// Where it stands.
    public var state: State
    /// How many messages were planned.
    public var total: Int
    /// For how many it is done.
    public var done = 0
    /// Messages with which it did not work; they are as they were.
    public var failures: [Failure] = []
    /// How many those are; the list ends at ``mostFailures``.
    public var failed = 0
    /// Messages of which nobody knows whether a copy was sent; the originals are there.
    public var unknown: [SequenceNumber] = []
    /// Messages that were sent again, though a copy of them may have been sent before.
    public var maybeDoubled: [SequenceNumber] = []
    /// Messages that were gone before anything was done with them.
    public var gone = 0
    /// When it was begun.
    public var startedAt: Timestamp
    /// How long it ran.
    public var elapsed = Duration.zero
    /// What stopped it, or what it waits for.
    public var message: String?
    /// Where what was removed for good is kept.
    public var export: String?

    /// The most failures that are listed.
    public static let mostFailures = 100

    init(id: Int, headline: String, state: State, total: Int, startedAt: Timestamp) {
        self.id = id
        self.headline = headline
        self.state = state
        self.total = total
        self.startedAt = startedAt
    }

    /// How many are settled, one way or another. The figures may come from a file: they saturate instead of trapping.
    public var settled: Int {
        [done, failed, unknown.count, gone].reduce(0) { sum, count in
            let (sum, overflow) = sum.addingReportingOverflow(max(0, count))
            return overflow ? .max : sum
        }
    }
    /// How many are still to be done.
    public var remaining: Int { max(0, max(0, total) - settled) }
    /// Whether it is over, for now or for good.
    public var isOver: Bool {
        switch state {
        case .running, .paused, .reconnecting: false
        default: true
        }
    }
    /// Whether it can be gone on with.
    public var isResumable: Bool {
        switch state {
        case .cancelled, .stopped, .interrupted: true
        case .partly: !unknown.isEmpty || remaining > 0
        default: false
        }
    }

    /// What to know of the export before anything is done with it, as a sentence without its end that begins with the export: it holds all that
    /// was planned, also what is still where it was. nil where there is none, or all of it was removed.
    public var exportWarning: String? {
        guard export != nil, done < total else { return nil }
        let held = total == 1 ? "the one message that was planned" : "all \(total) messages that were planned"
        let removed = done == 0 ? "none was removed" : done == 1 ? "only 1 was removed" : "only \(done) were removed"
        return "holds \(held), and \(removed): 'callboard import' would send the others a second time"
            + (isResumable ? "; go on with the job first" : "")
    }

    mutating func add(_ failure: Failure) {
        failed += 1
        if failures.count < Self.mostFailures { failures.append(failure) }
    }
}
