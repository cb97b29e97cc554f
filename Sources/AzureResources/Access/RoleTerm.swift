public import Identity

/// What a schedule says of a role in force: who has it where, and until when.
///
/// Of a large estate these are kept, and not the schedules (``RoleScheduleInstance``): most of what those hold is ids that nothing is looked up by.
public struct RoleTerm: Hashable, Sendable {
    /// Where it holds.
    public let scope: ResourceID
    /// The role's own GUID.
    public let role: GUID
    /// Who has it.
    public let principal: GUID
    /// What kind of identity that is.
    public let principalKind: PrincipalKind
    /// Whether it was activated, and not assigned.
    public let isActivation: Bool
    /// When it ends; nil when it does not.
    public let endsAt: WallTime?
    /// The role assignment that stands behind it, where the service says so.
    public let assignment: ResourceID?
    /// The identity's name.
    public let principalName: String?
    /// The identity's address.
    public let principalEmail: String?

    /// What a schedule says; nil for one of a role that is not in force.
    public init?(_ schedule: RoleScheduleInstance) {
        guard case .assignment(let kind) = schedule.standing else { return nil }
        scope = schedule.scope
        role = schedule.role
        principal = schedule.principal
        principalKind = schedule.principalKind
        isActivation = kind == .activated
        endsAt = schedule.endsAt
        assignment = schedule.originRoleAssignment
        principalName = schedule.names?.principalName
        principalEmail = schedule.names?.principalEmail
    }
}
