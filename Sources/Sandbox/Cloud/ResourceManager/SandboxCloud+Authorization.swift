internal import ServiceBus

/// Microsoft.Authorization: role assignments and definitions, deny assignments, a caller's own permissions.
extension SandboxCloud {
    func answerAuthorization(_ call: ResourceManagerCall, _ scope: AzureScope, _ rest: [String]) throws(ResourceManagerError)
        -> CloudResponse
    {
        guard let type = rest.first?.lowercased() else { throw .notFound(String(call.request.path)) }
        let name = rest.count > 1 ? rest[1].lowercased() : nil
        switch (type, rest.count) {
        case ("roleassignments", 1): return try listAssignments(call, scope)
        case ("roleassignments", 2): return try answerAssignment(call, scope, name ?? "")
        case ("roleassignments", 3) where rest[2].lowercased() == "validate": return try validateAssignment(call, scope, name ?? "")
        case ("roledefinitions", 1): return try listDefinitions(call, scope)
        case ("roledefinitions", 2):
            guard call.request.method == "GET" else { throw .noOperation }
            guard let role = RoleDefinition.find(name ?? "") else {
                throw ResourceManagerError(
                    404, "RoleDefinitionDoesNotExist", "The specified role definition with ID '\((name ?? "").prefix(100))' does not exist."
                )
            }
            return answer(role.json(in: CloudSeed.subscription))
        case ("denyassignments", 1):
            return try listDenials(call, scope)
        case ("permissions", 1):
            let roles = assignments.all.filter {
                $0.isEffective(at: now) && call.caller.principals.contains($0.principalID) && $0.scope.contains(scope)
            }
            return try list(roles.map { $0.role.permission.json }, call)
        case ("rolemanagementpolicies", 2): return try answerRolePolicy(call, scope, name ?? "")
        case ("policyassignments", 1...2): return try answerPolicyAssignments(call, scope, rest.count > 1 ? rest[1] : nil)
        default: return try answerPrivileged(call, scope, rest)
        }
    }

    // MARK: Lists

    private func listDefinitions(_ call: ResourceManagerCall, _ scope: AzureScope) throws(ResourceManagerError) -> CloudResponse {
        guard call.request.method == "GET" else { throw .noOperation }
        var roles = RoleDefinition.all
        for filter in call.filters {
            switch filter.name {
            case "rolename eq": roles = roles.filter { $0.name.lowercased() == filter.value.lowercased() }
            case "type eq": roles = filter.value.lowercased() == "builtinrole" ? roles : []
            case "atscope", "atscopeandbelow": break
            default: throw Self.unknownFilter(call)
            }
        }
        return try list(roles.map { $0.json(in: CloudSeed.subscription) }, call)
    }

    private func listAssignments(_ call: ResourceManagerCall, _ scope: AzureScope) throws(ResourceManagerError) -> CloudResponse {
        guard call.request.method == "GET" else { throw .noOperation }
        try require("Microsoft.Authorization/roleAssignments/read", on: scope, call)
        let filter = try assignmentFilter(call)
        let shown = assignments.listed(at: now).filter {
            filter.reaches($0.scope, from: scope) && filter.principals?.contains($0.principalID) ?? true
        }
        return try list(shown.map { json($0) }, call)
    }

    private func listDenials(_ call: ResourceManagerCall, _ scope: AzureScope) throws(ResourceManagerError) -> CloudResponse {
        guard call.request.method == "GET" else { throw .noOperation }
        try require("Microsoft.Authorization/denyAssignments/read", on: scope, call)
        let filter = try assignmentFilter(call)
        let shown = assignments.denied.filter { denial in
            guard filter.reaches(denial.scope, from: scope) else { return false }
            guard let principals = filter.principals else { return true }
            // Whoever asks what holds for somebody means what holds for everybody as well.
            return denial.principals.contains { principals.contains($0) || filter.isThroughGroups && $0 == DenyAssignment.everyone }
        }
        return try list(shown.map { json($0) }, call)
    }

    /// Which assignments a list shows.
    private struct AssignmentFilter {
        var isAtScope = false
        var principals: Set<String>?
        var isThroughGroups = false

