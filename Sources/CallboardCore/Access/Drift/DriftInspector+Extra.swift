internal import AzureResources
internal import Identity
internal import ServiceBus

/// Findings of access that the catalogue does not speak of.
extension DriftInspector {
    /// Where an assignment gives what the catalogue does not.
    private struct Hits {
        var rights: Rights = []
        /// Places of entities, rising.
        var places: [Int32] = []

        mutating func note(_ place: Int32, _ right: Right) {
            rights.insert(Rights(right))
            if places.last != place { places.append(place) }
        }
    }

    mutating func inspectExtra() {
        var wide = WideAssignments(entities: index.entities.count)
        var narrow: [ResourceID: [Int]] = [:]
        for (number, item) in evaluated.enumerated() where isCandidate(item) {
            if item.isNamespaceWide {
                wide.add(number, item, members: kind(item).isGroup ? index.picture.membership.members(of: item.assignment.principal) : nil)
            } else {
                narrow[item.assignment.scope, default: []].append(number)
            }
        }
        var hits: [Int: Hits] = [:]
        var unknownGroups: Set<GUID> = []
        var unmapped = 0
        for (number, entity) in index.entities.enumerated() {
            let place = Int32(clamping: number)
            let denied = deniedRights[entity.path]
            for right in [Right.send, .receive] where !(right == .send && entity.path.subscription != nil) {
                guard let allowed = index.expectations.allowed(right, on: entity.path) else { continue }
                guard index.expectations.knowsAll(right, on: entity.path) else {
                    unmapped += 1
                    continue
                }
                wide.ask(place, right, allowed: allowed, denied: denied)
                var numbers = narrow[entity.id] ?? []
                if let topic = entity.path.topic.flatMap({ index.entity($0) }) { numbers += narrow[topic.id] ?? [] }
                for number in numbers where evaluated[number].binding.rights.contains(right) {
                    let assignment = evaluated[number].assignment
                    if allowed.contains(assignment.principal) { continue }
                    if denied?[assignment.id]?.contains(right) ?? false { continue }
                    if isOpenGroup(evaluated[number]) {
                        unknownGroups.insert(assignment.principal)
                        continue
                    }
                    if kind(evaluated[number]).isGroup, let members = index.picture.membership.members(of: assignment.principal) {
                        // A group in it does nothing itself; its members are among these.
                        if members.allSatisfy({ $0.kind.isGroup || allowed.contains($0.id) }) { continue }
                    }
                    hits[number, default: Hits()].note(place, right)
                }
            }
        }
        for number in wide.numbers {
            let (rights, places) = wide.unexpected(number, evaluated[number].binding.rights)
            if places.isEmpty { continue }
            if isOpenGroup(evaluated[number]) {
                unknownGroups.insert(evaluated[number].assignment.principal)
            } else {
                hits[number] = Hits(rights: rights, places: places)
            }
        }
        let paths = index.entities.map(\.path)
        let isSorted = zip(paths, paths.dropFirst()).allSatisfy { $0 < $1 }
        for (number, hits) in hits.sorted(by: { $0.key < $1.key }) {
            addExtra(evaluated[number], hits.rights, EntityPaths(paths, at: hits.places, isSorted: isSorted))
        }
        if unmapped > 0 {
            skip(
                .extra,
                because:
                    "on \(unmapped) rights one of those whom the catalogue names has no callboard.dev/principal-id: everybody else could be it",
                isBlind: false)
        }
        if let group = unknownGroups.sorted().first {
            skip(.extra, because: "the members of \(unknownGroups.count) groups are not known, \(index.title(group)) among them")
        }
    }

    private func isCandidate(_ item: Evaluated) -> Bool { !item.messageRights.isEmpty && !hasEnd(item) }

