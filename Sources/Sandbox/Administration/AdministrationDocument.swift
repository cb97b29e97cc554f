internal import ServiceBus

/// The documents that the endpoint answers with: entries, feeds, errors, laid out as the service does (protocol reference 1.17).
struct AdministrationDocument {
    /// The request answered: its target and host are quoted in ids and links.
    let request: AdministrationRequest
    /// The server's time.
    let now: Timestamp
    /// The namespace, whose name is the author of queues and topics.
    let namespace: AdministeredNamespace

    private static let atom = "http://www.w3.org/2005/Atom"
    static let serviceBus = "http://schemas.microsoft.com/netservices/2010/10/servicebus/connect"
    static let schemaInstance = "http://www.w3.org/2001/XMLSchema-instance"

    private var base: String { "\(request.isSecure ? "https" : "http")://\(request.host)" }
    private var requested: String { base + request.target }

    /// `?api-version=…` as entries repeat it.
    private var versionQuery: String { request.parameter("api-version").map { "?api-version=\($0)" } ?? "" }

    /// Versions are dates, so they compare as text. Elements appear from the version that introduced them.
    private func isVersion(atLeast version: String) -> Bool { (request.parameter("api-version") ?? "") >= version }

    // MARK: Entries

    func namespaceEntry() -> String {
        var writer = XMLWriter(emptyElements: .paired)
        writer.element("entry", ["xmlns": Self.atom]) { writer in
            writer.element("id", requested)
            writer.element("title", ["type": "text"], text: namespace.name)
            writer.element("updated", AtomValues.wholeSeconds(now))
            writer.element("author") { $0.element("name", namespace.name) }
            writer.element("link", ["rel": "self", "href": requested], text: "")
            writer.element("content", ["type": "application/xml"]) { writer in
                writer.element("NamespaceInfo", ["xmlns": Self.serviceBus, "xmlns:i": Self.schemaInstance]) { writer in
                    writer.element("CreatedTime", AtomValues.moment(namespace.createdAt))
                    writer.element("MessagingSKU", namespace.tier)
                    if let units = namespace.messagingUnits { writer.element("MessagingUnits", units) }
                    writer.element("ModifiedTime", AtomValues.moment(namespace.modifiedAt))
                    writer.element("Name", namespace.name)
                    writer.element("NamespaceType", "Messaging")
                }
            }
        }
        return writer.text
    }

    func entry(_ entity: AdministeredEntity) -> String {
        var writer = XMLWriter(emptyElements: .paired)
        // Of subscriptions and rules the service says the messaging address, of queues and topics the one asked.
        let isSubscription = if case .subscription = entity.kind { true } else { false }
        let id = isSubscription ? "sb://\(request.host)\(request.target)" : requested
        writer.element("entry", ["xmlns": Self.atom]) { write(entity, id: id, link: id, .whole(countsPrefix: "d3p1"), to: &$0) }
        return writer.text
    }

    /// What answers a PUT: the entity as it is now, without what the client did not send. Only the service knows why.
    func changed(_ entity: AdministeredEntity, isNew: Bool, _ input: EntityInput) -> String {
        var form = EntryForm.whole(countsPrefix: "d2p1")
        if case .subscription = entity.kind {
            form.hasCounts = false
            form.accessed = .neverWithoutZone
        } else {
            form.isPublished = isNew
            form.hasCounts = input.repeatsCounts && !isNew
            form.accessed = input.repeatsAccess && !isNew ? .time : .absent
        }
        var writer = XMLWriter(emptyElements: .paired)
        writer.element("entry", ["xmlns": Self.atom]) { write(entity, id: requested, link: requested, form, to: &$0) }
        return writer.text
    }

    /// What answers a PUT of a rule.
    func changed(_ rule: AdministeredRule) -> String {
        var writer = XMLWriter(emptyElements: .paired)
        writer.element("entry", ["xmlns": Self.atom]) { write(rule, id: requested, link: requested, isListed: false, to: &$0) }
        return writer.text
    }

    func entry(_ rule: AdministeredRule) -> String {
        var writer = XMLWriter(emptyElements: .paired)
        let id = "sb://\(request.host)\(request.target)"
        writer.element("entry", ["xmlns": Self.atom]) { write(rule, id: id, link: id, isListed: false, to: &$0) }
        return writer.text
    }

    // MARK: Feeds

