internal import AzureResources
internal import Identity
internal import ServiceBus

/// Findings that an assignment itself shows: too wide, too much, of nobody, of a person for ever, over its time, twice, past the workflow.
extension DriftInspector {
    mutating func inspectAssignments() {
        guard index.matrix != nil else {
            let reason = index.namespace == nil ? index.picture.namespace.whyUnknown : index.picture.assignments.whyUnknown
            skip(
                .overbroadScope, .overbroadRole, .orphanPrincipal, .humanStanding, .expiredGrant, .duplicate, .outsideWorkflow,
                because: "role assignments: \(reason ?? "not known")")
            return
        }
        noteUnseenAssignments()
        for item in evaluated {
            inspectRole(item)
            inspectScope(item)
        }
        inspectPeople()
        inspectEnds()
        inspectDuplicates()
        inspectWorkflow()
        inspectExistence()
    }

    // MARK: Breadth

    private mutating func inspectScope(_ item: Evaluated) {
        let rights = item.messageRights
        guard item.isNamespaceWide, !rights.isEmpty, !hasEnd(item) else { return }
        let isOnNamespace = item.assignment.scope == index.namespace?.id
        let needed = Set(self.needs(of: item.assignment.principal).map(\.need.path))
        // Whoever is to use every entity there is may have the namespace, and nothing above it.
        if isOnNamespace, !index.entities.isEmpty, index.entities.allSatisfy({ needed.contains($0.path) }) { return }
        let denied = deniedPlaces(item)
        let count = index.entities.count
        // What is denied everywhere is not too wide.
        guard denied.count < count || count == 0 else { return }
        let places = denied.isEmpty ? "all \(count)" : "\(count - denied.count) of \(count)"
        let needs =
            needed.isEmpty
            ? isOpenGroup(item) ? "not known: who is in the group" : "the catalogue names no entity for it"
            : needed.sorted().prefix(10).map(\.displayName).joined(separator: ", ")
                + (needed.count > 10 ? " and \(needed.count - 10) more" : "")
        add(
            finding(
                .overbroadScope, isOnNamespace ? .medium : .high, item,
                summary:
                    "\(index.title(item.assignment.principal)) can \(Self.words(rights)) on \(places) entities by a role on the \(index.title(item.assignment.scope))",
                evidence: [.init("needs", needs)] + denied.prefix(10).map { DriftFinding.Evidence("denied on", $0.displayName) },
                doubts: doubts(item), fix: narrowing(item)))
    }

    private mutating func inspectRole(_ item: Evaluated) {
        let rights = item.binding.rights
        let isDataOwner = rights.isSuperset(of: [.send, .receive, .manage])
        let byKeys = !item.binding.rightsByKeys.isEmpty
        let givesRoles = rights.contains(.grantRoles)
        guard isDataOwner || byKeys || givesRoles, !hasEnd(item) else { return }
        var reasons: [String] = []
        if isDataOwner { reasons.append("it allows sending, receiving and changing the entities") }
        if byKeys { reasons.append("it can get at keys, which allow everything on messages while the namespace takes keys") }
        if givesRoles {
            reasons.append(
                item.binding.condition == nil
                    ? "it can give itself every other role"
                    : "it can give roles as far as its condition allows, which is not evaluated here")
        }
        var steps = isDataOwner || byKeys ? narrowing(item) : restrictingGrants(item)
        if byKeys, let namespace = index.namespace {
            steps.append(
                FixPlan.Step(
                    "Or have the namespace refuse keys, after all clients use Entra ID: then no role reaches messages by them.",
                    .refuseKeys(namespace.id)))
        }
        add(
            finding(
                .overbroadRole, byKeys || givesRoles ? .high : .medium, item,
                summary:
                    "\(index.title(item.assignment.principal)) has \(role(item)) on \(index.title(item.assignment.scope)): \(reasons.joined(separator: "; "))",
                evidence: [
                    .init("allows", Self.words(item.allRights)),
                    .init("local authentication", index.namespace.map { Self.word($0.localAuthentication) } ?? "not known"),
                ], doubts: doubts(item), fix: steps))
    }

    /// What is done about a role that gives roles, and nothing on messages.
    private func restrictingGrants(_ item: Evaluated) -> [FixPlan.Step] {
        [
            FixPlan.Step(
                "See in the Activity Log which roles it gives, and to whom (Microsoft.Authorization/roleAssignments/write)."),
            FixPlan.Step(
                item.binding.condition == nil
                    ? "Where it has to: assign it under a condition that names those roles and identities alone, or make it eligible, so that it ends."
                    : "Where its condition allows more than that: narrow the condition."),
            removal(item, doubts: doubts(item)),
        ]
    }

