internal import ServiceBus

/// Between ARM's JSON and what administration keeps of entities.
extension EntityInput {
    /// Reads the properties of a queue, topic or subscription.
    init(_ properties: CloudJSON) throws(ResourceManagerError) {
        self.init()
        func lifetime(_ name: String) throws(ResourceManagerError) -> Lifetime? {
            guard let value = properties[name] else { return nil }
            switch value.text.flatMap({ XMLDuration.parse($0) }) {
            case .forever: return .forever
            case .lasting(let duration):
                guard let milliseconds = AtomValues.milliseconds(duration) else { throw Self.invalid(name) }
                return .milliseconds(milliseconds)
            case nil: throw Self.invalid(name)
            }
        }
        func flag(_ name: String) throws(ResourceManagerError) -> Bool? {
            guard let value = properties[name] else { return nil }
            guard let flag = value.flag else { throw Self.invalid(name) }
            return flag
        }
        func number(_ name: String) throws(ResourceManagerError) -> Int? {
            guard let value = properties[name] else { return nil }
            guard let number = value.number.flatMap({ Int(exactly: $0) }) else { throw Self.invalid(name) }
            return number
        }
        lockDuration = try lifetime("lockDuration")
        maxSizeInMegabytes = try number("maxSizeInMegabytes")
        requiresDuplicateDetection = try flag("requiresDuplicateDetection")
        requiresSession = try flag("requiresSession")
        defaultTimeToLive = try lifetime("defaultMessageTimeToLive")
        deadLetteringOnExpiration = try flag("deadLetteringOnMessageExpiration")
        deadLetteringOnFilterErrors = try flag("deadLetteringOnFilterEvaluationExceptions")
        duplicateDetectionWindow = try lifetime("duplicateDetectionHistoryTimeWindow")
        maxDeliveryCount = try number("maxDeliveryCount")
        enablesBatchedOperations = try flag("enableBatchedOperations")
        if let text = properties["status"]?.text {
            guard let status = EntityAvailability(rawValue: text) else { throw Self.invalid("status") }
            self.status = status
        }
        forwardTo = properties["forwardTo"]?.text.flatMap { $0.isEmpty ? nil : $0 }
        forwardDeadLetteredMessagesTo = properties["forwardDeadLetteredMessagesTo"]?.text.flatMap { $0.isEmpty ? nil : $0 }
        userMetadata = properties["userMetadata"]?.text
        supportsOrdering = try flag("supportOrdering")
        autoDeleteOnIdle = try lifetime("autoDeleteOnIdle")
        isPartitioned = try flag("enablePartitioning")
        isExpress = try flag("enableExpress")
        maxMessageSizeInKilobytes = try number("maxMessageSizeInKilobytes")
    }

    private static func invalid(_ name: String) -> ResourceManagerError {
        .badRequest("The value of the property '\(name)' is not valid.")
    }
}

extension RuleInput {
    /// Reads the properties of a rule.
    init(_ properties: CloudJSON) throws(ResourceManagerError) {
        self.init()
        if let correlation = properties["correlationFilter"], properties["filterType"]?.text != "SqlFilter" {
            var filter = AdministeredRule.Correlation()
            filter.correlationID = correlation["correlationId"]?.text
            filter.messageID = correlation["messageId"]?.text
            filter.to = correlation["to"]?.text
            filter.replyTo = correlation["replyTo"]?.text
            filter.label = correlation["label"]?.text
            filter.sessionID = correlation["sessionId"]?.text
            filter.replyToSessionID = correlation["replyToSessionId"]?.text
            filter.contentType = correlation["contentType"]?.text
            filter.properties = (correlation["properties"]?.members ?? []).compactMap { member in
                member.value.text.map { AdministeredRule.Property(key: member.key, type: .string, value: $0) }
            }
            self.filter = .correlation(filter)
        } else if let sql = properties["sqlFilter"]?["sqlExpression"]?.text {
            filter = .sql(AdministeredRule.Expression(sql))
        } else if properties["filterType"] != nil {
            throw .badRequest("The rule has no filter of the type it names.")
        }
        if let action = properties["action"]?["sqlExpression"]?.text, !action.isEmpty { self.action = AdministeredRule.Expression(action) }
    }
}

