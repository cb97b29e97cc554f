internal import ServiceBus

/// The settings of a queue, topic or subscription, as far as a client says anything about them. Times are in milliseconds.
struct EntityInput: Hashable, Sendable {
    /// A pair of keys as a client sends it; keys it leaves out are made.
    struct Key: Hashable, Sendable {
        var name: String
        var rights: Rights
        var primaryKey: String?
        var secondaryKey: String?
    }

    var lockDuration: Lifetime?
    var maxSizeInMegabytes: Int?
    var requiresDuplicateDetection: Bool?
    var requiresSession: Bool?
    var defaultTimeToLive: Lifetime?
    var deadLetteringOnExpiration: Bool?
    var deadLetteringOnFilterErrors: Bool?
    var duplicateDetectionWindow: Lifetime?
    var maxDeliveryCount: Int?
    var enablesBatchedOperations: Bool?
    var filtersBeforePublishing: Bool?
    var isAnonymouslyAccessible: Bool?
    var authorizationRules: [Key]?
    var status: EntityAvailability?
    var forwardTo: String?
    var forwardDeadLetteredMessagesTo: String?
    var userMetadata: String?
    var supportsOrdering: Bool?
    var autoDeleteOnIdle: Lifetime?
    var isPartitioned: Bool?
    var isExpress: Bool?
    var maxMessageSizeInKilobytes: Int?
    /// Whether the client sent what only the service knows; its answer repeats it.
    var repeatsCounts = false
    var repeatsAccess = false

    init() {}

    init(_ values: ElementValues) throws(AdministrationFault) {
        lockDuration = try values.lifetime("LockDuration")
        maxSizeInMegabytes = try values.number("MaxSizeInMegabytes")
        requiresDuplicateDetection = try values.flag("RequiresDuplicateDetection")
        requiresSession = try values.flag("RequiresSession")
        defaultTimeToLive = try values.lifetime("DefaultMessageTimeToLive")
        deadLetteringOnExpiration = try values.flag("DeadLetteringOnMessageExpiration")
        deadLetteringOnFilterErrors = try values.flag("DeadLetteringOnFilterEvaluationExceptions")
        duplicateDetectionWindow = try values.lifetime("DuplicateDetectionHistoryTimeWindow")
        maxDeliveryCount = try values.number("MaxDeliveryCount")
        enablesBatchedOperations = try values.flag("EnableBatchedOperations")
        filtersBeforePublishing = try values.flag("FilteringMessagesBeforePublishing")
        isAnonymouslyAccessible = try values.flag("IsAnonymousAccessible")
        if let rules = values.child("AuthorizationRules") { authorizationRules = try Self.keys(rules) }
        if let text = values.text("Status") {
            guard let status = EntityAvailability(rawValue: text) else { throw .invalid("Status", text) }
            self.status = status
        }
        forwardTo = values.text("ForwardTo")
        forwardDeadLetteredMessagesTo = values.text("ForwardDeadLetteredMessagesTo")
        userMetadata = values.text("UserMetadata")
        supportsOrdering = try values.flag("SupportOrdering")
        autoDeleteOnIdle = try values.lifetime("AutoDeleteOnIdle")
        isPartitioned = try values.flag("EnablePartitioning")
        isExpress = try values.flag("EnableExpress")
        maxMessageSizeInKilobytes = try values.number("MaxMessageSizeInKilobytes")
        repeatsCounts = values.child("CountDetails") != nil
        repeatsAccess = values.child("AccessedAt") != nil
    }

    private static func keys(_ element: XMLElement) throws(AdministrationFault) -> [Key] {
        guard element.children.count <= DescriptionCheck.maximumAuthorizationRules else {
            throw .unreadable("An entity has at most \(DescriptionCheck.maximumAuthorizationRules) authorization rules.")
        }
        var keys: [Key] = []
        for rule in element.children where rule.name.local == "AuthorizationRule" {
            let values = ElementValues(element: rule)
            guard let name = values.text("KeyName"), name.utf8.count <= 256 else { throw .invalid("KeyName", values.text("KeyName") ?? "") }
            guard !keys.contains(where: { $0.name == name }) else {
                throw .unreadable("There are two authorization rules with the key name '\(name)'.")
            }
            var rights: Rights = []
            for right in values.child("Rights")?.children ?? [] {
                switch right.text {
                case "Manage": rights.formUnion(Rights(rawValue: 4))
                case "Send": rights.formUnion(.send)
                case "Listen": rights.formUnion(.listen)
                default: throw .invalid("Rights", right.text)
                }
            }
            guard !rights.isEmpty else { throw .unreadable("The authorization rule '\(name)' has no rights.") }
            guard rights.rawValue & 4 == 0 || rights == .manage else {
                throw .unreadable("Manage permission should also include Send and Listen.")
            }
            keys.append(
                Key(name: name, rights: rights, primaryKey: try key("PrimaryKey", values), secondaryKey: try key("SecondaryKey", values)))
        }
        return keys
    }

    private static func key(_ name: String, _ values: ElementValues) throws(AdministrationFault) -> String? {
        guard let key = values.text(name) else { return nil }
        guard key.utf8.count <= 512 else { throw .unreadable("The \(name) is longer than 512 characters.") }
        return key
    }

    // MARK: Applying

    /// Sets what the client said. What it did not say stays.
    func apply(to entity: inout AdministeredEntity) {
        if let lockDuration = lockDuration?.limit { entity.lockDuration = .milliseconds(lockDuration) }
        if lockDuration == .forever { entity.lockDuration = .milliseconds(Int64.max) }
        if let maxSizeInMegabytes { entity.maxSizeInMegabytes = maxSizeInMegabytes }
        if let requiresDuplicateDetection { entity.requiresDuplicateDetection = requiresDuplicateDetection }
        if let requiresSession { entity.requiresSession = requiresSession }
        if let defaultTimeToLive { entity.defaultTimeToLive = defaultTimeToLive.limit.map { .milliseconds($0) } }
        if let deadLetteringOnExpiration { entity.deadLetteringOnExpiration = deadLetteringOnExpiration }
        if let deadLetteringOnFilterErrors { entity.deadLetteringOnFilterErrors = deadLetteringOnFilterErrors }
        if let duplicateDetectionWindow { entity.duplicateDetectionWindow = .milliseconds(duplicateDetectionWindow.limit ?? Int64.max) }
        if let maxDeliveryCount { entity.maxDeliveryCount = maxDeliveryCount }
        if let enablesBatchedOperations { entity.enablesBatchedOperations = enablesBatchedOperations }
        if let filtersBeforePublishing { entity.filtersBeforePublishing = filtersBeforePublishing }
        if let isAnonymouslyAccessible { entity.isAnonymouslyAccessible = isAnonymouslyAccessible }
        if let status { entity.status = EntityStatus(status.rawValue) }
        entity.forwardTo = forwardTo ?? entity.forwardTo
        entity.forwardDeadLetteredMessagesTo = forwardDeadLetteredMessagesTo ?? entity.forwardDeadLetteredMessagesTo
        entity.userMetadata = userMetadata ?? entity.userMetadata
        if let supportsOrdering { entity.supportsOrdering = supportsOrdering }
        if let autoDeleteOnIdle { entity.autoDeleteOnIdle = autoDeleteOnIdle.limit.map { .milliseconds($0) } }
        if let isPartitioned { entity.isPartitioned = isPartitioned }
        if let isExpress { entity.isExpress = isExpress }
        if let maxMessageSizeInKilobytes { entity.maxMessageSizeInKilobytes = maxMessageSizeInKilobytes }
    }
}
