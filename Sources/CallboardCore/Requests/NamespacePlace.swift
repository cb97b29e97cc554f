package import AzureResources
internal import ServiceBus

/// Where a namespace is in Azure, as far as that can be found out: whoever asks for a role often may see nothing of it.
package struct NamespacePlace: Hashable, Sendable {
    /// Its name: the first label of its host, which no other namespace has.
    package let name: String
    /// Its id; nil when nobody says.
    package let id: ResourceID?

    package init(name: String, id: ResourceID?) {
        self.name = name.lowercased()
        self.id = id
    }

    /// Whether a scope is the namespace or lies in it.
    package func holds(_ scope: ResourceID) -> Bool { scope.serviceBusNamespace?.name.lowercased() == name }
}

/// Finds a namespace and the ids of its entities: by Azure Resource Manager where that may be read, else by what whoever is signed in is eligible for.
struct ScopeFinder: Sendable {
    let reader: AccessReader
    var manager: ResourceManagerClient { reader.manager }

    /// Finds a namespace.
    /// - Parameters:
    ///   - host: its host at Azure.
    ///   - subscriptions: the Azure subscriptions to look in; none for all that may be seen.
    /// - Throws: ``OperatorError`` when nobody is signed in or Azure cannot be reached. That it may not be seen is no error.
    func place(host: String, subscriptions: [String]) async throws(OperatorError) -> NamespacePlace {
        let name = String(host.prefix { $0 != "." && $0 != ":" })
        if let found = try await reader.namespace(host: host, subscriptions: subscriptions).value {
            return NamespacePlace(name: found.id.name, id: found.id)
        }
        let place = NamespacePlace(name: name, id: nil)
        let eligible = try await eligibleScopes()
        if let within = eligible.first(where: { place.holds($0) })?.serviceBusNamespace { return NamespacePlace(name: name, id: within) }
        for scope in eligible {
            let below = await reader.outcome { () throws(AzureError) in try await manager.eligibleChildResources(of: scope) }
            guard case .success(let resources) = below else { continue }
            if let within = resources.first(where: { place.holds($0.id) })?.id.serviceBusNamespace {
                return NamespacePlace(name: name, id: within)
            }
        }
        return place
    }

    /// The scope of an entity at which a role is to hold: the narrowest that Azure knows. Sending to a subscription is sending to its topic.
    /// - Throws: ``OperatorError`` when it does not exist, or nobody says whether it is a queue or a topic.
    func scope(of path: EntityPath, for role: PolicyRole, in place: NamespacePlace) async throws(OperatorError) -> AccessScope {
        guard let namespace = place.id else {
            throw OperatorError(
                .notPermitted, "Azure shows you nothing of the namespace \(place.name), and you are eligible for nothing in it.",
                hint: "Ask an admin to make you eligible for a role on \(path.entity.displayName).", entity: path)
        }
        let entity = role == .sender ? path.topic ?? path.entity : path.entity
        let name = entity.resourceName
        let (queue, topic) = (namespace.appending("queues", name), namespace.appending("topics", name))
        if let subscription = entity.subscription {
            return AccessScope(id: topic.appending("subscriptions", subscription).text, entity: entity)
        }
        // Where the two answers contradict what is there, Azure's is asked for what is asked for.
        for (id, answer) in [
            (queue, await exists { () throws(AzureError) in _ = try await manager.queue(queue) }),
            (topic, await exists { () throws(AzureError) in _ = try await manager.topic(topic) }),
        ] where answer == true {
            return try checked(AccessScope(id: id.text, entity: entity), role, isTopic: id == topic)
        }
        let eligible = try await eligibleScopes()
        if let id = eligible.first(where: { $0 == queue || $0 == topic }) {
            return try checked(AccessScope(id: id.text, entity: entity), role, isTopic: id == topic)
        }
        let below = await reader.outcome { () throws(AzureError) in try await manager.eligibleChildResources(of: namespace) }
        if case .success(let resources) = below, let id = resources.first(where: { $0.id == queue || $0.id == topic })?.id {
            return try checked(AccessScope(id: id.text, entity: entity), role, isTopic: id == topic)
        }
        throw OperatorError(
            .notFound, "There is no \(entity.displayName) in \(place.name), or nothing of it is for your eyes.",
            hint: "Check the name; an admin can make you eligible for it.", entity: path)
    }

    private func checked(_ scope: AccessScope, _ role: PolicyRole, isTopic: Bool) throws(OperatorError) -> AccessScope {
        guard isTopic, role == .receiver else { return scope }
        throw OperatorError(
            .usage, "\(scope.title) is a topic, and messages are received from its subscriptions.",
            hint: "Name the one you need, as in \(scope.title)/SUBSCRIPTION: a role on the topic would open all of them.",
            entity: scope.entity)
    }

    private func eligibleScopes() async throws(OperatorError) -> [ResourceID] {
        do throws(AzureError) {
            return try await manager.roleEligibilityScheduleInstances(.asTarget, of: .root).map(\.scope)
        } catch {
            if error.serviceCode == "AadPremiumLicenseRequired" || error.code == .forbidden { return [] }
            throw OperatorError(privileged: error, doing: "Looking for what you may ask for")
        }
    }

    /// Whether something is there; nil when that may not be known.
    private func exists(_ ask: () async throws(AzureError) -> Void) async -> Bool? {
        switch await reader.outcome(ask) {
        case .success: true
        case .failure(let error): error.code == .notFound ? false : nil
        }
    }
}
