internal import AzureResources
internal import Identity
internal import ServiceBus

/// Findings that come of comparing assignments with what the catalogue says of senders and receivers.
extension DriftInspector {
    mutating func inspectExpectations() {
        inspectIdentities()
        guard let matrix = index.matrix else {
            let reason = index.namespace == nil ? index.picture.namespace.whyUnknown : index.picture.assignments.whyUnknown
            skip(.missing, .extra, because: "role assignments: \(reason ?? "not known")")
            return
        }
        if let reason = index.picture.entities.whyUnknown {
            // Which of them are topics is not known then, and so not where roles on them would be.
            skip(.missing, .extra, because: "entities: \(reason)")
        } else {
            inspectMissing(matrix)
            inspectExtra()
        }
        let silent = index.entities.count {
            index.expectations.entries[$0.path] == nil && $0.path.topic.flatMap { index.expectations.entries[$0] } == nil
        }
        if silent > 0 {
            skip(
                .missing, .extra,
                because:
                    "of \(silent) entities the catalogue does not say who sends and receives (callboard.dev/senders, callboard.dev/receivers)",
                isBlind: false)
        }
    }

    // MARK: Missing

    private mutating func inspectMissing(_ matrix: AccessMatrix) {
        var uncertain = 0
        let unseen = index.picture.unreadBelow.assignments
        if let reason = unknownDenials {
            skip(.missing, because: "deny assignments, which may take away what roles give: \(reason)")
        }
        let answers = answers(matrix)
        for (path, entry) in index.expectations.entries.sorted(by: { $0.key < $1.key }) {
            guard let entity = index.entity(path) else { continue }
            for right in [Right.send, .receive] {
                for reference in entry.references(for: right) ?? [] {
                    guard let ids = index.expectations.identities[reference], !ids.isEmpty else { continue }
                    // An identity that nobody can look up may be the one that has the role.
                    var best = index.expectations.misnamed.contains(reference) ? AccessAnswer.unknown : .no
                    for id in ids { best = max(best, answer(answers[id] ?? [:], right, on: entity)) }
                    switch best {
                    case .yes: break
                    case .unknown, .conditional: uncertain += 1
                    // Not known is not missing: the role may be among those that could not be read.
                    case .no where unseen != nil: break
                    case .no: addMissing(reference, ids, right, entity, entry)
                    }
                }
            }
        }
        if uncertain > 0 {
            skip(
                .missing, because: "of \(uncertain) expected rights it cannot be told: members of groups, roles or conditions are not known"
            )
        }
    }

    /// What each identity can do where the catalogue expects it. One question for each identity: what concerns it is gathered once.
    private func answers(_ matrix: AccessMatrix) -> [GUID: [ResourceID: [Right: AccessAnswer]]] {
        var places: [GUID: Set<ResourceID>] = [:]
        for (path, entry) in index.expectations.entries {
            guard let entity = index.entity(path) else { continue }
            for right in [Right.send, .receive] {
                let scopes = self.places(right, on: entity)
                for reference in entry.references(for: right) ?? [] {
                    for id in index.expectations.identities[reference] ?? [] { places[id, default: []].formUnion(scopes) }
                }
            }
        }
        var answers: [GUID: [ResourceID: [Right: AccessAnswer]]] = [:]
        for (id, scopes) in places { answers[id] = matrix.access(of: id, among: scopes) }
        return answers
    }

    /// Where a right shows: to send to a subscription is to send to its topic, and whoever receives from one of a topic's subscriptions receives from
    /// the topic.
    private func places(_ right: Right, on entity: AccessEntity) -> [ResourceID] {
        if right == .send { return [(entity.path.topic.flatMap { index.entity($0) } ?? entity).id] }
        return [entity.id] + (entity.path.subscription == nil ? index.subscriptions(of: entity.path).map(\.id) : [])
    }

    private func answer(_ answers: [ResourceID: [Right: AccessAnswer]], _ right: Right, on entity: AccessEntity) -> AccessAnswer {
        places(right, on: entity).map { answers[$0]?[right] ?? .no }.max() ?? .no
    }

