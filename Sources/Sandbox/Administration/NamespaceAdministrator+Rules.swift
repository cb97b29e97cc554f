internal import ServiceBus

extension NamespaceAdministrator {
    /// Makes a rule, or changes one.
    func put(
        _ name: String, of subscription: String, of topic: String, _ input: RuleInput, _ isUpdate: Bool
    ) throws(AdministrationFault) -> AdministrationOutcome {
        let owner = try self.topic(topic) { .noPolicyRequest }
        do throws(AdministrationFault) {
            let (path, subscriptionName, rules) = try self.rules(of: subscription, owner, name)
            let parts = [owner.path, subscriptionName, name]
            let existing = rules.first { $0.name.lowercased() == name.lowercased() }
            if existing != nil, !isUpdate { throw .exists(systemName(parts), version: owner.updatedAt) }
            if existing == nil, isUpdate { throw notFound(parts, owner) }
            let rule = settings(input, name: existing?.name ?? name)
            let made = try brokering { () throws(BrokerError) in
                if existing != nil { try broker.replaceRule(rule, in: path) } else { try broker.addRule(rule, to: path) }
                return try broker.rules(of: path).first { $0.settings.name == rule.name }
            }
            let createdAt = Timestamp(milliseconds: made?.createdAt ?? broker.now)
            return .rule(AdministeredRule(rule, createdAt: createdAt), isNew: existing == nil, version: owner.updatedAt)
        } catch {
            var fault = error
            fault.version = fault.version ?? owner.updatedAt
            throw fault
        }
    }

    /// Removes a rule.
    func remove(_ name: String, of subscription: String, of topic: String) throws(AdministrationFault) -> AdministrationOutcome {
        let owner = try self.topic(topic) { .noService }
        let (path, subscriptionName, rules) = try rules(of: subscription, owner, name)
        guard let rule = rules.first(where: { $0.name.lowercased() == name.lowercased() }) else {
            throw notFound([owner.path, subscriptionName, name], owner)
        }
        try brokering { () throws(BrokerError) in try broker.removeRule(rule.name, from: path) }
        return .removed(version: owner.updatedAt)
    }

    private func rules(
        of subscription: String, _ owner: EntitySnapshot, _ rule: String
    ) throws(AdministrationFault) -> (path: String, name: String, rules: [RuleSettings]) {
        guard let snapshot = self.subscription(subscription, of: owner.path), case .subscription(_, let name, _, let rules) = snapshot.kind
        else { throw notFound([owner.path, subscription, rule], owner) }
        return (snapshot.path, name, rules)
    }

    /// The rule as the broker keeps it.
    func settings(_ input: RuleInput, name: String) -> RuleSettings {
        let filter: RuleFilter =
            switch input.filter {
            case .all: .all
            case .none: .none
            case .sql(let expression): .sql(expression.text)
            case .correlation(let correlation): .correlation(CorrelationFilter(correlation))
            }
        var settings = RuleSettings(name: name, filter: filter, action: input.action?.text)
        if case .sql(let expression) = input.filter { settings.filterParameters = expression.values }
        settings.actionParameters = input.action?.values ?? [:]
        settings.administered = AdministeredRule(
            name: name, filter: input.filter, action: input.action, createdAt: Timestamp(milliseconds: broker.now))
        return settings
    }
}
