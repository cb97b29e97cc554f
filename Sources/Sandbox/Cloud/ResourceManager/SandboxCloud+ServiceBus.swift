internal import ServiceBus

/// Microsoft.ServiceBus over the entities of the real broker, as api-version 2021-11-01 has it.
extension SandboxCloud {
    /// - Parameters:
    ///   - before: the lower-case segments before `providers`.
    ///   - rest: the segments after the provider's name.
    func answerServiceBus(
        _ call: ResourceManagerCall, before: [String], _ rest: [String]
    ) throws(ResourceManagerError) -> CloudResponse {
        guard before.count >= 2, before[0] == "subscriptions", before[1] == CloudSeed.subscription else {
            throw ResourceManagerError(
                404, "SubscriptionNotFound", "The subscription '\((before.dropFirst().first ?? "").prefix(100))' could not be found.")
        }
        guard before.count == 2 || before.dropFirst(2) == ["resourcegroups", CloudSeed.resourceGroup] else {
            throw ResourceManagerError(
                404, "ResourceGroupNotFound", "Resource group '\((before.last ?? "").prefix(100))' could not be found.")
        }
        switch (rest.first?.lowercased(), rest.count) {
        case ("checknameavailability", 1): return try checkName(call)
        case ("namespaces", 1):
            guard call.request.method == "GET" else { throw .noOperation }
            let scope = AzureScope("/" + call.segments.prefix(before.count).joined(separator: "/"))
            // The list shows what the caller may read, and nothing else.
            let mayRead = assignments.allow(call.caller.principals, "Microsoft.ServiceBus/namespaces/read", on: namespaceScope, at: now)
            if !mayRead, !seesSubscription(call) { try require("Microsoft.ServiceBus/namespaces/read", on: scope, call) }
            return try list(mayRead ? [namespaceJSON] : [], call)
        case ("namespaces", _) where before.count == 4:
            guard rest[1].lowercased() == broker.namespace.lowercased() else { return try answerOtherNamespace(call, rest) }
            guard let path = ServiceBusPath(Array(rest.dropFirst(2))) else { throw .notFound(String(call.request.path)) }
            return try answer(path, call)
        default: throw .notFound(String(call.request.path))
        }
    }

    private func answerOtherNamespace(_ call: ResourceManagerCall, _ rest: [String]) throws(ResourceManagerError) -> CloudResponse {
        let scope = namespaceScope.text.split(separator: "/").dropLast().joined(separator: "/")
        let other = AzureScope("/\(scope)/\(rest[1])")
        try require("Microsoft.ServiceBus/namespaces/\(call.request.method == "GET" ? "read" : "write")", on: other, call)
        guard call.request.method != "PUT" else {
            throw .badRequest("The sandbox has one namespace, '\(broker.namespace)'; others cannot be made.")
        }
        throw .notFound("Microsoft.ServiceBus/namespaces/\(rest[1])' under resource group '\(CloudSeed.resourceGroup)")
    }

    private func checkName(_ call: ResourceManagerCall) throws(ResourceManagerError) -> CloudResponse {
        guard call.request.method == "POST" else { throw .noOperation }
        let name = call.request.json?["name"]?.text ?? ""
        let isTaken = name.lowercased() == broker.namespace.lowercased()
        return answer([
            "nameAvailable": .bool(!isTaken), "reason": isTaken ? "NameInUse" : "None",
            "message": isTaken
                ? "The specified name is not available. For more information visit https://aka.ms/eventhubsarmexceptions." : "",
        ])
    }

    // MARK: Routing

    private func answer(_ path: ServiceBusPath, _ call: ResourceManagerCall) throws(ResourceManagerError) -> CloudResponse {
        let method = call.request.method
        let scope = scope(of: path)
        let type = "Microsoft.ServiceBus/\(path.type(ofOwner: isTopic(ownerOf: path)))"
        let verb: String
        switch (path, method) {
        case (.keyAction(let action, _, _), "POST"):
            guard let name = ["listkeys": "listKeys", "regeneratekeys": "regenerateKeys"][action] else {
                throw .notFound(String(call.request.path))
            }
            verb = "\(name)/action"
        case (.keyAction, _): throw .noOperation
        case (_, "GET"): verb = "read"
        case (_, "PUT"), (.namespace, "PATCH"): verb = "write"
        case (_, "DELETE"): verb = "delete"
        default: throw .noOperation
        }
        try require("\(type)/\(verb)", on: scope, call)
        let response = try perform(path, verb, call)
        // Reading keys counts as a write: whoever has them can do what they allow.
        if verb != "read" { record("\(type)/\(verb)", scope, call, status: response.status) }
        return response
    }

