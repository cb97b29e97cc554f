internal import ServiceBus

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// How Privileged Identity Management writes what it knows.
extension SandboxCloud {
    private func moment(_ time: Int64?) -> CloudJSON { CloudJSON(time.map { AtomValues.moment(Timestamp(milliseconds: $0)) }) }

    /// The names of what ids stand for, so that nobody has to look them up.
    private func expanded(_ scope: AzureScope, _ role: RoleDefinition, _ principalID: String) -> CloudJSON {
        let principal = directory.principals[principalID]
        let name = scope.text.split(separator: "/").last.map(String.init) ?? "/"
        let isUser = if case .user? = principal?.kind { true } else { false }
        return [
            "scope": ["id": .string(scope.text), "displayName": .string(name), "type": "resource"],
            "roleDefinition": [
                "id": .string(role.resourceID(in: CloudSeed.subscription)), "displayName": .string(role.name), "type": "BuiltInRole",
            ],
            "principal": [
                "id": .string(principalID), "displayName": CloudJSON(principal?.displayName),
                "email": CloudJSON(isUser ? principal?.callerName : nil), "type": CloudJSON(principal?.kind.assignmentType),
            ],
        ]
    }

    func json(_ eligibility: PrivilegedAccess.Eligibility) -> CloudJSON {
        let base = "\(eligibility.scope.text)/providers/Microsoft.Authorization"
        return [
            "properties": [
                "scope": .string(eligibility.scope.text),
                "roleDefinitionId": .string(eligibility.role.resourceID(in: CloudSeed.subscription)),
                "principalId": .string(eligibility.principalID),
                "principalType": CloudJSON(directory.principals[eligibility.principalID]?.kind.assignmentType), "status": "Provisioned",
                "roleEligibilityScheduleId": .string("\(base)/RoleEligibilitySchedules/\(eligibility.id)"),
                "startDateTime": moment(eligibility.startsAt), "endDateTime": moment(eligibility.endsAt), "memberType": "Direct",
                "createdOn": moment(eligibility.startsAt), "condition": nil, "conditionVersion": nil,
                "expandedProperties": expanded(eligibility.scope, eligibility.role, eligibility.principalID),
            ],
            "name": .string(eligibility.id), "id": .string("\(base)/RoleEligibilityScheduleInstances/\(eligibility.id)"),
            "type": "Microsoft.Authorization/RoleEligibilityScheduleInstances",
        ]
    }

    func instanceJSON(_ assignment: RoleAssignment) -> CloudJSON {
        let base = "\(assignment.scope.text)/providers/Microsoft.Authorization"
        return [
            "properties": [
                "scope": .string(assignment.scope.text),
                "roleDefinitionId": .string(assignment.role.resourceID(in: CloudSeed.subscription)),
                "principalId": .string(assignment.principalID), "principalType": .string(assignment.principalType),
                "status": "Provisioned", "assignmentType": assignment.activation == nil ? "Assigned" : "Activated",
                "roleAssignmentScheduleId": .string("\(base)/RoleAssignmentSchedules/\(assignment.name)"),
                "originRoleAssignmentId": .string("\(base)/RoleAssignments/\(assignment.name)"),
                "startDateTime": moment(assignment.createdAt),
                "endDateTime": moment(assignment.effectiveUntil == .max ? nil : assignment.effectiveUntil), "memberType": "Direct",
                "createdOn": moment(assignment.createdAt), "condition": CloudJSON(assignment.condition),
                "conditionVersion": CloudJSON(assignment.conditionVersion),
                "expandedProperties": expanded(assignment.scope, assignment.role, assignment.principalID),
            ],
            "name": .string(assignment.name), "id": .string("\(base)/RoleAssignmentScheduleInstances/\(assignment.name)"),
            "type": "Microsoft.Authorization/RoleAssignmentScheduleInstances",
        ]
    }

    func json(_ request: PrivilegedAccess.Request) -> CloudJSON {
        let expiration: CloudJSON =
            request.duration.map {
                [
                    "type": "AfterDuration", "endDateTime": nil,
                    "duration": .string(XMLDuration.text(.milliseconds($0))),
                ]
            } ?? ["type": "NoExpiration", "endDateTime": nil, "duration": nil]
        return [
            "properties": [
                "targetRoleAssignmentScheduleId": .string(request.name), "targetRoleAssignmentScheduleInstanceId": nil,
                "scope": .string(request.scope.text), "roleDefinitionId": .string(request.role.resourceID(in: CloudSeed.subscription)),
                "principalId": .string(request.principalID),
                "principalType": CloudJSON(directory.principals[request.principalID]?.kind.assignmentType),
                "requestType": .string(request.kind.rawValue), "status": .string(request.status.rawValue),
                "approvalId": request.approval == nil ? .null : .string(approvalID(request)),
                "scheduleInfo": ["startDateTime": moment(request.startsAt), "expiration": expiration], "ticketInfo": request.ticket,
                "linkedRoleEligibilityScheduleId": CloudJSON(request.eligibilityID), "justification": CloudJSON(request.justification),
                "requestorId": .string(request.requestorID), "createdOn": moment(request.createdAt), "condition": nil,
                "conditionVersion": nil, "expandedProperties": expanded(request.scope, request.role, request.principalID),
            ],
            "name": .string(request.name),
            "id": .string("\(request.scope.text)/providers/Microsoft.Authorization/RoleAssignmentScheduleRequests/\(request.name)"),
            "type": "Microsoft.Authorization/RoleAssignmentScheduleRequests",
        ]
    }

