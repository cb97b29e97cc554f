/// The entities of a Backstage catalogue and how they stand to one another.
///
/// Relations are computed as Backstage does, from the fields of `spec`, and can be followed both ways.
public struct Catalogue: Sendable {
    /// The entities in the order they were read.
    public let entities: [Entity]
    /// What was not used, in the order it was met.
    public let problems: [LoadProblem]
    private let places: [EntityRef: Int]
    private let related: [EntityRef: [Relation]]

    /// Puts a catalogue together. Of entities with the same reference the first counts; the others are reported.
    public init(_ candidates: [Entity], problems: [LoadProblem] = []) {
        var entities: [Entity] = []
        var problems = problems
        var places: [EntityRef: Int] = [:]
        entities.reserveCapacity(candidates.count)
        places.reserveCapacity(candidates.count)
        for entity in candidates {
            if let place = places[entity.ref] {
                let first = entities[place].origin
                problems.append(
                    LoadProblem(
                        .error, file: entity.origin.file, line: entity.origin.line,
                        message: "\(entity.ref) is already defined at \(first); this one is left out"))
            } else {
                places[entity.ref] = entities.count
                entities.append(entity)
            }
        }
        self.entities = entities
        self.problems = problems
        self.places = places
        related = Self.relations(of: entities)
    }

    /// The entity of a reference.
    public subscript(ref: EntityRef) -> Entity? { places[ref].map { entities[$0] } }

    /// The entities of a kind in the order they were read.
    public func entities(of kind: Entity.Kind) -> [Entity] { entities.filter { $0.kind == kind } }

    /// How an entity stands to others, whether they are in the catalogue or not.
    public func relations(of ref: EntityRef) -> [Relation] { related[ref] ?? [] }

    /// The entities at the other end of one kind of relation, whether they are in the catalogue or not.
    public func targets(of ref: EntityRef, _ type: RelationType) -> [EntityRef] {
        relations(of: ref).compactMap { $0.type == type ? $0.target : nil }
    }

    /// The owner of an entity; it need not be in the catalogue.
    public func owner(of ref: EntityRef) -> EntityRef? { targets(of: ref, .ownedBy).first }

    private static func relations(of entities: [Entity]) -> [EntityRef: [Relation]] {
        struct Edge: Hashable {
            let source: EntityRef
            let relation: Relation
        }
        var related: [EntityRef: [Relation]] = [:]
        var known: Set<Edge> = []
        func add(_ source: EntityRef, _ type: RelationType, _ target: EntityRef) {
            let relation = Relation(type: type, target: target)
            if known.insert(Edge(source: source, relation: relation)).inserted { related[source, default: []].append(relation) }
        }
        for entity in entities {
            for field in RelationField.fields(of: entity.kind) {
                for text in entity.spec[field.key]?.texts ?? [] {
                    let target = EntityRef(parsing: text, defaultKind: field.defaultKind, defaultNamespace: entity.ref.namespace)
                    guard let target else { continue }
                    add(entity.ref, field.type, target)
                    add(target, field.type.inverse, entity.ref)
                }
            }
        }
        return related
    }
}
