/// How one entity stands to another.
public enum RelationType: String, Hashable, Sendable, CaseIterable {
    /// Belongs to a group or user.
    case ownedBy
    /// Owns.
    case ownerOf
    /// Needs.
    case dependsOn
    /// Is needed by.
    case dependencyOf
    /// Is a part of a system, domain or component.
    case partOf
    /// Consists of.
    case hasPart
    /// Offers an API.
    case providesApi
    /// Is offered by.
    case apiProvidedBy
    /// Uses an API.
    case consumesApi
    /// Is used by.
    case apiConsumedBy
    /// Is in a group.
    case memberOf
    /// Has a member.
    case hasMember
    /// Is above, in an organisation.
    case parentOf
    /// Is below, in an organisation.
    case childOf

    /// The same relation seen from the other end.
    public var inverse: RelationType {
        switch self {
        case .ownedBy: .ownerOf
        case .ownerOf: .ownedBy
        case .dependsOn: .dependencyOf
        case .dependencyOf: .dependsOn
        case .partOf: .hasPart
        case .hasPart: .partOf
        case .providesApi: .apiProvidedBy
        case .apiProvidedBy: .providesApi
        case .consumesApi: .apiConsumedBy
        case .apiConsumedBy: .consumesApi
        case .memberOf: .hasMember
        case .hasMember: .memberOf
        case .parentOf: .childOf
        case .childOf: .parentOf
        }
    }
}

/// A relation from one entity to another; the other need not be in the catalogue.
public struct Relation: Hashable, Sendable {
    /// How they stand.
    public var type: RelationType
    /// The entity at the other end.
    public var target: EntityRef

    /// Creates a relation.
    public init(type: RelationType, target: EntityRef) {
        self.type = type
        self.target = target
    }
}

/// A field of `spec` that states relations, and what its references leave out.
struct RelationField: Sendable {
    /// The key under `spec`.
    let key: String
    /// What it states.
    let type: RelationType
    /// The kind of a reference that names none; nil where Backstage wants one to be named.
    let defaultKind: String?

    /// The relation fields of a kind of entity. `spec.ancestors` and `spec.descendants` of old catalogues are not among them:
    /// they repeat `parent` and `children`, and Backstage ignores them too.
    static func fields(of kind: Entity.Kind) -> [RelationField] {
        switch kind {
        case .component: component
        case .api: api
        case .resource: resource
        case .system: system
        case .domain: domain
        case .group: group
        case .user: user
        case .location, .template, .other: owner
        }
    }

    /// The keys of all relation fields of all kinds, each once.
    static let keys: [String] = {
        var known: Set<String> = []
        return [component, api, resource, system, domain, group, user].flatMap { $0 }.map(\.key).filter { known.insert($0).inserted }
    }()

    private static let owner = [RelationField(key: "owner", type: .ownedBy, defaultKind: "Group")]
    private static let ofSystem = [RelationField(key: "system", type: .partOf, defaultKind: "System")]
    private static let dependencies = [
        RelationField(key: "dependsOn", type: .dependsOn, defaultKind: nil),
        RelationField(key: "dependencyOf", type: .dependencyOf, defaultKind: nil),
    ]
    private static let api = owner + ofSystem
    private static let resource = owner + ofSystem + dependencies
    private static let system = owner + [RelationField(key: "domain", type: .partOf, defaultKind: "Domain")]
    private static let domain = owner + [RelationField(key: "subdomainOf", type: .partOf, defaultKind: "Domain")]
    private static let group = [
        RelationField(key: "parent", type: .childOf, defaultKind: "Group"),
        RelationField(key: "children", type: .parentOf, defaultKind: "Group"),
        RelationField(key: "members", type: .hasMember, defaultKind: "User"),
    ]
    private static let user = [RelationField(key: "memberOf", type: .memberOf, defaultKind: "Group")]
    private static let component =
        owner + ofSystem + dependencies + [
            RelationField(key: "subcomponentOf", type: .partOf, defaultKind: "Component"),
            RelationField(key: "providesApis", type: .providesApi, defaultKind: "API"),
            RelationField(key: "consumesApis", type: .consumesApi, defaultKind: "API"),
        ]
}
