internal import AzureResources
internal import Identity
internal import ServiceBus

/// A picture of access and a catalogue, joined and indexed: what bindings and drift are read from.
public struct AccessIndex: Sendable {
    /// The picture.
    public let picture: AccessPicture
    /// The catalogue.
    public let estate: Estate
    /// The namespace; nil when it could not be found.
    let namespace: AccessNamespace?
    /// Who can do what; nil when assignments or the namespace are not known.
    let matrix: AccessMatrix?
    /// The entities: Azure's, or where those are not known the catalogue's.
    let entities: [AccessEntity]
    /// Places in `entities` by path.
    private let places: [EntityPath: Int]
    /// What is expected of each entity.
    let expectations: Expectations
    /// Shared access rules by what they open.
    let rulesByOwner: [ResourceID: [AccessRule]]
    /// Where each role assignment was made.
    let scopes: [ResourceID: ResourceID]
    /// Names and addresses that Privileged Identity Management sent along.
    let scheduleNames: [GUID: AccessPrincipal]
    /// The subscriptions of each topic, as places in `entities`.
    private let subscriptions: [EntityPath: [Int]]
    /// The entities that are a service's own by their names alone, by its reference.
    let namedEntities: [String: [EntityPath]]
    /// The scopes below the namespace at which something is denied, so that what is inherited is not the same there as elsewhere.
    private let deniedScopes: Set<ResourceID>

    /// Joins a picture and a catalogue.
    public init(_ picture: AccessPicture, estate: Estate) {
        self.picture = picture
        self.estate = estate
        let namespace = picture.namespace.value
        self.namespace = namespace
        if let known = picture.entities.value {
            entities = known
        } else {
            // Without Azure's list the catalogue's names are all there is.
            let paths = Set(estate.access.flatMap { $0.entities.compactMap(\.first) })
            entities = paths.sorted().map { path in
                AccessEntity(path: path, id: namespace.map { Self.id($0.id, of: path) } ?? .root)
            }
        }
        var places: [EntityPath: Int] = [:]
        var subscriptions: [EntityPath: [Int]] = [:]
        for (index, entity) in entities.enumerated() {
            places[entity.path] = index
            if let topic = entity.path.topic { subscriptions[topic, default: []].append(index) }
        }
        self.places = places
        self.subscriptions = subscriptions
        let isKnown: (EntityPath) -> Bool = { places[$0] != nil }
        let expectations = Expectations(estate.access, isKnown: isKnown)
        self.expectations = expectations
        namedEntities = Self.named(entities, estate, besides: expectations)
        rulesByOwner = Dictionary(grouping: picture.rules.value ?? [], by: \.owner)
        scopes = Dictionary((picture.assignments.value ?? []).map { ($0.id, $0.scope) }, uniquingKeysWith: { first, _ in first })
        scheduleNames = Dictionary(
            (picture.schedules.value ?? []).compactMap { schedule in
                schedule.principalName.map { name in
                    let principal = AccessPrincipal(name: name, kind: schedule.principalKind, account: schedule.principalEmail)
                    return (schedule.principal, principal)
                }
            }, uniquingKeysWith: { first, _ in first })
        let denials = picture.denials.value ?? []
        deniedScopes = Set(
            denials.map(\.scope).filter { scope in namespace.map { scope != $0.id && $0.id.contains(scope) } ?? false })
        matrix = namespace.flatMap { namespace in
            picture.assignments.value.map { assignments in
                AccessMatrix(
                    assignments: assignments, roles: picture.roles.value ?? [], denials: denials, terms: picture.schedules.value ?? [],
                    membership: picture.membership, localAuthentication: [namespace.id: namespace.localAuthentication])
            }
        }
    }

    /// Whose the entities are that the catalogue does not name: by their names, where that is clear.
    private static func named(
        _ entities: [AccessEntity], _ estate: Estate, besides expectations: Expectations
    ) -> [String: [EntityPath]] {
        guard !estate.naming.isEmpty else { return [:] }
        var named: [String: [EntityPath]] = [:]
        for entity in entities where expectations.names[entity.path] == nil {
            guard let ownership = estate.naming.ownership(of: entity.path), ownership.claimants.isEmpty,
                let service = ownership.services.first
            else { continue }
            named[service, default: []].append(entity.path)
        }
        return named
    }

    static func id(_ namespace: ResourceID, of path: EntityPath) -> ResourceID {
        let name = path.resourceName
        guard let subscription = path.subscription else { return namespace.appending("queues", name) }
        return namespace.appending("topics", name, "subscriptions", subscription)
    }
}

// MARK: Looking up

extension AccessIndex {
    /// The entity of a path.
    func entity(_ path: EntityPath) -> AccessEntity? { places[path.entity].map { entities[$0] } }

    /// The subscriptions of a topic.
    func subscriptions(of topic: EntityPath) -> [AccessEntity] { (subscriptions[topic] ?? []).map { entities[$0] } }

    /// Whether something is denied at an entity, or at its topic, that is not denied in the whole namespace.
    func hasDenials(on entity: AccessEntity) -> Bool {
        guard !deniedScopes.isEmpty else { return false }
        if deniedScopes.contains(entity.id) { return true }
        return entity.path.topic.flatMap { self.entity($0) }.map { deniedScopes.contains($0.id) } ?? false
    }

    /// Whether shared access keys are taken, as far as is known.
    var takesKeys: Bool { namespace?.localAuthentication != .off }

    /// What an identity is called: its name, or its id.
    func title(_ id: GUID) -> String { name(id) ?? id.text }

    /// The name of an identity; nil when it is not known.
    func name(_ id: GUID) -> String? { picture.names.value?[id]?.name ?? scheduleNames[id]?.name }

    /// What kind an identity is, from its assignment or else from the directory.
    func kind(_ id: GUID, _ kind: PrincipalKind) -> PrincipalKind {
        kind == .unknown ? picture.names.value?[id]?.kind ?? .unknown : kind
    }

    /// A scope as people call it: `queue orders`, `namespace sb-retail`, `resource group rg`.
    func title(_ scope: ResourceID) -> String {
        if scope == .root { return "the whole tenant" }
        if scope.isManagementGroup { return "management group \(scope.name)" }
        guard let subscription = scope.subscription else { return scope.text }
        if scope == subscription { return "subscription \(scope.name)" }
        guard scope.serviceBusNamespace != nil else {
            return scope.resourceGroup.map { scope.segments.count == 4 ? "resource group \($0)" : scope.text } ?? scope.text
        }
        let name = { (name: String) in String(name.map { $0 == "~" ? "/" : $0 }) }
        let segments = scope.segments.map(String.init)
        switch AccessTarget(scope) {
        case .queue: return "queue \(name(scope.name))"
        case .topic: return "topic \(name(scope.name))"
        case .subscription where segments.count >= 3:
            return "subscription \(name(segments[segments.count - 3]))/\(scope.name)"
        case .namespace, .subscription, .elsewhere: return "namespace \(scope.name)"
        }
    }

    /// The path of a scope that is an entity.
    func path(_ scope: ResourceID) -> EntityPath? { scope.entityPath }

    /// The entities at a scope and below.
    func entities(within scope: ResourceID) -> [EntityPath] {
        guard let namespace else { return [] }
        if scope.isManagementGroup || scope.contains(namespace.id) { return entities.map(\.path) }
        guard let path = path(scope), places[path] != nil else { return [] }
        return [path] + subscriptions(of: path).map(\.path)
    }
}
