import AMQP
import DequeModule

/// A Service Bus namespace in memory: queues, topics, subscriptions and their messages, with no I/O and no clock of its own.
///
/// It belongs to one event loop: neither it nor anything it gives out by reference may be used elsewhere. Every operation first catches up
/// with the clock, so that a lock that has run out is lost and a message that has expired is gone whether or not a timer fired in between;
/// the owner arms one timer for ``nextDeadline`` and calls ``advance()`` when it fires, so that things also happen when nobody asks.
///
/// Each operation is O(log n) in the number of messages or better, apart from what it returns.
public final class Broker {
    /// The namespace's host name, for texts.
    public let namespace: String
    /// The namespace's quotas.
    public let limits: BrokerLimits
    /// Called after an operation with what it made possible. It may call the broker again.
    public var onEvent: ((BrokerEvent) -> Void)?
    /// Called after an operation when the next deadline is now earlier than the one announced last: milliseconds since 1970.
    public var onDeadline: ((Int64) -> Void)?

    /// What has changed since the namespace was last kept; nil when it is in memory only.
    var journal: BrokerJournal?
    /// Called after the first operation whose changes are to be kept, once until they are.
    var onChange: (() -> Void)?

    /// Whether giving a message back counts as a failed delivery. The service does not count it, save for some of its versions.
    public var countsReleases = false

    private let clock: () -> Int64
    /// The time of the operation that is running. It never goes back, even when the clock does.
    private(set) var now: Int64
    var random: BrokerRandom
    var deadlines = DeadlineHeap()
    /// Bytes of all messages and session states.
    var sizeInBytes = 0
    var transactions: [TransactionID: BrokerTransaction] = [:]
    /// Transactions that ran out of time lately, the oldest first.
    var timedOutTransactions: Deque<TransactionID> = []
    var transactionCount: UInt64 = 0
    /// Bytes of messages sent in transactions that have not ended.
    var transactionBytes = 0

    private(set) var entities: [String: QueueEntity] = [:]
    private(set) var topics: [String: Topic] = [:]
    private(set) var queueNames = NameIndex()
    private(set) var topicNames = NameIndex()
    /// Whether somebody waits for messages of an entity; asked before one that nobody uses is removed.
    var isAwaited: ((_ path: String) -> Bool)?
    private var queueCount = 0
    private var depth = 0
    private var announced: [MessageQueue] = []
    private var events: [BrokerEvent] = []
    private var isReporting = false
    private var armedDeadline = Int64.max

    /// Creates an empty namespace.
    /// - Parameters:
    ///   - namespace: the host name that texts mention.
    ///   - limits: the quotas to hold it to.
    ///   - seed: where lock tokens and tracking ids come from; the same seed gives the same ones.
    ///   - now: the clock: milliseconds since 1970.
    public init(
        namespace: String = "sbemulatorns", limits: BrokerLimits = .standard, seed: UInt64 = .random(in: .min ... .max),
        now: @escaping () -> Int64
    ) {
        self.namespace = namespace
        self.limits = limits
        clock = now
        self.now = now()
        random = BrokerRandom(seed: seed)
    }

    deinit {
        for topic in topics.values { topic.subscriptions = [] }
        for entity in entities.values { entity.tearDown(nil) }
    }

    // MARK: Time

    /// When the next lock ends, message expires or message becomes active, in milliseconds since 1970; nil when nothing is due.
    public var nextDeadline: Int64? { deadlines.earliest }

    /// Lets happen what is due by the clock.
    public func advance() {
        armedDeadline = .max
        enter()
        leave()
    }

    func enter() {
        if depth == 0 {
            now = max(now, clock())
            depth = 1
            while let bearer = deadlines.popDue(at: now) { bearer.deadlineReached(at: now) }
        } else {
            depth += 1
        }
    }

    func leave() {
        depth -= 1
        if depth > 0 { return }
        if let journal, journal.hasChanges, !journal.isAnnounced {
            journal.isAnnounced = true
            onChange?()
        }
        if !announced.isEmpty || !events.isEmpty { reportAll() }
        if let earliest = deadlines.earliest, earliest < armedDeadline, let onDeadline {
            armedDeadline = earliest
            onDeadline(earliest)
        }
    }

