internal import RESTClient

/// Which schedules or requests of Privileged Identity Management to list.
public enum ScheduleFilter: Hashable, Sendable {
    /// All at the scope, above and below it.
    case all
    /// At the scope and above it.
    case atScope
    /// The caller's own.
    case asTarget
    /// Those that the caller may decide about.
    case asApprover
    /// Those that the caller made.
    case asRequestor
    /// Of one identity.
    case principal(GUID)
    /// Of one identity, itself and through groups.
    case assignedTo(GUID)

    /// The value of `$filter`; nil for none.
    package var text: String? {
        switch self {
        case .all: nil
        case .atScope: "atScope()"
        case .asTarget: "asTarget()"
        case .asApprover: "asApprover()"
        case .asRequestor: "asRequestor()"
        case .principal(let id): "principalId eq \(ODataText.literal(id.text))"
        case .assignedTo(let id): "assignedTo(\(ODataText.literal(id.text)))"
        }
    }
}

extension ResourceManagerClient {
    /// Roles in force with their ends, seen from a scope.
    /// - Parameter isWanted: which of them: of a large estate most have no end.
    /// - Throws: ``AzureError``.
    public func roleAssignmentScheduleInstances(
        _ filter: ScheduleFilter, of scope: ResourceID, where isWanted: ((RoleScheduleInstance) -> Bool)? = nil
    ) async throws(AzureError) -> [RoleScheduleInstance] {
        let pages = pages(
            Self.authorization(scope, "roleAssignmentScheduleInstances"), of: RoleScheduleInstance.self, version: APIVersion.schedules,
            query: query(filter: filter.text),
            operation: "Listing the active roles of \(scope)"
        )
        return if let isWanted { try await pages.matching(isWanted) } else { try await pages.all() }
    }

    /// Until when roles in force last, seen from a scope: what ``roleAssignmentScheduleInstances(_:of:)`` says of that, of a page at a time.
    /// - Throws: ``AzureError``.
    public func roleTerms(_ filter: ScheduleFilter, of scope: ResourceID) async throws(AzureError) -> [RoleTerm] {
        try await pages(
            Self.authorization(scope, "roleAssignmentScheduleInstances"), of: RoleScheduleInstance.self, version: APIVersion.schedules,
            query: query(filter: filter.text), operation: "Listing the active roles of \(scope)"
        ).all { RoleTerm($0) }
    }

    /// Roles that can be activated, seen from a scope; ``ResourceID/root`` for all of the tenant.
    /// - Throws: ``AzureError``; its code `AadPremiumLicenseRequired` says that the tenant has no Privileged Identity Management.
    public func roleEligibilityScheduleInstances(
        _ filter: ScheduleFilter, of scope: ResourceID
    ) async throws(AzureError) -> [RoleScheduleInstance] {
        try await pages(
            Self.authorization(scope, "roleEligibilityScheduleInstances"), version: APIVersion.schedules, query: query(filter: filter.text),
            operation: "Listing the eligible roles of \(scope)"
        ).all()
    }

    /// Requests for roles, seen from a scope.
    /// - Throws: ``AzureError``.
    public func roleScheduleRequests(_ filter: ScheduleFilter, of scope: ResourceID) async throws(AzureError) -> [RoleScheduleRequest] {
        try await pages(
            Self.authorization(scope, "roleAssignmentScheduleRequests"), version: APIVersion.schedules, query: query(filter: filter.text),
            operation: "Listing the role requests of \(scope)"
        ).all()
    }

    /// The stages of an approval, as a request names it (``RoleScheduleRequest/approval``).
    /// - Throws: ``AzureError``.
    public func approvalStages(of approval: ResourceID) async throws(AzureError) -> [RoleAssignmentApproval.Stage] {
        try await pages(
            approval.appending("stages"), version: APIVersion.approvals, operation: "Reading the stages of the approval \(approval)"
        ).all()
    }

    /// One stage of an approval.
    /// - Throws: ``AzureError``.
    public func approvalStage(_ id: ResourceID) async throws(AzureError) -> RoleAssignmentApproval.Stage {
        try await get(id, version: APIVersion.approvals, operation: "Reading the stage of the approval \(id)")
    }

    /// One request for a role.
    /// - Throws: ``AzureError``.
    public func roleScheduleRequest(_ id: ResourceID) async throws(AzureError) -> RoleScheduleRequest {
        try await get(id, version: APIVersion.schedules, operation: "Reading the role request \(id)")
    }

    /// What lies below a scope and the caller is eligible for a role on.
    /// - Parameter kind: only resources of this type, such as `resourcegroup`; nil for all.
    /// - Throws: ``AzureError``.
    public func eligibleChildResources(of scope: ResourceID, kind: String? = nil) async throws(AzureError) -> [EligibleResource] {
        try await pages(
            Self.authorization(scope, "eligibleChildResources"), version: APIVersion.schedules,
            query: query(filter: kind.map { "resourceType eq \(ODataText.literal($0))" }),
            operation: "Listing what can be asked for below \(scope)"
        ).all()
    }

    /// The rules that apply to a role at a scope; nil when the service names none.
    /// - Throws: ``AzureError``.
    public func roleManagementPolicy(of role: ResourceID, at scope: ResourceID) async throws(AzureError) -> RoleManagementPolicy? {
        try await pages(
            Self.authorization(scope, "roleManagementPolicyAssignments"), of: RoleManagementPolicy.self, version: APIVersion.schedules,
            query: query(filter: "roleDefinitionId eq \(ODataText.literal(role.text))"),
            operation: "Reading the rules of the role \(role.name) at \(scope)"
        ).all().first
    }
}
