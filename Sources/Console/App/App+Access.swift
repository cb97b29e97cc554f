internal import CallboardCore
internal import ServiceBus

/// Who has access, and where that is not as it should be: from any screen, or by name.
extension App {
    /// Whether that can be asked here. A connection string cannot say who has access.
    func accessAvailability(of id: CommandID) -> Availability {
        guard let title = model.title else { return .disabled("there is no connection yet") }
        guard title.signsIn else { return .disabled("needs a context that signs in to Azure: docs/identity.md") }
        switch (id, top) {
        case (.bindings, let screen as AccessMatrixScreen) where screen.topic == .namespace:
            return .disabled("these are the bindings; enter opens those of an entity")
        case (.drift, _ as DriftScreen): return .disabled("these are the findings; enter opens one")
        default: return .enabled
        }
    }

    /// Bindings of the entity or service that was named, or of what the screen on top is about; where it is about nothing, of all.
    mutating func bindings(of name: String?, now: Timestamp) -> [Effect] {
        if let name {
            guard let topic = accessTopic(named: name) else { return [] }
            return push(App.bindingsScreen(topic), now: now)
        }
        // From bindings one goes on to all of them.
        let isThere = top.context == .bindings || top.context == .access
        return push(App.bindingsScreen(isThere ? .namespace : top.accessTopic(model)), now: now)
    }

    private static func bindingsScreen(_ topic: AccessTopic) -> any Screen {
        if case .entity(let path) = topic { return BindingsScreen(path) }
        return AccessMatrixScreen(topic)
    }

    /// Findings about what was named, or what the screen on top is about.
    mutating func drift(of name: String?, now: Timestamp) -> [Effect] {
        guard let name else { return push(DriftScreen(top.accessTopic(model)), now: now) }
        guard let topic = accessTopic(named: name) else { return [] }
        return push(DriftScreen(topic), now: now)
    }

    /// What a name means: an entity goes before a service of the same name; a reference is always the service.
    private mutating func accessTopic(named name: String) -> AccessTopic? {
        let wanted = name.lowercased()
        let snapshot = model.access.value
        if !name.contains(":") {
            let listed = model.overview.value?.tree.nodes.lazy.map(\.path).first { $0.displayName.lowercased() == wanted }
            if let path = listed ?? snapshot?.rows.lazy.map(\.entity).first(where: { $0.displayName.lowercased() == wanted }) {
                return .entity(path)
            }
        }
        if let row = model.board?.rows.first(where: { $0.id.lowercased() == wanted || $0.service.name.lowercased() == wanted }) {
            return .service(ref: row.id, name: row.service.name)
        }
        // What could not be listed may exist all the same.
        if model.entities == nil, snapshot?.index.knowsEntities != true, let path = entity(named: name) { return .entity(path.entity) }
        notice = Notice(kind: .error, text: "There is no entity and no service '\(name)'.")
        return nil
    }
}