    /// Notes that a queue has messages, or a session, for whoever waits.
    func announce(_ queue: MessageQueue) {
        if onEvent == nil || queue.isAnnounced { return }
        queue.isAnnounced = true
        announced.append(queue)
    }

    func report(_ event: BrokerEvent) { if onEvent != nil { events.append(event) } }

    private func reportAll() {
        if isReporting { return }
        isReporting = true
        defer { isReporting = false }
        while !announced.isEmpty || !events.isEmpty {
            let queues = announced
            let others = events
            announced.removeAll(keepingCapacity: true)
            events.removeAll(keepingCapacity: true)
            for event in others { onEvent?(event) }
            for queue in queues {
                queue.isAnnounced = false
                onEvent?(.messagesAvailable(queue))
            }
        }
    }

    // MARK: Finding

    /// What receivers attached to an address receive from: a queue, a subscription or a sub-queue. A topic's own queue holds its scheduled
    /// messages, which may be peeked and cancelled.
    ///
    /// - Throws: ``BrokerError`` with reason `entityNotFound`.
    public func queue(at address: EntityAddress) throws(BrokerError) -> MessageQueue {
        guard let entity = entities[address.key] else { throw notFound(address.path) }
        if case .topic = entity.kind, address.subQueue != .active { throw notFound(address.description) }
        return entity.part(address.subQueue)
    }

    func entity(_ path: String) -> QueueEntity? { entities[path.lowercased()] }

    /// Every entity, in order of path.
    public func snapshots() -> [EntitySnapshot] {
        enter()
        defer { leave() }
        return entities.keys.sorted().compactMap { entities[$0].map { EntitySnapshot($0, topics[$0.path.lowercased()]) } }
    }

    /// One entity.
    ///
    /// - Throws: ``BrokerError`` with reason `entityNotFound`.
    public func snapshot(of path: String) throws(BrokerError) -> EntitySnapshot {
        enter()
        defer { leave() }
        guard let entity = entity(path) else { throw notFound(path) }
        return EntitySnapshot(entity, topics[path.lowercased()])
    }

    // MARK: Making entities

    /// Creates a queue.
    ///
    /// - Throws: ``BrokerError``: the name is malformed or taken, or there are too many.
    public func createQueue(_ name: String, _ settings: QueueSettings = QueueSettings()) throws(BrokerError) {
        enter()
        defer { leave() }
        try checkNewName(name, maximumLength: 260)
        guard queueCount < limits.maximumEntities else { throw tooMany("queues", limits.maximumEntities) }
        scheduleIdleExpiry(of: addQueue(name, settings, at: now))
    }

    /// Adds a queue whose name is free.
    func addQueue(_ name: String, _ settings: QueueSettings, at time: Int64) -> QueueEntity {
        queueCount += 1
        let entity = QueueEntity(.queue, path: name, settings: settings, broker: self, now: time)
        entities[name.lowercased()] = entity
        queueNames.insert(name)
        journal?.note(entity)
        return entity
    }

    /// Creates a topic.
    ///
    /// - Throws: ``BrokerError``: the name is malformed or taken, or there are too many.
    public func createTopic(_ name: String, _ settings: TopicSettings = TopicSettings()) throws(BrokerError) {
        enter()
        defer { leave() }
        try checkNewName(name, maximumLength: 260)
        guard topics.count < limits.maximumEntities else { throw tooMany("topics", limits.maximumEntities) }
        scheduleIdleExpiry(of: addTopic(name, settings, at: now).input)
    }

    /// Adds a topic whose name is free.
    func addTopic(_ name: String, _ settings: TopicSettings, at time: Int64) -> Topic {
        let topic = Topic(name, settings, broker: self, now: time)
        topics[name.lowercased()] = topic
        entities[name.lowercased()] = topic.input
        topicNames.insert(name)
        journal?.note(topic.input)
        return topic
    }

