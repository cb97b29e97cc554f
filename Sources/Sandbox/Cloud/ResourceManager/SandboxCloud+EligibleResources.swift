/// Where below a scope somebody could take a role: what a person chooses from who wants less than all of it.
extension SandboxCloud {
    /// The resources below a scope on which the caller could take a role.
    func eligibleChildren(of scope: AzureScope, _ call: ResourceManagerCall) throws(ResourceManagerError) -> [CloudJSON] {
        let subscription = AzureScope("/subscriptions/\(CloudSeed.subscription)")
        var resources: [(scope: AzureScope, type: String)] = [
            (subscription, "subscription"), (subscription.appending("resourceGroups/\(CloudSeed.resourceGroup)"), "resourcegroup"),
            (namespaceScope, "Microsoft.ServiceBus/namespaces"),
        ]
        for (list, type) in [(Broker.List.queues, "queues"), (.topics, "topics")] {
            for snapshot in broker.snapshots(in: list, skip: 0, top: 1000) ?? [] {
                resources.append((self.scope(ofEntity: snapshot.path), "Microsoft.ServiceBus/namespaces/\(type)"))
            }
        }
        var types: [String] = []
        for filter in call.filters {
            guard filter.name == "resourcetype eq" else { throw Self.unknownFilter(call) }
            types.append(filter.value.lowercased())
        }
        let mine = privileged.eligibilities.filter { $0.isCurrent(at: now) && call.caller.principals.contains($0.principalID) }
        return resources.compactMap { resource in
            guard resource.scope != scope, scope.contains(resource.scope), types.isEmpty || types.contains(resource.type.lowercased()),
                mine.contains(where: { $0.scope.contains(resource.scope) })
            else { return nil }
            let name = resource.scope.text.split(separator: "/").last.map(String.init) ?? ""
            return ["id": .string(resource.scope.text), "name": .string(name), "type": .string(resource.type)]
        }
    }
}