    static func word(_ localAuthentication: NamespaceResource.LocalAuthentication) -> String {
        switch localAuthentication {
        case .on: "on"
        case .off: "off"
        case .unknown: "not said, taken to be on"
        }
    }

    // MARK: People

    private mutating func inspectPeople() {
        if let reason = unknownEnds {
            skip(.humanStanding, because: "role schedules, which say what has an end: \(reason)")
            if index.picture.schedules.value == nil { return }
        }
        var unknownGroups: [GUID] = []
        var unknownKinds: [GUID] = []
        for item in evaluated where !item.allRights.isEmpty && item.note == nil && !hasEnd(item) {
            let assignment = item.assignment
            let kind = kind(item)
            // Whether it is standing is not known.
            if unknownEnd(item) != nil { continue }
            if kind == .unknown {
                unknownKinds.append(assignment.principal)
            } else if kind == .user {
                addStanding(item, people: [assignment.principal], isGroup: false)
            } else if kind.isGroup {
                guard let members = index.picture.membership.members(of: assignment.principal) else {
                    unknownGroups.append(assignment.principal)
                    continue
                }
                let people = members.filter { $0.kind == .user }.map(\.id)
                if !people.isEmpty { addStanding(item, people: people, isGroup: true) }
            }
        }
        if let group = unknownGroups.first {
            skip(
                .humanStanding,
                because: "the members of \(Set(unknownGroups).count) groups with access are not known, \(index.title(group)) among them")
        }
        if let identity = unknownKinds.first {
            skip(
                .humanStanding,
                because: "of \(Set(unknownKinds).count) identities nobody says what kind they are, \(index.title(identity)) among them")
        }
    }

    private mutating func addStanding(_ item: Evaluated, people: [GUID], isGroup: Bool) {
        let assignment = item.assignment
        let rights = item.allRights
        let isGrave = !rights.isDisjoint(with: [.receive, .listKeys, .grantRoles])
        let who =
            isGroup
            ? "\(people.count == 1 ? "1 person" : "\(people.count) people") in \(index.title(assignment.principal))"
            : index.title(assignment.principal)
        var evidence = [DriftFinding.Evidence("allows", Self.words(rights))]
        if isGroup {
            let names = people.prefix(10).map { index.title($0) }.joined(separator: ", ")
            evidence.append(.init("people", names + (people.count > 10 ? " and \(people.count - 10) more" : "")))
        }
        add(
            finding(
                .humanStanding, isGrave ? .high : .medium, item,
                summary: "\(who) can \(Self.words(rights)) on \(index.title(assignment.scope)) without an end", evidence: evidence,
                doubts: doubts(item),
                fix: [
                    FixPlan.Step(
                        "Make \(index.title(assignment.principal)) eligible, so that the role is activated for a while when it is needed. (Privileged Identity Management: Entra ID P2.)",
                        .makeEligible(role: assignment.role, assignment.principal, at: assignment.scope)),
                    removal(item, doubts: doubts(item)),
                ]))
    }

    // MARK: Ends

    private mutating func inspectEnds() {
        let now = index.picture.now
        if let reason = unknownEnds {
            skip(.expiredGrant, because: "role schedules, which say what was to end: \(reason); notes were looked at")
        }
        for item in evaluated {
            var end = item.note?.expires
            var said = "its note"
            if case .until(let time) = item.binding.term, time < now { (end, said) = (time, "its schedule") }
            guard let end, end < now else { continue }
            add(
                finding(
                    .expiredGrant, .high, item,
                    summary:
                        "\(index.title(item.assignment.principal)) still has \(role(item)) on \(index.title(item.assignment.scope)), which was to end at \(end.rfc3339)",
                    evidence: [.init("was to end", "\(end.rfc3339), by \(said)"), .init("compared with", index.picture.asOf.rfc3339)],
                    // That it was to be gone is known, whoever is in it and whatever is denied.
                    fix: [removal(item)]))
        }
    }

    // MARK: Existence

    private mutating func inspectExistence() {
        if let reason = index.picture.names.whyUnknown {
            skip(.orphanPrincipal, because: "names: \(reason)")
            return
        }
        for item in evaluated where index.picture.gone.contains(item.assignment.principal) {
            add(
                finding(
                    .orphanPrincipal, .low, item,
                    summary: "an identity that does not exist any more has \(role(item)) on \(index.title(item.assignment.scope))",
                    evidence: [.init("directory", "there is no object \(item.assignment.principal.canonical)")], fix: [removal(item)]))
        }
        if let gap = index.picture.partial.first(where: { $0.subject.hasSuffix("still exist") }) {
            skip(.orphanPrincipal, because: "\(gap.subject): \(gap.reason)")
        }
    }
}
