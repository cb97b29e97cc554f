internal import ServiceBus

/// Works out the board from the services, the namespace's entities, and what is known of how their counts go.
struct BoardBuilder {
    private let services: [JoinedService]
    private let estate: Estate
    private let listing: EntityListing
    private let history: CountHistory
    private let oldest: OldestMessages
    private let known: [EntityPath: EntityDescription]
    private let subscriptions: [EntityPath: [EntityDescription]]
    /// Each service's paths as they exist, those that are its own by name behind the others.
    private let paths: [[EntityPath]]
    /// Those that are a service's own by name alone, by the service's place.
    private let byName: [Int: [EntityPath]]
    /// Entities whose names fit several services.
    private let unclear: [Board.UnclearName]
    /// Subscriptions that some service names itself: they are not counted with their topic.
    private let claimed: Set<EntityPath>

    init(
        services: [JoinedService], estate: Estate, listing: EntityListing, history: CountHistory = CountHistory(),
        oldest: OldestMessages = OldestMessages()
    ) {
        self.services = services
        self.estate = estate
        self.listing = listing
        self.history = history
        self.oldest = oldest
        let known = Dictionary(listing.entities.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        self.known = known
        subscriptions = Dictionary(grouping: listing.entities.filter { $0.kind == .subscription }) { $0.path.topic ?? $0.path }
        let named = services.map { service in service.paths { known[$0] != nil } }
        (byName, unclear) = Self.named(listing, estate, besides: named)
        var paths = named
        for (place, found) in byName where paths.indices.contains(place) { paths[place] += found }
        self.paths = paths
        claimed = Set(paths.joined().filter { $0.kind == .subscription })
    }

    /// Whose the entities are that the catalogue does not name: by their names, where that is clear.
    private static func named(
        _ listing: EntityListing, _ estate: Estate, besides named: [[EntityPath]]
    ) -> ([Int: [EntityPath]], [Board.UnclearName]) {
        guard !estate.naming.isEmpty else { return ([:], []) }
        let bound = Set(named.joined())
        var found: [Int: [EntityPath]] = [:]
        var unclear: [Board.UnclearName] = []
        for entity in listing.entities where !bound.contains(entity.path) {
            let services = estate.naming.services(of: entity.path)
            if services.count == 1 {
                found[services[0], default: []].append(entity.path)
            } else if !services.isEmpty {
                let known = services.filter { estate.services.indices.contains($0) }.map { estate.services[$0].ref }
                unclear.append(Board.UnclearName(path: entity.path, services: known))
            }
        }
        return (found, unclear)
    }

    func board() -> Board {
        var rows: [BoardRow] = []
        rows.reserveCapacity(services.count)
        var doubts: [String: [EntityPath]] = [:]
        for name in unclear { for service in name.services { doubts[service, default: []].append(name.path) } }
        for (place, (service, paths)) in zip(services, paths).enumerated() {
            rows.append(row(service, paths, byName: byName[place] ?? [], doubts: doubts[service.summary.ref] ?? []))
        }
        rows = rows.map { (row: $0, rank: Self.rank($0)) }.sorted { $0.rank < $1.rank }.map(\.row)
        let bound = Set(paths.joined())
        let unowned = listing.entities.filter { !bound.contains($0.path) && !($0.path.topic.map { bound.contains($0) } ?? false) }
        let totals = totals()
        return Board(
            rows: rows,
            unownedEntities: unowned.sorted { (Self.dead($1), $0.path) < (Self.dead($0), $1.path) },
            missingEntities: bound.filter { known[$0] == nil }.sorted(),
            unownedTrend: trend(unowned), unownedOldestDeadLetter: oldestDeadLetter(of: unowned),
            totals: .known(totals, at: listing.asOf), trend: trend(listing.entities), problems: estate.problems,
            unclearNames: unclear, isByResourceManager: listing.isByResourceManager, isCatalogueKnown: estate.isKnown)
    }

    /// How the counts of entities go together; what waits in a topic itself waits for its time and is no backlog.
    private func trend(_ entities: [EntityDescription]) -> CountTrend {
        let holding = entities.filter { $0.kind != .topic }
        let counted = holding.compactMap(\.counts)
        let active = counted.isEmpty ? nil : counted.reduce(0) { Self.add($0, $1.active) }
        return history.trend(of: holding.map(\.path), active: active)
    }

    private func oldestDeadLetter(of entities: [EntityDescription]) -> Reading<Timestamp> {
        let dead = entities.filter { Self.dead($0) > 0 }
        return oldest.oldest(of: dead.flatMap { [$0.path.deadLetter, $0.path.subQueue(.transferDeadLetter)] })
    }

    private func row(_ service: JoinedService, _ paths: [EntityPath], byName: [EntityPath], doubts: [EntityPath]) -> BoardRow {
        var summary = service.summary
        summary.entities = paths
        summary.entitiesByName = byName
        let doubt = doubts.isEmpty ? [] : [Self.doubt(doubts)]
        guard !paths.isEmpty else {
            let nothing = Reading<Int64>.unavailable(service.whyNoneHere ?? "no entity is bound to it")
            return BoardRow(
                service: summary, deadLetters: nothing, transferDeadLetters: nothing, active: nothing, scheduled: nothing,
                health: (summary.findings + doubt).isEmpty ? .well : .unknown, findings: summary.findings + doubt)
        }
        var counted: [EntityDescription] = []
        var missing: [EntityPath] = []
        for path in paths {
            guard let entity = known[path] else {
                missing.append(path)
                continue
            }
            counted.append(entity)
            if entity.kind == .topic {
                counted.append(contentsOf: (subscriptions[path] ?? []).filter { !claimed.contains($0.path) })
            }
        }
        let dead = counted.filter { Self.dead($0) > 0 }
            .map { (entity: $0, growth: Self.growth(history.deadLetters(of: $0.path))) }
            .sorted { (-$0.growth, -Self.dead($0.entity), $0.entity.path) < (-$1.growth, -Self.dead($1.entity), $1.entity.path) }
            .map(\.entity)
        let halted = counted.filter { $0.status != .active }
        let uncounted = counted.filter { $0.counts == nil && $0.kind != .topic }
        var health = Health.well
        if !uncounted.isEmpty || counted.isEmpty { health = .unknown }
        if !halted.isEmpty || !missing.isEmpty { health = .warning }
        if !dead.isEmpty { health = .ill }
        return BoardRow(
            service: summary, deadLetters: sum(counted, \.deadLetter), transferDeadLetters: sum(counted, \.transferDeadLetter),
            active: sum(counted, \.active), scheduled: sum(counted, \.scheduled), trend: trend(counted),
            oldestDeadLetter: oldestDeadLetter(of: counted),
            oldestActive: oldest.oldest(of: counted.filter { ($0.counts?.active ?? 0) > 0 }.map(\.path)),
            haltedEntities: halted.count, health: health, worstEntity: dead.first?.path,
            findings: dead.flatMap { Self.findings($0) } + halted.map { "\($0.path.displayName) is \(Self.word($0.status))" }
                + missing.map { "\($0.displayName) is not in the namespace" }
                + uncounted.map { "\($0.path.displayName) came without counts" } + summary.findings + doubt)
    }

    /// That entities fit another service's name as well; the first ones by name.
    private static func doubt(_ paths: [EntityPath]) -> String {
        let first = paths.prefix(3).map(\.displayName).joined(separator: ", ")
        let rest = paths.count > 3 ? " and \(paths.count - 3) more" : ""
        return "\(first)\(rest) \(paths.count == 1 ? "fits" : "fit") another service by name as well: bound to neither"
    }

    private func sum(_ entities: [EntityDescription], _ count: KeyPath<EntityCounts, Int64>) -> Reading<Int64> {
        let counts = entities.compactMap(\.counts)
        guard !counts.isEmpty else {
            return .unavailable(entities.isEmpty ? "its entities are not in the namespace" : "the service gave no counts")
        }
        return .known(counts.reduce(0) { Self.add($0, $1[keyPath: count]) }, at: listing.asOf)
    }

    private func totals() -> Board.Totals {
        listing.entities.reduce(into: Board.Totals(entities: listing.entities.count)) { totals, entity in
            guard let counts = entity.counts else { return }
            totals.deadLetters = Self.add(totals.deadLetters, counts.deadLetter)
            totals.transferDeadLetters = Self.add(totals.transferDeadLetters, counts.transferDeadLetter)
            totals.active = Self.add(totals.active, counts.active)
        }
    }

    /// Counts come off a wire: they saturate instead of trapping.
    private static func add(_ a: Int64, _ b: Int64) -> Int64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? (b > 0 ? .max : .min) : sum
    }