    private func perform(_ path: ServiceBusPath, _ verb: String, _ call: ResourceManagerCall) throws(ResourceManagerError) -> CloudResponse
    {
        switch (path, verb) {
        case (.namespace, "read"): return answer(namespaceJSON)
        case (.namespace, "write"): return try changeNamespace(call)
        case (.namespace, _): throw .badRequest("The sandbox's namespace cannot be removed: end the sandbox instead.")
        case (.networkRules, "read"):
            guard tier == .premium else {
                throw .badRequest("Network rule sets are supported for namespaces of the Premium tier only.")
            }
            return answer([
                "id": .string(scope(of: path).text), "name": "default", "type": "Microsoft.ServiceBus/namespaces/networkRuleSets",
                "properties": ["publicNetworkAccess": "Enabled", "defaultAction": "Allow", "virtualNetworkRules": [], "ipRules": []],
            ])
        case (.queues, "read"): return try listEntities(.queues, call)
        case (.topics, "read"): return try listEntities(.topics, call)
        case (.subscriptions(let topic), "read"): return try listEntities(.subscriptions(topic: topic), call)
        case (.rules(let topic, let subscription), "read"):
            return try list(try rules(topic, subscription).map { json($0, topic: topic, subscription: subscription) }, call)
        case (.rule(let topic, let subscription, let name), "read"):
            let rule = try rules(topic, subscription).first { $0.name.lowercased() == name.lowercased() }
            guard let rule else { throw .notFound(scope(of: path).text) }
            return answer(json(rule, topic: topic, subscription: subscription))
        case (.queue, "read"), (.topic, "read"), (.subscription, "read"): return answer(json(try entity(path), path))
        case (.queue(let name), "write"): return try put(.entity(name), .queue(try EntityInput(call.properties())), path)
        case (.topic(let name), "write"): return try put(.entity(name), .topic(try EntityInput(call.properties())), path)
        case (.subscription(let topic, let name), "write"):
            return try put(
                .subscription(topic: topic, name: name), .subscription(try EntityInput(call.properties()), defaultRule: nil), path)
        case (.rule(let topic, let subscription, let name), "write"):
            let input = try RuleInput(call.properties())
            let outcome = try change(
                .put(.rule(topic: topic, subscription: subscription, name: name), .rule(input), isUpdate: exists(path), ForwardingTokens()))
            guard case .rule(let rule, _, _) = outcome else { throw .notFound(scope(of: path).text) }
            return answer(json(rule, topic: topic, subscription: subscription))
        case (.queue(let name), "delete"), (.topic(let name), "delete"): return try remove(.entity(name), path)
        case (.subscription(let topic, let name), "delete"): return try remove(.subscription(topic: topic, name: name), path)
        case (.rule(let topic, let subscription, let name), "delete"):
            return try remove(.rule(topic: topic, subscription: subscription, name: name), path)
        case (.keyRules(let owner), "read"):
            return try list(try keyRules(of: owner).map { json($0, of: owner) }, call)
        case (.keyRule(let name, let owner), _): return try answerKeyRule(name, of: owner, verb, call)
        case (.keyAction(_, let name, let owner), _): return try answerKeys(name, of: owner, verb, call)
        default: throw .noOperation
        }
    }

    // MARK: Namespace

    private var namespaceJSON: CloudJSON {
        let name = broker.namespace
        var sku: CloudJSON = ["name": .string(tier.rawValue), "tier": .string(tier.rawValue)]
        if tier == .premium { sku = sku.setting("capacity", 1) }
        return [
            "sku": sku, "id": .string(namespaceScope.text), "name": .string(name), "type": "Microsoft.ServiceBus/Namespaces",
            "location": .string(CloudSeed.location), "tags": .object(resource.tags),
            "properties": [
                "disableLocalAuth": .bool(resource.isLocalAuthDisabled), "zoneRedundant": .bool(tier == .premium),
                "provisioningState": "Succeeded", "metricId": "\(CloudSeed.subscription):\(name)",
                "createdAt": .string(AtomValues.moment(createdAt)), "updatedAt": .string(AtomValues.moment(resource.modifiedAt)),
                "serviceBusEndpoint": "https://\(name).servicebus.windows.net:443/", "status": "Active",
            ],
        ]
    }

    private func changeNamespace(_ call: ResourceManagerCall) throws(ResourceManagerError) -> CloudResponse {
        let properties = try call.properties()
        if let tags = call.request.json?["tags"] {
            guard case .object(let members) = tags, members.count <= NamespaceResource.maximumTags,
                members.allSatisfy({ $0.key.utf8.count <= 512 && ($0.value.text?.utf8.count ?? .max) <= 1024 })
            else { throw .invalidContent("A resource has at most \(NamespaceResource.maximumTags) tags, with short texts as values.") }
            resource.tags = members
        }
        if let flag = properties["disableLocalAuth"]?.flag, flag != resource.isLocalAuthDisabled {
            resource.isLocalAuthDisabled = flag
        }
        resource.modifiedAt = Timestamp(milliseconds: now)
        return answer(namespaceJSON)
    }

    // MARK: Entities

