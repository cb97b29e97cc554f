import AMQP
import ServiceBus

/// Reads the document of an ``EmulatorConfiguration``.
struct ConfigurationBuilder {
    private(set) var namespace = "sbemulatorns"
    private(set) var queues: [EmulatorConfiguration.Queue] = []
    private(set) var topics: [EmulatorConfiguration.Topic] = []
    private(set) var logging: [String] = []
    private(set) var reader = ConfigurationReader()

    private let rules: ConfigurationRules
    /// Every setting that names another entity.
    private var forwards: [(node: ConfigurationReader.Node, source: String, target: String)] = []

    init(rules: ConfigurationRules) { self.rules = rules }

    mutating func read(_ root: ConfigurationReader.Node) {
        let document = reader.members(of: root, known: ["UserConfig"])
        guard let user = document["UserConfig"] else { return reader.fault(root, "has no UserConfig") }
        let settings = reader.members(of: user, known: ["Namespaces", "Logging"])
        let namespaces = reader.elements(settings["Namespaces"])
        if namespaces.count == 1 {
            readNamespace(namespaces[0])
        } else {
            reader.fault(settings["Namespaces"] ?? user, "there must be one namespace, not \(namespaces.count)")
        }
        if let logging = settings["Logging"] { readLogging(logging) }
    }

    private mutating func readLogging(_ node: ConfigurationReader.Node) {
        let members = reader.members(of: node, known: ["Type"])
        guard let type = members["Type"], let text = reader.string(type) else { return }
        logging = text.split(separator: ",").map { String($0.drop { $0 == " " }) }
        for name in logging where !["console", "file"].contains(name.lowercased()) {
            reader.fault(type, "'\(name)' is neither Console nor File")
        }
    }

    private mutating func readNamespace(_ node: ConfigurationReader.Node) {
        let members = reader.members(of: node, known: ["Name", "Queues", "Topics"])
        if let name = reader.text(members["Name"]) { namespace = name }
        var taken: Set<String> = []
        for queue in reader.elements(members["Queues"]) {
            let parts = reader.members(of: queue, known: ["Name", "Properties"])
            guard let name = reader.name(parts["Name"], in: queue, maximumLength: 260, taken: &taken) else { continue }
            let settings = queueSettings(parts["Properties"], of: name, isSubscription: false)
            queues.append(.init(name: name, settings: settings))
        }
        for topic in reader.elements(members["Topics"]) { readTopic(topic, &taken) }
        if queues.count + topics.count > rules.maximumEntities {
            reader.fault(node, "has \(queues.count + topics.count) queues and topics (at most \(rules.maximumEntities))")
        }
        checkForwarding()
    }

    private mutating func queueSettings(_ node: ConfigurationReader.Node?, of name: String, isSubscription: Bool) -> QueueSettings {
        var settings = QueueSettings()
        // The emulator's defaults, which are not the service's.
        settings.maxDeliveryCount = 3
        settings.defaultTimeToLive = 3_600_000
        settings.lockDuration = 60_000
        guard let node else { return settings }
        let shared = [
            "DeadLetteringOnMessageExpiration", "DefaultMessageTimeToLive", "LockDuration", "MaxDeliveryCount", "ForwardTo",
            "ForwardDeadLetteredMessagesTo", "RequiresSession",
        ]
        let own = isSubscription ? [] : ["DuplicateDetectionHistoryTimeWindow", "RequiresDuplicateDetection", "EnablePartitioning"]
        let members = reader.members(of: node, known: shared + own)
        settings.deadLetteringOnExpiration = reader.bool(members["DeadLetteringOnMessageExpiration"]) ?? false
        settings.defaultTimeToLive = timeToLive(members["DefaultMessageTimeToLive"])
        settings.lockDuration = reader.duration(members["LockDuration"], in: rules.lockDuration) ?? settings.lockDuration
        settings.maxDeliveryCount = reader.integer(members["MaxDeliveryCount"], in: rules.maxDeliveryCount) ?? settings.maxDeliveryCount
        settings.forwardTo = forward(members["ForwardTo"], from: name)
        settings.forwardDeadLetteredMessagesTo = forward(members["ForwardDeadLetteredMessagesTo"], from: name)
        settings.requiresSession = reader.bool(members["RequiresSession"]) ?? false
        if !isSubscription {
            settings.duplicateDetectionWindow = duplicateDetection(members)
            settings.isPartitioned = reader.bool(members["EnablePartitioning"]) ?? false
        }
        if settings.forwardTo != nil, settings.requiresSession, let session = members["RequiresSession"] {
            reader.fault(session, "an entity that forwards cannot require sessions")
        }
        return settings
    }

