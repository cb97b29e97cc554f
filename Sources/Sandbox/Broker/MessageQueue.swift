public import AMQP
import NIOCore

/// What receivers receive from: a queue or subscription, or one of its sub-queues.
///
/// Not thread-safe: it belongs to the event loop of its ``Broker``. It stays valid when its entity is removed; every operation fails with
/// `entityNotFound` then.
public final class MessageQueue {
    /// How messages are received.
    public enum ReceiveMode: Sendable, Hashable {
        /// Locked until they are settled.
        case peekLock
        /// Removed at once.
        case receiveAndDelete
    }

    let entity: QueueEntity
    let subQueue: EntityAddress.SubQueue
    /// Every message, by sequence number.
    var all = SequenceIndex<StoredMessage>()
    /// Those that may be received; in an entity that requires sessions each session has its own instead.
    var ready = SequenceIndex<StoredMessage>()
    /// Those that are held, by lock token.
    var locks: [UUIDBytes: StoredMessage] = [:]
    var scheduledCount = 0
    var sessions: [OrdinalText: MessageSession] = [:]
    /// All sessions in the order in which they appeared.
    var sessionOrder = SequenceIndex<MessageSession>()
    /// Unlocked sessions with something to receive, by the number of their first message.
    var waitingSessions = SequenceIndex<MessageSession>()
    var nextSessionOrdinal: Int64 = 0
    /// The partition that is served next. Nothing to keep: it only has to change.
    var servedPartition = 0
    /// Whether the broker has this queue on its list of queues to announce.
    var isAnnounced = false

    var broker: Broker { entity.broker }

    /// The queue's address.
    public let address: EntityAddress

    init(of entity: QueueEntity, _ subQueue: EntityAddress.SubQueue) {
        self.entity = entity
        self.subQueue = subQueue
        address = EntityAddress(path: entity.path, subQueue: subQueue)
    }

    /// Whether messages are received by session. Sub-queues never are.
    public var requiresSession: Bool { subQueue == .active && entity.settings.requiresSession }

    /// How long a lock lasts, in milliseconds.
    public var lockDuration: Int64 { entity.settings.lockDuration }

    /// The number of messages, scheduled ones included.
    public var count: Int { all.count }

    /// Active, locked and deferred messages: what the service counts as active.
    var activeCount: Int { all.count - scheduledCount }

    // MARK: Receiving

    /// Whether a receiver may be opened here, with or without a session.
    ///
    /// - Throws: ``BrokerError``: the entity is gone or disabled, forwards what arrives, or the kind of receiver does not fit it.
    public func checkReceiver(withSession: Bool) throws(BrokerError) {
        try enter(.receive)
        defer { broker.leave() }
        try verifyReceiver(withSession: withSession)
    }

    func verifyReceiver(withSession: Bool) throws(BrokerError) {
        if case .topic = entity.kind { throw broker.error(.notAllowed, BrokerText.topicReceiver, entity.systemName) }
        let forwards =
            switch subQueue {
            case .active: entity.settings.forwardTo != nil
            case .deadLetter: entity.settings.forwardDeadLetteredMessagesTo != nil
            case .transferDeadLetter: false
            }
        if forwards { throw broker.error(.notAllowed, BrokerText.forwardingReceiver, entity.systemName) }
        switch (withSession, requiresSession) {
        case (false, true): throw broker.error(.notAllowed, BrokerText.sessionReceiverRequired, entity.systemName)
        case (true, false) where subQueue != .active:
            throw broker.error(.notAllowed, BrokerText.subQueueSession, entity.systemName)
        case (true, false): throw broker.error(.notAllowed, BrokerText.sessionReceiverRefused, entity.systemName)
        default: break
        }
    }

