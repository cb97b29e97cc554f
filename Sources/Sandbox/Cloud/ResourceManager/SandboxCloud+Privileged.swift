internal import ServiceBus

/// Privileged Identity Management for Azure resources, api-version 2020-10-01, its approvals 2021-01-01-preview.
extension SandboxCloud {
    typealias Request = PrivilegedAccess.Request

    func answerPrivileged(_ call: ResourceManagerCall, _ scope: AzureScope, _ rest: [String]) throws(ResourceManagerError) -> CloudResponse
    {
        privileged.expire(at: now)
        let words = rest.map { $0.lowercased() }
        switch (call.request.method, words.first ?? "", words.count) {
        case ("GET", "roleeligibilityscheduleinstances", 1), ("GET", "roleeligibilityschedules", 1):
            return try listEligibilities(call, scope)
        case ("GET", "roleassignmentscheduleinstances", 1), ("GET", "roleassignmentschedules", 1): return try listInstances(call, scope)
        case ("GET", "roleassignmentschedulerequests", 1): return try listRequests(call, scope)
        case ("GET", "roleassignmentschedulerequests", 2):
            guard let request = privileged.request(words[1]), isVisible(request, call) else { throw Self.noRequest }
            return answer(json(request))
        case ("PUT", "roleassignmentschedulerequests", 2): return try putRequest(call, scope, words[1])
        case ("POST", "roleassignmentschedulerequests", 3) where words[2] == "validate":
            return answer(json(try checkedRequest(call, scope, words[1])))
        case ("POST", "roleassignmentschedulerequests", 3) where words[2] == "cancel": return try cancel(call, words[1])
        case ("PUT", "roleeligibilityschedulerequests", 2): return try putEligibility(call, scope, words[1])
        case ("GET", "rolemanagementpolicyassignments", 1): return try listPolicies(call, scope)
        case ("GET", "eligiblechildresources", 1): return try list(eligibleChildren(of: scope, call), call)
        case (_, "roleassignmentapprovals", 2...): return try answerApproval(call, words)
        default: throw .notFound(String(call.request.path))
        }
    }

    private static let noRequest = ResourceManagerError(
        404, "RoleAssignmentScheduleRequestNotFound", "The role assignment schedule request is not found.")

    private static let tooMany = ResourceManagerError(429, "TooManyRequests", "Too many requests wait for a decision.")

    // MARK: Lists

    private enum Whose {
        case target
        case approver
        case requestor
        case principal(Set<String>)
        case anybody(atScopeOnly: Bool)
    }

    private func whose(_ call: ResourceManagerCall) throws(ResourceManagerError) -> Whose {
        var whose = Whose.anybody(atScopeOnly: false)
        for filter in call.filters {
            switch filter.name {
            case "astarget": whose = .target
            case "asapprover": whose = .approver
            case "asrequestor": whose = .requestor
            case "atscope": if case .anybody = whose { whose = .anybody(atScopeOnly: true) }
            case "principalid eq": whose = .principal([filter.value.lowercased()])
            case "assignedto": whose = .principal(directory.withGroups(filter.value.lowercased()))
            // What only narrows a list that is short anyway.
            case "status eq", "roledefinitionid eq": break
            default: throw Self.unknownFilter(call)
            }
        }
        return whose
    }

    /// Whether something about a principal at a scope belongs in a list.
    private func isListed(_ whose: Whose, principal: String, at own: AzureScope, from scope: AzureScope, _ call: ResourceManagerCall)
        -> Bool
    {
        guard own.contains(scope) || scope.contains(own) else { return false }
        switch whose {
        case .target: return call.caller.principals.contains(principal)
        case .principal(let ids): return ids.contains(principal)
        case .anybody(let atScopeOnly): return !atScopeOnly || own.contains(scope)
        case .approver, .requestor: return true
        }
    }

    /// Everybody may look at what is theirs; at others' only who may read roles there.
    private func checkList(_ whose: Whose, _ type: String, _ scope: AzureScope, _ call: ResourceManagerCall) throws(ResourceManagerError) {
        switch whose {
        case .target, .approver, .requestor: return
        case .principal(let ids) where ids.contains(call.caller.principal.id): return
        case .principal, .anybody: try require("Microsoft.Authorization/\(type)/read", on: scope, call)
        }
    }

