internal import AzureResources
public import ServiceBus

/// A service and one of its entities: how many can send, receive and manage there, and the worst that is wrong with it.
public struct AccessMatrixRow: Hashable, Sendable {
    /// How many identities can do something.
    public struct Count: Hashable, Sendable {
        /// Those that are known.
        public var known: Int
        /// Whether there may be more: groups whose members, roles whose rights are not known.
        public var isAtLeast: Bool
        /// What some of those are called who can by something on the entity itself. Sanitise, as all names.
        public var direct: [String] = []
        /// The same of those who can only by something above it.
        public var inherited: [String] = []

        /// The most names that are told of each.
        static let mostNames = 4
    }

    /// The service's name; nil for entities of none.
    public var service: String?
    /// The service's reference.
    public var ref: String?
    /// The entity.
    public var entity: EntityPath
    /// Who can send, receive and manage; nil in `known` never stands for zero: what is not permitted says so.
    public var senders: Reading<Count>
    /// Who can receive.
    public var receivers: Reading<Count>
    /// Who can manage.
    public var managers: Reading<Count>
    /// The shared access rules that open it while the namespace takes keys.
    public var keys: Reading<Int>
    /// The worst finding that concerns it.
    public var worst: DriftFinding?
    /// How many findings concern it.
    public var findings: Int
    /// The worst of those that do not concern the whole namespace.
    public var ownWorst: DriftFinding?
    /// How many of the findings do not concern the whole namespace.
    public var ownFindings = 0
}

extension AccessIndex {
    /// Services by entities, in the order of services and paths; entities of no service at the end.
    /// - Parameters:
    ///   - report: the findings.
    ///   - subject: only one service or entity; nil for all.
    public func matrix(with report: DriftReport, of subject: AccessSubject? = nil) -> [AccessMatrixRow] {
        var counter = HolderCounter(self)
        let findings = FindingIndex(report, self)
        var rows: [AccessMatrixRow] = []
        func add(_ service: ServiceSummary?, _ path: EntityPath) {
            let entity = entity(path) ?? AccessEntity(path: path, id: .root)
            let counts = counter.counts(entity)
            let concerning = findings.findings(on: entity)
            rows.append(
                AccessMatrixRow(
                    service: service?.name, ref: service?.ref, entity: path, senders: counts.map { $0[0] }, receivers: counts.map { $0[1] },
                    managers: counts.map { $0[2] }, keys: counter.keys(entity), worst: concerning.all.worst, findings: concerning.all.count,
                    ownWorst: concerning.own.worst, ownFindings: concerning.own.count))
        }
        var shown: Set<EntityPath> = []
        for service in estate.services {
            if case .service(let ref, _)? = subject, ref != service.ref { continue }
            for path in entities(of: service) {
                if case .entity(let wanted)? = subject, wanted != path { continue }
                add(service, path)
                shown.insert(path)
            }
        }
        if case .service? = subject { return rows }
        for entity in entities where !shown.contains(entity.path) {
            if case .entity(let wanted)? = subject, wanted != entity.path { continue }
            add(nil, entity.path)
        }
        return rows
    }
}

/// Counts who can do what on many entities: what holds in the whole namespace is worked out once for each kind of entity.
private struct HolderCounter {
    private struct Holders {
        var principals: [Set<GUID>] = [[], [], []]
        var isAtLeast = [false, false, false]
        /// Those who can by something on the entity itself.
        var direct: [Set<GUID>] = [[], [], []]
        /// The principals by their names, where they are told of many entities.
        var titles: [[(title: String, id: GUID)]] = [[], [], []]

        mutating func add(_ binding: RoleBinding) {
            for (place, right) in [Right.send, .receive, .manage].enumerated() {
                switch binding.answer(for: right) {
                case .yes, .conditional:
                    principals[place].insert(binding.principal)
                    if binding.origin == .direct { direct[place].insert(binding.principal) }
                    if binding.members == .unknown { isAtLeast[place] = true }
                case .unknown: isAtLeast[place] = true
                case .no: break
                }
            }
        }
    }

    private let index: AccessIndex
    private var inherited: [AccessTarget: Holders] = [:]