    /// Takes up to `maxCount` messages in order.
    ///
    /// - Parameters:
    ///   - maxCount: the receiver's credit.
    ///   - maxBytes: where to stop, in bytes of content; the message that reaches it is the last one given.
    ///   - mode: lock them, or remove them at once.
    ///   - session: the session to take them from; required by entities that require sessions, and by them only.
    /// - Returns: fewer than asked, or none, when there are no more.
    /// - Throws: ``BrokerError``: see ``checkReceiver(withSession:)``; `sessionLockLost` when the session is no longer held.
    public func receive(
        maxCount: Int, maxBytes: Int = .max, mode: ReceiveMode, session: SessionLease? = nil
    ) throws(BrokerError) -> [Delivery] {
        try enter(.receive)
        defer { broker.leave() }
        try verifyReceiver(withSession: session != nil)
        let held: MessageSession? = if let session { try heldSession(session) } else { nil }
        let limit = min(maxCount, broker.limits.maximumReceiveCount)
        var deliveries: [Delivery] = []
        deliveries.reserveCapacity(max(0, min(limit, held?.ready.count ?? ready.count)))
        var bytes = 0
        while deliveries.count < limit, bytes < maxBytes {
            guard let message = if let held { held.ready.popFirst() } else { popReady() } else { break }
            bytes += message.envelope.size
            deliveries.append(deliver(message, mode))
        }
        entity.accessedAt = broker.now
        return deliveries
    }

    /// Whether a receiver, of this session where it has one, would be given a message now.
    func hasReady(in lease: SessionLease?) -> Bool {
        guard let lease else { return !ready.isEmpty }
        return sessions[OrdinalText(lease.sessionID)].map { $0.lease?.token == lease.token && !$0.ready.isEmpty } ?? false
    }

    /// The next message to give: the first, or in a partitioned entity the first of each partition in turn, so that none has to wait for the others.
    private func popReady() -> StoredMessage? {
        guard entity.settings.isPartitioned, subQueue == .active else { return ready.popFirst() }
        let key = ready.firstKey(from: Int64(servedPartition) << QueueEntity.partitionShift) ?? ready.firstKey
        guard let key else { return nil }
        servedPartition = (Int(key >> QueueEntity.partitionShift) + 1) % QueueEntity.partitionCount
        return ready.remove(key)
    }

    /// Receives deferred messages by sequence number: all of them or none.
    ///
    /// - Throws: ``BrokerError`` with reason `messageNotFound` when one of them is not here, not deferred, locked, expired, or of another session.
    public func receiveDeferred(
        _ sequenceNumbers: [Int64], mode: ReceiveMode, sessionID: String? = nil
    ) throws(BrokerError) -> [Delivery] {
        try enter(.receive)
        defer { broker.leave() }
        guard sequenceNumbers.count <= broker.limits.maximumReceiveCount else {
            throw broker.error(.invalidArgument, "Too many sequence numbers in one request.", entity.systemName)
        }
        var messages: [StoredMessage] = []
        for number in sequenceNumbers {
            guard let message = all[number], message.state == .deferred, !messages.contains(where: { $0 === message }),
                isOf(sessionID, message), !expireDeferred(message)
            else { throw broker.error(.messageNotFound, BrokerText.deferredNotFound, entity.systemName) }
            messages.append(message)
        }
        return messages.map { message in
            message.wasDeferred = true
            return deliver(message, mode)
        }
    }

    private func isOf(_ sessionID: String?, _ message: StoredMessage) -> Bool {
        guard let sessionID else { return true }
        return message.session?.id.isOrdinallyEqual(to: sessionID) ?? false
    }

    private func deliver(_ message: StoredMessage, _ mode: ReceiveMode) -> Delivery {
        switch mode {
        case .receiveAndDelete:
            let delivery = Delivery(message, as: .removed)
            remove(message)
            return delivery
        case .peekLock:
            let now = broker.now
            message.state = .locked
            message.isEnlisted = false
            message.lockToken = broker.random.uuid()
            locks[message.lockToken] = message
            if let session = message.session, let lease = session.lease {
                // In a session the session's lock is the message's lock.
                message.lockedUntil = lease.lockedUntil
                session.locked.insert(message, at: message.sequenceNumber)
                broker.deadlines.cancel(message)
            } else {
                message.lockedUntil = now + entity.settings.lockDuration
                broker.deadlines.set(message, to: message.lockedUntil)
            }
            return Delivery(message, as: .locked)
        }
    }

