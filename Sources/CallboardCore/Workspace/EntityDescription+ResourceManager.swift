internal import AzureResources
internal import Identity
internal import ServiceBus

/// Entities as Azure Resource Manager describes them, in the words of the namespace's own interface.
extension EntityDescription {
    /// A queue; nil when its name is none.
    init?(_ queue: QueueResource, asOf: Timestamp) {
        guard let path = EntityPath.ofResource(queue.name) else { return nil }
        var fields = Fields(path: path, kind: .queue, status: EntityStatus(queue.status), counts: queue.counts.map { EntityCounts($0) })
        fields.source = .resourceManager(asOf: asOf)
        fields.lockDuration = queue.lockDuration
        fields.maxDeliveryCount = queue.maxDeliveryCount
        fields.defaultTimeToLive = queue.defaultMessageTimeToLive.finite
        fields.requiresSession = queue.requiresSession ?? false
        fields.requiresDuplicateDetection = queue.requiresDuplicateDetection ?? false
        fields.deadLetteringOnExpiration = queue.deadLetteringOnMessageExpiration ?? false
        fields.forwardTo = queue.forwardTo.nonEmpty
        fields.forwardDeadLetteredTo = queue.forwardDeadLetteredMessagesTo.nonEmpty
        fields.sizeInBytes = queue.sizeInBytes
        fields.setTimes(queue.createdAt, queue.updatedAt, queue.accessedAt)
        var settings = ResourceSettings()
        settings.add("LockDuration", queue.lockDuration)
        settings.add("MaxSizeInMegabytes", queue.maxSizeInMegabytes)
        settings.add("RequiresDuplicateDetection", queue.requiresDuplicateDetection)
        settings.add("RequiresSession", queue.requiresSession)
        settings.add("DefaultMessageTimeToLive", queue.defaultMessageTimeToLive)
        settings.add("DeadLetteringOnMessageExpiration", queue.deadLetteringOnMessageExpiration)
        settings.add("DuplicateDetectionHistoryTimeWindow", queue.duplicateDetectionHistoryTimeWindow)
        settings.add("MaxDeliveryCount", queue.maxDeliveryCount.map { Int64($0) })
        settings.add("EnableBatchedOperations", queue.enableBatchedOperations)
        settings.add("SizeInBytes", queue.sizeInBytes)
        settings.add("MessageCount", queue.messageCount)
        settings.add("Status", queue.status?.rawValue)
        settings.add("ForwardTo", queue.forwardTo.nonEmpty)
        settings.add("UserMetadata", queue.userMetadata.nonEmpty)
        settings.add("CreatedAt", fields.createdAt)
        settings.add("UpdatedAt", fields.updatedAt)
        settings.add("AccessedAt", fields.accessedAt)
        settings.add("AutoDeleteOnIdle", queue.autoDeleteOnIdle)
        settings.add("EnablePartitioning", queue.enablePartitioning)
        settings.add("ForwardDeadLetteredMessagesTo", queue.forwardDeadLetteredMessagesTo.nonEmpty)
        settings.add("EnableExpress", queue.enableExpress)
        settings.add("MaxMessageSizeInKilobytes", queue.maxMessageSizeInKilobytes)
        fields.settings = settings.list
        self.init(fields)
    }

    /// A topic; nil when its name is none.
    init?(_ topic: TopicResource, asOf: Timestamp) {
        guard let path = EntityPath.ofResource(topic.name) else { return nil }
        var fields = Fields(path: path, kind: .topic, status: EntityStatus(topic.status), counts: topic.counts.map { EntityCounts($0) })
        fields.source = .resourceManager(asOf: asOf)
        fields.defaultTimeToLive = topic.defaultMessageTimeToLive.finite
        fields.requiresDuplicateDetection = topic.requiresDuplicateDetection ?? false
        fields.sizeInBytes = topic.sizeInBytes
        fields.subscriptionCount = topic.subscriptionCount
        fields.setTimes(topic.createdAt, topic.updatedAt, topic.accessedAt)
        var settings = ResourceSettings()
        settings.add("DefaultMessageTimeToLive", topic.defaultMessageTimeToLive)
        settings.add("MaxSizeInMegabytes", topic.maxSizeInMegabytes)
        settings.add("RequiresDuplicateDetection", topic.requiresDuplicateDetection)
        settings.add("DuplicateDetectionHistoryTimeWindow", topic.duplicateDetectionHistoryTimeWindow)
        settings.add("EnableBatchedOperations", topic.enableBatchedOperations)
        settings.add("SizeInBytes", topic.sizeInBytes)
        settings.add("Status", topic.status?.rawValue)
        settings.add("UserMetadata", topic.userMetadata.nonEmpty)
        settings.add("CreatedAt", fields.createdAt)
        settings.add("UpdatedAt", fields.updatedAt)
        settings.add("AccessedAt", fields.accessedAt)
        settings.add("SupportOrdering", topic.supportOrdering)
        settings.add("SubscriptionCount", topic.subscriptionCount.map { Int64($0) })
        settings.add("AutoDeleteOnIdle", topic.autoDeleteOnIdle)
        settings.add("EnablePartitioning", topic.enablePartitioning)
        settings.add("EnableExpress", topic.enableExpress)
        settings.add("MaxMessageSizeInKilobytes", topic.maxMessageSizeInKilobytes)
        fields.settings = settings.list
        self.init(fields)
    }

