/// A queue, a subscription of a topic, or the input of a topic: its settings, its messages and its sub-queues.
final class QueueEntity {
    enum Kind {
        case queue
        /// Where a topic's messages arrive. It keeps the scheduled ones and passes the others on.
        case topic(Topic)
        case subscription(Topic, name: String)
    }

    private(set) var kind: Kind
    let path: String
    unowned let broker: Broker
    var settings: QueueSettings { didSet { broker.journal?.note(self) } }
    var rules: [SubscriptionRule] = [] { didSet { broker.journal?.note(self) } }
    let createdAt: Int64
    var updatedAt: Int64 { didSet { broker.journal?.note(self) } }
    var accessedAt: Int64 { didSet { noteUse() } }
    /// Bytes of all messages and session states, sub-queues included; of a topic, its subscriptions' too.
    private(set) var sizeInBytes = 0
    /// The same without subscriptions.
    private(set) var ownSizeInBytes = 0
    private(set) var isRemoved = false
    /// Set while the entity ends when nobody uses it.
    var idleExpiry: IdleExpiry?
    private(set) var lastSequenceNumber: Int64 = 0
    /// The last number of each partition, without the partition.
    private(set) var partitions: [Int64] = []
    private(set) var nextPartition = 0
    private(set) var history = DuplicateHistory()
    var kept = KeptMark()
    /// The rules as they are kept, with their rows.
    var keptRules: [(row: Int64, rule: SubscriptionRule)] = []
    /// Whether the journal has its sequence numbers and its last use.
    var areCountersNoted = false
    /// The last use that the journal was told of.
    private var notedUse: Int64 = 0

    /// Nil before the first use and after removal, so that entity and queues do not keep each other alive for ever.
    private var parts: (active: MessageQueue, deadLetter: MessageQueue, transferDeadLetter: MessageQueue)?

    /// Whether messages ever were, or could be, here. Looking at an entity does not make queues for it.
    var isInUse: Bool { parts != nil }

    var active: MessageQueue { queues.active }
    var deadLetter: MessageQueue { queues.deadLetter }
    var transferDeadLetter: MessageQueue { queues.transferDeadLetter }

    private var queues: (active: MessageQueue, deadLetter: MessageQueue, transferDeadLetter: MessageQueue) {
        if let parts { return parts }
        let made = (
            active: MessageQueue(of: self, .active), deadLetter: MessageQueue(of: self, .deadLetter),
            transferDeadLetter: MessageQueue(of: self, .transferDeadLetter)
        )
        if !isRemoved { parts = made }
        return made
    }

    init(_ kind: Kind, path: String, settings: QueueSettings, broker: Broker, now: Int64) {
        self.kind = kind
        self.path = path
        self.settings = settings
        self.broker = broker
        createdAt = now
        updatedAt = now
        accessedAt = now
    }

    /// The name the service writes in texts: `Queue:orders` or `Topic:events|billing`.
    var systemName: String {
        switch kind {
        case .queue: "Queue:\(path)"
        case .topic: "Topic:\(path)"
        case .subscription(let topic, let name): "Topic:\(topic.input.path)|\(name)"
        }
    }

    /// The largest message taken: the tier's limit, or a lower one of the entity's own.
    var maximumMessageBytes: Int {
        guard let kilobytes = settings.maximumMessageKilobytes else { return broker.limits.maximumMessageBytes }
        let (bytes, overflow) = kilobytes.multipliedReportingOverflow(by: 1024)
        return overflow ? broker.limits.maximumMessageBytes : min(bytes, broker.limits.maximumMessageBytes)
    }

    /// Forgets all messages. References to the queues stay valid and find the entity removed.
    func tearDown(_ broker: Broker?) {
        isRemoved = true
        if let parts { for part in [parts.active, parts.deadLetter, parts.transferDeadLetter] { part.tearDown(broker) } }
        parts = nil
        kind = .queue
    }

    func part(_ subQueue: EntityAddress.SubQueue) -> MessageQueue {
        switch subQueue {
        case .active: active
        case .deadLetter: deadLetter
        case .transferDeadLetter: transferDeadLetter
        }
    }