        /// Whether what is assigned at a scope is shown to who asks at another: at it, above, and below unless it is left out.
        func reaches(_ assigned: AzureScope, from scope: AzureScope) -> Bool {
            assigned.contains(scope) || !isAtScope && scope.contains(assigned)
        }
    }

    /// Reads `atScope()`, `principalId eq 'x'`, `assignedTo('x')` and `atScope() and assignedTo('x')`; without a filter all is shown.
    private func assignmentFilter(_ call: ResourceManagerCall) throws(ResourceManagerError) -> AssignmentFilter {
        var result = AssignmentFilter()
        var isByPrincipal = false
        for filter in call.filters {
            switch filter.name {
            case "atscope": result.isAtScope = true
            case "principalid eq":
                isByPrincipal = true
                result.principals = [filter.value.lowercased()]
            case "assignedto":
                result.isThroughGroups = true
                result.principals = directory.withGroups(filter.value.lowercased())
            default: throw Self.unknownFilter(call)
            }
        }
        // The service takes these two apart from each other only.
        guard !(isByPrincipal && (result.isAtScope || result.isThroughGroups)) else { throw Self.unknownFilter(call) }
        return result
    }

    static func unknownFilter(_ call: ResourceManagerCall) -> ResourceManagerError {
        ResourceManagerError(
            400, "UnsupportedQuery", "The filter '\((call.request.parameter("$filter") ?? "").prefix(200))' is not supported.")
    }

    // MARK: One assignment

    private func answerAssignment(
        _ call: ResourceManagerCall, _ scope: AzureScope, _ name: String
    ) throws(ResourceManagerError) -> CloudResponse {
        let resource = scope.appending("providers/Microsoft.Authorization/roleAssignments/\(name)")
        switch call.request.method {
        case "GET":
            try require("Microsoft.Authorization/roleAssignments/read", on: resource, call)
            guard let assignment = assignments.named(name, at: scope, now: now) else {
                throw ResourceManagerError(404, "RoleAssignmentNotFound", "The role assignment '\(name.prefix(100))' is not found.")
            }
            return answer(json(assignment))
        case "PUT":
            try require("Microsoft.Authorization/roleAssignments/write", on: resource, call, request: try? requested(call))
            let (assignment, isNew) = try checkedAssignment(call, scope, name)
            if isNew { assignments.add(assignment) }
            record("Microsoft.Authorization/roleAssignments/write", resource, call, status: isNew ? 201 : 200)
            // Who made it is known to later readers only.
            var body = json(assignment)
            if let properties = body["properties"] { body = body.setting("properties", properties.setting("createdBy", nil)) }
            return answer(body, status: isNew ? 201 : 200)
        case "DELETE":
            try require(
                "Microsoft.Authorization/roleAssignments/delete", on: resource, call,
                resource: assignments.named(name, at: scope, now: now)?.attributes)
            guard let removed = assignments.remove(name, at: scope, effective: propagated) else { return CloudResponse(status: 204) }
            record("Microsoft.Authorization/roleAssignments/delete", resource, call, status: 200)
            return answer(json(removed))
        default: throw .noOperation
        }
    }

    /// When a change made now begins to count.
    var propagated: Int64 { now + Int64(switches.propagationMilliseconds) }

    /// What the body of a request asks for, as conditions see it; of what is not there or not known they see nothing.
    private func requested(_ call: ResourceManagerCall) throws(ResourceManagerError) -> RoleCondition.Attributes {
        let properties = try call.properties()
        let principalID = properties["principalId"]?.text?.lowercased() ?? ""
        return .init(
            roleDefinitionID: properties["roleDefinitionId"]?.text.flatMap { RoleDefinition.find($0)?.id } ?? "", principalID: principalID,
            principalType: properties["principalType"]?.text ?? directory.principals[principalID]?.kind.assignmentType ?? "")
    }

