package import Identity
internal import RESTClient
internal import Synchronization

extension ResourceManagerClient {
    // MARK: Subscriptions and namespaces

    /// The Azure subscriptions that the caller can see.
    /// - Throws: ``AzureError``.
    public func subscriptions() async throws(AzureError) -> [AzureSubscription] {
        try await pages(ResourceID("/subscriptions"), version: APIVersion.subscriptions, operation: "Listing the Azure subscriptions").all()
    }

    /// The Service Bus namespaces of a subscription.
    /// - Throws: ``AzureError``.
    public func namespaces(in subscription: ResourceID) async throws(AzureError) -> [NamespaceResource] {
        try await list(subscription.appending("providers", "Microsoft.ServiceBus", "namespaces"), "the namespaces of \(subscription)")
    }

    /// The Service Bus namespaces of all Azure subscriptions that the caller can see, each with what came of asking: one that does not answer does not
    /// hide the others.
    /// - Throws: ``AzureError`` when the subscriptions themselves cannot be listed.
    public func namespacesOfAllSubscriptions() async throws(AzureError) -> [SubscriptionNamespaces] {
        let subscriptions = try await subscriptions()
        return await withTaskGroup(of: (Int, SubscriptionNamespaces).self) { group in
            // All at once: the gate lets as many pass as is polite.
            for (place, subscription) in subscriptions.enumerated() {
                group.addTask {
                    do throws(AzureError) {
                        let namespaces = try await self.namespaces(in: subscription.id)
                        return (place, SubscriptionNamespaces(subscription: subscription, namespaces: .success(namespaces)))
                    } catch {
                        return (place, SubscriptionNamespaces(subscription: subscription, namespaces: .failure(error)))
                    }
                }
            }
            var result: [(Int, SubscriptionNamespaces)] = []
            for await entry in group { result.append(entry) }
            return result.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// One namespace.
    /// - Throws: ``AzureError``.
    public func namespace(_ id: ResourceID) async throws(AzureError) -> NamespaceResource {
        try await serviceBus("Reading the namespace \(id)") { (version, operation) throws(AzureError) in
            try await self.get(id, version: version, operation: operation)
        }
    }

    /// Turns the acceptance of shared access keys off or on, and waits until the namespace has taken it.
    /// - Throws: ``AzureError``.
    public func setLocalAuthentication(_ isOn: Bool, of id: ResourceID) async throws(AzureError) -> NamespaceResource {
        let operation = "Turning shared access keys \(isOn ? "on" : "off") for \(id)"
        let body: JSONValue = ["properties": ["disableLocalAuth": .boolean(!isOn)]]
        // Older API versions do not know the property, and would answer with a success that changed nothing: there is no other to go back to.
        let answer = try await send(.patch, id, version: APIVersion.serviceBus, body: body, operation: operation)
        return try await settled(answer, id, operation: operation)
    }

    /// Makes a namespace, or changes it to what is given, and waits until it is done.
    /// - Parameters:
    ///   - id: its id.
    ///   - location: the region.
    ///   - sku: `Basic`, `Standard` or `Premium`.
    ///   - tags: its tags.
    /// - Throws: ``AzureError``.
    public func putNamespace(
        _ id: ResourceID, location: String, sku: String, tags: [String: String] = [:]
    ) async throws(AzureError) -> NamespaceResource {
        let body: JSONValue = [
            "location": .text(location), "sku": ["name": .text(sku)], "tags": .object(tags.mapValues(JSONValue.text)),
        ]
        let operation = "Making the namespace \(id)"
        let answer = try await serviceBus(operation) { (version, operation) throws(AzureError) in
            try await self.send(.put, id, version: version, body: body, operation: operation)
        }
        return try await settled(answer, id, operation: operation)
    }

    /// Removes a namespace and everything in it, and waits until it is gone.
    /// - Throws: ``AzureError``.
    public func deleteNamespace(_ id: ResourceID) async throws(AzureError) {
        try await serviceBus("Removing the namespace \(id)") { (version, operation) throws(AzureError) in
            _ = try await self.send(.delete, id, version: version, operation: operation)
        }
    }

    /// Asks again until nothing more happens to a namespace.
    private func settled(_ answer: RESTResponse, _ id: ResourceID, operation: String) async throws(AzureError) -> NamespaceResource {
        // What was waited for ends with an empty answer, or one about the operation; then the namespace itself says how it is.
        let first = try? service.decode(NamespaceResource.self, answer, operation: operation)
        var namespace: NamespaceResource
        if let first { namespace = first } else { namespace = try await self.namespace(id) }
        var waited = Duration.zero
        while !namespace.provisioningState.isFinal {
            try await service.wait(nil, waited: &waited, operation: operation)
            namespace = try await self.namespace(namespace.id)
        }
        guard namespace.provisioningState == .succeeded else {
            throw AzureError(
                .operationFailed, operation: operation, message: "the namespace ended in the state \(namespace.provisioningState).",
                hint: "The Activity Log of the namespace says why.")
        }
        return namespace
    }

    /// Which networks may reach a namespace; nil when it is not a premium one and therefore has no such rules.
    /// - Throws: ``AzureError``.
    public func networkRuleSet(of namespace: ResourceID) async throws(AzureError) -> NetworkRuleSet? {
        do throws(AzureError) {
            return try await serviceBus("Reading the network rules of \(namespace)") { (version, operation) throws(AzureError) in
                try await self.get(namespace.appending("networkRuleSets", "default"), version: version, operation: operation)
            }
        } catch {
            // The service says so in words alone: `BadRequest`, "Network Rules are available only on a Premium Messaging namespace".
            if error.status == 400, error.serviceCode == "BadRequest", error.message.contains("Premium") { return nil }
            throw error
        }
    }

    // MARK: Entities

    /// The queues of a namespace.
    /// - Throws: ``AzureError``.
    public func queues(of namespace: ResourceID) async throws(AzureError) -> [QueueResource] { try await queues(of: namespace) { $0 } }

    /// What is kept of the queues of a namespace: of ten thousand, a page at a time is held whole.
    /// - Throws: ``AzureError``.
    package func queues<Kept: Sendable>(
        of namespace: ResourceID, keeping keep: (QueueResource) -> Kept
    ) async throws(AzureError) -> [Kept] {
        try await list(namespace.appending("queues"), "the queues of \(namespace)", keeping: keep)
    }

    /// One queue.
    /// - Throws: ``AzureError``.
    public func queue(_ id: ResourceID) async throws(AzureError) -> QueueResource {
        try await serviceBus("Reading the queue \(id)") { (version, operation) throws(AzureError) in
            try await self.get(id, version: version, operation: operation)
        }
    }

    /// One topic.
    /// - Throws: ``AzureError``.
    public func topic(_ id: ResourceID) async throws(AzureError) -> TopicResource {
        try await serviceBus("Reading the topic \(id)") { (version, operation) throws(AzureError) in
            try await self.get(id, version: version, operation: operation)
        }
    }

    /// One subscription of a topic.
    /// - Throws: ``AzureError``.
    public func subscription(_ id: ResourceID) async throws(AzureError) -> SubscriptionResource {
        try await serviceBus("Reading the subscription \(id)") { (version, operation) throws(AzureError) in
            try await self.get(id, version: version, operation: operation)
        }
    }

    /// The topics of a namespace.
    /// - Throws: ``AzureError``.
    public func topics(of namespace: ResourceID) async throws(AzureError) -> [TopicResource] { try await topics(of: namespace) { $0 } }

    /// What is kept of the topics of a namespace.
    /// - Throws: ``AzureError``.
    package func topics<Kept: Sendable>(
        of namespace: ResourceID, keeping keep: (TopicResource) -> Kept
    ) async throws(AzureError) -> [Kept] {
        try await list(namespace.appending("topics"), "the topics of \(namespace)", keeping: keep)
    }

    /// The subscriptions of a topic.
    /// - Throws: ``AzureError``.
    public func subscriptions(ofTopic topic: ResourceID) async throws(AzureError) -> [SubscriptionResource] {
        try await list(topic.appending("subscriptions"), "the subscriptions of \(topic)")
    }

    /// The rules of a subscription.
    /// - Throws: ``AzureError``.
    public func rules(ofSubscription subscription: ResourceID) async throws(AzureError) -> [RuleResource] {
        try await list(subscription.appending("rules"), "the rules of \(subscription)")
    }

    // MARK: Keys

    /// The shared access rules of a namespace, a queue or a topic: names and rights. No key is fetched.
    /// - Throws: ``AzureError``.
    public func authorizationRules(of owner: ResourceID) async throws(AzureError) -> [AuthorizationRuleResource] {
        try await list(owner.appending("authorizationRules"), "the shared access rules of \(owner)")
    }

    /// The keys of a shared access rule. Azure's Activity Log notes that they were asked for, and it costs a write of the budget.
    /// - Throws: ``AzureError``.
    public func listKeys(of rule: ResourceID) async throws(AzureError) -> AccessKeys {
        try await serviceBus("Listing the keys of \(rule)") { (version, operation) throws(AzureError) in
            try await self.keys(.post, rule.appending("listKeys"), version: version, body: nil, operation: operation)
        }
    }

    /// Has the service make one of a rule's keys anew; the old one ends at once.
    /// - Returns: both keys as they are then.
    /// - Throws: ``AzureError``.
    public func regenerateKey(_ kind: AccessKeyKind, of rule: ResourceID) async throws(AzureError) -> AccessKeys {
        try await serviceBus("Regenerating a key of \(rule)") { (version, operation) throws(AzureError) in
            try await self.keys(
                .post, rule.appending("regenerateKeys"), version: version, body: AccessKeys.regeneration(kind), operation: operation)
        }
    }

    private func keys(
        _ method: RESTRequest.Method, _ path: ResourceID, version: String, body: JSONValue?, operation: String
    ) async throws(AzureError) -> AccessKeys {
        let answer = try await send(method, path, version: version, body: body, operation: operation)
        var keys = try service.decode(AccessKeys.self, answer, operation: operation)
        keys.correlationID = answer.headers["x-ms-correlation-request-id"]
        return keys
    }

    /// Replaces the tags of a namespace. Azure replaces all of them: read them first, and give back those that are to stay.
    /// - Throws: ``AzureError``.
    public func setTags(_ tags: [String: String], of id: ResourceID) async throws(AzureError) -> NamespaceResource {
        let operation = "Tagging the namespace \(id)"
        let body: JSONValue = ["tags": .object(tags.mapValues(JSONValue.text))]
        let answer = try await serviceBus(operation) { (version, operation) throws(AzureError) in
            try await self.send(.patch, id, version: version, body: body, operation: operation)
        }
        return try await settled(answer, id, operation: operation)
    }

    // MARK: Versions

    private func list<Element: Decodable & Sendable>(_ path: ResourceID, _ what: String) async throws(AzureError) -> [Element] {
        try await list(path, what) { (element: Element) in element }
    }

    private func list<Element: Decodable & Sendable, Kept: Sendable>(
        _ path: ResourceID, _ what: String, keeping keep: (Element) -> Kept
    ) async throws(AzureError) -> [Kept] {
        try await serviceBus("Listing \(what)") { (version, operation) throws(AzureError) in
            try await self.pages(path, version: version, operation: operation).all(keeping: keep)
        }
    }

    /// Asks in the version that is in use; when the service does not know it, in the older one, and from then on always.
    private func serviceBus<Value: Sendable>(
        _ operation: String, _ ask: (_ version: String, _ operation: String) async throws(AzureError) -> Value
    ) async throws(AzureError) -> Value {
        let version = service.memory.serviceBusVersion.withLock { $0 }
        do throws(AzureError) {
            return try await ask(version, operation)
        } catch {
            guard version != APIVersion.olderServiceBus, APIVersion.isUnknown(error) else { throw error }
        }
        let value = try await ask(APIVersion.olderServiceBus, operation)
        service.memory.serviceBusVersion.withLock { $0 = APIVersion.olderServiceBus }
        return value
    }
}

extension AccessKeys {
    /// The body of a request that makes a key anew: never with a key of our own, the service makes better ones.
    package static func regeneration(_ kind: AccessKeyKind) -> JSONValue { ["keyType": .text(kind.rawValue)] }
}
