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

    /// Creates an ownership.
    public init(services: [String] = [], owner: String? = nil, onCall: String? = nil) {
        self.services = services
        self.owner = owner
        self.onCall = onCall
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

    /// Who answers for an entity; a subscription that is not named itself is its topic's.
    public func ownership(of path: EntityPath) -> EntityOwnership? {
        ownership[path.entity] ?? path.topic.flatMap { ownership[$0] }
    }
}
