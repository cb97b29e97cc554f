internal import AzureResources
internal import ServiceBus

extension AccessReader {
    /// Queues, topics and the topics' subscriptions.
    func entities(of namespace: ResourceID) async -> (Reading<[AccessEntity]>, [AccessGap]) {
        async let queues = reading("Microsoft.ServiceBus/namespaces/queues/read", at: namespace) { () throws(AzureError) in
            try await manager.queues(of: namespace) { (name: $0.name, id: $0.id, metadata: $0.userMetadata) }
        }
        async let topics = reading("Microsoft.ServiceBus/namespaces/topics/read", at: namespace) { () throws(AzureError) in
            try await manager.topics(of: namespace) { (name: $0.name, id: $0.id, metadata: $0.userMetadata) }
        }
        let (knownQueues, knownTopics) = (await queues, await topics)
        guard let queues = knownQueues.value else { return (knownQueues.map { _ in [] }, []) }
        guard let topics = knownTopics.value else { return (knownTopics.map { _ in [] }, []) }
        var entities = (queues + topics).compactMap { element in
            EntityPath.ofResource(element.name).map { AccessEntity(path: $0, id: element.id, metadata: element.metadata) }
        }
        var gaps: [AccessGap] = []
        let asked = Array(topics.prefix(Self.mostListings))
        if topics.count > asked.count {
            gaps.append(
                AccessGap("subscriptions", reason: "of \(topics.count) topics only those of the first \(asked.count) are asked for"))
        }
        let answers = await Self.each(asked) { topic in
            await reading("Microsoft.ServiceBus/namespaces/topics/subscriptions/read", at: topic.id) { () throws(AzureError) in
                try await manager.subscriptions(ofTopic: topic.id).map { (name: $0.name, id: $0.id, metadata: $0.userMetadata) }
            }
        }
        var refusals = Refusals()
        for (topic, answer) in zip(asked, answers) {
            refusals.note(answer.whyUnknown)
            for element in answer.value ?? [] {
                guard let name = EntityPath.ofResource(topic.name)?.name,
                    let path = try? EntityPath.subscription(topic: name, name: element.name)
                else { continue }
                entities.append(AccessEntity(path: path, id: element.id, metadata: element.metadata))
            }
        }
        if let gap = refusals.gap("subscriptions of topics") { gaps.append(gap) }
        return (.known(entities.sorted { $0.path < $1.path }, at: now()), gaps)
    }

    /// The shared access rules of the namespace and its entities. Subscriptions have none.
    func rules(of namespace: ResourceID, entities: [AccessEntity]) async -> (Reading<[AccessRule]>, [AccessGap]) {
        let own = await reading("Microsoft.ServiceBus/namespaces/authorizationRules/read", at: namespace) { () throws(AzureError) in
            try await manager.authorizationRules(of: namespace)
        }
        guard let rules = own.value else { return (own.map { _ in [] }, []) }
        var all = rules.map { AccessRule(id: $0.id, name: $0.name, rights: $0.rights, owner: namespace) }
        let owners = entities.filter { $0.path.subscription == nil }
        let asked = Array(owners.prefix(Self.mostListings))
        var gaps: [AccessGap] = []
        if owners.count > asked.count {
            gaps.append(
                AccessGap(
                    "shared access rules of entities",
                    reason: "of \(owners.count) queues and topics only those of the first \(asked.count) are asked for"))
        }
        let answers = await Self.each(asked) { entity in
            await reading("Microsoft.ServiceBus/namespaces/queues/authorizationRules/read", at: entity.id) { () throws(AzureError) in
                try await manager.authorizationRules(of: entity.id)
            }
        }
        var refusals = Refusals()
        for (entity, answer) in zip(asked, answers) {
            refusals.note(answer.whyUnknown)
            all += (answer.value ?? []).map { AccessRule(id: $0.id, name: $0.name, rights: $0.rights, owner: entity.id) }
        }
        if let gap = refusals.gap("shared access rules of entities") { gaps.append(gap) }
        return (.known(all, at: now()), gaps)
    }
}

/// Refusals of one kind, told once.
struct Refusals {
    private var first: String?
    private var count = 0

    /// Counts a refusal; nil is none.
    mutating func note(_ reason: String?) {
        guard let reason else { return }
        first = first ?? reason
        count += 1
    }

    /// What is not known for it; nil when nothing was refused.
    func gap(_ subject: String, consequence: String = "") -> AccessGap? {
        first.map { AccessGap(subject, reason: count == 1 ? $0 : "\($0) (and \(count - 1) more)", consequence: consequence) }
    }
}
