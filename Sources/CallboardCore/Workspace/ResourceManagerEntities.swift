internal import AzureResources
internal import ServiceBus

/// A namespace's entities as Azure Resource Manager lists them, for whoever may read there and not ask the namespace itself.
///
/// A listing costs a read for each page of queues and topics and one for each topic that has subscriptions, of an allowance that others want some of
/// (250 that come back at 25 a second, and before that 12,000 an hour). A listing is therefore given again for a minute at least, and for as long as it
/// takes for its reads to be no more than 6,000 an hour. Its counts lag anyway. That little is left makes it slow (``RequestBudget``).
actor ResourceManagerEntities {
    /// For how long a listing is given again, however little it cost.
    static let freshness = Duration.seconds(60)
    /// For how long a listing is given again for each read that it cost: 6,000 an hour.
    private static let pause = Duration.milliseconds(600)
    /// For how long it is not asked again whether the namespace may be seen.
    private static let refusalLasts = Duration.seconds(300)
    /// The most topics whose subscriptions are listed.
    static let mostTopics = 4_000

    private let manager: ResourceManagerClient
    private let reader: AccessReader
    private let host: String
    private let subscriptions: [String]
    private let now: @Sendable () -> Timestamp
    private var namespace: Result<ResourceID, OperatorError>?
    private var namespaceAsked: Timestamp?
    /// The listing that is under way.
    private var asking: Task<Result<[EntityDescription], OperatorError>, Never>?
    private var listing: (entities: [EntityDescription], asOf: Timestamp, lasts: Duration)?

    /// - Parameters:
    ///   - host: the namespace's host at Azure.
    ///   - subscriptions: the ids of the Azure subscriptions to look for it in; none for all that may be seen.
    init(
        manager: ResourceManagerClient, graph: GraphClient, host: String, subscriptions: [String],
        now: @escaping @Sendable () -> Timestamp = { .now }
    ) {
        self.manager = manager
        self.host = host
        self.subscriptions = subscriptions
        self.now = now
        reader = AccessReader(manager: manager, graph: graph, now: now)
    }

    // MARK: What there is

    /// Every queue, topic and subscription. Those who ask at once share an answer, and what it costs; it goes on when one of them gives up.
    /// - Throws: ``OperatorError``: not permitted, or what else there is against it.
    func all() async throws(OperatorError) -> [EntityDescription] {
        if let kept { return kept }
        let task =
            asking
            ?? Task {
                do throws(OperatorError) { return .success(try await self.listed()) } catch { return .failure(error) }
            }
        asking = task
        return try await task.value.get()
    }

    private func listed() async throws(OperatorError) -> [EntityDescription] {
        defer { asking = nil }
        let id = try await namespaceID()
        let asOf = now()
        async let askedQueues = reader.outcome { () throws(AzureError) in try await self.manager.queues(of: id) }
        async let askedTopics = reader.outcome { () throws(AzureError) in try await self.manager.topics(of: id) }
        let (queues, topics) = (try Self.value(await askedQueues), try Self.value(await askedTopics))
        let asked = topics.filter { $0.subscriptionCount != 0 }
        try checkCost(asked.count)
        let answers = await AccessReader.each(asked) { [manager, reader] topic in
            await reader.outcome { () throws(AzureError) in try await manager.subscriptions(ofTopic: topic.id) }
        }
        var entities = queues.compactMap { EntityDescription($0, asOf: asOf) } + topics.compactMap { EntityDescription($0, asOf: asOf) }
        for (topic, answer) in zip(asked, answers) {
            guard let path = EntityPath.ofResource(topic.name) else { continue }
            // A topic may be gone by now.
            entities += (try Self.found(answer) ?? []).compactMap { EntityDescription($0, of: path, asOf: asOf) }
        }
        // A page has a hundred.
        let reads = asked.count + (queues.count + topics.count) / 100 + 2
        listing = (entities, asOf, max(Self.freshness, Self.pause * reads))
        return entities
    }

    /// One entity; ``OperatorError/Code/notFound`` when there is none.
    func entity(_ path: EntityPath) async throws(OperatorError) -> EntityDescription {
        if let known = kept?.first(where: { $0.path == path.entity }) { return known }
        let id = try await namespaceID()
        if let name = path.subscription, let topic = path.topic {
            let place = id.appending("topics", topic.resourceName, "subscriptions", name)
            let found = await reader.outcome { () throws(AzureError) in try await self.manager.subscription(place) }
            if let found = try Self.found(found), let entity = EntityDescription(found, of: topic, asOf: now()) { return entity }
        } else {
            let name = path.resourceName
            let queue = await reader.outcome { () throws(AzureError) in try await self.manager.queue(id.appending("queues", name)) }
            if let queue = try Self.found(queue), let entity = EntityDescription(queue, asOf: now()) { return entity }
            let topic = await reader.outcome { () throws(AzureError) in try await self.manager.topic(id.appending("topics", name)) }
            if let topic = try Self.found(topic), let entity = EntityDescription(topic, asOf: now()) { return entity }
        }
        throw OperatorError(
            .notFound, "There is no '\(path.entity.displayName)'.", hint: "Check the name; 'callboard entities' lists what there is.",
            entity: path)
    }

    /// A topic's subscriptions; ``OperatorError/Code/notFound`` when there is no such topic.
    func subscriptions(of topic: EntityPath) async throws(OperatorError) -> [EntityDescription] {
        if let kept, kept.contains(where: { $0.path == topic.entity }) { return kept.filter { $0.path.topic == topic.entity } }
        let place = try await namespaceID().appending("topics", topic.resourceName)
        let found = await reader.outcome { () throws(AzureError) in try await self.manager.subscriptions(ofTopic: place) }
        let asOf = now()
        return try Self.value(found).compactMap { EntityDescription($0, of: topic.entity, asOf: asOf) }
    }

    // MARK: What is kept

    /// The last listing, while it is to be given again.
    private var kept: [EntityDescription]? {
        guard let listing else { return nil }
        let age = now().since(listing.asOf)
        return age >= .zero && age < listing.lasts ? listing.entities : nil
    }

    private func namespaceID() async throws(OperatorError) -> ResourceID {
        switch namespace {
        case .success(let id)?: return id
        case .failure(let error)?:
            if let asked = namespaceAsked, now().since(asked) < Self.refusalLasts { throw error }
        case nil: break
        }
        let found = try await reader.namespace(host: host, subscriptions: subscriptions)
        namespaceAsked = now()
        switch found {
        case .known(let resource, _):
            namespace = .success(resource.id)
            return resource.id
        case .notPermitted(let needs): return try refuse(needs)
        case .pending, .unavailable: return try refuse("Microsoft.ServiceBus/namespaces/read")
        }
    }

    private func refuse(_ needs: String) throws(OperatorError) -> ResourceID {
        let error = OperatorError(
            .notPermitted, "The namespace of \(host) cannot be read in Azure Resource Manager.", neededRight: needs)
        namespace = .failure(error)
        throw error
    }

    private func checkCost(_ topics: Int) throws(OperatorError) {
        guard topics <= Self.mostTopics else {
            throw OperatorError(
                .throttled,
                "Azure Resource Manager would be asked for the subscriptions of \(topics) topics, one by one; at most \(Self.mostTopics) are."
            )
        }
    }

    private static func value<Value>(_ answer: Result<Value, AzureError>) throws(OperatorError) -> Value {
        switch answer {
        case .success(let value): return value
        case .failure(let error): throw OperatorError(error)
        }
    }

    /// The value; nil where there is none.
    private static func found<Value>(_ answer: Result<Value, AzureError>) throws(OperatorError) -> Value? {
        if case .failure(let error) = answer, error.code == .notFound { return nil }
        return try value(answer)
    }
}

extension ContextSignIn {
    /// The entities of the context's namespace as Azure Resource Manager lists them; nil where nobody could find it there.
    func resourceManagerEntities() -> ResourceManagerEntities? {
        guard let host = context.serviceHost ?? context.endpoint else { return nil }
        return ResourceManagerEntities(
            manager: ResourceManagerClient(cloud: settings.cloud, tokens: chain, client: http),
            graph: GraphClient(cloud: settings.cloud, tokens: chain, client: http), host: host, subscriptions: context.subscriptions)
    }
}
