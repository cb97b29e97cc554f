internal import AzureResources
public import ServiceBus

/// What somebody means by the argument of `bindings` and `drift`.
public enum AccessSubject: Hashable, Sendable {
    /// An entity.
    case entity(EntityPath)
    /// A service of the catalogue, by its reference, with its entities.
    case service(ref: String, entities: [EntityPath])
}

extension AccessIndex {
    /// The entity or service that a text names. An entity goes before a service of the same name; a reference (`component:default/orders`) is always
    /// the service.
    /// - Parameters:
    ///   - text: what was typed.
    ///   - candidates: the paths it may mean, the likelier first.
    /// - Throws: ``OperatorError`` of kind not found.
    public func subject(_ text: String, candidates: [EntityPath]) throws(OperatorError) -> AccessSubject {
        if let path = candidates.lazy.map(\.entity).first(where: { entity($0) != nil }), !text.contains(":") { return .entity(path) }
        let wanted = text.lowercased()
        if let service = estate.services.first(where: { $0.ref.lowercased() == wanted || $0.name.lowercased() == wanted }) {
            return .service(ref: service.ref, entities: entities(of: service))
        }
        // An entity that could not be listed may exist all the same.
        if picture.entities.value == nil, let path = candidates.first { return .entity(path.entity) }
        throw OperatorError(
            .notFound, "There is no entity and no service '\(text)'.",
            hint: "'callboard bindings' lists the services and entities there are.")
    }

    /// Whether the entities are Azure's own list, so that what is not among them does not exist.
    public var knowsEntities: Bool { picture.entities.value != nil }

    /// The entities of a service that exist, or where that is not known, those that the catalogue names; a topic's subscriptions among them. Those that
    /// are its own by their names alone come behind the others.
    func entities(of service: ServiceSummary) -> [EntityPath] {
        ((expectations.paths[service.ref] ?? service.entities).filter { picture.entities.value == nil || entity($0) != nil }
            + (namedEntities[service.ref] ?? []))
            .flatMap { path in [path] + subscriptions(of: path).map(\.path) }.uniqued()
    }

    /// The object id of an identity by its id, name, account, or the Component that acts as it; casing does not matter.
    /// - Throws: ``OperatorError`` of kind not found, or usage when several are called so: its hint says who they are.
    public func principal(_ text: String) throws(OperatorError) -> String {
        if GUID(text).isWellFormed { return GUID(text).canonical }
        let wanted = text.lowercased()
        var found: Set<GUID> = []
        // What Privileged Identity Management said of somebody is looked through as well: it is shown where the directory says nothing.
        for people in [picture.names.value ?? [:], scheduleNames] {
            for (id, principal) in people where principal.name?.lowercased() == wanted || principal.account?.lowercased() == wanted {
                found.insert(id)
            }
        }
        for (reference, ids) in expectations.identities {
            let name = reference.split(separator: "/").last?.lowercased()
            if reference.lowercased() == wanted || name == wanted { found.formUnion(ids) }
        }
        if found.count == 1, let id = found.first { return id.canonical }
        guard found.isEmpty else {
            let more = found.count > Self.mostCandidates ? ", and \(found.count - Self.mostCandidates) more" : ""
            throw OperatorError(
                .usage, "\(found.count) identities are called '\(text)'.",
                hint:
                    "Give the object id: \(found.sorted().prefix(Self.mostCandidates).map { candidate($0) }.joined(separator: "; "))\(more)."
            )
        }
        throw OperatorError(
            .notFound, "No identity with a role here is called '\(text)'.",
            hint: picture.names.value == nil
                ? "Names are not known (\(picture.names.whyUnknown ?? "")): give the object id."
                : "Give its object id, or its name as it is in the directory.")
    }

    private static let mostCandidates = 10

    /// One of several with the same name: its id, and what tells it from the others.
    private func candidate(_ id: GUID) -> String {
        let known = picture.names.value?[id] ?? scheduleNames[id]
        let kind = known.map { Self.word($0.kind) }
        let components = expectations.components[id]?.first.map { "acts for \($0)" }
        let words = [kind, known?.account, components].compactMap { $0 }
        return words.isEmpty ? id.canonical : "\(id.canonical) (\(words.joined(separator: ", ")))"
    }
}