    /// What taking a role asks for, as rules with their fixed names.
    func policyJSON(_ role: RoleDefinition, _ scope: AzureScope) -> CloudJSON {
        let base = "\(scope.text)/providers/Microsoft.Authorization"
        let name = Self.policyName(role)
        return [
            "properties": [
                "scope": .string(scope.text), "roleDefinitionId": .string(role.resourceID(in: CloudSeed.subscription)),
                "policyId": .string("\(base)/roleManagementPolicies/\(name)"), "effectiveRules": .array(policyRules(role, scope)),
                "policyAssignmentProperties": nil,
            ],
            "name": .string(name), "id": .string("\(base)/RoleManagementPolicyAssignment/\(name)"),
            "type": "Microsoft.Authorization/RoleManagementPolicyAssignment",
        ]
    }

    static func policyName(_ role: RoleDefinition) -> String { "\(CloudSeed.tenant)_\(role.id)" }

    /// The rules that hold for whoever takes a role at a scope.
    func policyRules(_ role: RoleDefinition, _ scope: AzureScope) -> [CloudJSON] {
        let policy = privileged.policy(of: role, at: scope, namespace: namespaceScope)
        func rule(_ id: String, _ type: String, _ more: [CloudJSON.Member]) -> CloudJSON {
            let target: CloudJSON = [
                "caller": "EndUser", "operations": ["All"], "level": "Assignment", "targetObjects": nil, "inheritableSettings": nil,
                "enforcedSettings": nil,
            ]
            return .object(
                more + [
                    .init(key: "id", value: .string(id)), .init(key: "ruleType", value: .string(type)), .init(key: "target", value: target),
                ])
        }
        var enabled: [CloudJSON] = []
        if policy.needsJustification { enabled.append("Justification") }
        if policy.needsTicket { enabled.append("Ticketing") }
        if policy.needsMultiFactor { enabled.append("MultiFactorAuthentication") }
        let context = switches.activationContext ? "c1" : policy.context
        let approvers: [CloudJSON] = policy.approvers.map { id in
            let isGroup = directory.principals[id]?.kind == .group
            return [
                "userType": isGroup ? "Group" : "User", "isBackup": false, "id": .string(id),
                "description": CloudJSON(directory.principals[id]?.displayName),
            ]
        }
        let setting: CloudJSON = [
            "isApprovalRequired": .bool(!policy.approvers.isEmpty), "isApprovalRequiredForExtension": false,
            "isRequestorJustificationRequired": true, "approvalMode": "SingleStage",
            "approvalStages": [
                [
                    "approvalStageTimeOutInDays": 1, "isApproverJustificationRequired": true, "escalationTimeInMinutes": 0,
                    "primaryApprovers": .array(approvers), "isEscalationEnabled": false, "escalationApprovers": nil,
                ]
            ],
        ]
        return [
            rule(
                "Expiration_EndUser_Assignment", "RoleManagementPolicyExpirationRule",
                [
                    .init(key: "isExpirationRequired", value: true),
                    .init(key: "maximumDuration", value: .string(XMLDuration.text(.milliseconds(policy.longest)))),
                ]),
            rule(
                "Enablement_EndUser_Assignment", "RoleManagementPolicyEnablementRule", [.init(key: "enabledRules", value: .array(enabled))]),
            rule("Approval_EndUser_Assignment", "RoleManagementPolicyApprovalRule", [.init(key: "setting", value: setting)]),
            rule(
                "AuthenticationContext_EndUser_Assignment", "RoleManagementPolicyAuthenticationContextRule",
                [
                    .init(key: "isEnabled", value: .bool(context != nil)),
                    .init(key: "claimValue", value: .string(context ?? "")),
                ]),
        ]
    }
}

/// Moments as clients write them: RFC 3339.
enum MomentText {
    /// Milliseconds since 1970; nil for a text that is no moment.
    static func milliseconds(_ text: String) -> Int64? {
        guard text.utf8.count <= 40 else { return nil }
        // Fractions of a second have any number of digits; none of them matters here.
        var whole = text
        if let dot = text.firstIndex(of: ".") {
            let rest = text[text.index(after: dot)...].drop { $0.isASCII && $0.isNumber }
            whole = text[..<dot] + String(rest)
        }
        guard let date = try? Date(whole, strategy: .iso8601) else { return nil }
        let seconds = date.timeIntervalSince1970
        return abs(seconds) < 1e12 ? Int64(seconds) * 1000 : nil
    }
}