    /// A list of entities.
    /// - Parameters:
    ///   - entities: the entries of this page.
    ///   - title: `Queues`, `Topics` or `Subscriptions`.
    ///   - next: where the next page begins; nil on the last.
    func feed(_ entities: [AdministeredEntity], title: String, next: Page?) -> String {
        feed(title: title, next: next) { writer in
            for entity in entities {
                writer.element("entry", ["xml:base": requested]) { writer in
                    let (path, link) =
                        switch entity.kind {
                        case .queue, .topic: (entity.name, "../\(entity.name)\(versionQuery)")
                        case .subscription(let topic):
                            ("\(topic)/subscriptions/\(entity.name)", "subscriptions/\(entity.name)\(versionQuery)")
                        }
                    write(entity, id: "\(base)/\(path)\(versionQuery)", link: link, .whole(countsPrefix: "d2p1"), to: &writer)
                }
            }
        }
    }

    /// A list of rules.
    func feed(_ rules: [AdministeredRule], topic: String, subscription: String, next: Page?) -> String {
        feed(title: "Rules", next: next) { writer in
            for rule in rules {
                writer.element("entry", ["xml:base": requested]) { writer in
                    let id = "\(base)/\(topic)/subscriptions/\(subscription)/rules/\(rule.name)\(versionQuery)"
                    write(rule, id: id, link: "rules/\(rule.name)\(versionQuery)", isListed: true, to: &writer)
                }
            }
        }
    }

    /// A part of a list.
    struct Page: Hashable {
        var skip: Int
        var top: Int
    }

    private func feed(title: String, next: Page?, entries: (inout XMLWriter) -> Void) -> String {
        var writer = XMLWriter(emptyElements: .paired)
        writer.element("feed", ["xmlns": Self.atom]) { writer in
            writer.element("title", ["type": "text"], text: title)
            writer.element("id", requested)
            writer.element("updated", AtomValues.wholeSeconds(now))
            writer.emptyElement("link", ["rel": "self", "href": requested])
            if let next {
                let version = request.parameter("api-version").map { "&api-version=\($0)" } ?? ""
                let query = "?%24skip=\(next.skip)&%24top=\(next.top)\(version)"
                writer.emptyElement("link", ["rel": "next", "href": "\(base)\(request.path)\(query)"])
            }
            entries(&writer)
        }
        return writer.text
    }

    /// What the service answers, with status 200, for an entity that it does not have.
    func publicList(id: String) -> String {
        var writer = XMLWriter(emptyElements: .paired)
        writer.element("feed", ["xmlns": Self.atom]) { writer in
            writer.element("title", ["type": "text"], text: "Publicly Listed Services")
            writer.element("subtitle", ["type": "text"], text: "This is the list of publicly-listed services currently available.")
            writer.element("id", "uuid:\(id);id=1")
            writer.element("updated", AtomValues.wholeSeconds(now))
            writer.element("generator", "Service Bus 1.1")
        }
        return writer.text
    }

    /// An error.
    static func error(code: Int, detail: String) -> String {
        var writer = XMLWriter(emptyElements: .paired)
        writer.element("Error") { writer in
            writer.element("Code", code)
            writer.element("Detail", detail)
        }
        return writer.text
    }

    // MARK: Descriptions

    /// What an entry says of what the service alone knows.
    private struct EntryForm {
        enum Access { case absent, time, neverWithoutZone }
        var isPublished = true
        var accessed = Access.time
        var hasCounts = true
        let countsPrefix: String

        static func whole(countsPrefix: String) -> EntryForm { EntryForm(countsPrefix: countsPrefix) }
    }

    private func write(_ entity: AdministeredEntity, id: String, link: String, _ form: EntryForm, to writer: inout XMLWriter) {
        writer.element("id", id)
        writer.element("title", ["type": "text"], text: entity.name)
        if form.isPublished { writer.element("published", AtomValues.wholeSeconds(entity.createdAt)) }
        writer.element("updated", AtomValues.wholeSeconds(entity.updatedAt))
        let name: String
        switch entity.kind {
        case .queue: name = "QueueDescription"
        case .topic: name = "TopicDescription"
        case .subscription: name = "SubscriptionDescription"
        }
        if name != "SubscriptionDescription" {
            writer.element("author") { $0.element("name", namespace.name) }
        }
        writer.emptyElement("link", ["rel": "self", "href": link])
        writer.element("content", ["type": "application/xml"]) { writer in
            writer.element(name, ["xmlns": Self.serviceBus, "xmlns:i": Self.schemaInstance]) { writer in
                switch entity.kind {
                case .queue: writeQueue(entity, form, to: &writer)
                case .topic(let subscriptionCount): writeTopic(entity, subscriptionCount, form, to: &writer)
                case .subscription: writeSubscription(entity, form, to: &writer)
                }
            }
        }
    }

