public import ServiceBus

/// Where an id is looked for.
public enum TraceScope: Hashable, Sendable {
    /// Everywhere in the namespace.
    case namespace
    /// In what the catalogue binds to a service, by its name or reference; of a topic, in all its subscriptions.
    case service(String)
    /// In these entities.
    case entities([EntityPath])
}

/// The places a trace looks into, and what it knows that it cannot look into.
public struct TracePlan: Hashable, Sendable {
    /// Queues and sub-queues, in the order in which they are looked through.
    public var places: [EntityPath]
    /// Where entities forward what they are sent: the service may refuse to show what they hold.
    public var forwards: [EntityPath: String]
    /// What is not even known to exist, a sentence each: who may not list entities does not know of all.
    public var gaps: [String]
    /// What is looked through, for people: `the namespace`, `service checkout`.
    public var title: String

    /// Creates a plan.
    public init(places: [EntityPath], forwards: [EntityPath: String] = [:], gaps: [String] = [], title: String = "the namespace") {
        self.places = places
        self.forwards = forwards
        self.gaps = gaps
        self.title = title
    }

    /// Every queue of these entities: of queues and subscriptions themselves and both kinds of dead letters; of topics what is scheduled
    /// in them.
    ///
    /// No count decides whether a place is looked into, because counts lag. They decide the order: small backlogs first, so that most
    /// places are done soon; then what is said to be empty.
    init(_ entities: [EntityDescription], title: String) {
        self.title = title
        gaps = []
        forwards = [:]
        var ranked: [(path: EntityPath, expected: Int64)] = []
        for entity in entities {
            let counts = entity.counts ?? EntityCounts()
            if let target = entity.forwardTo { forwards[entity.path.entity] = target }
            let waiting = counts.active.addingReportingOverflow(counts.scheduled)
            ranked.append((entity.path.entity, waiting.overflow ? .max : waiting.partialValue))
            if entity.kind == .topic { continue }
            ranked.append((entity.path.deadLetter, counts.deadLetter))
            ranked.append((entity.path.subQueue(.transferDeadLetter), counts.transferDeadLetter))
        }
        func rank(_ expected: Int64) -> Int64 { expected > 0 ? expected : .max }
        places = ranked.sorted { (rank($0.expected), $0.path) < (rank($1.expected), $1.path) }.map(\.path)
    }

    /// Every queue of entities of which nothing but the name is known.
    init(named paths: [EntityPath], title: String, gaps: [String] = []) {
        var seen: Set<EntityPath> = []
        let entities = paths.map(\.entity).filter { seen.insert($0).inserted }
        self.init(
            places: EntityPath.SubQueue.allCases.flatMap { queue in entities.map { $0.subQueue(queue) } }, gaps: gaps, title: title)
    }
}

extension Workspace {
    /// Where a trace looks: found out without looking at any message.
    /// - Throws: ``OperatorError``: there is no such service, or nothing is known that could be looked into.
    public func tracePlan(_ scope: TraceScope) async throws(OperatorError) -> TracePlan {
        switch scope {
        case .entities(let paths):
            return TracePlan(named: paths, title: paths.count == 1 ? paths[0].entity.displayName : "\(paths.count) entities")
        case .namespace:
            guard let entities = try await listedForTrace() else {
                let named = await estate().services.flatMap(\.entities)
                return try plan(named: named, title: "the namespace", "the namespace may have more entities than the catalogue names")
            }
            return TracePlan(entities, title: "the namespace")
        case .service(let name):
            let service = try await service(named: name)
            let title = "service \(service.name)"
            guard let entities = try await listedForTrace() else {
                return try plan(named: service.entities, title: title, "its topics may have more subscriptions than the catalogue names")
            }
            let mine = Set(service.entities.map(\.entity))
            let estate = await estate()
            let found = entities.filter { entity in
                if mine.contains(entity.path.entity) || entity.path.topic.map({ mine.contains($0) }) == true { return true }
                guard let owner = estate.ownership(of: entity.path), owner.isByName else { return false }
                return owner.services.contains(service.ref)
            }
            guard !found.isEmpty else {
                throw OperatorError(.notFound, "Service '\(service.name)' has no entity in this namespace.", hint: "Trace with --all.")
            }
            return TracePlan(found, title: title)
        }
    }

    /// All entities; nil where they may not be listed.
    private func listedForTrace() async throws(OperatorError) -> [EntityDescription]? {
        do throws(OperatorError) { return try await entities().entities } catch {
            guard error.code == .notPermitted else { throw error }
            return nil
        }
    }

    private func plan(named paths: [EntityPath], title: String, _ gap: String) throws(OperatorError) -> TracePlan {
        guard !paths.isEmpty else {
            throw OperatorError(
                .notPermitted, "Entities may not be listed with these credentials, and the catalogue names none.",
                hint: "Name where to look: --entity orders --entity order-events/billing", neededRight: "Manage")
        }
        return TracePlan(
            named: paths, title: title, gaps: ["entities may not be listed (needs Manage): \(gap)"])
    }

    private func service(named name: String) async throws(OperatorError) -> ServiceSummary {
        let wanted = name.lowercased()
        let services = await estate().services
        if let service = services.first(where: { $0.ref.lowercased() == wanted || $0.name.lowercased() == wanted }) { return service }
        throw OperatorError(
            .notFound, "There is no service '\(name)' in the catalogue.", hint: "'callboard services' lists what there is.")
    }
}
