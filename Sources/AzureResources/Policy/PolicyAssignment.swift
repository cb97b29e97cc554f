/// A rule of Azure Policy that is in force at a scope and everything below (Microsoft.Authorization/policyAssignments).
package struct PolicyAssignment: Hashable, Sendable {
    /// Definitions of Microsoft's that matter to Service Bus; they are the same in all tenants.
    package enum BuiltIn {
        /// "Azure Service Bus namespaces should have local authentication methods disabled".
        package static let localAuthentication = GUID("cfb11c26-f069-4c14-8e36-56c394dae5af")
        /// "All authorization rules except RootManageSharedAccessKey should be removed from Service Bus namespace".
        package static let authorizationRules = GUID("a1817ec0-a368-432a-8057-8371e17ac6ee")
    }

    /// Its id.
    package let id: ResourceID
    /// What people call it.
    package let displayName: String?
    /// What it enforces: a definition, or a set of definitions (an initiative).
    package let definition: ResourceID
    /// Where it holds.
    package let scope: ResourceID
    /// Whether it is enforced; `DoNotEnforce` only looks.
    package let isEnforced: Bool

    package init(id: ResourceID, displayName: String? = nil, definition: ResourceID, scope: ResourceID, isEnforced: Bool = true) {
        self.id = id
        self.displayName = displayName
        self.definition = definition
        self.scope = scope
        self.isEnforced = isEnforced
    }

    /// The path of a definition of Microsoft's.
    package static func builtIn(_ definition: GUID) -> ResourceID {
        ResourceID("/providers/Microsoft.Authorization/policyDefinitions/\(definition.canonical)")
    }
}

extension PolicyAssignment: Decodable {
    /// Reads the service's form.
    package init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        id = try fields.id("id")
        let properties = try fields.object("properties")
        displayName = try properties.optionalText("displayName")
        definition = try properties.id("policyDefinitionId")
        scope = try properties.id("scope")
        isEnforced = try properties.optionalText("enforcementMode")?.lowercased() != "donotenforce"
    }
}

extension ResourceManagerClient {
    /// The rules of Azure Policy that hold at a scope: assigned there and above.
    /// - Throws: ``AzureError``.
    package func policyAssignments(of scope: ResourceID) async throws(AzureError) -> [PolicyAssignment] {
        try await pages(
            Self.authorization(scope, "policyAssignments"), version: APIVersion.policy, query: query(filter: "atScope()"),
            operation: "Listing the assignments of Azure Policy at \(scope)"
        ).all()
    }
}