    private func writeQueue(_ queue: AdministeredEntity, _ form: EntryForm, to writer: inout XMLWriter) {
        writer.element("LockDuration", AtomValues.lifetime(queue.lockDuration))
        writer.element("MaxSizeInMegabytes", queue.maxSizeInMegabytes)
        writer.element("RequiresDuplicateDetection", queue.requiresDuplicateDetection)
        writer.element("RequiresSession", queue.requiresSession)
        writer.element("DefaultMessageTimeToLive", AtomValues.lifetime(queue.defaultTimeToLive))
        writer.element("DeadLetteringOnMessageExpiration", queue.deadLetteringOnExpiration)
        writer.element("DuplicateDetectionHistoryTimeWindow", AtomValues.lifetime(queue.duplicateDetectionWindow))
        writer.element("MaxDeliveryCount", queue.maxDeliveryCount)
        writer.element("EnableBatchedOperations", queue.enablesBatchedOperations)
        writer.element("SizeInBytes", queue.sizeInBytes)
        writer.element("MessageCount", Self.total(queue.counts))
        writer.element("IsAnonymousAccessible", queue.isAnonymouslyAccessible)
        write(queue.authorizationRules, to: &writer)
        writer.element("Status", queue.status.description)
        if let forwardTo = queue.forwardTo { writer.element("ForwardTo", forwardTo) }
        if let userMetadata = queue.userMetadata { writer.element("UserMetadata", userMetadata) }
        writeTimes(queue, form, to: &writer)
        writer.element("SupportOrdering", queue.supportsOrdering)
        write(queue.counts, form, to: &writer)
        writer.element("AutoDeleteOnIdle", AtomValues.lifetime(queue.autoDeleteOnIdle))
        writer.element("EnablePartitioning", queue.isPartitioned)
        writer.element("EntityAvailabilityStatus", "Available")
        if let target = queue.forwardDeadLetteredMessagesTo { writer.element("ForwardDeadLetteredMessagesTo", target) }
        writer.element("EnableExpress", queue.isExpress)
        if isVersion(atLeast: "2021-05") { writer.element("MaxMessageSizeInKilobytes", queue.maxMessageSizeInKilobytes) }
    }

    private func writeTopic(_ topic: AdministeredEntity, _ subscriptionCount: Int, _ form: EntryForm, to writer: inout XMLWriter) {
        writer.element("DefaultMessageTimeToLive", AtomValues.lifetime(topic.defaultTimeToLive))
        writer.element("MaxSizeInMegabytes", topic.maxSizeInMegabytes)
        writer.element("RequiresDuplicateDetection", topic.requiresDuplicateDetection)
        writer.element("DuplicateDetectionHistoryTimeWindow", AtomValues.lifetime(topic.duplicateDetectionWindow))
        writer.element("EnableBatchedOperations", topic.enablesBatchedOperations)
        writer.element("SizeInBytes", topic.sizeInBytes)
        writer.element("FilteringMessagesBeforePublishing", topic.filtersBeforePublishing)
        writer.element("IsAnonymousAccessible", topic.isAnonymouslyAccessible)
        write(topic.authorizationRules, to: &writer)
        writer.element("Status", topic.status.description)
        if let userMetadata = topic.userMetadata { writer.element("UserMetadata", userMetadata) }
        writeTimes(topic, form, to: &writer)
        writer.element("SupportOrdering", topic.supportsOrdering)
        write(topic.counts, form, to: &writer)
        if form.hasCounts { writer.element("SubscriptionCount", subscriptionCount) }
        writer.element("AutoDeleteOnIdle", AtomValues.lifetime(topic.autoDeleteOnIdle))
        writer.element("EnablePartitioning", topic.isPartitioned)
        writer.element("EntityAvailabilityStatus", "Available")
        writer.element("EnableSubscriptionPartitioning", false)
        writer.element("EnableExpress", topic.isExpress)
        if isVersion(atLeast: "2021-05") { writer.element("MaxMessageSizeInKilobytes", topic.maxMessageSizeInKilobytes) }
    }