    private mutating func forward(_ node: ConfigurationReader.Node?, from source: String) -> String? {
        guard let node, let target = reader.text(node) else { return nil }
        forwards.append((node, source, target))
        return target
    }

    private mutating func timeToLive(_ node: ConfigurationReader.Node?) -> Int64? {
        let value = reader.duration(node, in: rules.timeToLive, allowsUnlimited: rules.allowsUnlimitedTimeToLive) ?? 3_600_000
        return value == .max ? nil : value
    }

    private mutating func duplicateDetection(_ members: ConfigurationReader.Members) -> Int64? {
        let window = reader.duration(members["DuplicateDetectionHistoryTimeWindow"], in: rules.duplicateDetectionWindow) ?? 20_000
        return reader.bool(members["RequiresDuplicateDetection"]) == true ? window : nil
    }

    private mutating func readTopic(_ node: ConfigurationReader.Node, _ taken: inout Set<String>) {
        let members = reader.members(of: node, known: ["Name", "Properties", "Subscriptions"])
        guard let topic = reader.name(members["Name"], in: node, maximumLength: 260, taken: &taken) else { return }
        var settings = TopicSettings()
        settings.defaultTimeToLive = 3_600_000
        if let properties = members["Properties"] {
            let known = [
                "DefaultMessageTimeToLive", "DuplicateDetectionHistoryTimeWindow", "RequiresDuplicateDetection", "EnablePartitioning",
            ]
            let own = reader.members(of: properties, known: known)
            settings.defaultTimeToLive = timeToLive(own["DefaultMessageTimeToLive"])
            settings.duplicateDetectionWindow = duplicateDetection(own)
            settings.isPartitioned = reader.bool(own["EnablePartitioning"]) ?? false
        }
        var subscriptions: [EmulatorConfiguration.Subscription] = []
        var names: Set<String> = []
        for subscription in reader.elements(members["Subscriptions"]) {
            let parts = reader.members(of: subscription, known: ["Name", "Properties", "Rules"])
            guard let name = reader.name(parts["Name"], in: subscription, maximumLength: 50, taken: &names) else { continue }
            let settings = queueSettings(parts["Properties"], of: "\(topic)/\(name)", isSubscription: true)
            subscriptions.append(.init(name: name, settings: settings, rules: readRules(parts["Rules"])))
        }
        if subscriptions.count > rules.maximumSubscriptions {
            reader.fault(node, "has \(subscriptions.count) subscriptions (at most \(rules.maximumSubscriptions))")
        }
        topics.append(.init(name: topic, settings: settings, subscriptions: subscriptions))
    }

    /// Forwarding must lead to a queue or topic of this file, and not to the entity itself.
    private mutating func checkForwarding() {
        let names = Set(queues.map { $0.name.lowercased() } + topics.map { $0.name.lowercased() })
        for forward in forwards {
            if forward.target.lowercased() == forward.source.lowercased() {
                reader.fault(forward.node, "leads from '\(forward.source)' back to itself")
            } else if !names.contains(forward.target.lowercased()) {
                reader.fault(forward.node, "leads to '\(forward.target)', which is no queue or topic of this file")
            }
        }
    }

    // MARK: Rules

    private mutating func readRules(_ node: ConfigurationReader.Node?) -> [RuleSettings] {
        var result: [RuleSettings] = []
        var taken: Set<String> = []
        let elements = reader.elements(node)
        for rule in elements {
            let parts = reader.members(of: rule, known: ["Name", "Properties"])
            guard let name = reader.string(parts["Name"]), !name.isEmpty else {
                reader.fault(rule, "has no Name")
                continue
            }
            guard taken.insert(name.lowercased()).inserted else {
                reader.fault(rule, "'\(name)' is there twice")
                continue
            }
            guard let properties = parts["Properties"] else {
                reader.fault(rule, "has no Properties")
                continue
            }
            if let settings = readRule(name, properties) { result.append(settings) }
        }
        if let node, elements.count > rules.maximumRules {
            reader.fault(node, "has \(elements.count) rules (at most \(rules.maximumRules))")
        }
        return result
    }