    /// The number of the next message.
    ///
    /// In a partitioned entity its top 16 bits say in which partition it is: the one of its session or partition key, else each in turn.
    func nextSequenceNumber(for message: IncomingMessage) -> Int64 {
        broker.journal?.noteCounters(of: self)
        guard settings.isPartitioned else {
            lastSequenceNumber += 1
            return lastSequenceNumber
        }
        if partitions.isEmpty { partitions = Array(repeating: 0, count: Self.partitionCount) }
        let index: Int
        if let key = message.sessionID ?? message.partitionKey {
            // FNV-1a: the same key is in the same partition in every run.
            let hash = key.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
            index = Int(hash % UInt64(Self.partitionCount))
        } else {
            index = nextPartition
            nextPartition = (nextPartition + 1) % Self.partitionCount
        }
        partitions[index] += 1
        return Int64(index) << Self.partitionShift | partitions[index]
    }

    /// How many partitions a partitioned entity has.
    static let partitionCount = 16
    /// Where the partition's number begins in a sequence number.
    static let partitionShift: Int64 = 48

    /// Makes sure that numbers given from now on are above this one.
    func reserveSequenceNumbers(through number: Int64) {
        guard number > lastSequenceNumber else { return }
        lastSequenceNumber = number
        broker.journal?.noteCounters(of: self)
    }

    /// Goes on where the entity was when it was kept.
    func resume(_ past: Past) {
        updatedAt = past.updatedAt
        accessedAt = past.accessedAt
        lastSequenceNumber = past.lastSequenceNumber
        partitions = past.partitions
        nextPartition = past.nextPartition
        for (id, time) in past.remembered { history.restore(id, seenAt: time) }
    }

    /// Use that changes nothing is worth telling once a second, not once a message.
    private func noteUse() {
        guard let journal = broker.journal, accessedAt - notedUse >= 1000 else { return }
        notedUse = accessedAt
        journal.noteCounters(of: self)
    }

    func grow(by bytes: Int) {
        sizeInBytes += bytes
        ownSizeInBytes += bytes
        broker.sizeInBytes += bytes
        if case .subscription(let topic, _) = kind { topic.input.sizeInBytes += bytes }
    }

    // MARK: Arrival

    /// Why a message may not come in now; nil when it may. Settings that concern the sender only; see ``Broker`` for the message's own.
    func refusal(of message: IncomingMessage) -> BrokerError? {
        if !settings.availability.acceptsSends { return broker.disabled(path) }
        if settings.requiresSession, message.sessionID == nil { return broker.error(.notAllowed, BrokerText.sessionIDRequired, systemName) }
        return broker.quotaRefusal(adding: message.envelope.size, to: self)
    }

    /// Takes a message in: from a sender, from a topic, or forwarded from another entity.
    ///
    /// - Returns: the sequence number it got; nil when duplicate detection dropped it.
    @discardableResult
    func accept(
        _ message: IncomingMessage, hops: Int, enqueuedSequenceNumber: Int64? = nil, reservedNumber: Int64? = nil, at now: Int64
    ) -> Int64? {
        if let window = settings.duplicateDetectionWindow, let id = message.messageID {
            if history.isDuplicate(id, at: now, window: window, capacity: broker.limits.maximumRememberedIDs) { return nil }
            broker.journal?.remember(id, in: self, at: now)
        }
        let number = reservedNumber ?? nextSequenceNumber(for: message)
        let firstNumber = enqueuedSequenceNumber ?? number
        if let time = message.scheduledEnqueueTime, time > now {
            active.schedule(message, number: number, enqueuedSequenceNumber: firstNumber, hops: hops, at: now)
        } else {
            enqueue(message, number: number, enqueuedSequenceNumber: firstNumber, hops: hops, at: now)
        }
        return number
    }

    /// Takes a topic's copy in. The message has arrived: nothing that it says can delay it any more.
    func acceptCopy(_ message: IncomingMessage, hops: Int, enqueuedSequenceNumber: Int64, at now: Int64) {
        enqueue(message, number: nextSequenceNumber(for: message), enqueuedSequenceNumber: enqueuedSequenceNumber, hops: hops, at: now)
    }

    /// Takes a topic's copy into the dead-letter queue.
    func acceptDead(_ message: IncomingMessage, _ cause: DeadLetterCause, hops: Int, enqueuedSequenceNumber: Int64, at now: Int64) {
        bury(store(message, nextSequenceNumber(for: message), enqueuedSequenceNumber, hops, at: now, in: deadLetter), cause, at: now)
    }

