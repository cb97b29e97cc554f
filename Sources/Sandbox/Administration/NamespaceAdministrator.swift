internal import Crypto
internal import ServiceBus

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Carries out changes of a namespace: checks them as the service does, in its order, and has the broker make them.
///
/// It belongs to the broker's event loop, so that what was checked still holds when it is done.
struct NamespaceAdministrator {
    let broker: Broker
    let access: AccessPolicy
    let tier: SandboxConfiguration.Tier
    /// Whether the caller's roles let it forward to a queue or topic; nil when signatures say it.
    var mayForward: ((String) -> Bool)?

    /// Makes, changes or removes something.
    /// - Throws: ``AdministrationFault``; nothing has changed then.
    func perform(_ change: AdministrationChange) throws(AdministrationFault) -> AdministrationOutcome {
        switch change {
        case .put(.entity(let name), .queue(let input), let isUpdate, let tokens):
            return try put(name, .queue, input, isUpdate, tokens)
        case .put(.entity(let name), .topic(let input), let isUpdate, let tokens):
            return try put(name, .topic(subscriptionCount: 0), input, isUpdate, tokens)
        case .put(.subscription(let topic, let name), .subscription(let input, let rule), let isUpdate, let tokens):
            return try put(name, of: topic, input, rule, isUpdate, tokens)
        case .put(.rule(let topic, let subscription, let name), .rule(let input), let isUpdate, _):
            return try put(name, of: subscription, of: topic, input, isUpdate)
        case .put: throw .unreadable("The description is not one of what the address names.")
        case .delete(.entity(let name)):
            guard let snapshot = try? broker.snapshot(of: name), !snapshot.isSubscription else { throw .noService }
            return try remove(snapshot.path, version: snapshot.updatedAt)
        case .delete(.subscription(let topic, let name)):
            let owner = try self.topic(topic) { .noService }
            guard let snapshot = subscription(name, of: topic) else { throw notFound([owner.path, name], owner) }
            return try remove(snapshot.path, version: owner.updatedAt)
        case .delete(.rule(let topic, let subscription, let name)): return try remove(name, of: subscription, of: topic)
        }
    }

    private func remove(_ path: String, version: Int64) throws(AdministrationFault) -> AdministrationOutcome {
        try brokering { () throws(BrokerError) in try broker.remove(path) }
        return .removed(version: version)
    }

    // MARK: Queues and topics

    private func put(
        _ name: String, _ kind: AdministeredEntity.Kind, _ input: EntityInput, _ isUpdate: Bool, _ tokens: ForwardingTokens
    ) throws(AdministrationFault) -> AdministrationOutcome {
        let existing = (try? broker.snapshot(of: name)).map { AdministeredEntity($0, broker.limits) }
        if let existing {
            guard isUpdate, existing.kind.isTopic == kind.isTopic else { throw .conflict(version: existing.updatedAt.milliseconds) }
        } else if isUpdate {
            throw .noOperation
        }
        try checkName(name)
        let entity = try description(input, of: name, kind, existing, tokens)
        try brokering { () throws(BrokerError) in
            switch (entity.kind, existing) {
            case (.topic, nil): try broker.createTopic(name, entity.topicSettings)
            case (.topic, _): try broker.updateTopic(name, to: entity.topicSettings)
            case (_, nil): try broker.createQueue(name, entity.queueSettings)
            case (_, _): try broker.update(name, to: entity.queueSettings)
            }
        }
        return try outcome(name, isNew: existing == nil, version: nil)
    }

    private func checkName(_ name: String) throws(AdministrationFault) {
        guard name.utf8.count <= 260 else {
            throw .unreadable(
                "The entity name or path is longer than the allowed maximum of '260' characters. \(AdministrationFault.seeAlso).")
        }
        guard Broker.isValidName(name, maximumLength: 260) else {
            throw .unreadable(
                "'\(name)' contains character(s) that is not allowed by Service Bus. Entity segments can contain only letters, numbers, "
                    + "periods(.), hyphens(-), and underscores(_). \(AdministrationFault.seeAlso).")
        }
    }