    /// `POST …/roleAssignments/{name}/validate`: whether the same as a PUT would be done. Who may not do it at all is refused all the same.
    private func validateAssignment(
        _ call: ResourceManagerCall, _ scope: AzureScope, _ name: String
    ) throws(ResourceManagerError) -> CloudResponse {
        guard call.request.method == "POST" else { throw .noOperation }
        let resource = scope.appending("providers/Microsoft.Authorization/roleAssignments/\(name)")
        try require("Microsoft.Authorization/roleAssignments/write", on: resource, call, request: try? requested(call))
        do throws(ResourceManagerError) {
            _ = try checkedAssignment(call, scope, name)
        } catch {
            return answer(["isValid": false, "errorInfo": ["code": .string(error.code), "message": .string(error.message)]])
        }
        return answer(["isValid": true, "errorInfo": nil])
    }

    /// The assignment that a request asks for, after every check; nothing is changed.
    private func checkedAssignment(
        _ call: ResourceManagerCall, _ scope: AzureScope, _ name: String
    ) throws(ResourceManagerError) -> (RoleAssignment, isNew: Bool) {
        guard Self.isGUID(name) else {
            throw ResourceManagerError(
                400, "InvalidRoleAssignmentId",
                "The role assignment ID '\(name.prefix(100))' is not valid. The role assignment ID must be a GUID.")
        }
        try checkScope(scope)
        let properties = try call.properties()
        guard let roleID = properties["roleDefinitionId"]?.text, let role = RoleDefinition.find(roleID) else {
            throw ResourceManagerError(
                404, "RoleDefinitionDoesNotExist",
                "The specified role definition with ID '\((properties["roleDefinitionId"]?.text ?? "").prefix(200))' does not exist.")
        }
        guard let principalID = properties["principalId"]?.text?.lowercased(), Self.isGUID(principalID) else {
            throw ResourceManagerError(
                400, "InvalidPrincipalId",
                "The Principal ID '\((properties["principalId"]?.text ?? "").prefix(100))' is not valid. Principal ID must be a GUID.")
        }
        guard let principal = directory.principals[principalID] else {
            throw ResourceManagerError(
                400, "PrincipalNotFound",
                "Principal \(principalID.filter { $0 != "-" }) does not exist in the directory \(CloudSeed.tenant). Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group."
            )
        }
        if let type = properties["principalType"]?.text, type != principal.kind.assignmentType {
            throw ResourceManagerError(
                400, "UnmatchedPrincipalType",
                "The PrincipalId '\(principalID)' has type '\(principal.kind.assignmentType)', which is different from specified PrinciaplType '\(type.prefix(40))'."
            )
        }
        let listed = assignments.listed(at: now)
        if let existing = listed.first(where: { $0.scope == scope && $0.role == role && $0.principalID == principalID }) {
            // The same again, under its own name, changes nothing.
            if existing.name == name { return (existing, false) }
            throw ResourceManagerError(
                409, "RoleAssignmentExists",
                "The role assignment already exists. The ID of the existing role assignment is \(existing.name.filter { $0 != "-" }).")
        }
        guard !listed.contains(where: { $0.name == name }) else {
            throw ResourceManagerError(
                409, "RoleAssignmentUpdateNotPermitted", "Tenant ID, application ID, principal ID, and scope are not allowed to be updated."
            )
        }
        guard listed.count < RoleAssignments.maximum else {
            throw ResourceManagerError(400, "RoleAssignmentLimitExceeded", "No more role assignments can be created.")
        }
        let condition = properties["condition"]?.text.flatMap { $0.isEmpty ? nil : $0 }
        let restriction = try condition.map { (text) throws(ResourceManagerError) in
            try self.restriction(text, version: properties["conditionVersion"]?.text)
        }
        let assignment = RoleAssignment(
            name: name, scope: scope, role: role, principalID: principalID, principalType: principal.kind.assignmentType,
            description: properties["description"]?.text.map { String($0.prefix(1024)) },
            condition: condition, conditionVersion: condition == nil ? nil : "2.0", restriction: restriction, createdAt: now,
            createdBy: call.caller.principal.id, effectiveFrom: propagated)
        return (assignment, true)
    }

