public import AMQP
import NIOCore

/// The messages of one session, its lock and its state.
final class MessageSession: DeadlineBearer {
    let id: String
    /// Its place in the list of sessions.
    let ordinal: Int64
    unowned let queue: MessageQueue
    /// Every message of the session.
    var messages = SequenceIndex<StoredMessage>()
    /// Those that may be received.
    var ready = SequenceIndex<StoredMessage>()
    /// Those delivered under the session's lock.
    var locked = SequenceIndex<StoredMessage>()
    var state: ByteBuffer?
    var stateUpdatedAt: Int64 = .min
    /// The lock; nil while nobody holds the session.
    var lease: SessionLease?
    /// The key under which it waits to be accepted; nil when it cannot be.
    var waitingKey: Int64?
    /// Whether its queue has let go of it.
    var isForgotten = false
    var kept = KeptMark()

    init(id: String, ordinal: Int64, queue: MessageQueue) {
        self.id = id
        self.ordinal = ordinal
        self.queue = queue
    }

    /// Whether nothing would be lost by forgetting it.
    var isIdle: Bool { lease == nil && !outlastsLocks }

    /// Whether it is there without anybody's lock.
    var outlastsLocks: Bool { !messages.isEmpty || state != nil }

    override func deadlineReached(at now: Int64) { queue.sessionLockExpired(self, at: now) }
}

/// A held session lock: what a receiver got when it accepted a session, and what names its right to the session's messages.
public struct SessionLease: Sendable, Hashable {
    /// The session.
    public let sessionID: String
    /// The lock's token.
    public let token: UUIDBytes
    /// When the lock ends, in milliseconds since 1970.
    public internal(set) var lockedUntil: Int64
}
