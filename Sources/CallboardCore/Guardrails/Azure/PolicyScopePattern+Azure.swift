internal import AzureResources

extension PolicyScopePattern {
    /// Where Azure would have to say what a rule says of a scope.
    enum AzurePlace: Hashable {
        /// Exactly there: the namespace, or one entity.
        case exact(ResourceID)
        /// At least at the whole namespace: patterns are unknown to Azure.
        case wider(ResourceID)
        /// At an entity whose sub-queue is meant.
        case subQueue(of: ResourceID)
    }

    /// The place in one namespace; nil when it is about others.
    func place(in namespace: ResourceID) -> AzurePlace? {
        if segments.isEmpty { return .exact(namespace) }
        guard segments.count >= 2, Self.glob(segments[1], fits: namespace.name.lowercased()) else { return nil }
        let path = segments.dropFirst(2)
        guard let kind = path.first else { return .exact(namespace) }
        guard !coversRest, !path.contains(where: { $0.contains("*") }) else { return .wider(namespace) }
        var names = Array(path.dropFirst())
        var id = namespace
        // Azure Resource Manager writes the slashes of a name as tildes.
        if kind == "topics", names.count >= 3, names[names.count - 2] == "subscriptions" {
            let subscription = names.removeLast()
            names.removeLast()
            id = id.appending(kind, names.joined(separator: "~"), "subscriptions", subscription)
        } else {
            id = id.appending(kind, names.joined(separator: "~"))
        }
        return subQueue.isEmpty ? .exact(id) : .subQueue(of: id)
    }
}
