public import ServiceBus

/// What differs between access as it is and access as it should be, the worst first, and what could not be looked for.
///
/// A function of a picture and a catalogue: it asks nobody and changes nothing.
public struct DriftReport: Sendable {
    /// The findings, the worst first.
    public let findings: [DriftFinding]
    /// What was not looked for, or not everywhere.
    public let gaps: [DriftGap]
    /// When the picture was taken.
    public let asOf: Timestamp

    /// Looks for everything there is.
    public init(_ index: AccessIndex) {
        var inspector = DriftInspector(index)
        inspector.inspectAssignments()
        inspector.inspectExpectations()
        inspector.inspectKeys()
        inspector.inspectCatalogue()
        self.init(findings: inspector.findings, gaps: inspector.gaps, asOf: index.picture.asOf)
    }

    private init(findings: [DriftFinding], gaps: [DriftGap], asOf: Timestamp) {
        self.findings = findings.sorted {
            ($1.severity.rawValue, $0.kind.rawValue, $0.place, $0.id) < ($0.severity.rawValue, $1.kind.rawValue, $1.place, $1.id)
        }
        self.gaps = gaps
        self.asOf = asOf
    }

    /// What concerns an entity or a service, the whole namespace's findings among it, and is at least so bad.
    public func concerning(_ subject: AccessSubject?, from severity: DriftFinding.Severity = .low) -> DriftReport {
        let wanted: Set<EntityPath> = if case .service(_, let entities) = subject { Set(entities) } else { [] }
        let chosen = findings.filter { finding in
            guard finding.severity >= severity else { return false }
            switch subject {
            case nil: return true
            case .entity(let path): return finding.isNamespaceWide || finding.entities.contains(path.entity)
            case .service(let ref, _):
                return finding.isNamespaceWide || finding.references.contains(ref) || wanted.contains { finding.entities.contains($0) }
            }
        }
        return DriftReport(findings: chosen, gaps: gaps.filter { $0.kind.worst >= severity }, asOf: asOf)
    }

    /// The finding of an id, or of the beginning of one.
    /// - Throws: ``OperatorError`` of kind not found, or usage where several begin so.
    public func finding(_ id: String) throws(OperatorError) -> DriftFinding {
        let wanted = id.lowercased()
        if let finding = findings.first(where: { $0.id == wanted }) { return finding }
        let found = findings.filter { $0.id.hasPrefix(wanted) }
        if found.count == 1, let finding = found.first { return finding }
        guard found.isEmpty else {
            throw OperatorError(.usage, "\(found.count) findings begin with '\(id)'.", hint: "Give more of the id.")
        }
        throw OperatorError(
            .notFound, "There is no finding '\(id)'.", hint: "'callboard drift' lists those there are; one that was mended is gone.")
    }

    /// Why an empty list is no all-clear: what the caller may not know; nil where it is one.
    public var blindness: String? {
        let blind = gaps.filter(\.isBlind)
        guard let first = blind.first else { return nil }
        let kinds = Set(blind.map(\.kind.rawValue)).sorted()
        return "not checked: \(kinds.joined(separator: ", ")): \(first.reason)"
    }
}

extension DriftFinding.Kind {
    /// How bad a finding of this kind can be.
    var worst: DriftFinding.Severity {
        switch self {
        case .missing, .overbroadScope, .overbroadRole, .humanStanding, .expiredGrant, .sharedKey, .outsideWorkflow: .high
        case .extra, .oldKey, .deadResource, .noOwner, .unmappedComponent: .medium
        case .orphanPrincipal, .duplicate, .catalogueOrphan: .low
        }
    }
}