    private func listEligibilities(_ call: ResourceManagerCall, _ scope: AzureScope) throws(ResourceManagerError) -> CloudResponse {
        let whose = try whose(call)
        try checkList(whose, "roleEligibilityScheduleInstances", scope, call)
        let shown = privileged.eligibilities.filter {
            $0.isCurrent(at: now) && isListed(whose, principal: $0.principalID, at: $0.scope, from: scope, call)
        }
        return try list(shown.map { json($0) }, call)
    }

    private func listInstances(_ call: ResourceManagerCall, _ scope: AzureScope) throws(ResourceManagerError) -> CloudResponse {
        let whose = try whose(call)
        try checkList(whose, "roleAssignmentScheduleInstances", scope, call)
        let shown = assignments.listed(at: now).filter { isListed(whose, principal: $0.principalID, at: $0.scope, from: scope, call) }
        return try list(shown.map { instanceJSON($0) }, call)
    }

    private func listRequests(_ call: ResourceManagerCall, _ scope: AzureScope) throws(ResourceManagerError) -> CloudResponse {
        let whose = try whose(call)
        try checkList(whose, "roleAssignmentScheduleRequests", scope, call)
        let shown = privileged.requests.filter { request in
            switch whose {
            case .approver: mayDecide(request, call) && request.status == .pending
            case .requestor: request.requestorID == call.caller.principal.id
            case .target, .principal, .anybody: isListed(whose, principal: request.principalID, at: request.scope, from: scope, call)
            }
        }
        return try list(shown.map { json($0) }, call)
    }

    private func listPolicies(_ call: ResourceManagerCall, _ scope: AzureScope) throws(ResourceManagerError) -> CloudResponse {
        var roles = RoleDefinition.all
        for filter in call.filters where filter.name == "roledefinitionid eq" {
            roles = RoleDefinition.find(filter.value).map { [$0] } ?? []
        }
        // Whoever may take a role may see what that asks for.
        let isEligible = privileged.eligibilities.contains {
            $0.isCurrent(at: now) && call.caller.principals.contains($0.principalID) && $0.scope.contains(scope)
        }
        if !isEligible { try require("Microsoft.Authorization/roleManagementPolicyAssignments/read", on: scope, call) }
        return try list(roles.map { policyJSON($0, scope) }, call)
    }

    // MARK: Requests

    private func putRequest(_ call: ResourceManagerCall, _ scope: AzureScope, _ name: String) throws(ResourceManagerError) -> CloudResponse
    {
        if let same = privileged.request(name), same.requestorID == call.caller.principal.id { return answer(json(same), status: 201) }
        guard privileged.request(name) == nil else {
            throw ResourceManagerError(409, "RoleAssignmentRequestExists", "There is a request of this name already.")
        }
        let request = try checkedRequest(call, scope, name)
        // Before anything is given or taken: what is refused changes nothing.
        guard privileged.hasRoom else { throw Self.tooMany }
        switch request.kind {
        case .selfActivate, .adminAssign: if request.status == .provisioned { provision(request) }
        case .selfDeactivate, .adminRemove:
            guard let active = activation(of: request) else {
                throw ResourceManagerError(400, "RoleAssignmentDoesNotExist", "The Role assignment does not exist.")
            }
            if request.kind == .selfDeactivate, now - active.createdAt < PrivilegedAccess.shortestActivation {
                throw ResourceManagerError(400, "ActiveDurationTooShort", "The active duration is too short.")
            }
            _ = assignments.remove(active.name, at: active.scope, effective: propagated)
            recordOwn("Microsoft.Authorization/roleAssignments/delete", active, at: now)
        }
        guard privileged.add(request) else { throw Self.tooMany }
        let resource = scope.appending("providers/Microsoft.Authorization/roleAssignmentScheduleRequests/\(name)")
        record("Microsoft.Authorization/roleAssignmentScheduleRequests/write", resource, call, status: 201)
        return answer(json(request), status: 201)
    }

