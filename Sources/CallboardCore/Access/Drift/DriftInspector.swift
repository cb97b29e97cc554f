internal import AzureResources
internal import Identity
internal import ServiceBus

/// Looks for findings, and keeps what it found. Its parts are in files of their own.
struct DriftInspector {
    /// An assignment with what it allows in the namespace.
    struct Evaluated {
        let assignment: RoleAssignment
        let binding: RoleBinding
        /// Whether it holds in the whole namespace.
        let isNamespaceWide: Bool

        /// The rights on messages that it gives itself, not by keys.
        var messageRights: Rights { binding.rights.intersection([.send, .receive]) }
        /// Everything that can be done through it.
        var allRights: Rights { binding.rights.union(binding.rightsByKeys) }
        var note: GrantNote? { assignment.note.flatMap { GrantNote($0) } }
    }

    private struct Held: Hashable {
        let principal: GUID
        let role: GUID
        let scope: ResourceID
    }

    let index: AccessIndex
    let evaluated: [Evaluated]
    /// What is taken away from assignments, or may be, on entities with deny assignments of their own.
    let deniedRights: [EntityPath: [ResourceID: Rights]]
    /// The assignments of which it cannot be told whether something is taken away from them on some entity.
    let uncertainBelow: Set<ResourceID>
    /// What was assigned without an end, as it says of itself.
    private let held: Set<Held>
    private(set) var findings: [DriftFinding] = []
    private(set) var gaps: [DriftGap] = []

    init(_ index: AccessIndex) {
        self.index = index
        guard let namespace = index.namespace, let matrix = index.matrix else {
            evaluated = []
            deniedRights = [:]
            uncertainBelow = []
            held = []
            return
        }
        evaluated = matrix.assignments(in: namespace.id).map { assignment, binding in
            Evaluated(
                assignment: assignment, binding: binding,
                isNamespaceWide: assignment.scope.isManagementGroup || assignment.scope.contains(namespace.id))
        }
        var lost: [EntityPath: [ResourceID: Rights]] = [:]
        var uncertain: Set<ResourceID> = []
        for entity in index.entities where index.hasDenials(on: entity) {
            for binding in matrix.bindings(on: entity.id) {
                if !binding.uncertainRights.isEmpty { uncertain.insert(binding.assignment) }
                let rights = binding.deniedRights.union(binding.uncertainRights)
                if !rights.isEmpty { lost[entity.path, default: [:]][binding.assignment, default: []].formUnion(rights) }
            }
        }
        deniedRights = lost
        uncertainBelow = uncertain
        // What may end by itself is not to be relied on.
        let (picture, namespaceID) = (index.picture, namespace.id)
        held = Set(
            evaluated.filter { item in
                guard picture.schedules.value != nil, item.binding.term == .standing, item.note == nil, item.binding.condition == nil,
                    !item.messageRights.isEmpty
                else { return false }
                return picture.unreadBelow.schedules == nil || !namespaceID.contains(item.assignment.scope)
            }.map {
                Held(principal: $0.assignment.principal, role: $0.assignment.role, scope: $0.assignment.scope)
            })
    }

    mutating func add(_ finding: DriftFinding) { findings.append(finding) }

    /// Takes note of what could not be looked for.
    /// - Parameter isBlind: whether the caller may not know it.
    mutating func skip(_ kinds: DriftFinding.Kind..., because reason: String?, isBlind: Bool = true) {
        for kind in kinds { gaps.append(DriftGap(kind: kind, reason: reason ?? "it could not be read", isBlind: isBlind)) }
    }

    /// Whether somebody's access ends by itself, or is to end by a note that is still good.
    func hasEnd(_ item: Evaluated) -> Bool {
        if case .until = item.binding.term { return true }
        return item.note.map { $0.expires > index.picture.now } ?? false
    }

    // MARK: What findings about assignments have in common

    /// A finding about one assignment.
    func finding(
        _ kind: DriftFinding.Kind, _ severity: DriftFinding.Severity, _ item: Evaluated, summary: String,
        evidence: [DriftFinding.Evidence] = [], doubts: [String] = [], entities: EntityPaths? = nil, fix: [FixPlan.Step]
    ) -> DriftFinding {
        let assignment = item.assignment
        let evidence = evidence + doubts.map { DriftFinding.Evidence("not known", $0) }
        return DriftFinding(
            kind, severity, subject: assignment.id.text, place: index.title(assignment.scope), summary: summary,
            evidence: self.evidence(item) + evidence,
            entities: entities ?? (item.isNamespaceWide ? [] : EntityPaths(index.entities(within: assignment.scope))),
            isNamespaceWide: entities == nil && item.isNamespaceWide,
            references: index.expectations.components[assignment.principal] ?? [], fix: FixPlan(fix))
    }

    private func evidence(_ item: Evaluated) -> [DriftFinding.Evidence] {
        let assignment = item.assignment
        let kind = AccessIndex.word(index.kind(assignment.principal, assignment.principalKind))
        var evidence = [
            DriftFinding.Evidence("identity", "\(who(assignment.principal)), \(kind)"), .init("role", role(item)),
            .init("scope", assignment.scope.text), .init("assignment", assignment.id.text),
        ]
        if let made = assignment.createdAt {
            evidence.append(.init("made", made.rfc3339 + (assignment.createdBy.map { " by \(who($0))" } ?? "")))
        }
        if case .until(let end) = item.binding.term { evidence.append(.init("ends", end.rfc3339)) }
        if let note = assignment.note, !note.isEmpty { evidence.append(.init("note", note)) }
        if let condition = item.binding.condition { evidence.append(.init("condition", condition)) }
        return evidence
    }

