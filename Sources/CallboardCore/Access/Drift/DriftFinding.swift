internal import ServiceBus

/// Something in which access as it is differs from access as it should be, with what shows it and how it would be mended.
///
/// Texts may hold names of others: sanitise.
public struct DriftFinding: Hashable, Sendable, Identifiable {
    /// What is wrong.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Somebody whom the catalogue names cannot do it.
        case missing = "MISSING"
        /// Somebody whom the catalogue does not name can.
        case extra = "EXTRA"
        /// A role on messages is assigned at the namespace or above.
        case overbroadScope = "OVERBROAD_SCOPE"
        /// A role allows much more than sending or receiving.
        case overbroadRole = "OVERBROAD_ROLE"
        /// The identity of an assignment does not exist any more.
        case orphanPrincipal = "ORPHAN_PRINCIPAL"
        /// A person has access without an end.
        case humanStanding = "HUMAN_STANDING"
        /// An assignment that was to be gone is there.
        case expiredGrant = "JIT_EXPIRED_PRESENT"
        /// A shared access rule opens messages to whoever has its key.
        case sharedKey = "SHARED_KEY"
        /// Keys were not made anew for too long.
        case oldKey = "KEY_TOO_OLD"
        /// An assignment gives what another one gives anyway.
        case duplicate = "DUPLICATE"
        /// A Component that is to have access has no identity in the catalogue.
        case unmappedComponent = "UNMAPPED_COMPONENT"
        /// Nothing stands behind an entry of the catalogue any more.
        case catalogueOrphan = "CATALOG_ORPHAN"
        /// The catalogue names an entity that does not exist.
        case deadResource = "DEAD_RESOURCE"
        /// An assignment that no request and no entry of the catalogue stands behind.
        case outsideWorkflow = "OUTSIDE_WORKFLOW"
        /// An entity that nobody owns.
        case noOwner = "NO_OWNER"
    }

    /// How bad it is.
    public enum Severity: Int, Hashable, Sendable, Comparable, CaseIterable {
        /// To be tidied up.
        case low
        /// To be mended.
        case medium
        /// To be mended soon: messages are open to somebody who should not have them, or a service cannot work.
        case high

        /// Its word.
        public var word: String {
            switch self {
            case .low: "low"
            case .medium: "medium"
            case .high: "high"
            }
        }

        /// The severity of a word.
        public init?(word: String) {
            guard let severity = Self.allCases.first(where: { $0.word == word }) else { return nil }
            self = severity
        }

        /// Orders by badness.
        public static func < (left: Severity, right: Severity) -> Bool { left.rawValue < right.rawValue }
    }

    /// Something that was looked at or compared.
    public struct Evidence: Hashable, Sendable {
        /// What it is.
        public var name: String
        /// Its value.
        public var value: String

        init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The same for the same fault, however often it is looked for.
    public let id: String
    /// What is wrong.
    public let kind: Kind
    /// How bad it is.
    public let severity: Severity
    /// Where: an entity, a scope, an entry of the catalogue, as people call it.
    public let place: String
    /// One line.
    public let summary: String
    /// What shows it.
    public let evidence: [Evidence]
    /// The entities it concerns; empty where it concerns the whole namespace, or none.
    public let entities: EntityPaths
    /// Whether it concerns all entities of the namespace.
    public let isNamespaceWide: Bool
    /// The entries of the catalogue it concerns.
    public let references: [String]
    /// How it would be mended.
    public let fix: FixPlan

    /// - Parameter subject: what tells it from others of its kind.
    init(
        _ kind: Kind, _ severity: Severity, subject: String, place: String, summary: String, evidence: [Evidence],
        entities: EntityPaths = [], isNamespaceWide: Bool = false, references: [String] = [], fix: FixPlan
    ) {
        var hash = StableHash()
        hash.combine(subject.lowercased().utf8)
        let digits = String(hash.value, radix: 16)
        let padded = String(repeating: "0", count: max(0, 16 - digits.utf8.count)) + digits
        id = kind.rawValue.lowercased().split(separator: "_").joined(separator: "-") + "-" + padded.prefix(10)
        self.kind = kind
        self.severity = severity
        self.place = place
        self.summary = summary
        self.evidence = evidence
        self.entities = entities
        self.isNamespaceWide = isNamespaceWide
        self.references = references
        self.fix = fix
    }
}

/// A kind of finding that could not be looked for, or not everywhere.
public struct DriftGap: Hashable, Sendable {
    /// What was not looked for.
    public let kind: DriftFinding.Kind
    /// Why.
    public let reason: String
    /// Whether the caller may not know, rather than that nobody said what should be: then an empty list is no all-clear.
    public let isBlind: Bool
}
