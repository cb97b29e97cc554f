internal import ServiceBus

/// Something in which the catalogue and the namespace do not fit each other. Needs nothing but both of their lists.
///
/// Texts may hold words of the catalogue: sanitise.
public struct EstateFinding: Hashable, Sendable {
    /// What is wrong. What ``DriftFinding/Kind`` knows as well goes by the same word.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// An entity or a service that nobody owns.
        case noOwner = "NO_OWNER"
        /// The catalogue names an entity that does not exist.
        case missingEntity = "DEAD_RESOURCE"
        /// An entity whose name fits several services.
        case unclearName = "UNCLEAR_NAME"
        /// An entry of the catalogue that cannot be read as it was meant.
        case catalogueEntry = "CATALOGUE_ENTRY"
    }

    /// What is wrong.
    public var kind: Kind
    /// What it is about: an entity's path, or a service's reference.
    public var subject: String
    /// What was found, in a sentence.
    public var summary: String
    /// The references of the services it concerns.
    public var services: [String]
}

extension Board {
    /// Everything in which the catalogue and the namespace do not fit each other, by kind and subject. An entity that nobody owns stands for its
    /// subscriptions too.
    public var findings: [EstateFinding] {
        var findings: [EstateFinding] = []
        if isCatalogueKnown { findings += ownerlessEntities }
        for name in unclearNames {
            findings.append(
                EstateFinding(
                    kind: .unclearName, subject: name.path.displayName,
                    summary: "its name fits \(name.services.joined(separator: " and ")): it is bound to none of them",
                    services: name.services))
        }
        var missing: [EntityPath: [String]] = [:]
        let gone = Set(missingEntities)
        for row in rows {
            for path in row.service.entities where gone.contains(path) { missing[path, default: []].append(row.service.ref) }
            findings += Self.findings(of: row.service)
        }
        for (path, services) in missing {
            findings.append(
                EstateFinding(
                    kind: .missingEntity, subject: path.displayName, summary: "the catalogue names it, and it is not in the namespace",
                    services: services))
        }
        let order = EstateFinding.Kind.allCases
        return findings.sorted {
            (order.firstIndex(of: $0.kind) ?? 0, $0.subject, $0.summary) < (order.firstIndex(of: $1.kind) ?? 0, $1.subject, $1.summary)
        }
    }

    private var ownerlessEntities: [EstateFinding] {
        let unclear = Set(unclearNames.map(\.path))
        let ownerless = Set(unownedEntities.map(\.path)).subtracting(unclear)
        var below: [EntityPath: Int] = [:]
        for path in ownerless { if let topic = path.topic { below[topic, default: 0] += 1 } }
        return ownerless.filter { $0.topic.map { !ownerless.contains($0) } ?? true }.map { path in
            let count = below[path] ?? 0
            return EstateFinding(
                kind: .noOwner, subject: path.displayName,
                summary: "nobody owns it: the catalogue gives it to no service"
                    + (count == 0 ? "" : ", nor its \(count == 1 ? "subscription" : "\(count) subscriptions")"),
                services: [])
        }
    }

    private static func findings(of service: ServiceSummary) -> [EstateFinding] {
        var findings: [EstateFinding] = []
        if service.owner == nil {
            findings.append(
                EstateFinding(
                    kind: .noOwner, subject: service.ref,
                    summary: "nobody owns it"
                        + (service.entities.isEmpty
                            ? "" : ", nor \(service.entities.prefix(5).map(\.displayName).joined(separator: ", "))"),
                    services: [service.ref]))
        }
        for text in service.findings where text != ServiceSummary.nobodyOwnsIt {
            findings.append(EstateFinding(kind: .catalogueEntry, subject: service.ref, summary: text, services: [service.ref]))
        }
        return findings
    }
}
