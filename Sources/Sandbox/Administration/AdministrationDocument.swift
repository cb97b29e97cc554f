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
    private static let serviceBus = "http://schemas.microsoft.com/netservices/2010/10/servicebus/connect"
    private static let schemaInstance = "http://www.w3.org/2001/XMLSchema-instance"

    private var base: String { "http://\(request.host)" }
    private var requested: String { base + request.target }

    /// `?api-version=…` as entries repeat it.
    private var versionQuery: String { request.parameter("api-version").map { "?api-version=\($0)" } ?? "" }

    /// Versions are dates, so they compare as text. Elements appear from the version that introduced them.
    private func isVersion(atLeast version: String) -> Bool { (request.parameter("api-version") ?? "") >= version }

    // MARK: Entries

    func namespaceEntry() -> String {
        var writer = AtomWriter()
        writer.element("entry", ["xmlns": Self.atom]) { writer in
            writer.element("id", requested)
            writer.element("title", ["type": "text"], namespace.name)
            writer.element("updated", AtomValues.wholeSeconds(now))
            writer.element("author") { $0.element("name", namespace.name) }
            writer.element("link", ["rel": "self", "href": requested], "")
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
        var writer = AtomWriter()
        // Of subscriptions and rules the service says the messaging address, of queues and topics the one asked.
        let isSubscription = if case .subscription = entity.kind { true } else { false }
        let id = isSubscription ? "sb://\(request.host)\(request.target)" : requested
        writer.element("entry", ["xmlns": Self.atom]) { write(entity, id: id, link: id, countsPrefix: "d3p1", to: &$0) }
        return writer.text
    }

    func entry(_ rule: AdministeredRule) -> String {
        var writer = AtomWriter()
        let id = "sb://\(request.host)\(request.target)"
        writer.element("entry", ["xmlns": Self.atom]) { write(rule, id: id, link: id, isListed: false, to: &$0) }
        return writer.text
    }

    // MARK: Feeds

    /// A list of entities.
    /// - Parameters:
    ///   - entities: the entries of this page.
    ///   - title: `Queues`, `Topics` or `Subscriptions`.
    func feed(_ entities: [AdministeredEntity], title: String) -> String {
        feed(title: title) { writer in
            for entity in entities {
                writer.element("entry", ["xml:base": requested]) { writer in
                    let (path, link) =
                        switch entity.kind {
                        case .queue, .topic: (entity.name, "../\(entity.name)\(versionQuery)")
                        case .subscription(let topic):
                            ("\(topic)/subscriptions/\(entity.name)", "subscriptions/\(entity.name)\(versionQuery)")
                        }
                    write(entity, id: "\(base)/\(path)\(versionQuery)", link: link, countsPrefix: "d2p1", to: &writer)
                }
            }
        }
    }

    /// A list of rules.
    func feed(_ rules: [AdministeredRule], topic: String, subscription: String) -> String {
        feed(title: "Rules") { writer in
            for rule in rules {
                writer.element("entry", ["xml:base": requested]) { writer in
                    let id = "\(base)/\(topic)/subscriptions/\(subscription)/rules/\(rule.name)\(versionQuery)"
                    write(rule, id: id, link: "rules/\(rule.name)\(versionQuery)", isListed: true, to: &writer)
                }
            }
        }
    }

    private func feed(title: String, entries: (inout AtomWriter) -> Void) -> String {
        var writer = AtomWriter()
        writer.element("feed", ["xmlns": Self.atom]) { writer in
            writer.element("title", ["type": "text"], title)
            writer.element("id", requested)
            writer.element("updated", AtomValues.wholeSeconds(now))
            writer.emptyElement("link", ["rel": "self", "href": requested])
            entries(&writer)
        }
        return writer.text
    }

    /// What the service answers, with status 200, for an entity that it does not have.
    func publicList(id: String) -> String {
        var writer = AtomWriter()
        writer.element("feed", ["xmlns": Self.atom]) { writer in
            writer.element("title", ["type": "text"], "Publicly Listed Services")
            writer.element("subtitle", ["type": "text"], "This is the list of publicly-listed services currently available.")
            writer.element("id", "uuid:\(id);id=1")
            writer.element("updated", AtomValues.wholeSeconds(now))
            writer.element("generator", "Service Bus 1.1")
        }
        return writer.text
    }

    /// An error.
    static func error(code: Int, detail: String) -> String {
        var writer = AtomWriter()
        writer.element("Error") { writer in
            writer.element("Code", code)
            writer.element("Detail", detail)
        }
        return writer.text
    }

    // MARK: Descriptions

    private func write(_ entity: AdministeredEntity, id: String, link: String, countsPrefix: String, to writer: inout AtomWriter) {
        writer.element("id", id)
        writer.element("title", ["type": "text"], entity.name)
        writer.element("published", AtomValues.wholeSeconds(entity.createdAt))
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
                case .queue: writeQueue(entity, countsPrefix, to: &writer)
                case .topic(let subscriptionCount): writeTopic(entity, subscriptionCount, countsPrefix, to: &writer)
                case .subscription: writeSubscription(entity, countsPrefix, to: &writer)
                }
            }
        }
    }

    private func writeQueue(_ queue: AdministeredEntity, _ countsPrefix: String, to writer: inout AtomWriter) {
        writer.element("LockDuration", AtomValues.duration(queue.lockDuration))
        writer.element("MaxSizeInMegabytes", queue.maxSizeInMegabytes)
        writer.element("RequiresDuplicateDetection", queue.requiresDuplicateDetection)
        writer.element("RequiresSession", queue.requiresSession)
        writer.element("DefaultMessageTimeToLive", AtomValues.duration(queue.defaultTimeToLive))
        writer.element("DeadLetteringOnMessageExpiration", queue.deadLetteringOnExpiration)
        writer.element("DuplicateDetectionHistoryTimeWindow", AtomValues.duration(queue.duplicateDetectionWindow))
        writer.element("MaxDeliveryCount", queue.maxDeliveryCount)
        writer.element("EnableBatchedOperations", queue.enablesBatchedOperations)
        writer.element("SizeInBytes", queue.sizeInBytes)
        writer.element("MessageCount", Self.total(queue.counts))
        writer.element("IsAnonymousAccessible", false)
        writer.element("AuthorizationRules", "")
        writer.element("Status", queue.status.description)
        if let forwardTo = queue.forwardTo { writer.element("ForwardTo", forwardTo) }
        if let userMetadata = queue.userMetadata { writer.element("UserMetadata", userMetadata) }
        writeTimes(queue, to: &writer)
        writer.element("SupportOrdering", queue.supportsOrdering)
        write(queue.counts, countsPrefix, to: &writer)
        writer.element("AutoDeleteOnIdle", AtomValues.duration(queue.autoDeleteOnIdle))
        writer.element("EnablePartitioning", queue.isPartitioned)
        writer.element("EntityAvailabilityStatus", "Available")
        if let target = queue.forwardDeadLetteredMessagesTo { writer.element("ForwardDeadLetteredMessagesTo", target) }
        writer.element("EnableExpress", queue.isExpress)
        if isVersion(atLeast: "2021-05") { writer.element("MaxMessageSizeInKilobytes", queue.maxMessageSizeInKilobytes) }
    }

    private func writeTopic(_ topic: AdministeredEntity, _ subscriptionCount: Int, _ countsPrefix: String, to writer: inout AtomWriter) {
        writer.element("DefaultMessageTimeToLive", AtomValues.duration(topic.defaultTimeToLive))
        writer.element("MaxSizeInMegabytes", topic.maxSizeInMegabytes)
        writer.element("RequiresDuplicateDetection", topic.requiresDuplicateDetection)
        writer.element("DuplicateDetectionHistoryTimeWindow", AtomValues.duration(topic.duplicateDetectionWindow))
        writer.element("EnableBatchedOperations", topic.enablesBatchedOperations)
        writer.element("SizeInBytes", topic.sizeInBytes)
        writer.element("FilteringMessagesBeforePublishing", false)
        writer.element("IsAnonymousAccessible", false)
        writer.element("AuthorizationRules", "")
        writer.element("Status", topic.status.description)
        if let userMetadata = topic.userMetadata { writer.element("UserMetadata", userMetadata) }
        writeTimes(topic, to: &writer)
        writer.element("SupportOrdering", topic.supportsOrdering)
        write(topic.counts, countsPrefix, to: &writer)
        writer.element("SubscriptionCount", subscriptionCount)
        writer.element("AutoDeleteOnIdle", AtomValues.duration(topic.autoDeleteOnIdle))
        writer.element("EnablePartitioning", topic.isPartitioned)
        writer.element("EntityAvailabilityStatus", "Available")
        writer.element("EnableSubscriptionPartitioning", false)
        writer.element("EnableExpress", topic.isExpress)
        if isVersion(atLeast: "2021-05") { writer.element("MaxMessageSizeInKilobytes", topic.maxMessageSizeInKilobytes) }
    }

    private func writeSubscription(_ subscription: AdministeredEntity, _ countsPrefix: String, to writer: inout AtomWriter) {
        writer.element("LockDuration", AtomValues.duration(subscription.lockDuration))
        writer.element("RequiresSession", subscription.requiresSession)
        writer.element("DefaultMessageTimeToLive", AtomValues.duration(subscription.defaultTimeToLive))
        writer.element("DeadLetteringOnMessageExpiration", subscription.deadLetteringOnExpiration)
        writer.element("DeadLetteringOnFilterEvaluationExceptions", subscription.deadLetteringOnFilterErrors)
        writer.element("MessageCount", Self.total(subscription.counts))
        writer.element("MaxDeliveryCount", subscription.maxDeliveryCount)
        writer.element("EnableBatchedOperations", subscription.enablesBatchedOperations)
        writer.element("Status", subscription.status.description)
        if let forwardTo = subscription.forwardTo { writer.element("ForwardTo", forwardTo) }
        writeTimes(subscription, to: &writer)
        if let userMetadata = subscription.userMetadata { writer.element("UserMetadata", userMetadata) }
        write(subscription.counts, countsPrefix, to: &writer)
        if let target = subscription.forwardDeadLetteredMessagesTo { writer.element("ForwardDeadLetteredMessagesTo", target) }
        writer.element("AutoDeleteOnIdle", AtomValues.duration(subscription.autoDeleteOnIdle))
        writer.element("EntityAvailabilityStatus", "Available")
        if isVersion(atLeast: "2021-05") { writer.element("IsClientAffine", false) }
    }

    private func writeTimes(_ entity: AdministeredEntity, to writer: inout AtomWriter) {
        writer.element("CreatedAt", AtomValues.moment(entity.createdAt))
        writer.element("UpdatedAt", AtomValues.moment(entity.updatedAt))
        writer.element("AccessedAt", AtomValues.moment(entity.accessedAt))
    }

    private func write(_ counts: EntityCounts, _ prefix: String, to writer: inout AtomWriter) {
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

    // MARK: Rules

    private func write(_ rule: AdministeredRule, id: String, link: String, isListed: Bool, to writer: inout AtomWriter) {
        writer.element("id", id)
        writer.element("title", ["type": "text"], rule.name)
        writer.element("published", AtomValues.wholeSeconds(rule.createdAt))
        writer.element("updated", AtomValues.wholeSeconds(rule.createdAt))
        writer.emptyElement("link", ["rel": "self", "href": link])
        writer.element("content", ["type": "application/xml"]) { writer in
            writer.element("RuleDescription", ["xmlns": Self.serviceBus, "xmlns:i": Self.schemaInstance]) { writer in
                write(rule, isListed: isListed, to: &writer)
                if let action = rule.action {
                    writer.element("Action", ["i:type": "SqlRuleAction"]) { writer in
                        writer.element("SqlExpression", action)
                        writer.element("CompatibilityLevel", 20)
                        write(rule.actionParameters, in: "Parameters", to: &writer)
                        writer.element("RequiresPreprocessing", true)
                    }
                } else {
                    writer.emptyElement("Action", ["i:type": "EmptyRuleAction"])
                }
                writer.element("CreatedAt", AtomValues.moment(rule.createdAt))
                writer.element("Name", rule.name)
            }
        }
    }

    private func write(_ rule: AdministeredRule, isListed: Bool, to writer: inout AtomWriter) {
        func writeSQL(_ type: String, _ expression: String, preprocessed: Bool) {
            writer.element("Filter", ["i:type": type]) { writer in
                writer.element("SqlExpression", expression)
                writer.element("CompatibilityLevel", 20)
                if preprocessed { writer.element("RequiresPreprocessing", true) }
                // Lists have it even when it is empty; nobody knows why.
                if rule.filterParameters.isEmpty, isListed { writer.emptyElement("Parameters") }
                write(rule.filterParameters, in: "Parameters", to: &writer)
            }
        }
        switch rule.filter {
        case .all: writeSQL("TrueFilter", "1=1", preprocessed: false)
        case .none: writeSQL("FalseFilter", "1=0", preprocessed: false)
        case .sql(let expression): writeSQL("SqlFilter", expression, preprocessed: true)
        case .correlation(let correlation):
            writer.element("Filter", ["i:type": "CorrelationFilter"]) { write(correlation, to: &$0) }
        }
    }

    private func write(_ correlation: AdministeredRule.Correlation, to writer: inout AtomWriter) {
        let conditions: [(String, String?)] = [
            ("CorrelationId", correlation.correlationID), ("MessageId", correlation.messageID), ("To", correlation.to),
            ("ReplyTo", correlation.replyTo), ("Label", correlation.label), ("SessionId", correlation.sessionID),
            ("ReplyToSessionId", correlation.replyToSessionID), ("ContentType", correlation.contentType),
        ]
        for (name, value) in conditions {
            if let value { writer.element(name, value) }
        }
        write(correlation.properties, in: "Properties", to: &writer)
    }

    /// Names with typed values; nothing when there are none.
    private func write(_ properties: [AdministeredRule.Property], in name: String, to writer: inout AtomWriter) {
        guard !properties.isEmpty else { return }
        writer.element(name) { writer in
            for property in properties {
                writer.element("KeyValueOfstringanyType") { writer in
                    writer.element("Key", property.key)
                    // Durations are not of XML Schema's namespace but of the serializer's own.
                    let schema =
                        property.type == .duration
                        ? "http://schemas.microsoft.com/2003/10/Serialization/" : "http://www.w3.org/2001/XMLSchema"
                    writer.element("Value", ["i:type": "d6p1:\(property.type.rawValue)", "xmlns:d6p1": schema], property.value)
                }
            }
        }
    }
}
