package import AzureResources
internal import ServiceBus

/// A namespace as Azure Resource Manager knows it: where its entities and its shared access rules are.
package struct AzurePlace: Sendable {
    let manager: ResourceManagerClient
    /// The namespace.
    package let namespace: NamespaceResource

    /// An entity's id, and what it is.
    struct Owner: Hashable, Sendable {
        var id: ResourceID
        var kind: PolicyScope.Kind
    }

    /// Looks a namespace up.
    /// - Parameters:
    ///   - host: its host.
    ///   - subscriptions: the ids of the Azure subscriptions to look in; none for all that may be seen.
    ///   - reader: looks with the token of whoever signed in.
    /// - Throws: ``OperatorError`` of kind not permitted when the caller is not shown it.
    static func find(_ host: String, subscriptions: [String], reader: AccessReader) async throws(OperatorError) -> AzurePlace {
        switch try await reader.namespace(host: host, subscriptions: subscriptions) {
        case .known(let namespace, _): return AzurePlace(manager: reader.manager, namespace: namespace)
        case .notPermitted(let needs):
            throw OperatorError(
                .notPermitted, "The namespace of \(host) cannot be read in Azure Resource Manager.", hint: "It needs \(needs).",
                neededRight: needs)
        case .unavailable(let reason):
            throw OperatorError(.service, "The namespace of \(host) cannot be read in Azure Resource Manager: \(reason)")
        case .pending: throw OperatorError(.internal, "The namespace of \(host) was not asked for.")
        }
    }

    /// The queue or topic whose rules open an entity: of a subscription its topic.
    /// - Throws: ``OperatorError`` of kind not found when there is none of that name.
    func owner(of entity: EntityPath) async throws(OperatorError) -> Owner {
        let name = entity.resourceName
        if entity.subscription == nil {
            do throws(AzureError) {
                return Owner(id: try await manager.queue(namespace.id.appending("queues", name)).id, kind: .queue)
            } catch {
                guard error.code == .notFound else { throw OperatorError(error) }
            }
        }
        do throws(AzureError) {
            return Owner(id: try await manager.topic(namespace.id.appending("topics", name)).id, kind: .topic)
        } catch {
            guard error.code == .notFound else { throw OperatorError(error) }
            throw OperatorError(
                .notFound, "There is no queue or topic '\(entity.name)' in \(namespace.name).", hint: "'callboard entities' lists them.",
                entity: entity)
        }
    }

    /// Finds out whether a subscription of a topic is there.
    /// - Throws: ``OperatorError`` of kind not found when it is not.
    func checkSubscription(_ path: EntityPath) async throws(OperatorError) {
        let id = try await scope(of: path)
        do throws(AzureError) { _ = try await manager.subscription(id) } catch { throw OperatorError(error) }
    }

    /// The id of an entity: what roles are given on.
    func scope(of entity: EntityPath) async throws(OperatorError) -> ResourceID {
        let owner = try await owner(of: entity).id
        return entity.subscription.map { owner.appending("subscriptions", $0) } ?? owner
    }

    /// The shared access rules of the namespace, or of a queue or topic.
    func rules(of entity: EntityPath?) async throws(OperatorError) -> [KeyRule] {
        let owner = if let entity { try await owner(of: entity).id } else { namespace.id }
        let path = entity.map { $0.topic ?? $0.entity }
        do throws(AzureError) {
            return try await manager.authorizationRules(of: owner).map {
                KeyRule(id: $0.id, name: $0.name, entity: path, rights: $0.rights)
            }
        } catch {
            throw OperatorError(error)
        }
    }

    /// The rule of a name.
    /// - Throws: ``OperatorError`` of kind not found, with the names there are.
    func rule(_ name: String, of entity: EntityPath?) async throws(OperatorError) -> KeyRule {
        let rules = try await rules(of: entity)
        if let rule = rules.first(where: { $0.name.lowercased() == name.lowercased() }) { return rule }
        let names = rules.map(\.name).sorted().joined(separator: ", ")
        throw OperatorError(
            .notFound, "\(entity?.displayName ?? "The namespace") has no shared access rule '\(name)'.",
            hint: names.isEmpty ? "It has none at all." : "There is \(names).")
    }
}
