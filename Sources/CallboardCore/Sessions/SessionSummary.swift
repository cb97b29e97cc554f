public import ServiceBus

/// A session of an entity: its id, and what its messages show without being locked.
public struct SessionSummary: Hashable, Sendable {
    /// What the messages of a session amount to.
    public struct Counts: Hashable, Sendable {
        /// Messages that are ready or locked.
        public var active = 0
        /// Messages set aside.
        public var deferred = 0
        /// Messages that are not active yet.
        public var scheduled = 0
        /// When the oldest of them was enqueued.
        public var oldest: Timestamp?

        /// No messages.
        public init() {}

        /// All of them together.
        public var total: Int { active + deferred + scheduled }

        mutating func note(_ message: PeekedMessage) {
            switch message.state {
            case .deferred: deferred += 1
            case .scheduled: scheduled += 1
            default: active += 1
            }
            guard let time = message.enqueuedTime else { return }
            oldest = min(oldest ?? time, time)
        }
    }

    /// The session's id.
    public let id: String
    /// What its messages amount to; nil when they were not counted.
    public var counts: Counts?

    /// Creates a summary.
    public init(id: String, counts: Counts? = nil) {
        self.id = id
        self.counts = counts
    }
}

/// What can be said of the state that applications keep with a session.
public enum SessionState: Hashable, Sendable {
    /// It was not asked for.
    case notAsked
    /// There is none.
    case none
    /// Its bytes.
    case bytes([UInt8])
    /// Another receiver holds the session, and the service shows its state to that one only.
    case heldElsewhere
}

/// One session with its state.
public struct SessionDetail: Hashable, Sendable {
    /// Its id and its messages, counted.
    public var summary: SessionSummary
    /// Its state.
    public var state: SessionState

    /// Creates a description.
    public init(summary: SessionSummary, state: SessionState) {
        self.summary = summary
        self.state = state
    }
}
