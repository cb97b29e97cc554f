public import ServiceBus

/// The rules of topics: what they are, and what they would make of a message.
extension Workspace {
    /// The rules of a subscription in the order of their names.
    /// - Throws: ``OperatorError`` of kind usage when it is no subscription, ``OperatorError/Code/notFound`` when there is none of that name.
    public func rules(of subscription: EntityPath) async throws(OperatorError) -> [RuleDescription] {
        guard subscription.subscription != nil else {
            throw OperatorError(
                .usage, "\(subscription.displayName) is no subscription: only those have rules.", hint: "Name it as topic/subscription.",
                entity: subscription)
        }
        return try await gateway.rules(of: subscription.entity)
    }

    /// Who would get messages that were sent to a topic. Sends nothing.
    /// - Parameter path: a topic, or one of its subscriptions to ask about only that.
    /// - Throws: ``OperatorError``: it is neither, or may not be read.
    public func routing(of path: EntityPath) async throws(OperatorError) -> TopicRouting {
        if path.subscription != nil {
            return TopicRouting([.init(try await gateway.entity(path.entity), rules: try await rules(of: path))])
        }
        let topic = try await gateway.entity(path.entity)
        guard topic.kind == .topic else {
            throw OperatorError(
                .usage, "\(path.displayName) is no topic: what is sent to it is filtered by no rule.",
                hint: "'callboard entities' lists what there is.", entity: path)
        }
        var subscriptions: [TopicRouting.Subscription] = []
        for entity in try await gateway.subscriptions(of: topic.path) {
            subscriptions.append(.init(entity, rules: try await gateway.rules(of: entity.path)))
        }
        return TopicRouting(subscriptions.sorted { $0.path < $1.path })
    }
}