    // MARK: Subscriptions

    private func put(
        _ name: String, of topic: String, _ input: EntityInput, _ rule: RuleInput?, _ isUpdate: Bool, _ tokens: ForwardingTokens
    ) throws(AdministrationFault) -> AdministrationOutcome {
        let owner = try self.topic(topic) { .noPolicyRequest }
        do throws(AdministrationFault) {
            let existing = subscription(name, of: topic).map { AdministeredEntity($0, broker.limits) }
            if existing != nil, !isUpdate { throw .exists(systemName([owner.path, name]), version: owner.updatedAt) }
            if existing == nil, isUpdate { throw notFound([owner.path, name], owner) }
            let entity = try description(input, of: name, .subscription(topic: owner.path), existing, tokens)
            let path = EntityAddress.subscription(name, of: owner.path).path
            let rules = rule.map { [settings($0, name: $0.name ?? "$Default")] } ?? []
            try brokering { () throws(BrokerError) in
                if existing == nil {
                    try broker.createSubscription(name, of: owner.path, entity.queueSettings, rules: rules)
                } else {
                    try broker.update(path, to: entity.queueSettings)
                }
            }
            return try outcome(path, isNew: existing == nil, version: owner.updatedAt)
        } catch {
            var fault = error
            fault.version = fault.version ?? owner.updatedAt
            throw fault
        }
    }

    func topic(_ name: String, otherwise fault: () -> AdministrationFault) throws(AdministrationFault) -> EntitySnapshot {
        guard let snapshot = try? broker.snapshot(of: name), case .topic = snapshot.kind else { throw fault() }
        return snapshot
    }

    func subscription(_ name: String, of topic: String) -> EntitySnapshot? {
        try? broker.snapshot(of: EntityAddress.subscription(name, of: topic).path)
    }

    // MARK: Descriptions

    /// The entity as it will be, checked: what the client says, and for the rest the service's defaults, or on an update what the entity has
    /// where that is a matter of its size and access.
    private func description(
        _ input: EntityInput, of name: String, _ kind: AdministeredEntity.Kind, _ existing: AdministeredEntity?, _ tokens: ForwardingTokens
    ) throws(AdministrationFault) -> AdministeredEntity {
        let now = Timestamp(milliseconds: broker.now)
        var entity = AdministeredEntity(name: name, kind: kind, createdAt: existing?.createdAt ?? now, updatedAt: now)
        entity.maxMessageSizeInKilobytes = tier == .premium ? 1024 : 256
        if let existing {
            entity.requiresSession = existing.requiresSession
            entity.requiresDuplicateDetection = existing.requiresDuplicateDetection
            entity.isPartitioned = existing.isPartitioned
            entity.authorizationRules = existing.authorizationRules
            entity.maxMessageSizeInKilobytes = existing.maxMessageSizeInKilobytes
            entity.maxSizeInMegabytes = existing.maxSizeInMegabytes
        }
        input.apply(to: &entity)
        entity.forwardTo = try destination(entity.forwardTo, of: entity, tokens.forwardTo, tokens, "ForwardTo")
        entity.forwardDeadLetteredMessagesTo = try destination(
            entity.forwardDeadLetteredMessagesTo, of: entity, tokens.deadLetters, tokens, "ForwardDeadLetteredMessagesTo")
        if let keys = input.authorizationRules { entity.authorizationRules = keys.map { authorizationRule($0, in: entity) } }
        let check = DescriptionCheck(namespace: broker.namespace, tier: tier, entity: entity)
        if let existing { try check.check(changing: existing) }
        try check.check()
        // Sixteen partitions, each of the size asked for.
        if entity.isPartitioned, entity.maxSizeInMegabytes <= 5120 { entity.maxSizeInMegabytes *= 16 }
        return entity
    }

