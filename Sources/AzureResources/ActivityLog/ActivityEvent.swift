public import Identity

/// An entry of Azure's Activity Log: who asked Azure Resource Manager for a change, and what came of it. Nobody in the tenant can alter it.
///
/// Messages are not here: what is sent, received and peeked goes past Azure Resource Manager.
public struct ActivityEvent: Hashable, Sendable {
    /// Its id.
    public let id: String
    /// What joins it to the request: `x-ms-correlation-request-id` of the answer.
    public let correlationID: String?
    /// Who asked: a sign-in name, or the object id of an application.
    public let caller: String?
    /// Who asked: the object id from the token.
    public let callerObjectID: GUID?
    /// From which address.
    public let callerAddress: String?
    /// With which application.
    public let callerApplication: GUID?
    /// What was asked, such as `Microsoft.Authorization/roleAssignments/write`.
    public let operation: String
    /// Where the action was allowed: the scope that was checked.
    public let authorizedScope: ResourceID?
    /// What it was done to.
    public let resource: ResourceID?
    /// `Started`, `Accepted`, `Succeeded`, `Failed`.
    public let status: String?
    /// The HTTP status in words.
    public let subStatus: String?
    /// `Informational`, `Warning`, `Error`, `Critical`.
    public let level: String?
    /// `Administrative`, `Policy`, `Security`...
    public let category: String?
    /// When it happened.
    public let happenedAt: WallTime
    /// When it was written down; minutes later.
    public let submittedAt: WallTime?
    /// The body of a request about access (Microsoft.Authorization), as text; nil for all others, whose bodies can hold keys.
    public let requestBody: String?
}

extension ActivityEvent: Decodable {
    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        func word(_ name: String) throws -> String? { try fields.optionalObject(name)?.optionalText("value") }
        id = try fields.text("eventDataId")
        correlationID = try fields.optionalText("correlationId")
        caller = try fields.optionalText("caller")
        let claims = try fields.optionalObject("claims")
        callerObjectID = try claims?.optionalGUID("http://schemas.microsoft.com/identity/claims/objectidentifier")
        callerAddress = try claims?.optionalText("ipaddr")
        callerApplication = try claims?.optionalGUID("appid")
        operation = try fields.object("operationName").text("value")
        authorizedScope = try fields.optionalObject("authorization")?.optionalID("scope")
        resource = try fields.optionalID("resourceId")
        status = try word("status")
        subStatus = try word("subStatus")
        level = try fields.optionalText("level")
        category = try word("category")
        guard let time = try fields.time("eventTimestamp") else { throw fields.mismatch("eventTimestamp", "a time") }
        happenedAt = time
        submittedAt = try fields.time("submissionTimestamp")
        let isAboutAccess = operation.lowercased().hasPrefix("microsoft.authorization/")
        requestBody = isAboutAccess ? try fields.optionalObject("properties")?.optionalText("requestbody") : nil
    }
}

/// Which entries of the Activity Log to fetch. The service keeps 90 days and takes exactly one of these restrictions beside the time.
public struct ActivityQuery: Hashable, Sendable {
    /// What restricts it.
    public enum Restriction: Hashable, Sendable {
        /// Everything in the subscription.
        case all
        /// A resource group, by its name.
        case resourceGroup(String)
        /// One resource.
        case resource(ResourceID)
        /// A resource provider, such as `Microsoft.ServiceBus`.
        case resourceProvider(String)
        /// All that belongs to one request.
        case correlation(String)
    }

    /// From when on.
    public var from: WallTime
    /// Until when; nil for now.
    public var to: WallTime?
    /// What restricts it.
    public var restriction: Restriction

    /// A query.
    public init(from: WallTime, to: WallTime? = nil, _ restriction: Restriction = .all) {
        self.from = from
        self.to = to
        self.restriction = restriction
    }

    /// The value of `$filter`.
    package var filter: String {
        var parts = ["eventTimestamp ge '\(from.rfc3339)'"]
        if let to { parts.append("eventTimestamp le '\(to.rfc3339)'") }
        switch restriction {
        case .all: break
        case .resourceGroup(let name): parts.append("resourceGroupName eq \(ODataText.literal(name))")
        case .resource(let id): parts.append("resourceUri eq \(ODataText.literal(id.text))")
        case .resourceProvider(let name): parts.append("resourceProvider eq \(ODataText.literal(name))")
        case .correlation(let id): parts.append("correlationId eq \(ODataText.literal(id))")
        }
        return parts.joined(separator: " and ")
    }
}

/// Texts in the filters of Azure's services (OData).
enum ODataText {
    /// A text between quotes, quotes in it doubled.
    static func literal(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }
}
