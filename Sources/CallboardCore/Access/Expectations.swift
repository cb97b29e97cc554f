internal import AzureResources
internal import ServiceBus

/// Who should have access, by the catalogue: references of Components, and the identities they act as.
struct Expectations: Sendable {
    /// What is expected of one entity.
    struct Entry: Sendable {
        /// Those that are to send; nil when nothing says so.
        var senders: [String]?
        /// Those that are to receive; nil when nothing says so.
        var receivers: [String]?
        /// The entries of the catalogue that say so.
        var sources: [String] = []

        /// Those that are to have a right; nil when nothing says so.
        func references(for right: Right) -> [String]? { right == .send ? senders : receivers }
    }

    /// A right on an entity that somebody is to have.
    struct Need: Hashable, Sendable {
        let path: EntityPath
        let right: Right
    }

    private(set) var entries: [EntityPath: Entry] = [:]
    /// The identities of each entry of the catalogue, by its reference.
    private(set) var identities: [String: [GUID]] = [:]
    /// The entries that act as an identity.
    private(set) var components: [GUID: [String]] = [:]
    /// What each identity needs.
    private(set) var needs: [GUID: [Need]] = [:]
    /// The entries of the catalogue that name each entity, Components through the Resources they depend on too.
    private(set) var names: [EntityPath: [String]] = [:]
    /// The entries with an identity that is no object id, so that it is not known who acts for them.
    private(set) var misnamed: Set<String> = []
    /// The entities of each entry.
    private(set) var paths: [String: [EntityPath]] = [:]
    private let references: Set<String>

    init(_ access: [CatalogueAccess], isKnown: (EntityPath) -> Bool) {
        references = Set(access.map(\.ref))
        let byRef = Dictionary(access.map { ($0.ref, $0) }, uniquingKeysWith: { first, _ in first })
        for entry in access where !entry.principals.isEmpty {
            let ids = entry.principals.map(GUID.init).filter(\.isWellFormed)
            if ids.count < entry.principals.count { misnamed.insert(entry.ref) }
            guard !ids.isEmpty else { continue }
            identities[entry.ref] = ids
            for id in ids { components[id, default: []].append(entry.ref) }
        }
        for entry in access {
            let bindings = entry.entities + entry.dependencies.flatMap { byRef[$0]?.entities ?? [] }
            let paths = bindings.compactMap { candidates in candidates.first(where: isKnown) ?? candidates.first }.uniqued()
            for path in paths { names[path, default: []].append(entry.ref) }
            self.paths[entry.ref] = paths
            guard entry.senders != nil || entry.receivers != nil else { continue }
            for path in paths {
                var expected = entries[path] ?? Entry()
                if let senders = entry.senders { expected.senders = ((expected.senders ?? []) + senders).uniqued() }
                if let receivers = entry.receivers { expected.receivers = ((expected.receivers ?? []) + receivers).uniqued() }
                expected.sources.append(entry.ref)
                entries[path] = expected
            }
        }
        for (path, entry) in entries {
            for right in [Right.send, .receive] {
                for reference in entry.references(for: right) ?? [] {
                    for id in identities[reference] ?? [] { needs[id, default: []].append(Need(path: path, right: right)) }
                }
            }
        }
    }

    /// Whether the catalogue has an entry of a reference.
    func isListed(_ reference: String) -> Bool { references.contains(reference) }

    /// Who may have a right on an entity; nil when nothing says so. What is said of a topic's receivers holds for its subscriptions too.
    func allowed(_ right: Right, on path: EntityPath) -> Set<GUID>? {
        let own = entries[path]?.references(for: right)
        let topics = right == .receive ? path.topic.flatMap { entries[$0]?.receivers } : nil
        guard own != nil || topics != nil else { return nil }
        return Set(((own ?? []) + (topics ?? [])).flatMap { identities[$0] ?? [] })
    }

    /// Whether all that are to have a right on an entity have an identity that is known: only then is everybody else one too many.
    func knowsAll(_ right: Right, on path: EntityPath) -> Bool {
        let topics = right == .receive ? path.topic.flatMap { entries[$0]?.receivers } : nil
        return ((entries[path]?.references(for: right) ?? []) + (topics ?? [])).allSatisfy {
            identities[$0] != nil && !misnamed.contains($0)
        }
    }
}
