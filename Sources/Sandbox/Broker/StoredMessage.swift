import AMQP
import NIOCore

/// One message in a queue, topic or subscription.
///
/// The bare message stays as the bytes that arrived. What the broker decides by was decoded once, on arrival.
final class StoredMessage: DeadlineBearer {
    enum State {
        /// May be received.
        case ready
        /// Held by a receiver under `lockToken`.
        case locked
        /// Set aside; received by sequence number only.
        case deferred
        /// Becomes active at `scheduledTime`.
        case scheduled
    }

    /// The content and what the sender asked for; see ``Envelope``.
    var envelope: Envelope { didSet { hasNewContent = true } }
    /// Its name in the entity. A scheduled message gets a new one when it becomes active.
    var sequenceNumber: Int64
    /// The number it got where it was first submitted.
    let enqueuedSequenceNumber: Int64
    /// When it arrived, or became active.
    var enqueuedTime: Int64
    /// When it expires; `Int64.max` never.
    var expiresAt: Int64
    var state: State
    /// Failed deliveries so far: what the header's delivery-count says.
    var deliveryCount: UInt32
    var lockToken = UUIDBytes(high: 0, low: 0)
    var lockedUntil: Int64 = 0
    /// How many times it was forwarded on its way here.
    let hops: Int
    /// A message received by sequence number goes back to being deferred when its lock ends.
    var wasDeferred = false
    /// Whether it was settled in a transaction that has not ended.
    var isEnlisted = false
    /// Whether it is in a queue at all.
    var isPlaced = false
    /// Whether the content has changed since it was kept.
    var hasNewContent = false
    var kept = KeptMark()
    /// The part of an entity that holds it.
    unowned var queue: MessageQueue
    /// Its session, in an entity that requires sessions.
    unowned var session: MessageSession?

    init(
        _ envelope: Envelope, sequenceNumber: Int64, enqueuedSequenceNumber: Int64, enqueuedTime: Int64, expiresAt: Int64, state: State,
        deliveryCount: UInt32, hops: Int, queue: MessageQueue
    ) {
        self.hops = hops
        self.envelope = envelope
        self.sequenceNumber = sequenceNumber
        self.enqueuedSequenceNumber = enqueuedSequenceNumber
        self.enqueuedTime = enqueuedTime
        self.expiresAt = expiresAt
        self.state = state
        self.deliveryCount = deliveryCount
        self.queue = queue
    }

    /// The state that is left when locks are forgotten: what peeking shows.
    var lastingState: Delivery.State {
        switch state {
        case .ready: .active
        case .locked: wasDeferred ? .deferred : .active
        case .deferred: .deferred
        case .scheduled: .scheduled
        }
    }

    /// Whether this very lock is still in force. A message that is in no queue any more has none, whatever its last state was: its queue
    /// may be gone too.
    func isLocked(under token: UUIDBytes) -> Bool { isPlaced && state == .locked && lockToken == token }

    override func deadlineReached(at now: Int64) { queue.deadlineReached(by: self, at: now) }
}
