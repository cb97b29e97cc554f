internal import AzureResources
internal import Backstage
internal import ServiceBus

/// Findings about the catalogue: entities that nobody owns, entries of what does not exist.
extension DriftInspector {
    mutating func inspectCatalogue() {
        guard !index.estate.access.isEmpty || !index.estate.services.isEmpty else {
            skip(
                .noOwner, .unmappedComponent, .deadResource, .catalogueOrphan,
                because: "the context has no catalogue, or there is nothing in it",
                isBlind: false)
            return
        }
        inspectOrphans()
        guard index.picture.entities.value != nil else {
            let reason = index.namespace == nil ? index.picture.namespace.whyUnknown : index.picture.entities.whyUnknown
            skip(.noOwner, .deadResource, because: "entities: \(reason ?? "not known")")
            return
        }
        inspectOwners()
        inspectDead()
    }

    private mutating func inspectOwners() {
        for entity in index.entities {
            if isOwned(entity) { continue }
            // A topic's finding speaks for its subscriptions.
            if let topic = entity.path.topic, index.entity(topic) != nil { continue }
            let below = index.subscriptions(of: entity.path).filter { !isOwned($0) }
            let services = index.estate.ownership(of: entity.path)?.services ?? []
            add(
                DriftFinding(
                    .noOwner, .medium, subject: entity.id.text, place: entity.path.displayName,
                    summary: "nobody owns \(entity.path.displayName)"
                        + (below.isEmpty ? "" : " and \(below.count) of its subscriptions"),
                    evidence: [
                        .init("entity", entity.id.text),
                        .init("catalogue", services.isEmpty ? "no entry names it" : "\(services.joined(separator: ", ")) without an owner"),
                        .init("userMetadata", entity.metadata ?? "empty"),
                    ], entities: EntityPaths([entity.path] + below.map(\.path)), references: services,
                    fix: FixPlan([
                        FixPlan.Step(
                            "Bind it in the catalogue: a Resource or Component with spec.owner and callboard.dev/entities: \(entity.path.displayName)."
                        ),
                        FixPlan.Step("Or write the owner's reference, group:default/NAME, into its userMetadata."),
                        FixPlan.Step("If nobody needs it: callboard remove shows what is in it before it goes."),
                    ])))
        }
    }

    private func isOwned(_ entity: AccessEntity) -> Bool {
        if index.estate.ownership(of: entity.path)?.owner != nil { return true }
        guard let reference = entity.metadata.flatMap({ EntityRef(parsing: $0) }) else { return false }
        return ["group", "user"].contains(reference.kind.lowercased())
    }

    private mutating func inspectDead() {
        var dead: [EntityPath: [String]] = [:]
        var unsure = 0
        let gap = index.picture.partial.first { $0.subject.hasPrefix("subscriptions") }
        for entry in index.estate.access {
            for candidates in entry.entities where !candidates.contains(where: { index.entity($0) != nil }) {
                guard let path = candidates.first else { continue }
                if gap != nil, path.subscription != nil { unsure += 1 } else { dead[path, default: []].append(entry.ref) }
            }
        }
        for (path, references) in dead.sorted(by: { $0.key < $1.key }) {
            add(
                DriftFinding(
                    .deadResource, .medium, subject: path.displayName, place: path.displayName,
                    summary: "\(references.uniqued().joined(separator: ", ")) names \(path.displayName), which does not exist",
                    evidence: [
                        .init("named by", references.uniqued().joined(separator: ", ")),
                        .init("compared with", "\(index.entities.count) entities of \(index.namespace?.id.text ?? "the namespace")"),
                    ], entities: [path], references: references.uniqued(),
                    fix: FixPlan([
                        FixPlan.Step("If it was removed: take it out of the catalogue."),
                        FixPlan.Step(
                            "If it is missing: callboard create makes it, with the settings that a topology file or its template says."),
                    ])))
        }
        if unsure > 0, let gap { skip(.deadResource, because: "\(gap.subject): \(gap.reason)") }
    }

    private mutating func inspectOrphans() {
        for entry in index.estate.access where entry.isOrphan {
            let paths = index.expectations.paths[entry.ref] ?? []
            add(
                DriftFinding(
                    .catalogueOrphan, .low, subject: entry.ref, place: entry.ref,
                    summary: "nothing stands behind \(entry.ref) any more: Backstage calls it an orphan",
                    evidence: [
                        .init("backstage.io/orphan", "true"),
                        .init("entities", paths.isEmpty ? "none" : paths.map(\.displayName).joined(separator: ", ")),
                    ], entities: EntityPaths(paths), references: [entry.ref],
                    fix: FixPlan([
                        FixPlan.Step("If its file was removed on purpose: delete the entry in Backstage."),
                        FixPlan.Step("Otherwise register the location of its file again."),
                    ])))
        }
    }
}