    func scope(of path: ServiceBusPath) -> AzureScope {
        func flat(_ text: String) -> String { String(text.map { $0 == "/" ? "~" : $0 }) }
        func owner(_ name: String?) -> AzureScope {
            guard let name else { return namespaceScope }
            return namespaceScope.appending("\(isTopic(name) ? "topics" : "queues")/\(flat(name))")
        }
        switch path {
        case .namespaces, .namespace, .queues, .topics: return namespaceScope
        case .networkRules: return namespaceScope.appending("networkRuleSets/default")
        case .queue(let name): return namespaceScope.appending("queues/\(flat(name))")
        case .topic(let name), .subscriptions(topic: let name): return namespaceScope.appending("topics/\(flat(name))")
        case .subscription(let topic, let name), .rules(let topic, subscription: let name):
            return namespaceScope.appending("topics/\(flat(topic))/subscriptions/\(name)")
        case .rule(let topic, let subscription, let name):
            return namespaceScope.appending("topics/\(flat(topic))/subscriptions/\(subscription)/rules/\(name)")
        case .keyRules(let name): return owner(name)
        case .keyRule(let rule, let name), .keyAction(_, let rule, let name): return owner(name).appending("authorizationRules/\(rule)")
        }
    }

    func isTopic(_ name: String) -> Bool {
        if case .topic = (try? broker.snapshot(of: name))?.kind { true } else { false }
    }

    private func isTopic(ownerOf path: ServiceBusPath) -> Bool {
        switch path {
        case .keyRules(let owner), .keyRule(_, let owner), .keyAction(_, _, let owner): owner.map { isTopic($0) } ?? false
        default: false
        }
    }

    private func exists(_ path: ServiceBusPath) -> Bool {
        if case .rule(let topic, let subscription, let name) = path {
            return (try? rules(topic, subscription))?.contains { $0.name.lowercased() == name.lowercased() } ?? false
        }
        return (try? entity(path)) != nil
    }

    private func entity(_ path: ServiceBusPath) throws(ResourceManagerError) -> AdministeredEntity {
        let snapshot: EntitySnapshot?
        switch path {
        case .queue(let name):
            snapshot = (try? broker.snapshot(of: name)).flatMap { if case .queue = $0.kind { $0 } else { nil } }
        case .topic(let name): snapshot = (try? broker.snapshot(of: name)).flatMap { if case .topic = $0.kind { $0 } else { nil } }
        case .subscription(let topic, let name): snapshot = try? broker.snapshot(of: EntityAddress.subscription(name, of: topic).path)
        default: snapshot = nil
        }
        guard let snapshot else {
            let name = scope(of: path).text.split(separator: "/").last ?? ""
            throw ResourceManagerError(404, "NotFound", "The requested resource \(name) does not exist.")
        }
        return AdministeredEntity(snapshot, broker.limits)
    }

    private func listEntities(_ list: Broker.List, _ call: ResourceManagerCall) throws(ResourceManagerError) -> CloudResponse {
        guard let snapshots = broker.snapshots(in: list, skip: 0, top: 100_000) else { throw .notFound(String(call.request.path)) }
        let elements = snapshots.map { snapshot in
            let entity = AdministeredEntity(snapshot, broker.limits)
            return switch entity.kind {
            case .queue: json(entity, .queue(entity.name))
            case .topic: json(entity, .topic(entity.name))
            case .subscription(let topic): json(entity, .subscription(topic: topic, name: entity.name))
            }
        }
        return try self.list(elements, call)
    }

    private func rules(_ topic: String, _ subscription: String) throws(ResourceManagerError) -> [AdministeredRule] {
        guard let rules = try? broker.rules(of: EntityAddress.subscription(subscription, of: topic).path) else {
            throw .notFound(scope(of: .subscription(topic: topic, name: subscription)).text)
        }
        return rules.sorted { $0.settings.name < $1.settings.name }
            .map { AdministeredRule($0.settings, createdAt: Timestamp(milliseconds: $0.createdAt)) }
    }

    private func put(_ target: AdministeredPath, _ input: DescriptionInput, _ path: ServiceBusPath) throws(ResourceManagerError)
        -> CloudResponse
    {
        let outcome = try change(.put(target, input, isUpdate: exists(path), ForwardingTokens()))
        guard case .entity(let entity, _, _) = outcome else { throw .notFound(scope(of: path).text) }
        return answer(json(entity, path))
    }

    private func remove(_ target: AdministeredPath, _ path: ServiceBusPath) throws(ResourceManagerError) -> CloudResponse {
        guard exists(path) else { return CloudResponse(status: 204) }
        _ = try change(.delete(target))
        return CloudResponse(status: 200)
    }

    private func change(_ change: AdministrationChange) throws(ResourceManagerError) -> AdministrationOutcome {
        // Whoever may write an entity may have it forward: ARM asks for no right on the destination.
        let administrator = NamespaceAdministrator(broker: broker, access: hub.access, tier: tier, mayForward: { _ in true })
        do throws(AdministrationFault) { return try administrator.perform(change) } catch { throw ResourceManagerError(error) }
    }
}