    /// Puts a message where it belongs once its time has come: the next entity, this one, or its dead-letter queue.
    func enqueue(_ message: IncomingMessage, number: Int64, enqueuedSequenceNumber: Int64, hops: Int, at now: Int64) {
        if case .topic(let topic) = kind {
            return topic.publish(message, enqueuedSequenceNumber: enqueuedSequenceNumber, hops: hops, at: now)
        }
        if let destination = settings.forwardTo {
            return pass(message, to: destination, number: number, enqueuedSequenceNumber: enqueuedSequenceNumber, hops: hops, at: now)
        }
        if settings.requiresSession, message.sessionID == nil {
            let stored = store(message, number, enqueuedSequenceNumber, hops, at: now, in: deadLetter)
            return bury(stored, .sessionIDMissing, at: now)
        }
        if message.headerBytes > broker.limits.maximumHeaderBytes {
            let stored = store(message, number, enqueuedSequenceNumber, hops, at: now, in: deadLetter)
            return bury(stored, .headerTooLarge, at: now)
        }
        active.insert(store(message, number, enqueuedSequenceNumber, hops, at: now, in: active), sessionID: message.sessionID, at: now)
    }

    /// Takes a message in only to pass it on (send via).
    func transfer(_ message: IncomingMessage, to destination: String, at now: Int64) {
        let number = nextSequenceNumber(for: message)
        pass(message, to: destination, number: number, enqueuedSequenceNumber: number, hops: 0, at: now)
    }

    /// Passes a message on; one that does not arrive is kept with the transfers that failed.
    private func pass(
        _ message: IncomingMessage, to destination: String, number: Int64, enqueuedSequenceNumber: Int64, hops: Int, at now: Int64
    ) {
        guard let failure = broker.forward(message, to: destination, hops: hops + 1, enqueuedSequenceNumber, at: now) else { return }
        let stored = store(message, number, enqueuedSequenceNumber, hops, at: now, in: transferDeadLetter)
        transferDeadLetter.takeDead(stored, failure, at: now)
    }

    private func store(
        _ message: IncomingMessage, _ number: Int64, _ enqueuedSequenceNumber: Int64, _ hops: Int, at now: Int64, in queue: MessageQueue
    ) -> StoredMessage {
        StoredMessage(
            message.envelope, sequenceNumber: number, enqueuedSequenceNumber: enqueuedSequenceNumber, enqueuedTime: now,
            expiresAt: expiry(of: message.envelope, from: now), state: .ready, deliveryCount: 0, hops: hops, queue: queue)
    }

    /// When a message that arrives now expires: the shorter of its own time to live and the entity's.
    func expiry(of envelope: Envelope, from now: Int64) -> Int64 {
        var shortest = Int64.max
        if let own = envelope.timeToLive { shortest = Int64(own) }
        if let ofEntity = settings.defaultTimeToLive { shortest = min(shortest, ofEntity) }
        if let ofTopic = topicTimeToLive { shortest = min(shortest, ofTopic) }
        if shortest == .max { return .max }
        let (time, overflow) = now.addingReportingOverflow(shortest)
        return overflow ? .max : time
    }

    private var topicTimeToLive: Int64? {
        if case .subscription(let topic, _) = kind { topic.settings.defaultTimeToLive } else { nil }
    }

    // MARK: Dead letters

    /// Moves a message that is in no queue any more to the dead-letter queue, or on to where dead letters are forwarded.
    func bury(_ message: StoredMessage, _ cause: DeadLetterCause, at now: Int64) {
        PropertyMerge.set(cause.properties, in: &message.envelope)
        if let destination = settings.forwardDeadLetteredMessagesTo {
            var forwarded = IncomingMessage(reopening: message.envelope)
            forwarded.envelope.deadLetterSource = path
            // Hops count on: two queues that forward their dead letters to each other must not play ball for ever.
            let failure = broker.forward(forwarded, to: destination, hops: message.hops + 1, message.enqueuedSequenceNumber, at: now)
            if failure == nil { return }
            // A destination that is missing, disabled or full leaves dead letters where they are.
        }
        deadLetter.insertDead(message)
    }
}
