public import Identity

/// A request of Privileged Identity Management: to activate, give or take away a role (roleAssignmentScheduleRequests).
public struct RoleScheduleRequest: Hashable, Sendable {
    /// Its id.
    public let id: ResourceID
    /// Where the role is to hold.
    public let scope: ResourceID
    /// The role's full id.
    public let roleDefinitionID: ResourceID
    /// Who is to have it.
    public let principal: GUID
    /// What kind of identity that is.
    public let principalKind: PrincipalKind
    /// What is asked for.
    public let kind: ScheduleRequestKind
    /// Where it stands.
    public let status: ScheduleStatus
    /// The approval that decides about it; nil when none is needed.
    public let approval: ResourceID?
    /// From when to when; nil where a role is taken away.
    public let schedule: ScheduleInfo?
    /// The ticket.
    public let ticket: TicketInfo?
    /// Why.
    public let justification: String?
    /// Who asked.
    public let requestor: GUID?
    /// When.
    public let createdAt: WallTime?
    /// The condition under which the role is to hold, as text.
    public let condition: String?
    /// The schedule that came of it.
    public let targetSchedule: String?
    /// Names of everything in it.
    public let names: ExpandedNames?

    /// The role's own GUID.
    public var role: GUID { GUID(roleDefinitionID.name) }
}

extension RoleScheduleRequest: Decodable {
    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        id = try fields.id("id")
        let properties = try fields.object("properties")
        scope = try properties.id("scope")
        roleDefinitionID = try properties.id("roleDefinitionId")
        principal = try properties.guid("principalId")
        principalKind = try properties.optional("principalType") ?? .unknown
        kind = try properties.required("requestType")
        status = try properties.required("status")
        approval = try properties.optionalID("approvalId")
        schedule = try properties.optional("scheduleInfo")
        let ticketInfo: TicketInfo? = try properties.optional("ticketInfo")
        // A request without a ticket has an object of nulls.
        ticket = ticketInfo == TicketInfo(number: nil, system: nil) ? nil : ticketInfo
        justification = try properties.optionalText("justification")
        requestor = try properties.optionalGUID("requestorId")
        createdAt = try properties.time("createdOn")
        condition = try properties.optionalText("condition").flatMap { $0.isEmpty ? nil : $0 }
        targetSchedule = try properties.optionalText("targetRoleAssignmentScheduleId")
        names = try ExpandedNames.read(properties)
    }
}

/// What a request is to ask for: the body that is sent. The GUID under which it is sent makes repeating it harmless.
public struct RoleScheduleRequestDraft: Hashable, Sendable {
    /// Who is to have the role: for an activation the person, never the group through which they are eligible, or all of its members would have it.
    public var principal: GUID
    /// The role's full id.
    public var roleDefinitionID: ResourceID
    /// What is asked for.
    public var kind: ScheduleRequestKind
    /// The eligibility that is activated or given up: a GUID.
    public var linkedEligibilitySchedule: String?
    /// Why.
    public var justification: String?
    /// The ticket.
    public var ticket: TicketInfo?
    /// From when to when.
    public var schedule: ScheduleInfo?
    /// The condition under which the role is to hold, as text.
    public var condition: String?
    /// The version of the conditions' language.
    public var conditionVersion: String

    /// A draft.
    public init(
        _ kind: ScheduleRequestKind, principal: GUID, roleDefinitionID: ResourceID, linkedEligibilitySchedule: String? = nil,
        justification: String? = nil, ticket: TicketInfo? = nil, schedule: ScheduleInfo? = nil, condition: String? = nil,
        conditionVersion: String = "2.0"
    ) {
        self.kind = kind
        self.principal = principal
        self.roleDefinitionID = roleDefinitionID
        self.linkedEligibilitySchedule = linkedEligibilitySchedule
        self.justification = justification
        self.ticket = ticket
        self.schedule = schedule
        self.condition = condition
        self.conditionVersion = conditionVersion
    }

    /// The request's body.
    package var body: JSONValue {
        var properties: [String: JSONValue] = [
            "principalId": .text(principal.text), "roleDefinitionId": .text(roleDefinitionID.text), "requestType": .text(kind.rawValue),
        ]
        if let linkedEligibilitySchedule { properties["linkedRoleEligibilityScheduleId"] = .text(linkedEligibilitySchedule) }
        if let justification { properties["justification"] = .text(justification) }
        if let ticket { properties["ticketInfo"] = ticket.body }
        if let schedule { properties["scheduleInfo"] = schedule.body }
        if let condition {
            properties["condition"] = .text(condition)
            properties["conditionVersion"] = .text(conditionVersion)
        }
        return ["properties": .object(properties)]
    }
}