    init(_ index: AccessIndex) { self.index = index }

    /// Senders, receivers and managers.
    mutating func counts(_ entity: AccessEntity) -> Reading<[AccessMatrixRow.Count]> {
        guard let namespace = index.namespace else { return index.picture.namespace.map { _ in [] } }
        guard let matrix = index.matrix else { return index.picture.assignments.map { _ in [] } }
        var own = Holders()
        var above = Holders()
        if index.hasDenials(on: entity) {
            for binding in matrix.bindings(on: entity.id, expandingGroups: true) { own.add(binding) }
        } else {
            for binding in matrix.bindings(on: entity.id, below: namespace.id, expandingGroups: true) { own.add(binding) }
            above = inheritedHolders(entity, namespace, matrix)
        }
        let counts = (0..<3).map { place in
            let more = own.principals[place].count { !above.principals[place].contains($0) }
            return AccessMatrixRow.Count(
                known: above.principals[place].count + more,
                isAtLeast: own.isAtLeast[place] || above.isAtLeast[place] || index.picture.unreadBelow.assignments != nil,
                direct: names(own.direct[place]), inherited: inheritedNames(own, above, place))
        }
        return .known(counts, at: index.picture.asOf)
    }

    private func names(_ principals: Set<GUID>) -> [String] {
        principals.map { index.title($0) }.sorted().prefix(AccessMatrixRow.Count.mostNames).map { $0 }
    }

    /// The first by name of those who have it by something above the entity alone. Those of the whole namespace may be many, and are in order already.
    private func inheritedNames(_ own: Holders, _ above: Holders, _ place: Int) -> [String] {
        let most = AccessMatrixRow.Count.mostNames
        let direct = own.direct[place]
        let common = above.titles[place].lazy.filter { !direct.contains($0.id) }.prefix(most).map(\.title)
        let others = own.principals[place].filter { !direct.contains($0) && !above.principals[place].contains($0) }.map { index.title($0) }
        return Array((common + others).sorted().prefix(most))
    }

    private mutating func inheritedHolders(_ entity: AccessEntity, _ namespace: AccessNamespace, _ matrix: AccessMatrix) -> Holders {
        let target = AccessTarget(entity.id)
        if let known = inherited[target] { return known }
        var holders = Holders()
        for binding in matrix.bindings(on: entity.id, expandingGroups: true) {
            guard case .inherited(let scope) = binding.origin, scope.isManagementGroup || scope.contains(namespace.id) else { continue }
            holders.add(binding)
        }
        holders.titles = holders.principals.map { ids in ids.map { (index.title($0), $0) }.sorted { $0.title < $1.title } }
        inherited[target] = holders
        return holders
    }

    func keys(_ entity: AccessEntity) -> Reading<Int> {
        guard index.namespace != nil else { return index.picture.namespace.map { _ in 0 } }
        guard index.takesKeys else { return .known(0, at: index.picture.asOf) }
        return index.picture.rules.map { _ in index.rules(opening: entity).count { !AccessIndex.abilities($0, on: entity).isEmpty } }
    }
}

/// Findings by what they concern.
private struct FindingIndex {
    struct Tally {
        var worst: DriftFinding?
        var count = 0

        mutating func add(_ finding: DriftFinding) {
            count += 1
            if worst.map({ $0.severity < finding.severity }) ?? true { worst = finding }
        }

        mutating func add(_ other: Tally) {
            count += other.count
            guard let finding = other.worst, worst.map({ $0.severity < finding.severity }) ?? true else { return }
            worst = finding
        }
    }

    private var everywhere = Tally()
    private var byPath: [EntityPath: Tally] = [:]

    init(_ report: DriftReport, _ index: AccessIndex) {
        for finding in report.findings {
            if finding.isNamespaceWide {
                everywhere.add(finding)
            } else {
                for path in finding.entities { byPath[path, default: Tally()].add(finding) }
            }
        }
    }

    /// The findings on an entity, and these with those that concern the whole namespace.
    func findings(on entity: AccessEntity) -> (own: Tally, all: Tally) {
        let own = byPath[entity.path] ?? Tally()
        var all = own
        all.add(everywhere)
        return (own, all)
    }
}
