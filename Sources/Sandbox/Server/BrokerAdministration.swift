import AMQP
import NIOCore
import ServiceBus

/// The broker as the administration endpoint sees it: questions hop to the broker's event loop, answers are values.
struct BrokerAdministration: AdministrationSource {
    let broker: NIOLoopBound<Broker>
    let loop: any EventLoop
    let access: AccessPolicy
    let tier: SandboxConfiguration.Tier
    let startedAt: Timestamp

    private func asking<T: Sendable>(_ body: @escaping @Sendable (Broker) -> T) async -> T? {
        let broker = broker
        return try? await loop.submit { body(broker.value) }.get()
    }

    func administeredNamespace() async -> AdministeredNamespace {
        let name = await asking { $0.namespace } ?? ""
        return AdministeredNamespace(
            name: name, tier: tier.rawValue, messagingUnits: tier == .premium ? 1 : nil, createdAt: startedAt, modifiedAt: startedAt)
    }

    func administeredEntities(in list: AdministeredList, skip: Int, top: Int) async -> [AdministeredEntity]? {
        let tier = tier
        return await asking { broker -> [AdministeredEntity]? in
            if case .subscriptions(let topic) = list {
                guard let snapshot = try? broker.snapshot(of: topic), case .topic = snapshot.kind else { return nil }
            }
            return broker.snapshots().filter { list.includes($0) }.sorted { $0.listName < $1.listName }
                .dropFirst(skip).prefix(top).map { AdministeredEntity($0, tier) }
        } ?? nil
    }

    func administeredEntity(named name: String, topic: String?) async -> AdministeredEntity? {
        let tier = tier
        return await asking { broker in
            let path = topic.map { "\($0)/Subscriptions/\(name)" } ?? name
            return (try? broker.snapshot(of: path)).map { AdministeredEntity($0, tier) }
        } ?? nil
    }

    func administeredRules(topic: String, subscription: String) async -> [AdministeredRule]? {
        await asking { broker -> [AdministeredRule]? in
            guard let rules = try? broker.rules(of: "\(topic)/Subscriptions/\(subscription)") else { return nil }
            return rules.sorted { $0.settings.name < $1.settings.name }
                .map { AdministeredRule($0.settings, createdAt: Timestamp(milliseconds: $0.createdAt)) }
        } ?? nil
    }

    func mayAdminister(authorization: String, resource: String, now: Int64) async -> AccessPolicy.Verdict {
        access.verdict(token: authorization, for: resource, needs: .manage, now: now)
    }
}

extension AdministeredList {
    fileprivate func includes(_ snapshot: EntitySnapshot) -> Bool {
        switch (self, snapshot.kind) {
        case (.queues, .queue), (.topics, .topic): true
        case (.subscriptions(let wanted), .subscription(let topic, _, _, _)): topic.lowercased() == wanted.lowercased()
        default: false
        }
    }
}

extension EntitySnapshot {
    fileprivate var listName: String {
        if case .subscription(_, let name, _, _) = kind { name } else { path }
    }
}

extension AdministeredEntity {
    fileprivate init(_ snapshot: EntitySnapshot, _ tier: SandboxConfiguration.Tier) {
        let created = Timestamp(milliseconds: snapshot.createdAt)
        let updated = Timestamp(milliseconds: snapshot.updatedAt)
        let accessed = Timestamp(milliseconds: snapshot.accessedAt)
        switch snapshot.kind {
        case .queue(let settings):
            self.init(name: snapshot.path, kind: .queue, createdAt: created, updatedAt: updated, accessedAt: accessed)
            apply(settings)
        case .topic(let settings, let subscriptions):
            self.init(
                name: snapshot.path, kind: .topic(subscriptionCount: subscriptions), createdAt: created, updatedAt: updated,
                accessedAt: accessed)
            defaultTimeToLive = settings.defaultTimeToLive.map { .milliseconds($0) }
            maxSizeInMegabytes = settings.maximumSizeInMegabytes
            requiresDuplicateDetection = settings.duplicateDetectionWindow != nil
            duplicateDetectionWindow = settings.duplicateDetectionWindow.map { .milliseconds($0) } ?? duplicateDetectionWindow
            userMetadata = settings.userMetadata.isEmpty ? nil : settings.userMetadata
        case .subscription(let topic, let name, let settings, _):
            self.init(name: name, kind: .subscription(topic: topic), createdAt: created, updatedAt: updated, accessedAt: accessed)
            apply(settings)
        }
        status = EntityStatus(snapshot.availability.rawValue)
        counts = EntityCounts(
            active: Int64(snapshot.counts.active), deadLetter: Int64(snapshot.counts.deadLetter),
            scheduled: Int64(snapshot.counts.scheduled), transfer: Int64(snapshot.counts.transfer),
            transferDeadLetter: Int64(snapshot.counts.transferDeadLetter))
        sizeInBytes = Int64(snapshot.sizeInBytes)
        maxMessageSizeInKilobytes = tier == .premium ? 1024 : 256
    }

    private mutating func apply(_ settings: QueueSettings) {
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
    }
}

extension AdministeredRule {
    fileprivate init(_ rule: RuleSettings, createdAt: Timestamp) {
        let filter: Filter =
            switch rule.filter {
            case .all: .all
            case .none: .none
            case .sql(let expression): .sql(expression)
            case .correlation(let correlation): .correlation(Correlation(correlation))
            }
        self.init(name: rule.name, filter: filter, action: rule.action, createdAt: createdAt)
        filterParameters = AdministeredRule.properties(rule.filterParameters)
        actionParameters = AdministeredRule.properties(rule.actionParameters)
    }
}

extension AdministeredRule.Correlation {
    fileprivate init(_ filter: CorrelationFilter) {
        self.init()
        correlationID = filter.correlationID
        messageID = filter.messageID
        to = filter.to
        replyTo = filter.replyTo
        label = filter.label
        sessionID = filter.sessionID
        replyToSessionID = filter.replyToSessionID
        contentType = filter.contentType
        properties = AdministeredRule.properties(filter.properties)
    }
}

extension AdministeredRule {
    fileprivate static func properties(_ values: [String: AMQPValue]) -> [Property] {
        values.sorted { $0.key < $1.key }.map { name, value in
            let plain = PropertyValue(value)
            let type: Property.ValueType =
                switch plain.typeName {
                case "int": .int
                case "long": .long
                case "boolean": .boolean
                case "double", "float": .double
                case "timestamp": .dateTime
                case "timespan": .duration
                default: .string
                }
            return Property(key: name, type: type, value: type == .duration ? duration(value) : plain.text)
        }
    }

    /// A time span in XML's form.
    private static func duration(_ value: AMQPValue) -> String {
        guard case .described(_, .long(let ticks)) = value else { return PropertyValue(value).text }
        let (seconds, rest) = ticks.quotientAndRemainder(dividingBy: 10_000_000)
        return AtomValues.duration(Duration(secondsComponent: seconds, attosecondsComponent: rest * 100_000_000_000))
    }
}