    /// A subscription of a topic; nil when its name is none.
    init?(_ subscription: SubscriptionResource, of topic: EntityPath, asOf: Timestamp) {
        guard let path = try? EntityPath.subscription(topic: topic.name, name: subscription.name) else { return nil }
        var fields = Fields(
            path: path, kind: .subscription, status: EntityStatus(subscription.status), counts: subscription.counts.map { EntityCounts($0) }
        )
        fields.source = .resourceManager(asOf: asOf)
        fields.lockDuration = subscription.lockDuration
        fields.maxDeliveryCount = subscription.maxDeliveryCount
        fields.defaultTimeToLive = subscription.defaultMessageTimeToLive.finite
        fields.requiresSession = subscription.requiresSession ?? false
        fields.deadLetteringOnExpiration = subscription.deadLetteringOnMessageExpiration ?? false
        fields.forwardTo = subscription.forwardTo.nonEmpty
        fields.forwardDeadLetteredTo = subscription.forwardDeadLetteredMessagesTo.nonEmpty
        fields.setTimes(subscription.createdAt, subscription.updatedAt, subscription.accessedAt)
        var settings = ResourceSettings()
        settings.add("LockDuration", subscription.lockDuration)
        settings.add("RequiresSession", subscription.requiresSession)
        settings.add("DefaultMessageTimeToLive", subscription.defaultMessageTimeToLive)
        settings.add("DeadLetteringOnMessageExpiration", subscription.deadLetteringOnMessageExpiration)
        settings.add("DeadLetteringOnFilterEvaluationExceptions", subscription.deadLetteringOnFilterEvaluationExceptions)
        settings.add("MessageCount", subscription.messageCount)
        settings.add("MaxDeliveryCount", subscription.maxDeliveryCount.map { Int64($0) })
        settings.add("EnableBatchedOperations", subscription.enableBatchedOperations)
        settings.add("Status", subscription.status?.rawValue)
        settings.add("ForwardTo", subscription.forwardTo.nonEmpty)
        settings.add("CreatedAt", fields.createdAt)
        settings.add("UpdatedAt", fields.updatedAt)
        settings.add("AccessedAt", fields.accessedAt)
        settings.add("UserMetadata", subscription.userMetadata.nonEmpty)
        settings.add("ForwardDeadLetteredMessagesTo", subscription.forwardDeadLetteredMessagesTo.nonEmpty)
        settings.add("AutoDeleteOnIdle", subscription.autoDeleteOnIdle)
        fields.settings = settings.list
        self.init(fields)
    }
}

extension EntityPath {
    /// The path of a queue or topic by its name as a resource: a tilde is where a slash was.
    static func ofResource(_ name: String) -> EntityPath? { try? .queue(name.replacing("~", with: "/")) }

    /// Its name, or that of its topic, as a resource.
    var resourceName: String { name.replacing("/", with: "~") }
}

extension EntityDescription.Fields {
    fileprivate mutating func setTimes(_ created: WallTime?, _ updated: WallTime?, _ accessed: WallTime?) {
        createdAt = created?.used
        updatedAt = updated?.used
        accessedAt = accessed?.used
    }
}

extension EntityCounts {
    fileprivate init(_ counts: CountDetails) {
        self.init(
            active: counts.active, deadLetter: counts.deadLetter, scheduled: counts.scheduled, transfer: counts.transfer,
            transferDeadLetter: counts.transferDeadLetter)
    }
}

extension EntityStatus {
    /// What does not say is active.
    fileprivate init(_ status: EntityResourceStatus?) { self = status.map { EntityStatus($0.rawValue) } ?? .active }
}

extension WallTime {
    /// The moment; nil for .NET's first one, which stands for "never".
    fileprivate var used: Timestamp? {
        let moment = Timestamp(self)
        return moment.utc.year > 1 ? moment : nil
    }
}

extension Duration? {
    /// The duration; nil for the longest one, which stands for "for ever".
    fileprivate var finite: Duration? {
        guard let duration = self, case .lasting(let lasting)? = XMLDuration.parse(XMLDuration.text(duration)) else { return nil }
        return lasting
    }
}

extension String? {
    fileprivate var nonEmpty: String? { self?.isEmpty == false ? self : nil }
}

/// Settings by the names that the namespace's own interface has for them.
private struct ResourceSettings {
    private(set) var list: [EntityDescription.Setting] = []

    mutating func add(_ name: String, _ value: String?) {
        if let value { list.append(.init(name: name, value: value)) }
    }

    mutating func add(_ name: String, _ value: Bool?) { add(name, value.map { $0 ? "true" : "false" }) }

    mutating func add(_ name: String, _ value: Int64?) { add(name, value.map { String($0) }) }

    mutating func add(_ name: String, _ value: Duration?) { add(name, value.map { XMLDuration.text($0) }) }

    mutating func add(_ name: String, _ value: Timestamp?) { add(name, value.map { $0.rfc3339 }) }
}
