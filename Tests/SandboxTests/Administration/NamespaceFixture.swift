import ServiceBus

@testable import Sandbox

/// A namespace that stands still: what administration tests look at.
struct NamespaceFixture: AdministrationSource {
    var namespace = AdministeredNamespace(
        name: "theatre", tier: "Premium", messagingUnits: 2, createdAt: Timestamp(milliseconds: 1_597_879_011_600),
        modifiedAt: Timestamp(milliseconds: 1_597_879_011_600))
    var queues: [AdministeredEntity] = []
    var topics: [AdministeredEntity] = []
    var subscriptions: [AdministeredEntity] = []
    var rules: [AdministeredRule] = []

    static let created = Timestamp(milliseconds: 1_601_368_489_817)
    static let updated = Timestamp(milliseconds: 1_601_368_489_850)

    /// A few entities of every kind, with settings that differ from the defaults.
    static var small: NamespaceFixture {
        var fixture = NamespaceFixture()
        fixture.queues = [queue("orders"), ordersWithEverything, queue("txt/.-_123")]
        fixture.topics = [
            AdministeredEntity(name: "events", kind: .topic(subscriptionCount: 2), createdAt: created, updatedAt: updated),
            AdministeredEntity(name: "quiet/topic", kind: .topic(subscriptionCount: 0), createdAt: created, updatedAt: updated),
        ]
        var audit = AdministeredEntity(
            name: "audit", kind: .subscription(topic: "events"), createdAt: created, updatedAt: updated, accessedAt: updated)
        audit.counts = EntityCounts(active: 5, deadLetter: 3)
        audit.userMetadata = "keeps <everything> & more"
        audit.forwardTo = "orders"
        let billing = AdministeredEntity(name: "billing", kind: .subscription(topic: "events"), createdAt: created, updatedAt: updated)
        fixture.subscriptions = [audit, billing]
        fixture.rules = [AdministeredRule(name: "$Default", filter: .all, createdAt: created)]
        return fixture
    }

    /// So many queues, for lists of several pages.
    static func queues(_ count: Int) -> NamespaceFixture {
        var fixture = NamespaceFixture()
        fixture.queues = (0..<count).map { queue("q\(100_000 + $0)") }
        return fixture
    }

    static func queue(_ name: String) -> AdministeredEntity {
        AdministeredEntity(name: name, kind: .queue, createdAt: created, updatedAt: updated)
    }

    static var ordersWithEverything: AdministeredEntity {
        var queue = queue("orders.special")
        queue.accessedAt = Timestamp(milliseconds: 1_700_000_000_120)
        queue.counts = EntityCounts(active: 12, deadLetter: 50_000, scheduled: 7, transfer: 2, transferDeadLetter: 1)
        queue.sizeInBytes = 123_456_789_012
        queue.status = .sendDisabled
        queue.lockDuration = .seconds(90)
        queue.maxSizeInMegabytes = 5120
        queue.requiresDuplicateDetection = true
        queue.duplicateDetectionWindow = .seconds(86400 + 2 * 3600 + 180)
        queue.requiresSession = true
        queue.defaultTimeToLive = .seconds(14 * 86400)
        queue.deadLetteringOnExpiration = true
        queue.maxDeliveryCount = 5
        queue.forwardDeadLetteredMessagesTo = "graveyard"
        queue.userMetadata = "owner=\"team a\"\r\nsecond line"
        queue.autoDeleteOnIdle = .seconds(3600)
        return queue
    }

    // MARK: AdministrationSource

    func administeredNamespace() async -> AdministeredNamespace { namespace }

    func administeredEntities(in list: Broker.List, skip: Int, top: Int) async -> [AdministeredEntity]? {
        let entities: [AdministeredEntity]
        switch list {
        case .queues: entities = queues
        case .topics: entities = topics
        case .subscriptions(let topic):
            guard topics.contains(where: { $0.name.lowercased() == topic.lowercased() }) else { return nil }
            entities = subscriptions(of: topic)
        }
        return Array(entities.dropFirst(skip).prefix(top))
    }

    func administeredEntity(named name: String, topic: String?) async -> AdministeredEntity? {
        let candidates = topic.map { subscriptions(of: $0) } ?? queues + topics
        return candidates.first { $0.name.lowercased() == name.lowercased() }
    }

    func administeredRules(topic: String, subscription: String) async -> [AdministeredRule]? {
        subscriptions(of: topic).contains { $0.name.lowercased() == subscription.lowercased() } ? rules : nil
    }

    /// It stands still: there is nothing that could be changed.
    func perform(_ change: AdministrationChange) async throws(AdministrationFault) -> AdministrationOutcome { throw .noOperation }

    static let access = AccessPolicy(rules: [
        .init(name: "RootManageSharedAccessKey", key: "SAS_KEY_VALUE", rights: .manage),
        .init(name: "reader", key: "reader key", rights: .listen),
    ])

    func mayAdminister(authorization: String, resource: String, now: Int64) async -> AccessPolicy.Verdict {
        Self.access.verdict(token: authorization, for: resource, needs: .manage, now: now)
    }

    private func subscriptions(of topic: String) -> [AdministeredEntity] {
        subscriptions.filter { if case .subscription(let name) = $0.kind { name.lowercased() == topic.lowercased() } else { false } }
    }
}
