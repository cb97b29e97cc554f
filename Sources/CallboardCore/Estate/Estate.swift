public import ServiceBus

/// Something in the catalogue that could not be used, and where it stands.
public struct CatalogueProblem: Hashable, Sendable, CustomStringConvertible {
    /// The file.
    public var file: String
    /// The line, counted from 1; nil when the whole file is meant.
    public var line: Int?
    /// What is wrong.
    public var message: String

    /// Creates a problem.
    public init(file: String, line: Int? = nil, message: String) {
        self.file = file
        self.line = line
        self.message = message
    }

    /// `file:line: message`, as compilers write it. Not sanitised.
    public var description: String { line.map { "\(file):\($0): \(message)" } ?? "\(file): \(message)" }
}

/// Who answers for an entity, by the catalogue.
public struct EntityOwnership: Hashable, Sendable {
    /// The catalogue references of the services bound to it.
    public var services: [String]
    /// The owner's name for people, of the binding Resource or else of the first service that has one.
    public var owner: String?
    /// Who is on call for it.
    public var onCall: String?
    /// Whether only its name says whose it is, and not the catalogue.
    public var isByName = false
    /// The references of services whose names it fits alike: it is bound to none of them.
    public var claimants: [String] = []
    /// Where to go from its first service.
    public var links: [ServiceSummary.Link] = []

    /// Creates an ownership.
    public init(services: [String] = [], owner: String? = nil, onCall: String? = nil) {
        self.services = services
        self.owner = owner
        self.onCall = onCall
    }

    /// What is wrong with it, from the catalogue alone; nil when somebody owns it.
    public var finding: String? {
        if !claimants.isEmpty { return "its name fits \(claimants.joined(separator: " and ")): it is bound to none of them" }
        return owner == nil ? "nobody owns \(services.joined(separator: ", "))" : nil
    }
}

/// What an organisation runs, by its catalogue: services, their owners, and the entities bound to them.
public struct Estate: Sendable {
    /// The services in order of name.
    public var services: [ServiceSummary]
    /// What could not be used of the catalogue.
    public var problems: [CatalogueProblem]
    /// The environment's label, from the context.
    public var environment: String
    /// Who answers for each entity that the catalogue names.
    public var ownership: [EntityPath: EntityOwnership]
    /// What each Component, and each Resource that is bound, says about access to its entities.
    public var access: [CatalogueAccess]

    /// Creates an estate.
    public init(
        services: [ServiceSummary] = [], problems: [CatalogueProblem] = [], environment: String = "",
        ownership: [EntityPath: EntityOwnership] = [:], access: [CatalogueAccess] = []
    ) {
        self.services = services
        self.problems = problems
        self.environment = environment
        self.ownership = ownership
        self.access = access
    }

    /// Whose entities are by their names.
    var naming = NamedEntities()

    /// Whether anything is known of whose entities are: without a catalogue nobody can be said to own nothing.
    public var isKnown: Bool { !services.isEmpty || !ownership.isEmpty }

    /// Who answers for an entity: what the catalogue says; then what its name says; a subscription of which neither says anything is its topic's.
    public func ownership(of path: EntityPath) -> EntityOwnership? {
        let own = ownership[path.entity] ?? naming.ownership(of: path)
        if let own, own.claimants.isEmpty { return own }
        return path.topic.flatMap { ownership[$0] ?? naming.ownership(of: $0) } ?? own
    }

    /// What is wrong with whose an entity is; nil when somebody owns it, or nothing is known of any.
    public func ownerFinding(of path: EntityPath) -> String? {
        guard isKnown else { return nil }
        guard let ownership = ownership(of: path) else { return "the catalogue gives it to no service" }
        return ownership.finding
    }
}

/// Whose entities are by their names.
struct NamedEntities: Sendable {
    private let index: NamingIndex
    /// The owner of what belongs to each service, by the service's place.
    private let owners: [EntityOwnership]

    init(_ index: NamingIndex = NamingIndex([], services: []), owners: [EntityOwnership] = []) {
        self.index = index
        self.owners = owners
    }

    var isEmpty: Bool { index.isEmpty }

    /// The places of the services whose it may be; one where that is clear.
    func services(of path: EntityPath) -> [Int] { index.services(of: path) }

    /// Whose an entity is by its name; nil when it fits no service's.
    func ownership(of path: EntityPath) -> EntityOwnership? {
        let found = index.services(of: path).compactMap { owners.indices.contains($0) ? owners[$0] : nil }
        guard let first = found.first else { return nil }
        guard found.count > 1 else { return first }
        var unclear = EntityOwnership()
        unclear.claimants = found.flatMap(\.services)
        return unclear
    }
}