    /// The request as it will be, or why it cannot be.
    private func checkedRequest(_ call: ResourceManagerCall, _ scope: AzureScope, _ name: String) throws(ResourceManagerError) -> Request {
        guard Self.isGUID(name) else { throw .badRequest("The name of a request must be a GUID.") }
        try checkScope(scope)
        let properties = try call.properties()
        guard let kind = properties["requestType"]?.text.flatMap({ Request.Kind(rawValue: $0) }) else {
            throw ResourceManagerError(400, "InvalidRoleAssignmentRequest", "The requestType is not one that is supported here.")
        }
        guard let role = properties["roleDefinitionId"]?.text.flatMap({ RoleDefinition.find($0) }) else {
            throw ResourceManagerError(404, "RoleDefinitionDoesNotExist", "The specified role definition does not exist.")
        }
        guard let principalID = properties["principalId"]?.text?.lowercased(), directory.principals[principalID] != nil else {
            throw ResourceManagerError(400, "PrincipalNotFound", "The principal does not exist in the directory \(CloudSeed.tenant).")
        }
        let schedule = properties["scheduleInfo"]
        let start = schedule?["startDateTime"]?.text.flatMap { MomentText.milliseconds($0) } ?? now
        var duration: Int64?
        switch schedule?["expiration"]?["type"]?.text {
        case "AfterDuration":
            guard case .milliseconds(let length)? = schedule?["expiration"]?["duration"]?.text.flatMap({ ISODuration.parse($0) }) else {
                throw ResourceManagerError(400, "InvalidRoleAssignmentRequestSchedule", "The duration of the schedule is not valid.")
            }
            duration = length
        case "AfterDateTime":
            guard let end = schedule?["expiration"]?["endDateTime"]?.text.flatMap({ MomentText.milliseconds($0) }), end > max(start, now)
            else {
                throw ResourceManagerError(400, "InvalidRoleAssignmentRequestSchedule", "The end of the schedule is not valid.")
            }
            duration = end - max(start, now)
        default: duration = nil
        }
        var request = Request(
            name: name, kind: kind, status: .provisioned, scope: scope, role: role, principalID: principalID,
            requestorID: call.caller.principal.id, justification: properties["justification"]?.text.map { String($0.prefix(1024)) },
            ticket: [
                "ticketNumber": CloudJSON((properties["ticketInfo"]?["ticketNumber"]?.text).map { String($0.prefix(256)) }),
                "ticketSystem": CloudJSON((properties["ticketInfo"]?["ticketSystem"]?.text).map { String($0.prefix(256)) }),
            ], startsAt: max(start, now), duration: duration, createdAt: now)
        switch kind {
        case .selfActivate: try checkActivation(&request, call)
        case .selfDeactivate:
            guard principalID == call.caller.principal.id else { throw Self.notOwn }
            request.status = .revoked
        case .adminAssign, .adminRemove:
            let resource = scope.appending("providers/Microsoft.Authorization/roleAssignmentScheduleRequests/\(name)")
            try require("Microsoft.Authorization/roleAssignmentScheduleRequests/write", on: resource, call)
            if kind == .adminRemove { request.status = .revoked } else { try checkNotActive(request) }
        }
        return request
    }

    private static let notOwn = ResourceManagerError(
        400, "InvalidRoleAssignmentRequest", "The principal of the request must be the caller, not a group and nobody else.")