    private func writeSubscription(_ subscription: AdministeredEntity, _ form: EntryForm, to writer: inout XMLWriter) {
        writer.element("LockDuration", AtomValues.lifetime(subscription.lockDuration))
        writer.element("RequiresSession", subscription.requiresSession)
        writer.element("DefaultMessageTimeToLive", AtomValues.lifetime(subscription.defaultTimeToLive))
        writer.element("DeadLetteringOnMessageExpiration", subscription.deadLetteringOnExpiration)
        writer.element("DeadLetteringOnFilterEvaluationExceptions", subscription.deadLetteringOnFilterErrors)
        writer.element("MessageCount", Self.total(subscription.counts))
        writer.element("MaxDeliveryCount", subscription.maxDeliveryCount)
        writer.element("EnableBatchedOperations", subscription.enablesBatchedOperations)
        writer.element("Status", subscription.status.description)
        if let forwardTo = subscription.forwardTo { writer.element("ForwardTo", forwardTo) }
        writeTimes(subscription, form, to: &writer)
        if let userMetadata = subscription.userMetadata { writer.element("UserMetadata", userMetadata) }
        write(subscription.counts, form, to: &writer)
        if let target = subscription.forwardDeadLetteredMessagesTo { writer.element("ForwardDeadLetteredMessagesTo", target) }
        writer.element("AutoDeleteOnIdle", AtomValues.lifetime(subscription.autoDeleteOnIdle))
        writer.element("EntityAvailabilityStatus", "Available")
        if isVersion(atLeast: "2021-05") { writer.element("IsClientAffine", false) }
    }

    private func writeTimes(_ entity: AdministeredEntity, _ form: EntryForm, to writer: inout XMLWriter) {
        writer.element("CreatedAt", AtomValues.moment(entity.createdAt))
        writer.element("UpdatedAt", AtomValues.moment(entity.updatedAt))
        switch form.accessed {
        case .absent: break
        case .time: writer.element("AccessedAt", AtomValues.moment(entity.accessedAt))
        case .neverWithoutZone: writer.element("AccessedAt", String(AtomValues.never.dropLast()))
        }
    }

    private func write(_ rules: [EntityAuthorizationRule], to writer: inout XMLWriter) {
        writer.element("AuthorizationRules") { writer in
            for rule in rules {
                writer.element("AuthorizationRule", ["i:type": "SharedAccessAuthorizationRule"]) { writer in
                    writer.element("ClaimType", "SharedAccessKey")
                    writer.element("ClaimValue", "None")
                    writer.element("Rights") { writer in
                        // In the order in which the service names them.
                        if rule.rights == .manage { writer.element("AccessRights", "Manage") }
                        if rule.rights.contains(.send) { writer.element("AccessRights", "Send") }
                        if rule.rights.contains(.listen) { writer.element("AccessRights", "Listen") }
                    }
                    writer.element("CreatedTime", AtomValues.moment(Timestamp(milliseconds: rule.createdAt)))
                    writer.element("ModifiedTime", AtomValues.moment(Timestamp(milliseconds: rule.modifiedAt)))
                    writer.element("KeyName", rule.name)
                    writer.element("PrimaryKey", rule.primaryKey)
                    writer.element("SecondaryKey", rule.secondaryKey)
                }
            }
        }
    }

    private func write(_ counts: EntityCounts, _ form: EntryForm, to writer: inout XMLWriter) {
        guard form.hasCounts else { return }
        let prefix = form.countsPrefix
        writer.element("CountDetails", ["xmlns:\(prefix)": "http://schemas.microsoft.com/netservices/2011/06/servicebus"]) { writer in
            writer.element("\(prefix):ActiveMessageCount", counts.active)
            writer.element("\(prefix):DeadLetterMessageCount", counts.deadLetter)
            writer.element("\(prefix):ScheduledMessageCount", counts.scheduled)
            writer.element("\(prefix):TransferMessageCount", counts.transfer)
            writer.element("\(prefix):TransferDeadLetterMessageCount", counts.transferDeadLetter)
        }
    }

    private static func total(_ counts: EntityCounts) -> Int64 {
        [counts.active, counts.deadLetter, counts.scheduled, counts.transfer, counts.transferDeadLetter].reduce(0, &+)
    }
}