extension SandboxCloud {
    /// An entity as ARM shows it.
    func json(_ entity: AdministeredEntity, _ path: ServiceBusPath) -> CloudJSON {
        func forever(_ duration: Duration?) -> CloudJSON { .string(AtomValues.lifetime(duration)) }
        func moment(_ time: Timestamp?) -> CloudJSON { .string(AtomValues.moment(time)) }
        let counts: CloudJSON = [
            "activeMessageCount": .int(entity.counts.active), "deadLetterMessageCount": .int(entity.counts.deadLetter),
            "scheduledMessageCount": .int(entity.counts.scheduled), "transferMessageCount": .int(entity.counts.transfer),
            "transferDeadLetterMessageCount": .int(entity.counts.transferDeadLetter),
        ]
        let total = entity.counts.active + entity.counts.deadLetter + entity.counts.scheduled + entity.counts.transferDeadLetter
        var members: [CloudJSON.Member] = []
        func add(_ key: String, _ value: CloudJSON) { members.append(.init(key: key, value: value)) }
        if case .topic = entity.kind {
        } else {
            add("lockDuration", .string(XMLDuration.text(entity.lockDuration)))
            add("requiresSession", .bool(entity.requiresSession))
            add("deadLetteringOnMessageExpiration", .bool(entity.deadLetteringOnExpiration))
            add("maxDeliveryCount", .int(Int64(entity.maxDeliveryCount)))
            add("messageCount", .int(total))
            if let forwardTo = entity.forwardTo { add("forwardTo", .string(forwardTo)) }
            if let destination = entity.forwardDeadLetteredMessagesTo { add("forwardDeadLetteredMessagesTo", .string(destination)) }
        }
        switch entity.kind {
        case .subscription:
            add("isClientAffine", false)
            add("deadLetteringOnFilterEvaluationExceptions", .bool(entity.deadLetteringOnFilterErrors))
        case .queue, .topic:
            add("maxMessageSizeInKilobytes", .int(Int64(entity.maxMessageSizeInKilobytes)))
            add("maxSizeInMegabytes", .int(Int64(entity.maxSizeInMegabytes)))
            add("requiresDuplicateDetection", .bool(entity.requiresDuplicateDetection))
            add("duplicateDetectionHistoryTimeWindow", .string(XMLDuration.text(entity.duplicateDetectionWindow)))
            add("sizeInBytes", .int(entity.sizeInBytes))
            add("enablePartitioning", .bool(entity.isPartitioned))
            add("enableExpress", .bool(entity.isExpress))
        }
        if case .topic(let subscriptions) = entity.kind {
            add("supportOrdering", .bool(entity.supportsOrdering))
            add("subscriptionCount", .int(Int64(subscriptions)))
        }
        if let metadata = entity.userMetadata { add("userMetadata", .string(metadata)) }
        add("defaultMessageTimeToLive", forever(entity.defaultTimeToLive))
        add("enableBatchedOperations", .bool(entity.enablesBatchedOperations))
        add("status", .string(entity.status.description))
        add("autoDeleteOnIdle", forever(entity.autoDeleteOnIdle))
        add("countDetails", counts)
        add("createdAt", moment(entity.createdAt))
        add("updatedAt", moment(entity.updatedAt))
        add("accessedAt", moment(entity.accessedAt))
        let scope = scope(of: path)
        return [
            "id": .string(scope.text), "name": .string(scope.text.split(separator: "/").last.map(String.init) ?? ""),
            "type": .string("Microsoft.ServiceBus/\(path.type(ofOwner: false))"), "location": "westeurope", "properties": .object(members),
        ]
    }

    /// A rule as ARM shows it.
    func json(_ rule: AdministeredRule, topic: String, subscription: String) -> CloudJSON {
        var properties: CloudJSON = [
            "action": rule.action.map { ["sqlExpression": .string($0.text), "compatibilityLevel": 20] } ?? .object([])
        ]
        func sql(_ text: String) {
            properties = properties.setting("filterType", "SqlFilter")
                .setting("sqlFilter", ["sqlExpression": .string(text), "compatibilityLevel": 20])
        }
        switch rule.filter {
        case .all: sql("1=1")
        case .none: sql("1=0")
        case .sql(let expression): sql(expression.text)
        case .correlation(let filter):
            let fields: [(String, String?)] = [
                ("correlationId", filter.correlationID), ("messageId", filter.messageID), ("to", filter.to), ("replyTo", filter.replyTo),
                ("label", filter.label), ("sessionId", filter.sessionID), ("replyToSessionId", filter.replyToSessionID),
                ("contentType", filter.contentType),
            ]
            var members = fields.compactMap { name, value in value.map { CloudJSON.Member(key: name, value: .string($0)) } }
            members.append(
                .init(key: "properties", value: .object(filter.properties.map { .init(key: $0.key, value: .string($0.value)) })))
            properties = properties.setting("filterType", "CorrelationFilter").setting("correlationFilter", .object(members))
        }
        let scope = scope(of: .rule(topic: topic, subscription: subscription, name: rule.name))
        return [
            "id": .string(scope.text), "name": .string(rule.name), "type": "Microsoft.ServiceBus/namespaces/topics/subscriptions/rules",
            "location": "westeurope", "properties": properties,
        ]
    }
}
