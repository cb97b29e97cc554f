internal import AzureResources
internal import Identity

/// Findings that come of comparing assignments with one another, and with what stands behind them.
extension DriftInspector {
    private struct Grant: Hashable {
        let principal: GUID
        let role: GUID
    }

    // MARK: Duplicates

    mutating func inspectDuplicates() {
        // That nothing is lost without one of two takes knowing that the other lasts as long and is not denied.
        let unknown = [
            unknownEnds.map { "role schedules, which say which lasts longer: \($0)" },
            unknownDenials.map { "deny assignments, which may leave one alone: \($0)" },
        ].compactMap { $0 }
        for reason in unknown { skip(.duplicate, because: reason) }
        guard unknown.isEmpty else { return }
        var byGrant: [Grant: [Int]] = [:]
        for (place, item) in evaluated.enumerated() {
            byGrant[Grant(principal: item.assignment.principal, role: item.assignment.role), default: []].append(place)
        }
        for (place, item) in evaluated.enumerated() {
            let assignment = item.assignment
            let groups = index.picture.membership.groups(of: assignment.principal).groups
            let own = byGrant[Grant(principal: assignment.principal, role: assignment.role)] ?? []
            if own.count < 2 && groups.isEmpty { continue }
            let others = own + groups.sorted().flatMap { byGrant[Grant(principal: $0, role: assignment.role)] ?? [] }
            guard let other = others.first(where: { $0 != place && isCovered(place, by: $0) }).map({ evaluated[$0] }) else { continue }
            let isByGroup = other.assignment.principal != assignment.principal
            let way = isByGroup ? "through \(index.title(other.assignment.principal))" : "itself"
            add(
                finding(
                    .duplicate, .low, item,
                    summary:
                        "\(index.title(assignment.principal)) has \(role(item)) on \(index.title(assignment.scope)), and \(way) on \(index.title(other.assignment.scope)) as well",
                    evidence: [.init("covered by", other.assignment.id.text)],
                    fix: [FixPlan.Step("Nothing is lost without it: the other assignment gives the same."), removal(item)]))
        }
        let open = evaluated.filter { isOpenGroup($0) }
        if let group = open.first {
            skip(
                .duplicate,
                because:
                    "through groups whose members are not known, \(index.title(group.assignment.principal)) among \(Set(open.map(\.assignment.principal)).count)"
            )
        }
    }

    /// Whether an assignment gives nothing that another does not give as well, and for as long. Of two that are the same the one with the smaller id
    /// stays, and the way through a group before one's own.
    private func isCovered(_ place: Int, by other: Int) -> Bool {
        let (item, other) = (evaluated[place], evaluated[other])
        guard other.binding.condition == nil, other.assignment.scope.contains(item.assignment.scope) else { return false }
        // What is denied to the one, or may be, does not stand in for what the other gives.
        guard other.binding.deniedRights.isEmpty, other.binding.uncertainRights.isEmpty else { return false }
        if other.isNamespaceWide, !item.isNamespaceWide, isDenied(other, within: item.assignment.scope) { return false }
        switch (item.binding.term, other.binding.term) {
        case (_, .standing): break
        case (.standing, .until): return false
        case (.until(let mine), .until(let theirs)): if mine > theirs { return false }
        }
        // What is to end by a note is not to be relied on, nor is a wide assignment, which another finding may take away, for what the catalogue
        // wants here.
        if other.note != nil { return false }
        if other.isNamespaceWide, !item.isNamespaceWide, !needs(of: item.assignment.principal).isEmpty { return false }
        if other.assignment.scope != item.assignment.scope || other.assignment.principal != item.assignment.principal { return true }
        return other.assignment.id.text.lowercased() < item.assignment.id.text.lowercased()
    }

    /// Whether something of what an assignment gives in the whole namespace is denied at a scope in it, or may be.
    private func isDenied(_ item: Evaluated, within scope: ResourceID) -> Bool {
        index.path(scope).flatMap { deniedRights[$0]?[item.assignment.id] } != nil
    }

    // MARK: Workflow

    mutating func inspectWorkflow() {
        guard let namespace = index.namespace else { return }
        let schedules = index.picture.schedules.value
        var activations: Set<Activation> = []
        for schedule in schedules ?? [] where schedule.isActivation {
            activations.insert(Activation(scope: schedule.scope, role: schedule.role, principal: schedule.principal))
        }
        if let reason = unknownEnds {
            skip(.outsideWorkflow, because: "role schedules, which say what was activated: \(reason)")
        }
        for item in evaluated where namespace.id.contains(item.assignment.scope) && !item.allRights.isEmpty {
            let assignment = item.assignment
            if let note = item.note {
                inspectNote(item, note)
                continue
            }
            let activation = Activation(scope: assignment.scope, role: assignment.role, principal: assignment.principal)
            // What Azure ends was asked for with an end, whoever granted it.
            if case .until = item.binding.term { continue }
            guard unknownEnd(item) == nil, index.expectations.components[assignment.principal] == nil, !activations.contains(activation)
            else {
                continue
            }
            add(
                finding(
                    .outsideWorkflow, .medium, item,
                    summary:
                        "\(index.title(assignment.principal)) was given \(role(item)) on \(index.title(assignment.scope)), and no request and no entry of the catalogue stands behind it",
                    evidence: [
                        .init("request", "no note 'jit req=…', no activation by Privileged Identity Management"),
                        .init("catalogue", "no Component acts as this identity"),
                    ],
                    fix: [
                        FixPlan.Step(
                            "If it is right: write the identity into the catalogue (callboard.dev/principal-id), or ask for the role with an end."
                        ),
                        removal(item, doubts: isOpenGroup(item) ? ["who is in the group"] : []),
                    ]))
        }
    }

    private struct Activation: Hashable {
        let scope: ResourceID
        let role: GUID
        let principal: GUID
    }

    /// A note names who granted; Azure stamps who did. Where they differ, somebody wrote the note who did not decide.
    private mutating func inspectNote(_ item: Evaluated, _ note: GrantNote) {
        guard let claimed = note.grantedBy.map({ GUID($0) }), claimed.canonical.utf8.count == 36, let stamped = item.assignment.createdBy,
            claimed != stamped
        else { return }
        add(
            finding(
                .outsideWorkflow, .high, item,
                summary:
                    "the note on \(role(item)) of \(index.title(item.assignment.principal)) says that \(index.title(claimed)) granted it; it was \(index.title(stamped))",
                evidence: [.init("note names", who(claimed)), .init("Azure stamped", who(stamped))],
                fix: [
                    FixPlan.Step(
                        "Ask both what happened; the Activity Log has the request (Microsoft.Authorization/roleAssignments/write)."),
                    removal(item),
                ]))
    }
}