    /// Deferred messages outlive their time until somebody asks for them. Answers whether this one was too old.
    private func expireDeferred(_ message: StoredMessage) -> Bool {
        guard subQueue == .active, message.expiresAt <= broker.now else { return false }
        expire(message, at: broker.now)
        return true
    }

    // MARK: Settling

    /// Settles a message by its lock token.
    ///
    /// - Throws: ``BrokerError`` with reason `messageLockLost` (in a session: `sessionLockLost`) when no live lock has this token;
    ///   `notAllowed` when a message of a dead-letter queue is to be dead-lettered.
    public func settle(_ lockToken: UUIDBytes, _ settlement: Settlement) throws(BrokerError) {
        try enter(.settle)
        defer { broker.leave() }
        apply(settlement, to: try lockedMessage(lockToken, settlement), under: lockToken)
    }

    /// The message a live lock is on, when it may be settled so.
    func lockedMessage(_ lockToken: UUIDBytes, _ settlement: Settlement) throws(BrokerError) -> StoredMessage {
        guard let message = locks[lockToken], !message.isEnlisted else {
            throw requiresSession
                ? broker.error(.sessionLockLost, BrokerText.sessionLockLost, entity.systemName)
                : broker.error(.messageLockLost, BrokerText.lockLost, entity.systemName)
        }
        if case .deadLetter = settlement, subQueue != .active {
            throw broker.error(.notAllowed, BrokerText.deadLetterOfDeadLetter, entity.systemName)
        }
        return message
    }

    /// Settles a message that is locked.
    func apply(_ settlement: Settlement, to message: StoredMessage, under lockToken: UUIDBytes) {
        let now = broker.now
        locks[lockToken] = nil
        message.session?.locked.remove(message.sequenceNumber)
        switch settlement {
        case .complete: remove(message)
        case .release:
            if broker.countsReleases { countDelivery(of: message) }
            giveBack(message, hasFailed: broker.countsReleases, at: now)
        case .abandon(let properties):
            change(message, properties)
            countDelivery(of: message)
            giveBack(message, hasFailed: true, at: now)
        case .defer(let properties):
            change(message, properties)
            // The service counts a deferral as a delivery: JavaScript's tests see 1 on a message deferred once.
            countDelivery(of: message)
            message.wasDeferred = false
            message.state = .deferred
            broker.deadlines.cancel(message)
        case .deadLetter(let reason, let description, let properties):
            detach(message)
            entity.bury(message, DeadLetterCause(reason: reason, description: description, properties: properties.namedValues), at: now)
        }
        entity.accessedAt = now
    }

    private func countDelivery(of message: StoredMessage) {
        message.deliveryCount = message.deliveryCount.addingClamped(1)
        broker.journal?.note(message)
    }

    private func change(_ message: StoredMessage, _ properties: AMQPMap) {
        if properties.isEmpty { return }
        let before = message.envelope.size
        PropertyMerge.set(properties.namedValues, in: &message.envelope)
        entity.grow(by: message.envelope.size - before)
    }

    /// Extends a message's lock to a full lock duration from now.
    ///
    /// - Returns: when the lock ends now, in milliseconds since 1970.
    /// - Throws: ``BrokerError`` with reason `messageLockLost`; `notAllowed` in a session, whose lock is renewed as a whole.
    public func renewLock(_ lockToken: UUIDBytes) throws(BrokerError) -> Int64 {
        try enter(.settle)
        defer { broker.leave() }
        guard let message = locks[lockToken] else { throw broker.error(.messageLockLost, BrokerText.lockLost, entity.systemName) }
        guard message.session?.lease == nil else {
            throw broker.error(.notAllowed, BrokerText.renewInSession, entity.systemName)
        }
        message.lockedUntil = broker.now + entity.settings.lockDuration
        broker.deadlines.set(message, to: message.lockedUntil)
        return message.lockedUntil
    }

