/// What administration does beyond making and removing entities: lists by page, changes of settings, keys of single entities.
extension Broker {
    /// A list of entities.
    public enum List: Hashable, Sendable {
        /// All queues.
        case queues
        /// All topics.
        case topics
        /// The subscriptions of the topic of that name, in any case.
        case subscriptions(topic: String)
    }

    /// A part of a list, in the ordinal order of the names. Its cost depends on the page, not on the list.
    ///
    /// - Returns: nil for the subscriptions of a topic that does not exist.
    public func snapshots(in list: List, skip: Int, top: Int) -> [EntitySnapshot]? {
        enter()
        defer { leave() }
        let names: [String]
        var prefix = ""
        switch list {
        case .queues: names = queueNames.page(skip: skip, top: top)
        case .topics: names = topicNames.page(skip: skip, top: top)
        case .subscriptions(let name):
            guard let topic = topics[name.lowercased()] else { return nil }
            names = topic.subscriptionNames.page(skip: skip, top: top)
            prefix = "\(topic.input.path)/Subscriptions/"
        }
        return names.compactMap { name in
            let key = "\(prefix)\(name)".lowercased()
            return entities[key].map { EntitySnapshot($0, topics[key]) }
        }
    }

    /// Changes the settings of a queue or subscription.
    ///
    /// - Throws: ``BrokerError`` with reason `entityNotFound`.
    public func update(_ path: String, to settings: QueueSettings) throws(BrokerError) {
        enter()
        defer { leave() }
        guard let entity = entity(path) else { throw notFound(path) }
        if case .topic = entity.kind { throw notFound(path) }
        change(entity, to: settings)
    }

    /// Changes the settings of a topic.
    ///
    /// - Throws: ``BrokerError`` with reason `entityNotFound`.
    public func updateTopic(_ path: String, to settings: TopicSettings) throws(BrokerError) {
        enter()
        defer { leave() }
        guard let topic = topics[path.lowercased()] else { throw notFound(path) }
        topic.settings = settings
        change(topic.input, to: topic.inputSettings)
    }

    private func change(_ entity: QueueEntity, to settings: QueueSettings) {
        let before = entity.settings
        entity.settings = settings
        entity.updatedAt = now
        scheduleIdleExpiry(of: entity)
        if before.administrative.authorizationRules != settings.administrative.authorizationRules {
            report(.accessRulesChanged(EntityAddress(path: entity.path)))
        }
        if before.availability != settings.availability {
            report(.availabilityChanged(EntityAddress(path: entity.path), settings.availability))
        }
    }

    /// The keys of that name that open an entity: its own, and a topic's for its subscriptions.
    func accessRules(named name: String, for path: String) -> [AccessPolicy.Rule] {
        guard let entity = entity(path) else { return [] }
        let owner = if case .subscription(let topic, _) = entity.kind { topic.input } else { entity }
        return owner.settings.administrative.authorizationRules.filter { $0.name == name }.flatMap { rule in
            [rule.primaryKey, rule.secondaryKey].map { AccessPolicy.Rule(name: rule.name, key: $0, rights: rule.rights) }
        }
    }
}