    private func authorizationRule(_ key: EntityInput.Key, in entity: AdministeredEntity) -> EntityAuthorizationRule {
        let old = entity.authorizationRules.first { $0.name == key.name }
        var rule = EntityAuthorizationRule(
            name: key.name, rights: key.rights, primaryKey: key.primaryKey ?? old?.primaryKey ?? Self.makeKey(),
            secondaryKey: key.secondaryKey ?? old?.secondaryKey ?? Self.makeKey(), createdAt: old?.createdAt ?? broker.now,
            modifiedAt: old?.modifiedAt ?? broker.now)
        if rule != old { rule.modifiedAt = broker.now }
        return rule
    }

    private static func makeKey() -> String { SymmetricKey(size: .bits256).withUnsafeBytes { Data($0).base64EncodedString() } }

    // MARK: Forwarding

    /// The entity that a setting leads to, which must exist and which the caller must administer.
    private func destination(
        _ text: String?, of entity: AdministeredEntity, _ token: String?, _ tokens: ForwardingTokens, _ name: String
    ) throws(AdministrationFault) -> String? {
        guard let text else { return nil }
        let check = DescriptionCheck(namespace: broker.namespace, tier: tier, entity: entity)
        if case .topic = entity.kind {
            throw check.fault("A topic forwards through its subscriptions. The property \(name) cannot be set.")
        }
        // Clients write the whole address of the destination, as in https://namespace.servicebus.windows.net/orders.
        guard let address = EntityAddress(parsing: text), address.subQueue == .active else { throw .invalid(name, text) }
        guard let target = try? broker.snapshot(of: address.path), !target.isSubscription else {
            throw AdministrationFault(
                status: 400,
                text: "SubCode=40400. The auto forwarding destination entity does not exist. \(AdministrationFault.seeAlso).")
        }
        let own: String
        switch entity.kind {
        case .subscription(let topic): own = topic
        case .queue, .topic: own = entity.name
        }
        guard target.path.lowercased() != own.lowercased() else {
            throw check.fault("The property \(name) cannot lead back to '\(own)'.")
        }
        func isSigned() -> Bool {
            let verdict = access.verdict(
                token: token ?? tokens.authorization, for: "sb://\(broker.namespace)/\(target.path)", needs: .send, now: broker.now,
                entityRules: { [broker] in broker.accessRules(named: $0, for: $1) })
            return verdict == .allowed
        }
        guard mayForward?(target.path) ?? isSigned() else {
            throw AdministrationFault(
                status: 401,
                text:
                    "SubCode=40100. Unauthorized : Unauthorized access for 'Send' operation on the forwarding destination '\(target.path)'."
            )
        }
        return target.path
    }

    // MARK: Words

    func systemName(_ parts: [String]) -> String { "\(broker.namespace):Topic:\(parts.joined(separator: "|"))" }

    func notFound(_ parts: [String], _ topic: EntitySnapshot) -> AdministrationFault {
        .notFound(systemName(parts), version: topic.updatedAt)
    }

    private func outcome(_ path: String, isNew: Bool, version: Int64?) throws(AdministrationFault) -> AdministrationOutcome {
        let snapshot = try brokering { () throws(BrokerError) in try broker.snapshot(of: path) }
        return .entity(AdministeredEntity(snapshot, broker.limits), isNew: isNew, version: version ?? snapshot.updatedAt)
    }

    func brokering<T>(_ body: () throws(BrokerError) -> T) throws(AdministrationFault) -> T {
        do throws(BrokerError) { return try body() } catch { throw AdministrationFault(error) }
    }
}

extension AdministeredEntity.Kind {
    var isTopic: Bool { if case .topic = self { true } else { false } }
}

extension EntitySnapshot {
    var isSubscription: Bool { if case .subscription = kind { true } else { false } }
}
