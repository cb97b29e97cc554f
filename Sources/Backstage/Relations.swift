/// Computes relations, each once and from both ends.
///
/// Works on numbers: a catalogue of ten thousand entities is opened in the time of a key press, and most of its references name what is there.
struct Relations: Sendable {
    /// The numbers of all references that are defined or named: the entities' places, then those that are only named.
    private(set) var numbers: [EntityRef: Int]
    /// The references of the numbers.
    private var refs: [EntityRef]
    /// Where the relations of each number begin in `ends`, and after the last one where they end.
    private var starts: [Int] = []
    private var ends: [End] = []

    private struct End {
        var type: RelationType
        var target: Int
    }

    private struct Statement {
        var source: Int
        var type: RelationType
        var target: Int
    }

    /// What a text stands for where it was met.
    private struct Spelling: Hashable {
        let text: String
        let defaultKind: String?
        let namespace: String

        // The text alone tells nearly all of them apart.
        func hash(into hasher: inout Hasher) { hasher.combine(text) }
    }

    /// Computes what entities state.
    /// - Parameters:
    ///   - entities: the entities, no reference twice.
    ///   - numbers: their places by reference.
    init(of entities: [Entity], numbers: [EntityRef: Int]) {
        self.numbers = numbers
        refs = []
        refs.reserveCapacity(entities.count)
        // By index throughout: a loop over entities would copy each.
        for number in entities.indices { refs.append(entities[number].ref) }
        var statements: [Statement] = []
        statements.reserveCapacity(entities.count * 2)
        var known: Set<UInt64> = []
        known.reserveCapacity(entities.count * 2)
        var targets: [Spelling: Int?] = [:]
        targets.reserveCapacity(entities.count)
        for source in entities.indices {
            let spec = entities[source].spec
            for field in RelationField.fields(of: entities[source].kind) {
                guard let value = spec[field.key] else { continue }
                for text in value.texts {
                    let spelling = Spelling(text: text, defaultKind: field.defaultKind, namespace: refs[source].namespace)
                    guard let target = number(spelling, &targets), known.insert(Self.key(source, field.type, target)).inserted else {
                        continue
                    }
                    statements.append(Statement(source: source, type: field.type, target: target))
                }
            }
        }
        arrange(statements)
    }

    /// The relations of a reference in the order they were stated.
    func relations(of ref: EntityRef) -> [Relation] {
        guard let number = numbers[ref] else { return [] }
        return ends[starts[number]..<starts[number + 1]].map { Relation(type: $0.type, target: refs[$0.target]) }
    }

    private mutating func number(_ spelling: Spelling, _ targets: inout [Spelling: Int?]) -> Int? {
        if let known = targets[spelling] { return known }
        var number: Int?
        if let ref = EntityRef(parsing: spelling.text, defaultKind: spelling.defaultKind, defaultNamespace: spelling.namespace) {
            number = numbers[ref] ?? refs.count
            if number == refs.count {
                numbers[ref] = number
                refs.append(ref)
            }
        }
        targets[spelling] = .some(number)
        return number
    }

    /// Puts the ends of each number side by side, in the order of the statements.
    private mutating func arrange(_ statements: [Statement]) {
        starts = Array(repeating: 0, count: refs.count + 1)
        for statement in statements {
            starts[statement.source + 1] += 1
            starts[statement.target + 1] += 1
        }
        for number in refs.indices { starts[number + 1] += starts[number] }
        var next = starts
        ends = Array(repeating: End(type: .ownedBy, target: 0), count: statements.count * 2)
        for statement in statements {
            ends[next[statement.source]] = End(type: statement.type, target: statement.target)
            next[statement.source] += 1
            ends[next[statement.target]] = End(type: statement.type.inverse, target: statement.source)
            next[statement.target] += 1
        }
    }

    /// One value for a relation, whichever end states it. Thirty bits hold the number of any reference that fits into memory.
    private static func key(_ source: Int, _ type: RelationType, _ target: Int) -> UInt64 {
        let (pair, isInverse) = type.pair
        let (from, to) = isInverse ? (target, source) : (source, target)
        return UInt64(truncatingIfNeeded: from) << 34 | UInt64(truncatingIfNeeded: to) << 4 | pair
    }
}

extension RelationType {
    /// Which of the seven pairs it is of, and whether it is the one that looks back.
    fileprivate var pair: (UInt64, isInverse: Bool) {
        switch self {
        case .ownedBy: (0, false)
        case .ownerOf: (0, true)
        case .dependsOn: (1, false)
        case .dependencyOf: (1, true)
        case .partOf: (2, false)
        case .hasPart: (2, true)
        case .providesApi: (3, false)
        case .apiProvidedBy: (3, true)
        case .consumesApi: (4, false)
        case .apiConsumedBy: (4, true)
        case .memberOf: (5, false)
        case .hasMember: (5, true)
        case .parentOf: (6, false)
        case .childOf: (6, true)
        }
    }
}