    private mutating func addExtra(_ item: Evaluated, _ rights: Rights, _ paths: EntityPaths) {
        let shown = paths.prefix(10).map(\.displayName).joined(separator: ", ") + (paths.count > 10 ? " and \(paths.count - 10) more" : "")
        let expected = paths.prefix(1).flatMap { path in
            [Right.send, .receive].filter { rights.contains($0) }.compactMap { right in
                index.expectations.entries[path]?.references(for: right).map { references in
                    DriftFinding.Evidence(
                        "expected to \(right == .send ? "send" : "receive") on \(path.displayName)",
                        references.isEmpty ? "nobody" : references.joined(separator: ", "))
                }
            }
        }
        add(
            finding(
                .extra, .medium, item,
                summary:
                    "\(index.title(item.assignment.principal)) can \(Self.words(rights)) on \(shown), and the catalogue does not say so",
                evidence: [.init("entities", shown)] + expected, doubts: doubts(item), entities: paths,
                fix: self.needs(of: item.assignment.principal).isEmpty
                    ? [
                        FixPlan.Step("If it is right: name it in callboard.dev/senders or callboard.dev/receivers."),
                        removal(item, doubts: doubts(item)),
                    ] : narrowing(item)))
    }
}

/// Assignments that hold in a whole namespace, and where what they give is expected. The two are few beside all pairs of an assignment and an entity:
/// only what is expected, or denied, is noted.
private struct WideAssignments {
    private struct Excuse: Hashable {
        let number: Int
        let right: Right
    }

    private(set) var numbers: [Int] = []
    private let entities: Int
    private var byPrincipal: [GUID: [Int]] = [:]
    private var byAssignment: [ResourceID: Int] = [:]
    /// Groups with known members, by the first that is no group: all have to be expected, this one too.
    private var byMember: [GUID: [(number: Int, members: [GUID])]] = [:]
    /// The places of entities of which it is known who is to have a right.
    private var asked: [Right: [Int32]] = [:]
    private var excused: [Excuse: Set<Int32>] = [:]
    /// The places where rights are known at all: of many wide assignments none is expected anywhere, and then these are its places.
    private var everywhere: [Rights: [Int32]] = [:]

    init(entities: Int) { self.entities = entities }

    mutating func add(_ number: Int, _ item: DriftInspector.Evaluated, members: [GroupMembership.Member]?) {
        let people = members?.filter { !$0.kind.isGroup }.map(\.id)
        // A group of nobody gives nobody anything.
        if let people, people.isEmpty { return }
        numbers.append(number)
        byPrincipal[item.assignment.principal, default: []].append(number)
        byAssignment[item.assignment.id] = number
        if let people, let first = people.first { byMember[first, default: []].append((number, people)) }
    }

    /// Takes note of an entity of which it is known who is to have a right.
    mutating func ask(_ place: Int32, _ right: Right, allowed: Set<GUID>, denied: [ResourceID: Rights]?) {
        asked[right, default: []].append(place)
        for id in allowed {
            for number in byPrincipal[id] ?? [] { excuse(number, right, place) }
            for (number, members) in byMember[id] ?? [] where members.allSatisfy(allowed.contains) { excuse(number, right, place) }
        }
        for (assignment, rights) in denied ?? [:] where rights.contains(right) {
            if let number = byAssignment[assignment] { excuse(number, right, place) }
        }
    }

    private mutating func excuse(_ number: Int, _ right: Right, _ place: Int32) {
        excused[Excuse(number: number, right: right), default: []].insert(place)
    }

    /// Where an assignment gives what is not expected of it: which of its rights, and the places of the entities, rising.
    mutating func unexpected(_ number: Int, _ rights: Rights) -> (rights: Rights, places: [Int32]) {
        let asked = [Right.send, .receive].filter { rights.contains($0) && self.asked[$0] != nil }
        if asked.allSatisfy({ excused[Excuse(number: number, right: $0)] == nil }) {
            let found = asked.reduce(into: Rights()) { $0.insert(Rights($1)) }
            let places = everywhere[found] ?? places(number, asked).places
            everywhere[found] = places
            return (found, places)
        }
        return places(number, asked)
    }

    private func places(_ number: Int, _ rights: [Right]) -> (rights: Rights, places: [Int32]) {
        var isHit = Array(repeating: false, count: entities)
        var found: Rights = []
        for right in rights {
            let excused = excused[Excuse(number: number, right: right)] ?? []
            for place in asked[right] ?? [] where excused.isEmpty || !excused.contains(place) {
                isHit[Int(place)] = true
                found.insert(Rights(right))
            }
        }
        return (found, isHit.indices.filter { isHit[$0] }.map { Int32(clamping: $0) })
    }
}