    // MARK: Scheduled messages

    /// Cancels scheduled messages: all of them or none.
    ///
    /// - Throws: ``BrokerError`` with reason `messageNotFound` when one of them is not here or has become active.
    public func cancelScheduled(_ sequenceNumbers: [Int64]) throws(BrokerError) {
        try enter(.send)
        defer { broker.leave() }
        var messages: [StoredMessage] = []
        for number in sequenceNumbers {
            guard let message = all[number], message.state == .scheduled else {
                throw broker.error(.messageNotFound, BrokerText.scheduledNotFound, entity.systemName)
            }
            messages.append(message)
        }
        for message in messages where all[message.sequenceNumber] === message { remove(message) }
    }

    func schedule(_ incoming: IncomingMessage, number: Int64, enqueuedSequenceNumber: Int64, hops: Int, at now: Int64) {
        let message = StoredMessage(
            incoming.envelope, sequenceNumber: number, enqueuedSequenceNumber: enqueuedSequenceNumber, enqueuedTime: now,
            expiresAt: .max, state: .scheduled, deliveryCount: 0, hops: hops, queue: self)
        attach(message, sessionID: incoming.sessionID)
        scheduledCount += 1
        broker.deadlines.set(message, to: incoming.scheduledEnqueueTime ?? now)
    }

    private func activate(_ message: StoredMessage, at now: Int64) {
        remove(message)
        // A scheduled message gets a new number when it becomes active (message-sequencing).
        let incoming = IncomingMessage(reopening: message.envelope)
        entity.enqueue(
            incoming, number: entity.nextSequenceNumber(for: incoming),
            enqueuedSequenceNumber: message.enqueuedSequenceNumber, hops: message.hops, at: now)
    }

    // MARK: Keeping

    /// Adds a message that may be received from now on.
    func insert(_ message: StoredMessage, sessionID: String?, at now: Int64) {
        attach(message, sessionID: sessionID)
        makeReady(message, at: now)
    }

    /// Adds a dead-lettered message. Time to live is not observed here, and no session is.
    func insertDead(_ message: StoredMessage, isDeferred: Bool = false) {
        message.state = isDeferred ? .deferred : .ready
        message.wasDeferred = false
        message.session = nil
        attach(message, sessionID: nil)
        if isDeferred { return }
        ready.insert(message, at: message.sequenceNumber)
        broker.announce(self)
    }

    /// Adds a message whose transfer failed.
    func takeDead(_ message: StoredMessage, _ cause: DeadLetterCause, at now: Int64) {
        PropertyMerge.set(cause.properties, in: &message.envelope)
        insertDead(message)
    }

    func attach(_ message: StoredMessage, sessionID: String?) {
        message.queue = self
        all.insert(message, at: message.sequenceNumber)
        entity.grow(by: message.envelope.size)
        if requiresSession, let sessionID {
            let session = session(named: sessionID)
            message.session = session
            session.messages.insert(message, at: message.sequenceNumber)
            // Known so far by its lock alone.
            if session.kept.row == 0 { broker.journal?.note(session) }
        }
        message.isPlaced = true
        broker.journal?.note(message)
    }

    /// Takes a message out of everything but `ready` and `locks`.
    func detach(_ message: StoredMessage) {
        all.remove(message.sequenceNumber)
        message.isPlaced = false
        broker.journal?.note(message)
        entity.grow(by: -message.envelope.size)
        broker.deadlines.cancel(message)
        if message.state == .scheduled { scheduledCount -= 1 }
        if let session = message.session {
            session.messages.remove(message.sequenceNumber)
            message.session = nil
            settleWaiting(session)
        }
    }

    func remove(_ message: StoredMessage) { detach(message) }

