/// The settings of an entity as they are kept: JSON, in which what is missing has the service's default, so that settings that come with
/// later versions do not concern what earlier ones wrote.
struct StoredSettings: Codable {
    struct Key: Codable {
        var name: String
        var rights: UInt8
        var primaryKey: String
        var secondaryKey: String
        var createdAt: Int64
        var modifiedAt: Int64
    }

    var lockDuration: Int64?
    var maxDeliveryCount: Int?
    var defaultTimeToLive: Int64?
    var deadLetteringOnExpiration: Bool?
    var requiresSession: Bool?
    var duplicateDetectionWindow: Int64?
    var forwardTo: String?
    var forwardDeadLetteredMessagesTo: String?
    var isPartitioned: Bool?
    var maximumSizeInMegabytes: Int?
    var availability: String?
    var userMetadata: String?
    var deadLetteringOnFilterEvaluationExceptions: Bool?
    var autoDeleteOnIdle: Int64?
    var maximumMessageKilobytes: Int?
    var enablesBatchedOperations: Bool?
    var supportsOrdering: Bool?
    var isExpress: Bool?
    var isAnonymouslyAccessible: Bool?
    var filtersBeforePublishing: Bool?
    var idleDuplicateDetectionWindow: Int64?
    var authorizationRules: [Key]?

    init(_ settings: QueueSettings) {
        lockDuration = settings.lockDuration
        maxDeliveryCount = settings.maxDeliveryCount
        defaultTimeToLive = settings.defaultTimeToLive
        deadLetteringOnExpiration = settings.deadLetteringOnExpiration
        requiresSession = settings.requiresSession
        duplicateDetectionWindow = settings.duplicateDetectionWindow
        forwardTo = settings.forwardTo
        forwardDeadLetteredMessagesTo = settings.forwardDeadLetteredMessagesTo
        isPartitioned = settings.isPartitioned
        maximumSizeInMegabytes = settings.maximumSizeInMegabytes
        availability = settings.availability.rawValue
        userMetadata = settings.userMetadata
        deadLetteringOnFilterEvaluationExceptions = settings.deadLetteringOnFilterEvaluationExceptions
        autoDeleteOnIdle = settings.autoDeleteOnIdle
        maximumMessageKilobytes = settings.maximumMessageKilobytes
        take(settings.administrative)
    }

    init(_ settings: TopicSettings) {
        defaultTimeToLive = settings.defaultTimeToLive
        duplicateDetectionWindow = settings.duplicateDetectionWindow
        isPartitioned = settings.isPartitioned
        maximumSizeInMegabytes = settings.maximumSizeInMegabytes
        availability = settings.availability.rawValue
        userMetadata = settings.userMetadata
        autoDeleteOnIdle = settings.autoDeleteOnIdle
        maximumMessageKilobytes = settings.maximumMessageKilobytes
        take(settings.administrative)
    }

    private mutating func take(_ settings: AdministrativeSettings) {
        enablesBatchedOperations = settings.enablesBatchedOperations
        supportsOrdering = settings.supportsOrdering
        isExpress = settings.isExpress
        isAnonymouslyAccessible = settings.isAnonymouslyAccessible
        filtersBeforePublishing = settings.filtersBeforePublishing
        idleDuplicateDetectionWindow = settings.idleDuplicateDetectionWindow
        authorizationRules = settings.authorizationRules.map {
            Key(
                name: $0.name, rights: $0.rights.rawValue, primaryKey: $0.primaryKey, secondaryKey: $0.secondaryKey,
                createdAt: $0.createdAt, modifiedAt: $0.modifiedAt)
        }
    }

    /// The settings of a queue or subscription.
    var queueSettings: QueueSettings {
        var settings = QueueSettings()
        settings.lockDuration = lockDuration ?? settings.lockDuration
        settings.maxDeliveryCount = maxDeliveryCount ?? settings.maxDeliveryCount
        settings.defaultTimeToLive = defaultTimeToLive
        settings.deadLetteringOnExpiration = deadLetteringOnExpiration ?? settings.deadLetteringOnExpiration
        settings.requiresSession = requiresSession ?? settings.requiresSession
        settings.duplicateDetectionWindow = duplicateDetectionWindow
        settings.forwardTo = forwardTo
        settings.forwardDeadLetteredMessagesTo = forwardDeadLetteredMessagesTo
        settings.isPartitioned = isPartitioned ?? settings.isPartitioned
        settings.maximumSizeInMegabytes = maximumSizeInMegabytes ?? settings.maximumSizeInMegabytes
        settings.availability = availability.flatMap { EntityAvailability(rawValue: $0) } ?? settings.availability
        settings.userMetadata = userMetadata ?? settings.userMetadata
        settings.deadLetteringOnFilterEvaluationExceptions =
            deadLetteringOnFilterEvaluationExceptions ?? settings.deadLetteringOnFilterEvaluationExceptions
        settings.autoDeleteOnIdle = autoDeleteOnIdle
        settings.maximumMessageKilobytes = maximumMessageKilobytes
        settings.administrative = administrative
        return settings
    }

    /// The settings of a topic.
    var topicSettings: TopicSettings {
        var settings = TopicSettings()
        settings.defaultTimeToLive = defaultTimeToLive
        settings.duplicateDetectionWindow = duplicateDetectionWindow
        settings.isPartitioned = isPartitioned ?? settings.isPartitioned
        settings.maximumSizeInMegabytes = maximumSizeInMegabytes ?? settings.maximumSizeInMegabytes
        settings.availability = availability.flatMap { EntityAvailability(rawValue: $0) } ?? settings.availability
        settings.userMetadata = userMetadata ?? settings.userMetadata
        settings.autoDeleteOnIdle = autoDeleteOnIdle
        settings.maximumMessageKilobytes = maximumMessageKilobytes
        settings.administrative = administrative
        return settings
    }

    private var administrative: AdministrativeSettings {
        var settings = AdministrativeSettings()
        settings.enablesBatchedOperations = enablesBatchedOperations ?? settings.enablesBatchedOperations
        settings.supportsOrdering = supportsOrdering ?? settings.supportsOrdering
        settings.isExpress = isExpress ?? settings.isExpress
        settings.isAnonymouslyAccessible = isAnonymouslyAccessible ?? settings.isAnonymouslyAccessible
        settings.filtersBeforePublishing = filtersBeforePublishing ?? settings.filtersBeforePublishing
        settings.idleDuplicateDetectionWindow = idleDuplicateDetectionWindow
        settings.authorizationRules = (authorizationRules ?? []).map {
            EntityAuthorizationRule(
                name: $0.name, rights: Rights(rawValue: $0.rights), primaryKey: $0.primaryKey, secondaryKey: $0.secondaryKey,
                createdAt: $0.createdAt, modifiedAt: $0.modifiedAt)
        }
        return settings
    }
}
