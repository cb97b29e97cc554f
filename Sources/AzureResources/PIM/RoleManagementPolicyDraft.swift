package import Identity

/// What somebody who activates a role at a scope is to keep to: the body of the request that changes the rules of Privileged Identity Management
/// (roleManagementPolicies, PATCH, api-version 2020-10-01). Rules that are not about activating are left as they are.
package struct RoleManagementPolicyDraft: Hashable, Sendable {
    /// Somebody who may agree.
    package struct Approver: Hashable, Sendable {
        /// The person or group.
        package var id: GUID
        /// Which of both.
        package var kind: PrincipalKind
        /// What people call it.
        package var name: String

        package init(id: GUID, kind: PrincipalKind, name: String) {
            self.id = id
            self.kind = kind
            self.name = name
        }
    }

    /// The longest time.
    package var maximumDuration: Duration
    /// Whether a reason must be given.
    package var requiresJustification = false
    /// Whether a ticket must be given.
    package var requiresTicket = false
    /// Whether the sign-in must have been with more than one factor.
    package var requiresMultiFactor = false
    /// The authentication context that the sign-in must have; nil when none.
    package var authenticationContext: String?
    /// Of whom one must agree; empty when nobody is asked.
    package var approvers: [Approver] = []

    package init(maximumDuration: Duration) { self.maximumDuration = maximumDuration }

    /// The request's body.
    package var body: JSONValue { ["properties": ["rules": .array(rules)]] }

    private var rules: [JSONValue] {
        var enabled: [JSONValue] = []
        if requiresMultiFactor { enabled.append("MultiFactorAuthentication") }
        if requiresJustification { enabled.append("Justification") }
        if requiresTicket { enabled.append("Ticketing") }
        let primary = approvers.map { approver -> JSONValue in
            [
                "id": .text(approver.id.canonical), "userType": .text(approver.kind.isGroup ? "Group" : "User"), "isBackup": false,
                "description": .text(approver.name),
            ]
        }
        let stage: JSONValue = [
            "approvalStageTimeOutInDays": .integer(1), "isApproverJustificationRequired": true, "escalationTimeInMinutes": .integer(0),
            "isEscalationEnabled": false, "primaryApprovers": .array(primary), "escalationApprovers": .null,
        ]
        let setting: JSONValue = [
            "isApprovalRequired": .boolean(!approvers.isEmpty), "isApprovalRequiredForExtension": false,
            "isRequestorJustificationRequired": .boolean(requiresJustification),
            "approvalMode": approvers.isEmpty ? "NoApproval" : "SingleStage", "approvalStages": .array(approvers.isEmpty ? [] : [stage]),
        ]
        return [
            Self.rule("Expiration", ["isExpirationRequired": true, "maximumDuration": .text(ISODuration.text(maximumDuration))]),
            Self.rule("Enablement", ["enabledRules": .array(enabled)]),
            Self.rule("Approval", ["setting": setting]),
            Self.rule(
                "AuthenticationContext",
                ["isEnabled": .boolean(authenticationContext != nil), "claimValue": .text(authenticationContext ?? "")]),
        ]
    }

    private static func rule(_ name: String, _ content: JSONValue) -> JSONValue {
        content.merged(with: [
            "id": .text("\(name)_EndUser_Assignment"), "ruleType": .text("RoleManagementPolicy\(name)Rule"),
            "target": [
                "caller": "EndUser", "operations": ["All"], "level": "Assignment", "targetObjects": .null, "inheritableSettings": .null,
                "enforcedSettings": .null,
            ],
        ])
    }
}
