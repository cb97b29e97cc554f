public import Identity

/// A role, given to an identity at a scope and everything below (Microsoft.Authorization/roleAssignments).
///
/// Never changes. A class, since an estate has tens of thousands, and each of them stands in several lists.
public final class RoleAssignment: Decodable, Sendable {
    /// Its id: the scope, and behind it the provider and a GUID.
    public let id: ResourceID
    /// The GUID that is its name.
    public var name: GUID { GUID(id.name) }
    /// The role's full id, as the service wrote it.
    public let roleDefinitionID: ResourceID
    /// Who has the role.
    public let principal: GUID
    /// What kind of identity that is.
    public let principalKind: PrincipalKind
    /// Where, and below which, it holds.
    public let scope: ResourceID
    /// The condition (ABAC) under which it holds, as text; nil when there is none.
    public let condition: String?
    /// The version of the conditions' language.
    public let conditionVersion: String?
    /// A note of whoever made it.
    public let note: String?
    /// When it was made.
    public let createdAt: WallTime?
    /// When it was last changed.
    public let updatedAt: WallTime?
    /// The object id of whoever made it, stamped by Azure; nil in the answer to its making.
    public let createdBy: GUID?
    /// The object id of whoever changed it last.
    public let updatedBy: GUID?

    /// The role's own GUID, the same in all scopes: what is compared.
    public var role: GUID { GUID(roleDefinitionID.name) }

    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        id = try fields.commonID("id")
        let properties = try fields.object("properties")
        roleDefinitionID = try properties.commonID("roleDefinitionId")
        principal = try properties.guid("principalId")
        principalKind = try properties.optional("principalType") ?? .unknown
        scope = try properties.commonID("scope")
        condition = try properties.optionalText("condition").flatMap { $0.isEmpty ? nil : $0 }
        conditionVersion = try properties.optionalText("conditionVersion")
        note = try properties.optionalText("description")
        createdAt = try properties.time("createdOn")
        updatedAt = try properties.time("updatedOn")
        createdBy = try properties.optionalGUID("createdBy")
        updatedBy = try properties.optionalGUID("updatedBy")
    }

    package init(
        id: ResourceID, roleDefinitionID: ResourceID, principal: GUID, principalKind: PrincipalKind, scope: ResourceID,
        condition: String? = nil,
        note: String? = nil, createdAt: WallTime? = nil, createdBy: GUID? = nil
    ) {
        self.id = id
        self.roleDefinitionID = roleDefinitionID
        self.principal = principal
        self.principalKind = principalKind
        self.scope = scope
        self.condition = condition
        self.conditionVersion = condition == nil ? nil : "2.0"
        self.note = note
        self.createdAt = createdAt
        self.updatedAt = createdAt
        self.createdBy = createdBy
        self.updatedBy = createdBy
    }
}

extension RoleAssignment: Hashable {
    /// Whether everything in both is the same.
    public static func == (a: RoleAssignment, b: RoleAssignment) -> Bool {
        a === b
            || a.id == b.id && a.roleDefinitionID == b.roleDefinitionID && a.principal == b.principal && a.principalKind == b.principalKind
                && a.scope == b.scope && a.condition == b.condition && a.conditionVersion == b.conditionVersion && a.note == b.note
                && a.createdAt == b.createdAt && a.updatedAt == b.updatedAt && a.createdBy == b.createdBy && a.updatedBy == b.updatedBy
    }

    /// Hashes what tells nearly all of them apart.
    public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

/// What a role assignment is to be: the body of the request that makes one.
public struct RoleAssignmentDraft: Hashable, Sendable {
    /// The role's full id, such as `/subscriptions/{s}/providers/Microsoft.Authorization/roleDefinitions/{GUID}`.
    public var roleDefinitionID: ResourceID
    /// Who is to have it.
    public var principal: GUID
    /// What kind of identity that is: said where it is known, since Azure otherwise refuses identities that were made a moment ago.
    public var principalKind: PrincipalKind
    /// A note, such as an ``GrantNote``.
    public var note: String?
    /// The condition under which it holds.
    public var condition: String?

    /// A draft.
    public init(roleDefinitionID: ResourceID, principal: GUID, principalKind: PrincipalKind, note: String? = nil, condition: String? = nil)
    {
        self.roleDefinitionID = roleDefinitionID
        self.principal = principal
        self.principalKind = principalKind
        self.note = note
        self.condition = condition
    }

    /// The request's body.
    package var body: JSONValue {
        var properties: [String: JSONValue] = [
            "roleDefinitionId": .text(roleDefinitionID.text), "principalId": .text(principal.text),
        ]
        // Azure looks up what it is not told, and refuses what is wrong.
        if principalKind != .unknown { properties["principalType"] = .text(principalKind.rawValue) }
        if let note { properties["description"] = .text(note) }
        if let condition {
            properties["condition"] = .text(condition)
            properties["conditionVersion"] = "2.0"
        }
        return ["properties": .object(properties)]
    }
}
