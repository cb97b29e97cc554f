internal import AMQP

/// The rules of subscriptions over AMQP (`add-rule`, `remove-rule`, `enumerate-rules`): possible with a right on the subscription, where
/// the administration interface asks for Manage on the namespace.
extension Namespace {
    /// The rules of a subscription.
    /// - Throws: ``ServiceBusError``, with ``ServiceBusError/Code/protocolMismatch`` when one is of a kind this version cannot read.
    public func rules(of subscription: EntityPath) async throws(ServiceBusError) -> [SubscriptionRule] {
        var rules: [SubscriptionRule] = []
        // The service allows a subscription 2,000 rules.
        while rules.count < 10_000 {
            let request = ManagementRequest(
                "enumerate-rules", isRepeatable: true, ["top": .int(100), "skip": .int(Int32(clamping: rules.count))])
            guard let answer = try await connection.performIfAny(request, on: subscription) else { break }
            let entries = try answer.body()["rules"]?.elements ?? []
            if entries.isEmpty { break }
            for entry in entries {
                guard let value = entry.mapValue?["rule-description"], let rule = SubscriptionRule(value) else {
                    throw answer.malformed("a rule is of an unknown kind")
                }
                rules.append(rule)
            }
            if entries.count < 100 { break }
        }
        return rules
    }

    /// Adds a rule to a subscription. It takes its part in choosing messages at once.
    /// - Throws: ``ServiceBusError``; adding one whose name is taken is refused.
    public func addRule(_ rule: SubscriptionRule, to subscription: EntityPath) async throws(ServiceBusError) {
        let request = ManagementRequest(
            "add-rule", isRepeatable: false, ["rule-name": .string(rule.name), "rule-description": AMQPValue.map(rule.description)])
        _ = try await connection.perform(request, on: subscription)
    }

    /// Removes a rule from a subscription. Without any, the subscription takes no message.
    /// - Throws: ``ServiceBusError``.
    public func removeRule(named name: String, from subscription: EntityPath) async throws(ServiceBusError) {
        let request = ManagementRequest("remove-rule", isRepeatable: false, ["rule-name": .string(name)])
        _ = try await connection.perform(request, on: subscription)
    }
}