    private func makeReady(_ message: StoredMessage, at now: Int64) {
        if subQueue == .active, message.expiresAt <= now { return expire(message, at: now) }
        message.state = .ready
        if let session = message.session {
            session.ready.insert(message, at: message.sequenceNumber)
            settleWaiting(session)
        } else {
            ready.insert(message, at: message.sequenceNumber)
        }
        if subQueue == .active, message.expiresAt != .max {
            broker.deadlines.set(message, to: message.expiresAt)
        } else {
            broker.deadlines.cancel(message)
        }
        broker.announce(self)
    }

    func unready(_ message: StoredMessage) {
        if let session = message.session {
            session.ready.remove(message.sequenceNumber)
            settleWaiting(session)
        } else {
            ready.remove(message.sequenceNumber)
        }
    }

    /// Puts a message back whose lock has ended: dead, expired, deferred again, or in its old place.
    /// - Parameter hasFailed: whether that was a delivery that failed. Only those can be one too many: what was deferred as often as may be, or
    ///   has been delivered more often than may be since the limit was lowered, is not dead for being given back untouched.
    func giveBack(_ message: StoredMessage, hasFailed: Bool, at now: Int64) {
        if hasFailed, subQueue == .active, message.deliveryCount >= UInt32(clamping: entity.settings.maxDeliveryCount) {
            detach(message)
            return entity.bury(message, .maxDeliveryCountExceeded(entity.settings.maxDeliveryCount), at: now)
        }
        if message.wasDeferred {
            message.wasDeferred = false
            message.state = .deferred
            broker.deadlines.cancel(message)
            return
        }
        makeReady(message, at: now)
    }

    /// Dead-letters or drops a message whose time is over. It must not be in `ready` or `locks` any more.
    private func expire(_ message: StoredMessage, at now: Int64) {
        detach(message)
        if entity.settings.deadLetteringOnExpiration { entity.bury(message, .expired, at: now) }
    }

    // MARK: Time

    func deadlineReached(by message: StoredMessage, at now: Int64) {
        switch message.state {
        case .scheduled: activate(message, at: now)
        case .ready:
            unready(message)
            expire(message, at: now)
        case .locked:
            locks[message.lockToken] = nil
            lockExpired(message, at: now)
        case .deferred: break
        }
    }

    func lockExpired(_ message: StoredMessage, at now: Int64) {
        message.isEnlisted = false
        // In a dead-letter queue a lock that runs out is not counted (azure-sdk-for-net#53437).
        if subQueue == .active { countDelivery(of: message) }
        giveBack(message, hasFailed: true, at: now)
    }

    // MARK: Entering

    enum Operation { case send, receive, peek, settle }

    /// Starts an operation: catches up with the clock and checks that the entity is there and allows it.
    func enter(_ operation: Operation) throws(BrokerError) {
        broker.enter()
        if entity.isRemoved {
            broker.leave()
            throw broker.notFound(entity.path)
        }
        let availability = entity.settings.availability
        let isAllowed =
            switch operation {
            case .send: availability.acceptsSends
            case .receive: availability.allowsReceives
            case .peek: availability.allowsPeeks
            // What is held may be settled whatever the status.
            case .settle: true
            }
        if !isAllowed {
            broker.leave()
            throw broker.disabled(entity.path)
        }
    }

    /// Forgets everything: the entity is removed from a broker, or the broker itself goes (nil: it must not be touched any more).
    func tearDown(_ broker: Broker?) {
        if let broker {
            all.forEach(from: .min) { message in
                broker.deadlines.cancel(message)
                message.isPlaced = false
                message.session = nil
                broker.journal?.note(message)
                return true
            }
            for session in sessions.values {
                broker.deadlines.cancel(session)
                session.isForgotten = true
                broker.journal?.note(session)
            }
        }
        all.removeAll()
        ready.removeAll()
        locks.removeAll()
        sessions.removeAll()
        sessionOrder.removeAll()
        waitingSessions.removeAll()
        scheduledCount = 0
    }
}

extension UInt32 {
    func addingClamped(_ other: UInt32) -> UInt32 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