    private func checkActivation(_ request: inout Request, _ call: ResourceManagerCall) throws(ResourceManagerError) {
        guard request.principalID == call.caller.principal.id else { throw Self.notOwn }
        let scope = request.scope
        let role = request.role
        // The one that lies closest decides what it takes.
        let eligibility = privileged.eligibilities.filter {
            $0.isCurrent(at: now) && $0.role == role && $0.scope.contains(scope) && call.caller.principals.contains($0.principalID)
        }.max { $0.scope.key.utf8.count < $1.scope.key.utf8.count }
        let policy = privileged.policy(of: role, at: eligibility?.scope ?? scope, namespace: namespaceScope)
        var failed: [String] = []
        if eligibility == nil { failed.append("EligibilityRule") }
        let lasts = request.duration ?? .max
        if lasts > policy.longest || lasts < PrivilegedAccess.shortestActivation { failed.append("ExpirationRule") }
        if policy.needsJustification, (request.justification ?? "").isEmpty { failed.append("JustificationRule") }
        if policy.needsTicket, request.ticket["ticketNumber"] == nil { failed.append("TicketingRule") }
        if policy.needsMultiFactor, call.caller.token.claims["amr"]?.elements.contains("mfa") != true { failed.append("MfaRule") }
        guard failed.isEmpty else {
            throw ResourceManagerError(
                400, "RoleAssignmentRequestPolicyValidationFailed",
                "The following policy rules failed: [\(failed.map { "\"\($0)\"" }.joined(separator: ","))]")
        }
        if let context = switches.activationContext ? "c1" : policy.context, !call.caller.contexts.contains(context) {
            throw ResourceManagerError(
                400, "RoleAssignmentRequestAcrsValidationFailed",
                "&claims=%7B%22access_token%22%3A%7B%22acrs%22%3A%7B%22essential%22%3Atrue%2C%20%22value%22%3A%22\(context)%22%7D%7D%7D")
        }
        try checkNotActive(request)
        let isWaiting = privileged.requests.contains {
            $0.status == .pending && $0.principalID == request.principalID && $0.role == role && $0.scope == scope
        }
        guard !isWaiting else {
            throw ResourceManagerError(400, "PendingRoleAssignmentRequest", "There is already an existing pending Role assignment request.")
        }
        request.eligibilityID = eligibility?.id
        guard !policy.approvers.isEmpty else { return }
        request.status = .pending
        request.approval = PrivilegedAccess.Approval(id: CallID.make(), stageID: CallID.make(), approvers: policy.approvers)
    }

    private func checkNotActive(_ request: Request) throws(ResourceManagerError) {
        let isActive = assignments.listed(at: now).contains {
            $0.principalID == request.principalID && $0.role == request.role && $0.scope == request.scope
        }
        if isActive { throw ResourceManagerError(400, "RoleAssignmentExists", "The Role assignment already exists.") }
    }

    /// The assignment that a request is about.
    private func activation(of request: Request) -> RoleAssignment? {
        assignments.listed(at: now).first {
            $0.principalID == request.principalID && $0.role == request.role && $0.scope == request.scope
                && (request.kind == .adminRemove || $0.activation != nil)
        }
    }

    /// Gives a role for as long as was asked; Azure itself ends it.
    private func provision(_ request: Request) {
        let start = max(request.startsAt, now)
        let (end, overflow) = start.addingReportingOverflow(request.duration ?? .max)
        let assignment = RoleAssignment(
            name: CallID.make(), scope: request.scope, role: request.role, principalID: request.principalID,
            principalType: directory.principals[request.principalID]?.kind.assignmentType ?? "User", createdAt: start,
            createdBy: request.approval?.reviewer ?? request.requestorID,
            effectiveFrom: start + Int64(switches.propagationMilliseconds), effectiveUntil: overflow ? .max : end, activation: request.name)
        assignments.add(assignment)
        recordOwn("Microsoft.Authorization/roleAssignments/write", assignment, at: now)
    }

    private func cancel(_ call: ResourceManagerCall, _ name: String) throws(ResourceManagerError) -> CloudResponse {
        guard var request = privileged.request(name), request.requestorID == call.caller.principal.id else { throw Self.noRequest }
        guard request.status == .pending else {
            throw ResourceManagerError(400, "RoleAssignmentRequestCannotBeCanceled", "The request has been decided already.")
        }
        request.status = .canceled
        privileged.update(request)
        let resource = request.scope.appending("providers/Microsoft.Authorization/roleAssignmentScheduleRequests/\(request.name)")
        record("Microsoft.Authorization/roleAssignmentScheduleRequests/cancel/action", resource, call, status: 200)
        return CloudResponse(status: 200)
    }

    private func putEligibility(_ call: ResourceManagerCall, _ scope: AzureScope, _ name: String) throws(ResourceManagerError)
        -> CloudResponse
    {
        let resource = scope.appending("providers/Microsoft.Authorization/roleEligibilityScheduleRequests/\(name)")
        try require("Microsoft.Authorization/roleEligibilityScheduleRequests/write", on: resource, call)
        let request = try checkedRequest(call, scope, name)
        switch request.kind {
        case .adminAssign:
            guard privileged.eligibilities.count < PrivilegedAccess.maximumEligibilities else {
                throw ResourceManagerError(400, "RoleAssignmentLimitExceeded", "No more eligibilities can be created.")
            }
            privileged.eligibilities.append(
                PrivilegedAccess.Eligibility(
                    id: CallID.make(), scope: scope, role: request.role, principalID: request.principalID, startsAt: request.startsAt,
                    endsAt: request.duration.map { request.startsAt + $0 }))
        case .adminRemove:
            privileged.eligibilities.removeAll { $0.scope == scope && $0.role == request.role && $0.principalID == request.principalID }
        case .selfActivate, .selfDeactivate: throw .badRequest("Eligibility is given by others.")
        }
        record("Microsoft.Authorization/roleEligibilityScheduleRequests/write", resource, call, status: 201)
        return answer(json(request), status: 201)
    }

    // MARK: Decisions

    /// Whether the caller is asked: one of the approvers, a person, and not who wants the role.
    private func mayDecide(_ request: Request, _ call: ResourceManagerCall) -> Bool {
        guard let approval = request.approval, request.requestorID != call.caller.principal.id,
            request.principalID != call.caller.principal.id,
            case .user = call.caller.principal.kind
        else { return false }
        return approval.approvers.contains(where: call.caller.principals.contains)
    }

    private func isVisible(_ request: Request, _ call: ResourceManagerCall) -> Bool {
        request.requestorID == call.caller.principal.id || request.principalID == call.caller.principal.id || mayDecide(request, call)
            || assignments.allow(
                call.caller.principals, "Microsoft.Authorization/roleAssignmentScheduleRequests/read", on: request.scope, at: now)
    }

    private func answerApproval(_ call: ResourceManagerCall, _ words: [String]) throws(ResourceManagerError) -> CloudResponse {
        guard var request = privileged.requests.first(where: { $0.approval?.id == words[1] }), var approval = request.approval,
            isVisible(request, call)
        else { throw ResourceManagerError(404, "ApprovalNotFound", "The approval is not found.") }
        switch (call.request.method, words.count) {
        case ("GET", 2):
            return answer([
                "id": .string(approvalID(request)), "type": "Microsoft.Authorization/roleAssignmentApprovals", "name": .string(approval.id),
                "properties": ["stages": [stageJSON(request, call)]],
            ])
        case ("GET", 3) where words[2] == "stages": return try list([stageJSON(request, call)], call)
        case ("GET", 4) where words[2] == "stages" && words[3] == approval.stageID: return answer(stageJSON(request, call))
        case ("PATCH", 4), ("PUT", 4):
            guard words[2] == "stages", words[3] == approval.stageID else {
                throw ResourceManagerError(404, "ApprovalStageNotFound", "The stage of the approval is not found.")
            }
            guard request.requestorID != call.caller.principal.id else {
                throw ResourceManagerError(400, "SelfApprovalNotAllowed", "Approvers cannot approve their own requests.")
            }
            guard mayDecide(request, call) else {
                throw ResourceManagerError(403, "AuthorizationFailed", "The caller is not an approver of this request.")
            }
            guard request.status == .pending else {
                throw ResourceManagerError(400, "ApprovalAlreadyCompleted", "The request has been decided, or its time is over.")
            }
            let properties = try call.properties()
            guard let justification = properties["justification"]?.text, !justification.isEmpty else {
                throw ResourceManagerError(400, "JustificationRequired", "A decision needs a justification.")
            }
            guard let result = properties["reviewResult"]?.text, ["Approve", "Deny"].contains(result) else {
                throw .badRequest("The reviewResult must be Approve or Deny.")
            }
            approval.reviewer = call.caller.principal.id
            approval.reviewedAt = now
            approval.result = result
            approval.justification = String(justification.prefix(1024))
            request.approval = approval
            request.status = result == "Approve" ? .provisioned : .denied
            // The time that was asked for counts from when it was granted.
            request.startsAt = max(request.startsAt, now)
            privileged.update(request)
            if request.status == .provisioned { provision(request) }
            record("Microsoft.Authorization/roleAssignmentApprovals/stages/write", AzureScope(approvalID(request)), call, status: 200)
            return answer(stageJSON(request, call))
        default: throw .noOperation
        }
    }

    func approvalID(_ request: Request) -> String {
        "\(request.scope.text)/providers/Microsoft.Authorization/roleAssignmentApprovals/\(request.approval?.id ?? "")"
    }

    private func stageJSON(_ request: Request, _ call: ResourceManagerCall) -> CloudJSON {
        let approval = request.approval
        let reviewer = approval?.reviewer.flatMap { directory.principals[$0] }
        let status = request.status == .pending ? "InProgress" : approval?.result == nil ? "Expired" : "Completed"
        return [
            "id": .string("\(approvalID(request))/stages/\(approval?.stageID ?? "")"),
            "type": "Microsoft.Authorization/roleAssignmentApprovals/stages", "name": CloudJSON(approval?.stageID),
            "properties": [
                "displayName": nil, "status": .string(status), "assignedToMe": .bool(mayDecide(request, call)),
                "reviewedBy": reviewer.map {
                    [
                        "principalType": "user", "principalId": .string($0.id), "principalName": .string($0.displayName),
                        "userPrincipalName": .string($0.callerName),
                    ]
                } ?? .null,
                "reviewedDateTime": CloudJSON(approval?.reviewedAt.map { AtomValues.moment(Timestamp(milliseconds: $0)) }),
                "reviewResult": .string(approval?.result ?? "NotReviewed"), "justification": .string(approval?.justification ?? ""),
            ],
        ]
    }
}
