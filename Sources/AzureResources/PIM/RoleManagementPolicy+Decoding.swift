extension RoleManagementPolicy: Decodable {
    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        id = try fields.id("id")
        let properties = try fields.object("properties")
        scope = try properties.id("scope")
        roleDefinitionID = try properties.id("roleDefinitionId")
        policy = try properties.optionalText("policyId").map { ResourceID($0) }
        rules = try properties.list("effectiveRules")
        roleName = try properties.optionalObject("policyAssignmentProperties")?.optionalObject("roleDefinition")?.optionalText(
            "displayName")
    }
}

extension RoleManagementPolicy.Rule: Decodable {
    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        id = try fields.text("id")
        let kind = try fields.text("ruleType")
        switch kind.lowercased() {
        case "rolemanagementpolicyexpirationrule":
            content = .expiration(
                isRequired: try fields.optional("isExpirationRequired") ?? false, maximum: try fields.duration("maximumDuration"))
        case "rolemanagementpolicyenablementrule": content = .enablement(try fields.list("enabledRules"))
        case "rolemanagementpolicyapprovalrule": content = .approval(try fields.required("setting"))
        case "rolemanagementpolicyauthenticationcontextrule":
            let claim = try fields.optionalText("claimValue").flatMap { $0.isEmpty ? nil : $0 }
            content = .authenticationContext(isEnabled: try fields.optional("isEnabled") ?? false, claimValue: claim)
        default: content = .other(kind: kind)
        }
    }
}

extension RoleManagementPolicy.Approval: Decodable {
    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        isRequired = try fields.optional("isApprovalRequired") ?? false
        mode = try fields.optionalText("approvalMode")
        stages = try fields.list("approvalStages")
    }
}

extension RoleManagementPolicy.Stage: Decodable {
    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        timeOutInDays = try fields.optional("approvalStageTimeOutInDays")
        isJustificationRequired = try fields.optional("isApproverJustificationRequired") ?? false
        approvers = try fields.list("primaryApprovers")
    }
}

extension RoleManagementPolicy.Approver: Decodable {
    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        id = try fields.guid("id")
        name = try fields.optionalText("description")
        kind = try fields.optional("userType") ?? .unknown
    }
}