    /// A condition that can be held to. One that cannot is refused: an assignment that said more than it does would be worse than none.
    private func restriction(_ text: String, version: String?) throws(ResourceManagerError) -> RoleCondition {
        guard version == "2.0" else {
            throw .badRequest("The condition version '\((version ?? "").prefix(20))' is not supported. It must be '2.0'.")
        }
        do throws(RoleCondition.Fault) { return try RoleCondition(text) } catch {
            throw .badRequest("The role assignment condition is not valid: \(error.description).")
        }
    }

    /// Roles are given on what is there: the subscription, the resource group, the namespace, its entities.
    func checkScope(_ scope: AzureScope) throws(ResourceManagerError) {
        let subscription = AzureScope("/subscriptions/\(CloudSeed.subscription)")
        let group = subscription.appending("resourceGroups/\(CloudSeed.resourceGroup)")
        if [subscription, group, namespaceScope].contains(scope) { return }
        guard namespaceScope.contains(scope), let path = entityPath(of: scope), (try? broker.snapshot(of: path)) != nil else {
            throw .notFound(scope.description)
        }
    }

    /// The entity a scope in the namespace is; nil for anything else.
    func entityPath(of scope: AzureScope) -> String? {
        guard namespaceScope.contains(scope), scope != namespaceScope else { return nil }
        let parts = scope.text.dropFirst(namespaceScope.text.count + 1).split(separator: "/").map(String.init)
        let name = parts.count > 1 ? String(parts[1].map { $0 == "~" ? "/" : $0 }) : ""
        switch (parts.first?.lowercased(), parts.count) {
        case ("queues", 2), ("topics", 2): return name
        case ("topics", 4) where parts[2].lowercased() == "subscriptions": return EntityAddress.subscription(parts[3], of: name).path
        default: return nil
        }
    }

    static func isGUID(_ text: String) -> Bool {
        let groups = text.split(separator: "-", omittingEmptySubsequences: false)
        return groups.map(\.utf8.count) == [8, 4, 4, 4, 12] && groups.allSatisfy { $0.allSatisfy(\.isHexDigit) && $0.allSatisfy(\.isASCII) }
    }

    // MARK: JSON

    func json(_ assignment: RoleAssignment) -> CloudJSON {
        let created = CloudJSON.string(AtomValues.moment(Timestamp(milliseconds: assignment.createdAt)))
        return [
            "properties": [
                "roleDefinitionId": .string(assignment.role.resourceID(in: CloudSeed.subscription)),
                "principalId": .string(assignment.principalID), "principalType": .string(assignment.principalType),
                "scope": .string(assignment.scope.description), "condition": CloudJSON(assignment.condition),
                "conditionVersion": CloudJSON(assignment.conditionVersion), "createdOn": created, "updatedOn": created,
                "createdBy": .string(assignment.createdBy), "updatedBy": .string(assignment.createdBy),
                "delegatedManagedIdentityResourceId": nil, "description": CloudJSON(assignment.description),
            ],
            "id": .string("\(assignment.scope.text)/providers/Microsoft.Authorization/roleAssignments/\(assignment.name)"),
            "type": "Microsoft.Authorization/roleAssignments", "name": .string(assignment.name),
        ]
    }

    private func json(_ denial: DenyAssignment) -> CloudJSON {
        func principals(_ ids: [String]) -> CloudJSON {
            .array(
                ids.map { id in
                    let type = id == DenyAssignment.everyone ? "SystemDefined" : directory.principals[id]?.kind.assignmentType ?? "Unknown"
                    return ["id": .string(id), "type": .string(type)]
                })
        }
        return [
            "properties": [
                "denyAssignmentName": .string(denial.displayName), "description": nil, "permissions": [denial.permission.json],
                "scope": .string(denial.scope.description), "doNotApplyToChildScopes": false, "principals": principals(denial.principals),
                "excludePrincipals": principals(denial.excluded), "isSystemProtected": true,
            ],
            "id": .string("\(denial.scope.text)/providers/Microsoft.Authorization/denyAssignments/\(denial.name)"),
            "type": "Microsoft.Authorization/denyAssignments", "name": .string(denial.name),
        ]
    }
}
