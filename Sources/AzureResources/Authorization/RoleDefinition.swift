public import Identity

/// A role: a name for what it allows (Microsoft.Authorization/roleDefinitions).
public struct RoleDefinition: Hashable, Sendable {
    /// Its id; the part before the provider depends on where it was asked for.
    public let id: ResourceID
    /// Its GUID, the same wherever it is asked for.
    public let role: GUID
    /// Its name: `Azure Service Bus Data Sender`.
    public let roleName: String
    /// `BuiltInRole` or `CustomRole`.
    public let kind: Kind
    /// What it is for.
    public let explanation: String?
    /// Where it can be assigned.
    public let assignableScopes: [ResourceID]
    /// What it allows: the union of these.
    public let permissions: [RolePermissions]
    /// When it was last changed.
    public let updatedAt: WallTime?

    /// Where a role comes from.
    public struct Kind: ServiceWord {
        /// As the service wrote it.
        public let rawValue: String
        /// A word as the service wrote it.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// Microsoft's.
        public static let builtIn = Kind(rawValue: "BuiltInRole")
        /// The tenant's own.
        public static let custom = Kind(rawValue: "CustomRole")
        /// The words that have names.
        public static let known: [Kind] = [builtIn, custom]
    }

    /// Whether it allows an action, wherever it is assigned.
    public func allows(_ action: AzureAction) -> Bool { permissions.contains { $0.allows(action) } }

    package init(role: GUID, roleName: String, kind: Kind = .builtIn, permissions: [RolePermissions]) {
        self.id = ResourceID("/providers/Microsoft.Authorization/roleDefinitions/\(role.text)")
        self.role = role
        self.roleName = roleName
        self.kind = kind
        self.explanation = nil
        self.assignableScopes = [.root]
        self.permissions = permissions
        self.updatedAt = nil
    }
}

extension RoleDefinition: Decodable {
    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        id = try fields.id("id")
        role = GUID(id.name)
        let properties = try fields.object("properties")
        roleName = try properties.text("roleName")
        kind = try properties.optional("type") ?? .builtIn
        explanation = try properties.optionalText("description")
        assignableScopes = try properties.list("assignableScopes", of: String.self).map(ResourceID.init)
        permissions = try properties.list("permissions")
        updatedAt = try properties.time("updatedOn")
    }
}

extension RoleDefinition {
    /// GUIDs of roles of Microsoft's that matter to Service Bus; they are the same in all tenants.
    public enum BuiltIn {
        /// Azure Service Bus Data Owner: everything on entities and their messages.
        public static let serviceBusDataOwner = GUID("090c5cfd-751d-490a-894a-3ce6f1109419")
        /// Azure Service Bus Data Sender.
        public static let serviceBusDataSender = GUID("69a216fc-b8fb-44d8-bc22-1f3c2cd27a39")
        /// Azure Service Bus Data Receiver; it can complete messages, which removes them.
        public static let serviceBusDataReceiver = GUID("4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0")
        /// Role Based Access Control Administrator.
        public static let accessControlAdministrator = GUID("f58310d9-a9f6-439a-9e8d-f62e7b41a168")
        /// User Access Administrator.
        public static let userAccessAdministrator = GUID("18d7d88d-d35e-4fb5-a5c3-7773c20a72d9")
        /// Owner: everything, granting roles included.
        public static let owner = GUID("8e3af657-a8ff-443c-a75c-2fe8c4bcb635")
        /// Contributor: everything but granting roles; it can list keys.
        public static let contributor = GUID("b24988ac-6180-42a0-ab88-20f7382dd24c")
        /// Reader: looks at everything but messages and keys.
        public static let reader = GUID("acdd72a7-3385-48ef-bd42-f606fba81ae7")
    }
}
