public import Identity

/// Names that Privileged Identity Management sends along, so that nobody has to ask the directory.
public struct ExpandedNames: Hashable, Sendable {
    /// The identity's name.
    public let principalName: String?
    /// The identity's address.
    public let principalEmail: String?
    /// The role's name.
    public let roleName: String?
    /// The scope's name.
    public let scopeName: String?
    /// What kind of thing the scope is.
    public let scopeKind: String?

    /// Reads them from the properties of a schedule; nil when there are none.
    static func read(_ properties: JSONFields) throws -> ExpandedNames? {
        guard let expanded = try properties.optionalObject("expandedProperties") else { return nil }
        let principal = try expanded.optionalObject("principal")
        let scope = try expanded.optionalObject("scope")
        return ExpandedNames(
            principalName: try principal?.optionalCommonText("displayName"), principalEmail: try principal?.optionalCommonText("email"),
            roleName: try expanded.optionalObject("roleDefinition")?.optionalCommonText("displayName"),
            scopeName: try scope?.optionalCommonText("displayName"),
            scopeKind: try scope?.optionalCommonText("type"))
    }
}

/// A role that somebody has now, with its end (roleAssignmentScheduleInstances), or may activate (roleEligibilityScheduleInstances).
public struct RoleScheduleInstance: Hashable, Sendable {
    /// How a role that is in force came to be.
    public struct AssignmentKind: ServiceWord {
        /// As the service wrote it.
        public let rawValue: String
        /// A word as the service wrote it.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// By activating an eligibility.
        public static let activated = AssignmentKind(rawValue: "Activated")
        /// By being assigned.
        public static let assigned = AssignmentKind(rawValue: "Assigned")
        /// The words that have names.
        public static let known: [AssignmentKind] = [activated, assigned]
    }

    /// What an instance is about.
    public enum Standing: Hashable, Sendable {
        /// The role is in force.
        case assignment(AssignmentKind?)
        /// The role may be activated.
        case eligibility
    }

    /// Its id.
    public let id: ResourceID
    /// Whether the role is in force.
    public let standing: Standing
    /// Where it holds.
    public let scope: ResourceID
    /// The role's full id.
    public let roleDefinitionID: ResourceID
    /// Who has it.
    public let principal: GUID
    /// What kind of identity that is.
    public let principalKind: PrincipalKind
    /// Where it stands.
    public let status: ScheduleStatus?
    /// When it begins.
    public let startsAt: WallTime?
    /// When it ends; nil when it does not.
    public let endsAt: WallTime?
    /// How the identity comes to it.
    public let membership: ScheduleMembership?
    /// The role assignment that stands behind it; nil for eligibilities.
    public let originRoleAssignment: ResourceID?
    /// The schedule it belongs to: what an activation names.
    public let schedule: ResourceID?
    /// The condition under which it holds, as text.
    public let condition: String?
    /// When it was made.
    public let createdAt: WallTime?
    /// Names of everything in it.
    public let names: ExpandedNames?

    /// The role's own GUID.
    public var role: GUID { GUID(roleDefinitionID.name) }

    package init(
        id: ResourceID, standing: Standing, scope: ResourceID, roleDefinitionID: ResourceID, principal: GUID, principalKind: PrincipalKind,
        startsAt: WallTime? = nil, endsAt: WallTime?, membership: ScheduleMembership = .direct, originRoleAssignment: ResourceID? = nil
    ) {
        self.id = id
        self.standing = standing
        self.scope = scope
        self.roleDefinitionID = roleDefinitionID
        self.principal = principal
        self.principalKind = principalKind
        self.status = .provisioned
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.membership = membership
        self.originRoleAssignment = originRoleAssignment
        self.schedule = nil
        self.condition = nil
        self.createdAt = startsAt
        self.names = nil
    }
}

extension RoleScheduleInstance: Decodable {
    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        id = try fields.id("id")
        let properties = try fields.object("properties")
        let eligibility = try properties.optionalID("roleEligibilityScheduleId")
        schedule = try eligibility ?? properties.optionalID("roleAssignmentScheduleId")
        standing = eligibility == nil ? .assignment(try properties.optional("assignmentType")) : .eligibility
        scope = try properties.commonID("scope")
        roleDefinitionID = try properties.commonID("roleDefinitionId")
        principal = try properties.guid("principalId")
        principalKind = try properties.optional("principalType") ?? .unknown
        status = try properties.optional("status")
        startsAt = try properties.time("startDateTime")
        endsAt = try properties.time("endDateTime")
        membership = try properties.optional("memberType")
        originRoleAssignment = try properties.optionalCommonID("originRoleAssignmentId")
        condition = try properties.optionalText("condition").flatMap { $0.isEmpty ? nil : $0 }
        createdAt = try properties.time("createdOn")
        names = try ExpandedNames.read(properties)
    }
}
