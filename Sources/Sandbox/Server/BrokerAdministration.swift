import NIOCore
import ServiceBus

/// The broker as the administration endpoint sees it: questions and changes hop to the broker's event loop, answers are values, given when
/// what they rest on is kept.
struct BrokerAdministration: AdministrationSource {
    let hub: NIOLoopBound<WireHub>
    let loop: any EventLoop
    let tier: SandboxConfiguration.Tier
    /// When the namespace was made.
    let createdAt: Timestamp

    private func asking<T: Sendable>(_ body: @escaping @Sendable (Broker) -> T) async -> T? { await askingHub { body($0.broker) } }

    private func askingHub<T: Sendable>(_ body: @escaping @Sendable (WireHub) -> T) async -> T? {
        let hub = hub
        return try? await loop.submit {
            let answer = body(hub.value)
            return hub.value.keep() ? answer : nil
        }.get()
    }

    func administeredNamespace() async -> AdministeredNamespace {
        let name = await asking { $0.namespace } ?? ""
        return AdministeredNamespace(
            name: name, tier: tier.rawValue, messagingUnits: tier == .premium ? 1 : nil, createdAt: createdAt, modifiedAt: createdAt)
    }

    func administeredEntities(in list: Broker.List, skip: Int, top: Int) async -> [AdministeredEntity]? {
        await asking { broker in
            broker.snapshots(in: list, skip: skip, top: top)?.map { AdministeredEntity($0, broker.limits) }
        } ?? nil
    }

    func administeredEntity(named name: String, topic: String?) async -> AdministeredEntity? {
        await asking { broker in
            let path = topic.map { EntityAddress.subscription(name, of: $0).path } ?? name
            guard let snapshot = try? broker.snapshot(of: path), snapshot.isSubscription == (topic != nil) else { return nil }
            return AdministeredEntity(snapshot, broker.limits)
        } ?? nil
    }

    func administeredRules(topic: String, subscription: String) async -> [AdministeredRule]? {
        await asking { broker -> [AdministeredRule]? in
            guard let rules = try? broker.rules(of: EntityAddress.subscription(subscription, of: topic).path) else { return nil }
            return rules.sorted { $0.settings.name < $1.settings.name }
                .map { AdministeredRule($0.settings, createdAt: Timestamp(milliseconds: $0.createdAt)) }
        } ?? nil
    }

    func perform(_ change: AdministrationChange) async throws(AdministrationFault) -> AdministrationOutcome {
        let tier = tier
        let result = await askingHub { hub -> Result<AdministrationOutcome, AdministrationFault> in
            var administrator = NamespaceAdministrator(broker: hub.broker, access: hub.access, tier: tier)
            if let token = change.bearer {
                administrator.mayForward = { path in
                    hub.cloud?.verdict(of: token, for: "sb://\(hub.broker.namespace)/\(path)", needs: .send) == .allowed
                }
            }
            return Result { () throws(AdministrationFault) in try administrator.perform(change) }
        }
        guard let result else { throw AdministrationFault(status: 503, text: "The sandbox has stopped.") }
        return try result.get()
    }

    func mayAdminister(authorization: String, resource: String, now: Int64) async -> AccessPolicy.Verdict {
        await askingHub { hub in
            if let token = BearerToken(authorization: authorization) {
                return hub.cloud?.verdict(of: token, for: resource, needs: .manage) ?? .refused(BearerToken.unknown)
            }
            if hub.isLocalAuthDisabled { return .refused(AccessPolicy.localAuthDisabled) }
            let broker = hub.broker
            return hub.access.verdict(token: authorization, for: resource, needs: .manage, now: now) {
                broker.accessRules(named: $0, for: $1)
            }
        } ?? .refused("The sandbox has stopped.")
    }
}
