internal import ServiceBus

/// Between what the broker keeps and what administration shows.
extension AdministeredEntity {
    /// What the broker has of an entity.
    /// - Parameter limits: the tier's, for what the entity leaves to it.
    init(_ snapshot: EntitySnapshot, _ limits: BrokerLimits) {
        let created = Timestamp(milliseconds: snapshot.createdAt)
        let updated = Timestamp(milliseconds: snapshot.updatedAt)
        let accessed = Timestamp(milliseconds: snapshot.accessedAt)
        switch snapshot.kind {
        case .queue(let settings):
            self.init(name: snapshot.path, kind: .queue, createdAt: created, updatedAt: updated, accessedAt: accessed)
            apply(settings, limits)
        case .topic(let settings, let subscriptions):
            self.init(
                name: snapshot.path, kind: .topic(subscriptionCount: subscriptions), createdAt: created, updatedAt: updated,
                accessedAt: accessed)
            defaultTimeToLive = settings.defaultTimeToLive.map { .milliseconds($0) }
            maxSizeInMegabytes = settings.maximumSizeInMegabytes
            requiresDuplicateDetection = settings.duplicateDetectionWindow != nil
            duplicateDetectionWindow = settings.duplicateDetectionWindow.map { .milliseconds($0) } ?? duplicateDetectionWindow
            userMetadata = settings.userMetadata.isEmpty ? nil : settings.userMetadata
            autoDeleteOnIdle = settings.autoDeleteOnIdle.map { .milliseconds($0) }
            isPartitioned = settings.isPartitioned
            maxMessageSizeInKilobytes = settings.maximumMessageKilobytes ?? limits.maximumMessageBytes / 1024
            apply(settings.administrative)
        case .subscription(let topic, let name, let settings, _):
            self.init(name: name, kind: .subscription(topic: topic), createdAt: created, updatedAt: updated, accessedAt: accessed)
            apply(settings, limits)
        }
        status = EntityStatus(snapshot.availability.rawValue)
        counts = EntityCounts(
            active: Int64(snapshot.counts.active), deadLetter: Int64(snapshot.counts.deadLetter),
            scheduled: Int64(snapshot.counts.scheduled), transfer: Int64(snapshot.counts.transfer),
            transferDeadLetter: Int64(snapshot.counts.transferDeadLetter))
        sizeInBytes = Int64(snapshot.sizeInBytes)
    }

    private mutating func apply(_ settings: QueueSettings, _ limits: BrokerLimits) {
        lockDuration = .milliseconds(settings.lockDuration)
        maxSizeInMegabytes = settings.maximumSizeInMegabytes
        requiresDuplicateDetection = settings.duplicateDetectionWindow != nil
        duplicateDetectionWindow = settings.duplicateDetectionWindow.map { .milliseconds($0) } ?? duplicateDetectionWindow
        requiresSession = settings.requiresSession
        defaultTimeToLive = settings.defaultTimeToLive.map { .milliseconds($0) }
        deadLetteringOnExpiration = settings.deadLetteringOnExpiration
        deadLetteringOnFilterErrors = settings.deadLetteringOnFilterEvaluationExceptions
        maxDeliveryCount = settings.maxDeliveryCount
        forwardTo = settings.forwardTo
        forwardDeadLetteredMessagesTo = settings.forwardDeadLetteredMessagesTo
        userMetadata = settings.userMetadata.isEmpty ? nil : settings.userMetadata
        autoDeleteOnIdle = settings.autoDeleteOnIdle.map { .milliseconds($0) }
        isPartitioned = settings.isPartitioned
        maxMessageSizeInKilobytes = settings.maximumMessageKilobytes ?? limits.maximumMessageBytes / 1024
        apply(settings.administrative)
    }

    private mutating func apply(_ settings: AdministrativeSettings) {
        enablesBatchedOperations = settings.enablesBatchedOperations
        supportsOrdering = settings.supportsOrdering
        isExpress = settings.isExpress
        isAnonymouslyAccessible = settings.isAnonymouslyAccessible
        filtersBeforePublishing = settings.filtersBeforePublishing
        authorizationRules = settings.authorizationRules
        if let window = settings.idleDuplicateDetectionWindow { duplicateDetectionWindow = .milliseconds(window) }
    }

    /// What the broker is to keep, for a queue or subscription.
    var queueSettings: QueueSettings {
        var settings = QueueSettings()
        settings.lockDuration = AtomValues.milliseconds(lockDuration) ?? settings.lockDuration
        settings.maximumSizeInMegabytes = maxSizeInMegabytes
        settings.duplicateDetectionWindow = requiresDuplicateDetection ? AtomValues.milliseconds(duplicateDetectionWindow) : nil
        settings.requiresSession = requiresSession
        settings.defaultTimeToLive = defaultTimeToLive.flatMap { AtomValues.milliseconds($0) }
        settings.deadLetteringOnExpiration = deadLetteringOnExpiration
        settings.deadLetteringOnFilterEvaluationExceptions = deadLetteringOnFilterErrors
        settings.maxDeliveryCount = maxDeliveryCount
        settings.forwardTo = forwardTo
        settings.forwardDeadLetteredMessagesTo = forwardDeadLetteredMessagesTo
        settings.availability = EntityAvailability(rawValue: status.description) ?? .active
        settings.userMetadata = userMetadata ?? ""
        settings.autoDeleteOnIdle = autoDeleteOnIdle.flatMap { AtomValues.milliseconds($0) }
        settings.isPartitioned = isPartitioned
        if case .queue = kind { settings.maximumMessageKilobytes = maxMessageSizeInKilobytes }
        settings.administrative = administrative
        return settings
    }

    /// What the broker is to keep, for a topic.
    var topicSettings: TopicSettings {
        var settings = TopicSettings()
        settings.defaultTimeToLive = defaultTimeToLive.flatMap { AtomValues.milliseconds($0) }
        settings.maximumSizeInMegabytes = maxSizeInMegabytes
        settings.duplicateDetectionWindow = requiresDuplicateDetection ? AtomValues.milliseconds(duplicateDetectionWindow) : nil
        settings.availability = EntityAvailability(rawValue: status.description) ?? .active
        settings.userMetadata = userMetadata ?? ""
        settings.autoDeleteOnIdle = autoDeleteOnIdle.flatMap { AtomValues.milliseconds($0) }
        settings.isPartitioned = isPartitioned
        settings.maximumMessageKilobytes = maxMessageSizeInKilobytes
        settings.administrative = administrative
        return settings
    }

    private var administrative: AdministrativeSettings {
        var settings = AdministrativeSettings()
        settings.enablesBatchedOperations = enablesBatchedOperations
        settings.supportsOrdering = supportsOrdering
        settings.isExpress = isExpress
        settings.isAnonymouslyAccessible = isAnonymouslyAccessible
        settings.filtersBeforePublishing = filtersBeforePublishing
        settings.authorizationRules = authorizationRules
        if !requiresDuplicateDetection { settings.idleDuplicateDetectionWindow = AtomValues.milliseconds(duplicateDetectionWindow) }
        return settings
    }
}
