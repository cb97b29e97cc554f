/// An entity as a backend gave it.
public struct CatalogueRecord: Sendable {
    /// The entity.
    public var entity: Entity
    /// What changes whenever the entity does; nil when the backend did not say.
    public var etag: String?

    /// Creates a record.
    public init(entity: Entity, etag: String? = nil) {
        self.entity = entity
        self.etag = etag
    }
}

/// A part of a list.
public struct CataloguePage: Sendable {
    /// The entities.
    public var records: [CatalogueRecord]
    /// How many the list has altogether, if the backend said.
    public var total: Int?
    /// Where it goes on; nil at its end.
    public var next: CatalogueCursor?
    /// Where the page before begins; nil at its beginning.
    public var previous: CatalogueCursor?
    /// What was not used.
    public var problems: [LoadProblem]
    /// The size of the answer in bytes.
    public var bytes: Int
}

/// Entities that were asked for by reference.
public struct CatalogueLookup: Sendable {
    /// An entity for each reference, in their order; nil where there is none, or none that may be seen.
    public var records: [CatalogueRecord?] = []
    /// What was not used.
    public var problems: [LoadProblem] = []
    /// The size of the answers in bytes.
    public var bytes = 0
}

/// Reads the entities of answers.
struct AnswerReader {
    /// The address of the backend.
    let origin: String
    private(set) var problems: [LoadProblem] = []

    init(origin: String) { self.origin = origin }

    /// The entity of one value of an answer; nil when it is none.
    mutating func record(_ node: YAMLNode) -> CatalogueRecord? {
        var reader = EntityReader(file: origin, isAnswer: true)
        let entity = reader.read(node)
        for var problem in reader.problems {
            problem.message = (entity?.ref.description ?? "an entity that was left out") + ": " + problem.message
            problems.append(problem)
        }
        return entity.map { CatalogueRecord(entity: $0, etag: node["metadata"]?["etag"]?.text) }
    }
}
