package import AzureResources
public import ServiceBus

/// A shared access rule of a namespace or one of its entities: whoever has one of its two keys has its rights, and nobody can tell who that is.
///
/// This room holds what is done with keys: which there are (``KeyDesk/list(entity:fingerprints:)``), how old they are (``KeyAge``), and how they are made anew
/// without anybody losing access (``KeyRotation``, which remembers in a ``KeyJournal`` how far it is). Keys are fetched when one is handed on, and never kept.
public struct KeyRule: Hashable, Sendable, CustomStringConvertible {
    /// Its id in Azure.
    package var id: ResourceID
    /// Its name.
    public var name: String
    /// The queue or topic it opens; nil for the whole namespace.
    public var entity: EntityPath?
    /// What its keys allow.
    package var rights: Set<AuthorizationRuleResource.KeyRight>

    package init(id: ResourceID, name: String, entity: EntityPath?, rights: Set<AuthorizationRuleResource.KeyRight>) {
        self.id = id
        self.name = name
        self.entity = entity
        self.rights = rights
    }

    /// What its keys allow, in the service's words and alphabetical order.
    public var rightsText: String { rights.map(\.rawValue).sorted().joined(separator: ", ") }

    /// Whether its keys open everything, settings included.
    public var isManaging: Bool { rights.contains(.manage) }

    /// Whether it is the rule that every namespace has.
    public var isRoot: Bool { entity == nil && name.lowercased() == "rootmanagesharedaccesskey" }

    /// `'orders-listen' of orders`, `'RootManageSharedAccessKey' of the namespace`.
    public var description: String { "'\(name)' of \(entity?.displayName ?? "the namespace")" }

    /// What its entity is, by its id.
    var kind: PolicyScope.Kind {
        switch id.segments.dropLast(3).last?.lowercased() {
        case "queues": .queue
        case "topics": .topic
        default: .unknown
        }
    }

    /// What a policy is asked about its keys.
    func question(_ guardrails: Guardrails) -> PolicyQuestion {
        entity.map { guardrails.question(.rotateSecret, on: $0, kind: kind) } ?? guardrails.question(.rotateSecret)
    }

    /// What the ledger calls it.
    var title: String { Self.title(name, of: entity) }

    /// What the ledger calls a rule of an entity, or of the namespace.
    static func title(_ name: String, of entity: EntityPath?) -> String { "\(entity.map { "\($0.address):" } ?? "")\(name)" }

    /// What the ledger calls a key of it.
    func title(_ kind: AccessKeyKind) -> String { "\(title) \(kind.word)" }
}

extension AccessKeyKind {
    /// `primary` or `secondary`.
    package var word: String { self == .primary ? "primary" : "secondary" }

    /// Reads a word; nil for any other.
    package init?(word: String) {
        switch word.lowercased() {
        case "primary": self = .primary
        case "secondary": self = .secondary
        default: return nil
        }
    }
}

/// The fingerprints of a rule's two keys.
package struct KeyFingerprints: Hashable, Sendable {
    package var primary: SecretFingerprint
    package var secondary: SecretFingerprint

    package init(_ keys: AccessKeys) {
        primary = SecretFingerprint(keys.primaryKey)
        secondary = SecretFingerprint(keys.secondaryKey)
    }

    package init(primary: SecretFingerprint, secondary: SecretFingerprint) {
        self.primary = primary
        self.secondary = secondary
    }

    package subscript(_ kind: AccessKeyKind) -> SecretFingerprint { kind == .primary ? primary : secondary }
}