    private mutating func readRule(_ name: String, _ node: ConfigurationReader.Node) -> RuleSettings? {
        let members = reader.members(of: node, known: ["FilterType", "CorrelationFilter", "SqlFilter", "Action"])
        let action = members["Action"].flatMap { readAction($0) }
        guard let type = members["FilterType"] else {
            reader.fault(node, "has no FilterType (Correlation or Sql)")
            return nil
        }
        switch reader.string(type)?.lowercased() {
        case "correlation":
            guard let filter = members["CorrelationFilter"] else {
                reader.fault(node, "has no CorrelationFilter")
                return nil
            }
            return RuleSettings(name: name, filter: .correlation(readCorrelationFilter(filter)), action: action)
        case "sql":
            guard let filter = members["SqlFilter"] else {
                reader.fault(node, "has no SqlFilter")
                return nil
            }
            return readSQLFilter(filter).map { RuleSettings(name: name, filter: $0, action: action) }
        case let other?:
            reader.fault(type, "'\(other)' is neither Correlation nor Sql")
            return nil
        case nil: return nil
        }
    }

    private mutating func readSQLFilter(_ node: ConfigurationReader.Node) -> RuleFilter? {
        guard let expression = reader.members(of: node, known: ["SqlExpression"])["SqlExpression"] else {
            reader.fault(node, "has no SqlExpression")
            return nil
        }
        guard let text = reader.string(expression) else { return nil }
        do throws(FilterSyntaxError) {
            _ = try SQLFilter(text)
            return .sql(text)
        } catch {
            reader.fault(expression, "is no SQL filter: \(error)")
            return nil
        }
    }

    /// The text of a SQL action; nil when there is none.
    private mutating func readAction(_ node: ConfigurationReader.Node) -> String? {
        guard let expression = reader.members(of: node, known: ["SqlExpression"])["SqlExpression"], let text = reader.text(expression)
        else {
            return nil
        }
        do throws(FilterSyntaxError) {
            _ = try SQLAction(text)
        } catch {
            reader.fault(expression, "is no SQL action: \(error)")
        }
        return text
    }

    private mutating func readCorrelationFilter(_ node: ConfigurationReader.Node) -> CorrelationFilter {
        let members = reader.members(
            of: node,
            known: [
                "ContentType", "CorrelationId", "Label", "MessageId", "ReplyTo", "ReplyToSessionId", "SessionId", "To", "Properties",
            ])
        var filter = CorrelationFilter()
        filter.contentType = reader.text(members["ContentType"])
        filter.correlationID = reader.text(members["CorrelationId"])
        filter.label = reader.text(members["Label"])
        filter.messageID = reader.text(members["MessageId"])
        filter.replyTo = reader.text(members["ReplyTo"])
        filter.replyToSessionID = reader.text(members["ReplyToSessionId"])
        filter.sessionID = reader.text(members["SessionId"])
        filter.to = reader.text(members["To"])
        if let properties = members["Properties"] {
            for (name, value) in reader.members(of: properties, known: membersNames(of: properties)).all {
                filter.properties[name] = propertyValue(value)
            }
        }
        if filter == CorrelationFilter() { reader.fault(node, "selects by nothing; give at least one property") }
        return filter
    }

    private func membersNames(of node: ConfigurationReader.Node) -> [String] {
        if case .object(let pairs) = node.json.value { pairs.map(\.key) } else { [] }
    }

    /// Application property values: text, numbers and truth values.
    private mutating func propertyValue(_ node: ConfigurationReader.Node) -> AMQPValue? {
        switch node.json.value {
        case .string(let text): return .string(text)
        case .bool(let value): return .boolean(value)
        case .number(let value, _): return Int64(exactly: value).map { .long($0) } ?? .double(value)
        default:
            reader.fault(node, "must be a string, a number, true or false")
            return nil
        }
    }
}
