internal import RESTClient

/// Which role or deny assignments to list, seen from a scope.
public enum RoleAssignmentFilter: Hashable, Sendable {
    /// All at the scope, above it and below it.
    case all
    /// At the scope and above it.
    case atScope
    /// Of one identity, itself and through groups, at the scope and above it; `below` adds what lies below.
    case assignedTo(GUID, below: Bool)
    /// Of one identity itself, at the scope, above and below it.
    case principal(GUID)

    /// The value of `$filter`; nil for none.
    package var text: String? {
        switch self {
        case .all: nil
        case .atScope: "atScope()"
        case .assignedTo(let id, below: false): "atScope() and assignedTo(\(ODataText.literal(id.text)))"
        case .assignedTo(let id, below: true): "assignedTo(\(ODataText.literal(id.text)))"
        // `atScope()` cannot be combined with it.
        case .principal(let id): "principalId eq \(ODataText.literal(id.text))"
        }
    }
}

extension ResourceManagerClient {
    static func authorization(_ scope: ResourceID, _ parts: String...) -> ResourceID {
        ResourceID(scope.text + "/providers/Microsoft.Authorization/" + parts.joined(separator: "/"))
    }

    func query(filter: String?) -> [(name: String, value: String)] { filter.map { [("$filter", $0)] } ?? [] }

    // MARK: Role assignments

    /// Role assignments seen from a scope.
    /// - Parameter isWanted: which of them.
    /// - Throws: ``AzureError``.
    public func roleAssignments(
        _ filter: RoleAssignmentFilter, of scope: ResourceID, where isWanted: ((RoleAssignment) -> Bool)? = nil
    ) async throws(AzureError) -> [RoleAssignment] {
        let pages = pages(
            Self.authorization(scope, "roleAssignments"), of: RoleAssignment.self, version: APIVersion.authorization,
            query: query(filter: filter.text),
            operation: "Listing the role assignments of \(scope)"
        )
        return if let isWanted { try await pages.matching(isWanted) } else { try await pages.all() }
    }

    /// One role assignment.
    /// - Throws: ``AzureError``.
    public func roleAssignment(_ id: ResourceID) async throws(AzureError) -> RoleAssignment {
        try await get(id, version: APIVersion.authorization, operation: "Reading the role assignment \(id)")
    }

    /// Gives a role.
    /// - Parameters:
    ///   - draft: what, and to whom.
    ///   - scope: where.
    ///   - name: the GUID under which it is to be known; the same one again does no harm.
    /// - Throws: ``AzureError``; ``AzureError/existingRoleAssignment`` names one that is in the way.
    public func createRoleAssignment(
        _ draft: RoleAssignmentDraft, at scope: ResourceID, name: GUID
    ) async throws(AzureError) -> Correlated<RoleAssignment> {
        try await change(
            .put, Self.authorization(scope, "roleAssignments", name.canonical), version: APIVersion.authorization, body: draft.body,
            operation: "Assigning the role \(draft.roleDefinitionID.name) at \(scope)")
    }

    /// Takes a role away.
    /// - Returns: false when there was no such assignment.
    /// - Throws: ``AzureError``.
    public func deleteRoleAssignment(_ id: ResourceID) async throws(AzureError) -> Correlated<Bool> {
        let answer = try await send(.delete, id, version: APIVersion.authorization, operation: "Removing the role assignment \(id)")
        // 204 says that it was not there.
        return Correlated(answer.status != 204, correlationID: Self.correlationID(answer))
    }

    // MARK: Roles

    /// All roles that can be assigned at a scope.
    /// - Throws: ``AzureError``.
    public func roleDefinitions(at scope: ResourceID) async throws(AzureError) -> [RoleDefinition] {
        try await pages(
            Self.authorization(scope, "roleDefinitions"), version: APIVersion.authorization, operation: "Listing the roles of \(scope)"
        ).all()
    }

    /// The role of an id, as role assignments name it.
    /// - Throws: ``AzureError``.
    public func roleDefinition(_ id: ResourceID) async throws(AzureError) -> RoleDefinition {
        try await get(id, version: APIVersion.authorization, operation: "Reading the role \(id)")
    }

    // MARK: Deny assignments

    /// Deny assignments seen from a scope. Those of resources below one are listed by their Azure subscription, without a filter.
    /// - Throws: ``AzureError``.
    public func denyAssignments(_ filter: RoleAssignmentFilter, of scope: ResourceID) async throws(AzureError) -> [DenyAssignment] {
        try await pages(
            Self.authorization(scope, "denyAssignments"), version: APIVersion.authorization, query: query(filter: filter.text),
            operation: "Listing the deny assignments of \(scope)"
        ).all()
    }
}
