/// The entities of a Backstage catalogue and how they stand to one another.
///
/// Relations are computed as Backstage does, from the fields of `spec`, and can be followed both ways.
public struct Catalogue: Sendable {
    /// The entities in the order they were read.
    public let entities: [Entity]
    /// What was not used, in the order it was met.
    public let problems: [LoadProblem]
    private let related: Relations

    /// Puts a catalogue together. Of entities with the same reference the first counts; the others are reported.
    public init(_ candidates: [Entity], problems: [LoadProblem] = []) {
        var problems = problems
        var places: [EntityRef: Int] = [:]
        places.reserveCapacity(candidates.count)
        var repeated: [Int] = []
        // By index: a loop over entities would copy each.
        for index in candidates.indices {
            let place = index - repeated.count
            let known = places.updateValue(place, forKey: candidates[index].ref)
            guard let known else { continue }
            places[candidates[index].ref] = known
            repeated.append(index)
        }
        var entities = candidates
        if !repeated.isEmpty {
            var isRepeated = Array(repeating: false, count: candidates.count)
            for index in repeated { isRepeated[index] = true }
            entities = candidates.indices.filter { !isRepeated[$0] }.map { candidates[$0] }
        }
        for index in repeated {
            let entity = candidates[index]
            let first = places[entity.ref].map { entities[$0].origin.description } ?? ""
            problems.append(
                LoadProblem(
                    .error, file: entity.origin.file, line: entity.origin.line,
                    message: "\(entity.ref) is already defined at \(first); this one is left out"))
        }
        self.entities = entities
        self.problems = problems
        related = Relations(of: entities, numbers: places)
    }

    /// The entity of a reference.
    public subscript(ref: EntityRef) -> Entity? {
        guard let number = related.numbers[ref], number < entities.count else { return nil }
        return entities[number]
    }

    /// The entities of a kind in the order they were read.
    public func entities(of kind: Entity.Kind) -> [Entity] { entities.filter { $0.kind == kind } }

    /// How an entity stands to others, whether they are in the catalogue or not.
    public func relations(of ref: EntityRef) -> [Relation] { related.relations(of: ref) }

    /// The entities at the other end of one kind of relation, whether they are in the catalogue or not.
    public func targets(of ref: EntityRef, _ type: RelationType) -> [EntityRef] {
        relations(of: ref).compactMap { $0.type == type ? $0.target : nil }
    }

    /// The owner of an entity; it need not be in the catalogue.
    public func owner(of ref: EntityRef) -> EntityRef? { targets(of: ref, .ownedBy).first }
}
