/// What identities may not do at a scope, whatever roles they have (Microsoft.Authorization/denyAssignments).
public struct DenyAssignment: Hashable, Sendable {
    /// Whom it is about.
    public struct Principal: Hashable, Sendable, Decodable {
        /// The identity; ``GUID/everyone`` for all of them.
        public let id: GUID
        /// What kind it is.
        public let kind: PrincipalKind

        /// An identity of a kind.
        public init(id: GUID, kind: PrincipalKind) {
            self.id = id
            self.kind = kind
        }

        /// Reads the service's form.
        public init(from decoder: any Decoder) throws {
            let fields = try JSONFields(decoder)
            id = try fields.guid("id")
            kind = try fields.optional("type") ?? .unknown
        }
    }

    /// Whether it is enforced.
    public struct Effect: ServiceWord {
        /// As the service wrote it.
        public let rawValue: String
        /// A word as the service wrote it.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// It is.
        public static let enforced = Effect(rawValue: "enforced")
        /// It is only written down what it would forbid.
        public static let audit = Effect(rawValue: "audit")
        /// The words that have names.
        public static let known: [Effect] = [enforced, audit]
    }

    /// Its id.
    public let id: ResourceID
    /// Its name.
    public let displayName: String
    /// What it is for.
    public let explanation: String?
    /// What it forbids: the union of these.
    public let permissions: [RolePermissions]
    /// Where it holds.
    public let scope: ResourceID
    /// Whether it holds at its scope alone and not below.
    public let doesNotApplyToChildScopes: Bool
    /// Who may not.
    public let principals: [Principal]
    /// Who may all the same.
    public let excludedPrincipals: [Principal]
    /// Whether Azure made it, so that nobody can remove it.
    public let isSystemProtected: Bool
    /// The condition under which it holds, as text.
    public let condition: String?
    /// Whether it is enforced; older API versions do not say, and mean that it is.
    public let effect: Effect

    package init(
        id: ResourceID, permissions: [RolePermissions], scope: ResourceID, doesNotApplyToChildScopes: Bool = false, principals: [Principal],
        excludedPrincipals: [Principal] = [], condition: String? = nil, effect: Effect = .enforced
    ) {
        self.id = id
        self.displayName = id.name
        self.explanation = nil
        self.permissions = permissions
        self.scope = scope
        self.doesNotApplyToChildScopes = doesNotApplyToChildScopes
        self.principals = principals
        self.excludedPrincipals = excludedPrincipals
        self.isSystemProtected = false
        self.condition = condition
        self.effect = effect
    }
}

extension DenyAssignment: Decodable {
    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        id = try fields.id("id")
        let properties = try fields.object("properties")
        displayName = try properties.optionalText("denyAssignmentName") ?? id.name
        explanation = try properties.optionalText("description")
        permissions = try properties.list("permissions")
        scope = try properties.id("scope")
        doesNotApplyToChildScopes = try properties.optional("doNotApplyToChildScopes") ?? false
        principals = try properties.list("principals")
        excludedPrincipals = try properties.list("excludePrincipals")
        isSystemProtected = try properties.optional("isSystemProtected") ?? false
        condition = try properties.optionalText("condition").flatMap { $0.isEmpty ? nil : $0 }
        effect = try properties.optional("denyAssignmentEffect") ?? .enforced
    }
}