    /// An identity by name and id, or by its id alone.
    func who(_ id: GUID) -> String { index.name(id).map { "\($0) (\(id.canonical))" } ?? id.canonical }

    func role(_ item: Evaluated) -> String { item.binding.roleName ?? item.assignment.role.text }

    /// Takes an assignment away: as a request where it concerns this namespace's messages alone, and in words where it carries more, which nobody
    /// here can see, or where it rests on something that is not known.
    /// - Parameter doubts: what is not known of it that matters to whether it may go.
    func removal(_ item: Evaluated, doubts: [String] = []) -> FixPlan.Step {
        let place = index.title(item.assignment.scope)
        let isOfMessages =
            Self.messageRoles.contains(item.assignment.role)
            || !item.binding.rights.isEmpty && item.binding.rights.isSubset(of: [.send, .receive])
        guard index.namespace?.id.contains(item.assignment.scope) == true, isOfMessages else {
            return FixPlan.Step(
                "Then see what else \(index.title(item.assignment.principal)) does by \(role(item)) on \(place), which reaches beyond the messages of this namespace, before it is taken away there."
            )
        }
        if !doubts.isEmpty {
            return FixPlan.Step(
                "Then find out what is not known here before the assignment at \(place) is removed: \(doubts.joined(separator: "; ")).")
        }
        return FixPlan.Step("Remove the assignment at \(place).", .remove(item.assignment.id))
    }

    private static let messageRoles: Set<GUID> = [
        RoleDefinition.BuiltIn.serviceBusDataSender, RoleDefinition.BuiltIn.serviceBusDataReceiver,
        RoleDefinition.BuiltIn.serviceBusDataOwner,
    ]

    /// What the catalogue says that an identity needs, and the known members of a group, each with whose need it is; in order of paths.
    func needs(of principal: GUID) -> [(holder: GUID, need: Expectations.Need)] {
        let members = (index.picture.membership.members(of: principal) ?? []).map(\.id)
        return ([principal] + members).flatMap { id in (index.expectations.needs[id] ?? []).map { (holder: id, need: $0) } }
            .sorted {
                $0.need.path == $1.need.path
                    ? ($0.need.right.rawValue, $0.holder) < ($1.need.right.rawValue, $1.holder) : $0.need.path < $1.need.path
            }
    }

    /// Gives an identity what the catalogue says that it needs within a wide assignment, and takes that one away.
    func narrowing(_ item: Evaluated) -> [FixPlan.Step] {
        let assignment = item.assignment
        var steps: [FixPlan.Step] = []
        var given: Set<Held> = []
        var hasNeeds = false
        for (holder, need) in needs(of: assignment.principal) {
            // Nobody sends to a subscription: its topic is meant.
            let place = need.right == .send ? need.path.topic ?? need.path : need.path
            guard let entity = index.entity(place), item.isNamespaceWide || assignment.scope.contains(entity.id) else { continue }
            let role = Self.role(for: need.right)
            hasNeeds = true
            // What this very assignment gives to a group, who needs it has to have without the group.
            let isThis = entity.id == assignment.scope && role == assignment.role
            let id = isThis ? holder : assignment.principal
            if isThis, holder == assignment.principal { continue }
            guard !held.contains(Held(principal: id, role: role, scope: entity.id)),
                given.insert(Held(principal: id, role: role, scope: entity.id)).inserted
            else { continue }
            let kind = index.kind(id, isThis ? .unknown : assignment.principalKind)
            steps.append(
                FixPlan.Step(
                    "Assign \(Self.title(of: role)) on \(place.displayName)\(isThis ? " to \(index.title(id))" : ""): the catalogue says that it is to \(need.right == .send ? "send" : "receive").",
                    .assign(role: role, to: id, kind, at: entity.id)))
        }
        if hasNeeds, steps.isEmpty {
            steps.append(FixPlan.Step("What it needs by the catalogue it has by assignments of its own."))
        } else if steps.isEmpty {
            let lacking =
                isOpenGroup(item)
                ? "What the members of the group need by the catalogue is not known, since they are not."
                : "The catalogue names no entity that it needs here."
            steps.append(
                FixPlan.Step(
                    "\(lacking) Find out which it uses (the diagnostic logs RuntimeAuditLogs name them), and assign Data Sender or Data Receiver there."
                ))
        } else {
            steps.append(
                FixPlan.Step("Wait until the new assignments are in effect, which takes up to ten minutes, and see that it works."))
        }
        return steps + [removal(item, doubts: doubts(item))]
    }

    static func role(for right: Right) -> GUID {
        right == .send ? RoleDefinition.BuiltIn.serviceBusDataSender : RoleDefinition.BuiltIn.serviceBusDataReceiver
    }

    static func title(of role: GUID) -> String {
        RoleDefinition.wellKnown.first { $0.role == role }?.roleName ?? role.text
    }

    /// Rights in words, in the order in which people say them.
    static func words(_ rights: Rights) -> String {
        let words: [(Right, String)] = [
            (.send, "send"), (.receive, "receive"), (.manage, "manage"), (.listKeys, "get at keys"), (.grantRoles, "give roles"),
        ]
        let said = words.filter { rights.contains($0.0) }.map(\.1)
        guard let last = said.last, said.count > 1 else { return said.first ?? "do nothing" }
        return said.dropLast().joined(separator: ", ") + " and " + last
    }
}