    /// Creates a subscription.
    ///
    /// - Parameter rules: which messages it gets a copy of; without any, all.
    /// - Throws: ``BrokerError``: the topic is missing, a name is malformed or taken, there are too many, or a rule's filter or action is not of
    ///   the SQL language.
    public func createSubscription(
        _ name: String, of topicName: String, _ settings: QueueSettings = QueueSettings(), rules: [RuleSettings] = []
    ) throws(BrokerError) {
        enter()
        defer { leave() }
        guard let topic = topics[topicName.lowercased()] else { throw notFound(topicName) }
        let path = EntityAddress.subscription(name, of: topic.input.path).path
        guard Self.isValidName(name, maximumLength: 50), !name.contains("/") else {
            throw error(.invalidArgument, "'\(name)' is not a valid subscription name.", "Topic:\(topicName)")
        }
        guard entities[path.lowercased()] == nil else { throw exists("Topic:\(topic.input.path)|\(name)") }
        guard topic.subscriptions.count < limits.maximumSubscriptions else { throw tooMany("subscriptions", limits.maximumSubscriptions) }
        guard rules.count <= limits.maximumRules else { throw tooMany("rules", limits.maximumRules) }
        let compiled = try compile(rules, systemName: "Topic:\(topic.input.path)|\(name)")
        var settings = settings
        settings.isPartitioned = topic.settings.isPartitioned
        topic.input.accessedAt = now
        scheduleIdleExpiry(of: addSubscription(name, of: topic, settings, compiled, at: now))
    }

    /// Adds a subscription whose name is free.
    func addSubscription(
        _ name: String, of topic: Topic, _ settings: QueueSettings, _ rules: [SubscriptionRule], at time: Int64
    ) -> QueueEntity {
        let path = EntityAddress.subscription(name, of: topic.input.path).path
        let entity = QueueEntity(.subscription(topic, name: name), path: path, settings: settings, broker: self, now: time)
        entity.rules = rules
        entities[path.lowercased()] = entity
        topic.subscriptions.append(entity)
        topic.subscriptionNames.insert(name)
        journal?.note(entity)
        return entity
    }

    /// Removes a queue, a subscription, or a topic with its subscriptions, and every message in it.
    ///
    /// - Throws: ``BrokerError`` with reason `entityNotFound`.
    public func remove(_ path: String) throws(BrokerError) {
        enter()
        defer { leave() }
        let key = path.lowercased()
        guard let entity = entities[key] else { throw notFound(path) }
        entities[key] = nil
        switch entity.kind {
        case .queue:
            queueCount -= 1
            queueNames.remove(entity.path)
        case .subscription(let topic, let name):
            topic.subscriptions.removeAll { $0 === entity }
            topic.subscriptionNames.remove(name)
        case .topic(let topic):
            topics[key] = nil
            topicNames.remove(entity.path)
            for subscription in topic.subscriptions {
                entities[subscription.path.lowercased()] = nil
                tearDown(subscription)
            }
            topic.subscriptions = []
        }
        tearDown(entity)
    }

    private func tearDown(_ entity: QueueEntity) {
        if let expiry = entity.idleExpiry { deadlines.cancel(expiry) }
        entity.grow(by: -entity.ownSizeInBytes)
        entity.tearDown(self)
        journal?.note(entity)
        report(.entityRemoved(EntityAddress(path: entity.path)))
    }

    /// Opens or closes an entity for sending and receiving.
    ///
    /// - Throws: ``BrokerError`` with reason `entityNotFound`.
    public func setAvailability(_ availability: EntityAvailability, of path: String) throws(BrokerError) {
        enter()
        defer { leave() }
        guard let entity = entity(path) else { throw notFound(path) }
        entity.settings.availability = availability
        entity.updatedAt = now
        report(.availabilityChanged(EntityAddress(path: entity.path), availability))
    }

    private func checkNewName(_ name: String, maximumLength: Int) throws(BrokerError) {
        guard Self.isValidName(name, maximumLength: maximumLength) else {
            throw error(.invalidArgument, "'\(name)' is not a valid entity name.", "gateway7")
        }
        if entities[name.lowercased()] != nil { throw exists(name) }
    }

    /// Whether a text may name an entity: letters, digits, `_`, `-`, `.` and `/`, beginning and ending with a letter or digit.
    static func isValidName(_ name: String, maximumLength: Int) -> Bool {
        let bytes = Array(name.utf8)
        guard let first = bytes.first, let last = bytes.last, bytes.count <= maximumLength else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && bytes.allSatisfy { isAlphanumeric($0) || $0 == 0x2d || $0 == 0x2e || $0 == 0x2f || $0 == 0x5f }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
    }
}

@available(*, unavailable)
extension Broker: Sendable {}

@available(*, unavailable)
extension MessageQueue: Sendable {}