    private mutating func addMissing(
        _ reference: String, _ ids: [GUID], _ right: Right, _ entity: AccessEntity, _ entry: Expectations.Entry
    ) {
        let word = right == .send ? "send" : "receive"
        let role = Self.role(for: right)
        let place = right == .send ? entity.path.topic.flatMap { index.entity($0) } ?? entity : entity
        let kind = ids.first.map { index.kind($0, .unknown) } ?? .unknown
        add(
            DriftFinding(
                .missing, index.takesKeys ? .medium : .high, subject: "\(entity.id.text)\n\(reference)\n\(word)",
                place: entity.path.displayName,
                summary: "\(reference) is to \(word) on \(entity.path.displayName), and cannot"
                    + (index.takesKeys ? "; perhaps it does by a key" : ""),
                evidence: [
                    .init("expected by", entry.sources.joined(separator: ", ")),
                    .init("identity", ids.map { who($0) }.joined(separator: ", ")),
                    .init("compared with", "the role assignments at \(entity.id.text) and above"),
                ], entities: [entity.path], references: [reference],
                fix: FixPlan(
                    ids.prefix(1).map { id in
                        FixPlan.Step(
                            "Assign \(Self.title(of: role)) on \(place.path.displayName) to \(index.title(id)).",
                            .assign(role: role, to: id, kind, at: place.id))
                    } + [FixPlan.Step("It takes up to ten minutes to be in effect.")])))
    }

    // MARK: Identities

    private mutating func inspectIdentities() {
        var named: [String: [EntityPath]] = [:]
        for (path, entry) in index.expectations.entries {
            for reference in Set((entry.senders ?? []) + (entry.receivers ?? [])) { named[reference, default: []].append(path) }
        }
        for (reference, paths) in named.sorted(by: { $0.key < $1.key })
        where index.expectations.identities[reference] == nil && !index.expectations.misnamed.contains(reference) {
            addUnmapped(reference, .medium, paths: paths.sorted(), isListed: index.expectations.isListed(reference))
        }
        for entry in index.estate.access where entry.isComponent && entry.principals.isEmpty && named[entry.ref] == nil {
            let paths = index.expectations.paths[entry.ref] ?? []
            if !paths.isEmpty { addUnmapped(entry.ref, .low, paths: paths, isListed: true) }
        }
        for entry in index.estate.access {
            for id in entry.principals where !GUID(id).isWellFormed {
                add(
                    DriftFinding(
                        .unmappedComponent, .medium, subject: "\(entry.ref)\n\(id)", place: entry.ref,
                        summary: "\(entry.ref): principal-id '\(id)' is not an object id", evidence: [.init("principal-id", id)],
                        entities: EntityPaths(index.expectations.paths[entry.ref] ?? []), references: [entry.ref],
                        fix: FixPlan([
                            FixPlan.Step(
                                "Write the object id of its application or managed identity there: az ad sp show --id CLIENT-ID --query id."
                            )
                        ])))
            }
        }
    }

    private mutating func addUnmapped(_ reference: String, _ severity: DriftFinding.Severity, paths: [EntityPath], isListed: Bool) {
        let shown = paths.prefix(10).map(\.displayName).joined(separator: ", ") + (paths.count > 10 ? " and \(paths.count - 10) more" : "")
        add(
            DriftFinding(
                .unmappedComponent, severity, subject: reference, place: reference,
                summary: isListed
                    ? "\(reference) uses \(shown), and nothing says as which identity"
                    : "\(reference) is to use \(shown), and is not in the catalogue",
                evidence: [
                    .init("entities", shown), .init("callboard.dev/principal-id", isListed ? "not there" : "there is no such entry"),
                ],
                entities: EntityPaths(paths), references: [reference],
                fix: FixPlan([
                    isListed
                        ? FixPlan.Step(
                            "Write callboard.dev/principal-id with the object id of its application or managed identity into its entry: az ad sp show --id CLIENT-ID --query id."
                        ) : FixPlan.Step("Correct the reference in callboard.dev/senders or callboard.dev/receivers, or add the Component.")
                ])))
    }
}
