internal import CallboardCore
internal import ServiceBus

extension AccessScope {
    /// Entities that lie within a scope, as far as they are listed.
    static func choices(within scope: AccessScope, _ model: Model) -> [AccessScope] {
        all(within: scope, model).prefix(2000).map(\.self)
    }

    private static func all(within scope: AccessScope, _ model: Model) -> some Sequence<AccessScope> {
        (model.entities ?? []).lazy.compactMap { AccessScope(of: $0.path, $0.kind, within: scope) }
    }

    /// The entity of that name within a scope; nil where there is none.
    static func named(_ name: String, within scope: AccessScope, _ model: Model) -> AccessScope? {
        if name == scope.title { return scope }
        return all(within: scope, model).first { $0.title.lowercased() == name.lowercased() }
    }

    /// The id of an entity below a namespace's, or of a subscription below its topic's.
    private init?(of path: EntityPath, _ kind: EntityDescription.Kind, within scope: AccessScope) {
        let escaped = { (name: String) in String(name.map { $0 == "/" ? "~" : $0 }) }
        let parts = scope.id.split(separator: "/")
        let type = parts.count >= 2 ? parts[parts.count - 2].lowercased() : ""
        switch (type, kind) {
        case ("namespaces", .queue): self.init(id: "\(scope.id)/queues/\(escaped(path.name))", entity: path)
        case ("namespaces", .topic): self.init(id: "\(scope.id)/topics/\(escaped(path.name))", entity: path)
        case ("namespaces", .subscription):
            guard let topic = path.topic, let subscription = path.subscription else { return nil }
            self.init(id: "\(scope.id)/topics/\(escaped(topic.name))/subscriptions/\(subscription)", entity: path)
        case ("topics", .subscription):
            guard let topic = path.topic, topic == scope.entity, let subscription = path.subscription else { return nil }
            self.init(id: "\(scope.id)/subscriptions/\(subscription)", entity: path)
        default: return nil
        }
    }
}
