import ServiceBus

/// The rules of subscriptions, while messages flow: the next message that arrives is judged by the rules of that moment.
extension Broker {
    /// The rules of a subscription, in the order in which they were made.
    ///
    /// - Parameter path: the subscription: `topic/Subscriptions/name`.
    /// - Throws: ``BrokerError`` with reason `entityNotFound` when it does not exist or is no subscription.
    public func rules(of path: String) throws(BrokerError) -> [SubscriptionRule] {
        enter()
        defer { leave() }
        return try subscription(path).rules
    }

    /// Adds a rule to a subscription.
    ///
    /// - Throws: ``BrokerError``: `entityNotFound`, `entityExists` when it has a rule of that name in any case, `invalidArgument` when the name
    ///   is malformed or filter or action cannot be read, `quotaExceeded` when it has as many rules as it may.
    public func addRule(_ rule: RuleSettings, to path: String) throws(BrokerError) {
        enter()
        defer { leave() }
        let entity = try subscription(path)
        guard index(of: rule.name, in: entity) == nil else { throw exists("\(entity.systemName)|\(rule.name)") }
        guard entity.rules.count < limits.maximumRules else { throw tooMany("rules", limits.maximumRules) }
        entity.rules.append(try compile(rule, systemName: entity.systemName))
        entity.updatedAt = now
    }

    /// Puts a rule in the place of the one of the same name.
    ///
    /// - Throws: ``BrokerError``: `entityNotFound` when there is no such subscription or rule, `invalidArgument` when filter or action cannot be
    ///   read; then the old rule stays.
    public func replaceRule(_ rule: RuleSettings, in path: String) throws(BrokerError) {
        enter()
        defer { leave() }
        let entity = try subscription(path)
        guard let index = index(of: rule.name, in: entity) else { throw ruleNotFound(rule.name, in: entity) }
        entity.rules[index] = try compile(rule, systemName: entity.systemName, createdAt: entity.rules[index].createdAt)
        entity.updatedAt = now
    }

    /// Removes a rule. A subscription without rules gets no messages.
    ///
    /// - Parameter name: the rule's name, in any case.
    /// - Throws: ``BrokerError`` with reason `entityNotFound` when there is no such subscription or rule.
    public func removeRule(_ name: String, from path: String) throws(BrokerError) {
        enter()
        defer { leave() }
        let entity = try subscription(path)
        guard let index = index(of: name, in: entity) else { throw ruleNotFound(name, in: entity) }
        entity.rules.remove(at: index)
        entity.updatedAt = now
    }

    /// Reads a rule, with errors in the service's words.
    func compile(_ rule: RuleSettings, systemName: String, createdAt: Int64? = nil) throws(BrokerError) -> SubscriptionRule {
        guard !rule.name.isEmpty, rule.name.utf16.count <= 50, !rule.name.contains(where: { "/?#@\\".contains($0) || $0.isNewline }) else {
            throw error(.invalidArgument, "'\(rule.name)' is not a valid rule name.", systemName)
        }
        do throws(FilterSyntaxError) {
            return try SubscriptionRule(rule, createdAt: createdAt ?? now)
        } catch {
            throw self.error(.invalidArgument, BrokerText.malformedSQL(error), systemName)
        }
    }

    /// Reads all rules of a new subscription.
    func compile(_ rules: [RuleSettings], systemName: String) throws(BrokerError) -> [SubscriptionRule] {
        var names: Set<String> = []
        var compiled: [SubscriptionRule] = []
        for rule in rules.isEmpty ? [.defaultRule] : rules {
            guard names.insert(rule.name.lowercased()).inserted else { throw exists("\(systemName)|\(rule.name)") }
            compiled.append(try compile(rule, systemName: systemName))
        }
        return compiled
    }

    private func subscription(_ path: String) throws(BrokerError) -> QueueEntity {
        guard let entity = entity(path), case .subscription = entity.kind else { throw notFound(path) }
        return entity
    }

    private func index(of name: String, in entity: QueueEntity) -> Int? {
        let wanted = name.lowercased()
        return entity.rules.firstIndex { $0.settings.name.lowercased() == wanted }
    }

    private func ruleNotFound(_ name: String, in entity: QueueEntity) -> BrokerError {
        error(.entityNotFound, "Entity '\(namespace):\(entity.systemName)|\(name)' was not found.", entity.systemName)
    }
}