    private static func dead(_ entity: EntityDescription) -> Int64 {
        entity.counts.map { add($0.deadLetter, $0.transferDeadLetter) } ?? 0
    }

    private static func findings(_ entity: EntityDescription) -> [String] {
        guard let counts = entity.counts else { return [] }
        var findings: [String] = []
        if counts.deadLetter > 0 { findings.append("\(entity.path.displayName) has \(counts.deadLetter) dead letters") }
        if counts.transferDeadLetter > 0 {
            findings.append("\(entity.path.displayName) could not forward \(counts.transferDeadLetter) messages")
        }
        return findings
    }

    private static func word(_ status: EntityStatus) -> String {
        switch status {
        case .active: "active"
        case .disabled: "disabled"
        case .sendDisabled: "disabled for sending"
        case .receiveDisabled: "disabled for receiving"
        case .other(let text): text
        }
    }

    /// Worst first: by health, then by how fast dead letters grow, how old the oldest is, how long the backlog lasts, how many are dead, what
    /// is disabled, what waits; then by name.
    private static func rank(_ row: BoardRow) -> BoardRank {
        let transfer = max(0, row.transferDeadLetters.value ?? 0)
        return BoardRank(
            figures: [
                -Int64(row.health.rawValue), -max(0, growth(row.trend.deadLetters)), row.oldestDeadLetter.value?.milliseconds ?? .max,
                -row.trend.drain.badness, -add(max(0, row.deadLetters.value ?? 0), transfer), -transfer, -Int64(row.haltedEntities),
                -max(0, row.active.value ?? 0),
            ], name: row.service.name.lowercased())
    }

    /// Tenths a minute, so that what differs by less than anybody sees counts as the same.
    static func growth(_ rate: CountRate?) -> Int64 {
        guard let rate else { return 0 }
        return Int64(min(max((rate.perMinute * 10).rounded(), -1e15), 1e15))
    }
}

/// Where a service stands on the board: the first figure that differs decides, the smaller goes first.
private struct BoardRank: Comparable {
    var figures: [Int64]
    var name: String

    static func < (a: Self, b: Self) -> Bool {
        for (first, second) in zip(a.figures, b.figures) where first != second { return first < second }
        return a.name < b.name
    }
}
