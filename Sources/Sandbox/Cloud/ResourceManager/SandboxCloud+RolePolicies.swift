/// roleManagementPolicies: what taking a role asks for, read and changed. Rules that are not about whoever takes it are accepted and not kept.
extension SandboxCloud {
    func answerRolePolicy(_ call: ResourceManagerCall, _ scope: AzureScope, _ name: String) throws(ResourceManagerError) -> CloudResponse {
        guard let role = RoleDefinition.all.first(where: { Self.policyName($0) == name }) else {
            throw ResourceManagerError(404, "RoleManagementPolicyNotFound", "The role management policy is not found.")
        }
        try checkScope(scope)
        let resource = scope.appending("providers/Microsoft.Authorization/roleManagementPolicies/\(name)")
        switch call.request.method {
        case "GET": try require("Microsoft.Authorization/roleManagementPolicies/read", on: resource, call)
        case "PATCH":
            try require("Microsoft.Authorization/roleManagementPolicies/write", on: resource, call)
            let policy = try changed(privileged.policy(of: role, at: scope, namespace: namespaceScope), by: try call.properties())
            guard privileged.set(policy, of: role, at: scope) else {
                throw ResourceManagerError(429, "TooManyRequests", "The rules of too many places have been changed.")
            }
            record("Microsoft.Authorization/roleManagementPolicies/write", resource, call, status: 200)
        default: throw .noOperation
        }
        return answer([
            "id": .string(resource.text), "name": .string(name), "type": "Microsoft.Authorization/roleManagementPolicies",
            "properties": ["scope": .string(scope.text), "effectiveRules": .array(policyRules(role, scope))],
        ])
    }

    /// A policy with what the rules of a request say.
    private func changed(_ old: PrivilegedAccess.Policy, by properties: CloudJSON) throws(ResourceManagerError) -> PrivilegedAccess.Policy {
        func invalid(_ what: String) -> ResourceManagerError {
            ResourceManagerError(400, "InvalidRoleManagementPolicyRule", "The rule is not valid: \(what.prefix(200)).")
        }
        var policy = old
        let rules = properties["rules"]?.elements ?? []
        guard !rules.isEmpty, rules.count <= 50 else { throw invalid("there must be some, and at most 50") }
        for rule in rules {
            switch rule["id"]?.text ?? "" {
            case "Expiration_EndUser_Assignment":
                guard let text = rule["maximumDuration"]?.text, case .milliseconds(let longest)? = ISODuration.parse(text),
                    longest >= PrivilegedAccess.shortestActivation, longest <= 86_400_000
                else { throw invalid("an activation lasts between five minutes and a day") }
                policy.longest = longest
            case "Enablement_EndUser_Assignment":
                let words = rule["enabledRules"]?.elements.compactMap(\.text) ?? []
                policy.needsJustification = words.contains("Justification")
                policy.needsTicket = words.contains("Ticketing")
                policy.needsMultiFactor = words.contains("MultiFactorAuthentication")
            case "Approval_EndUser_Assignment":
                guard let setting = rule["setting"], let isRequired = setting["isApprovalRequired"]?.flag else {
                    throw invalid("isApprovalRequired is missing")
                }
                let approvers = (setting["approvalStages"]?.elements ?? []).flatMap { $0["primaryApprovers"]?.elements ?? [] }
                    .compactMap { $0["id"]?.text?.lowercased() }
                // Without anybody named the administrators of privileged roles are asked: here the platform's.
                policy.approvers = isRequired ? (approvers.isEmpty ? [CloudSeed.platform] : Array(approvers.prefix(100))) : []
                if let unknown = policy.approvers.first(where: { directory.principals[$0] == nil }) {
                    throw invalid("the approver \(unknown.prefix(60)) is not in the directory")
                }
            case "AuthenticationContext_EndUser_Assignment":
                let claim = rule["claimValue"]?.text ?? ""
                policy.context = rule["isEnabled"]?.flag == true && !claim.isEmpty ? String(claim.prefix(20)) : nil
            case let id where id.isEmpty: throw invalid("its id is missing")
            default: break
            }
        }
        guard !policy.needsMultiFactor || policy.context == nil else {
            throw invalid("more than one factor and an authentication context cannot both be asked for")
        }
        return policy
    }
}

/// The rules of Azure Policy that are in force. They are kept and listed; nothing is evaluated.
struct PolicyAssignments: Sendable {
    static let maximum = 200

    struct Assignment: Hashable, Sendable {
        var name: String
        var scope: AzureScope
        var properties: CloudJSON
    }

    private(set) var all: [Assignment] = []

    /// Puts one in force, or changes it.
    /// - Returns: whether it is new; nil when there are too many.
    mutating func put(_ assignment: Assignment) -> Bool? {
        if let index = all.firstIndex(where: { $0.name.lowercased() == assignment.name.lowercased() && $0.scope == assignment.scope }) {
            all[index] = assignment
            return false
        }
        guard all.count < Self.maximum else { return nil }
        all.append(assignment)
        return true
    }

    mutating func remove(_ name: String, at scope: AzureScope) -> Assignment? {
        guard let index = all.firstIndex(where: { $0.name.lowercased() == name.lowercased() && $0.scope == scope }) else { return nil }
        return all.remove(at: index)
    }
}

/// policyAssignments of Azure Policy, as far as whoever reads guardrails needs them.
extension SandboxCloud {
    func answerPolicyAssignments(_ call: ResourceManagerCall, _ scope: AzureScope, _ name: String?) throws(ResourceManagerError)
        -> CloudResponse
    {
        guard let name else {
            guard call.request.method == "GET" else { throw .noOperation }
            try require("Microsoft.Authorization/policyAssignments/read", on: scope, call)
            let isAtScope = call.filters.contains { $0.name == "atscope" }
            let shown = policyAssignments.all.filter { $0.scope.contains(scope) || !isAtScope && scope.contains($0.scope) }
            return try list(shown.map { json($0) }, call)
        }
        guard (1...64).contains(name.utf8.count) else { throw .badRequest("The name of a policy assignment has at most 64 characters.") }
        let resource = scope.appending("providers/Microsoft.Authorization/policyAssignments/\(name)")
        switch call.request.method {
        case "GET":
            try require("Microsoft.Authorization/policyAssignments/read", on: resource, call)
            guard let found = policyAssignments.all.first(where: { $0.name.lowercased() == name.lowercased() && $0.scope == scope }) else {
                throw ResourceManagerError(404, "PolicyAssignmentNotFound", "The policy assignment is not found.")
            }
            return answer(json(found))
        case "PUT":
            try require("Microsoft.Authorization/policyAssignments/write", on: resource, call)
            try checkScope(scope)
            let properties = try call.properties()
            guard let definition = properties["policyDefinitionId"]?.text, definition.utf8.count <= 500 else {
                throw ResourceManagerError(400, "InvalidCreatePolicyAssignmentRequest", "The policyDefinitionId is missing.")
            }
            let assignment = PolicyAssignments.Assignment(
                name: name, scope: scope,
                properties: [
                    "displayName": CloudJSON(properties["displayName"]?.text.map { String($0.prefix(128)) }),
                    "policyDefinitionId": .string(definition), "scope": .string(scope.text),
                    "enforcementMode": .string(properties["enforcementMode"]?.text == "DoNotEnforce" ? "DoNotEnforce" : "Default"),
                ])
            guard let isNew = policyAssignments.put(assignment) else {
                throw ResourceManagerError(400, "PolicyAssignmentQuotaExceeded", "No more policy assignments can be created.")
            }
            record("Microsoft.Authorization/policyAssignments/write", resource, call, status: isNew ? 201 : 200)
            return answer(json(assignment), status: isNew ? 201 : 200)
        case "DELETE":
            try require("Microsoft.Authorization/policyAssignments/delete", on: resource, call)
            guard let removed = policyAssignments.remove(name, at: scope) else { return CloudResponse(status: 204) }
            record("Microsoft.Authorization/policyAssignments/delete", resource, call, status: 200)
            return answer(json(removed))
        default: throw .noOperation
        }
    }

    private func json(_ assignment: PolicyAssignments.Assignment) -> CloudJSON {
        [
            "id": .string("\(assignment.scope.text)/providers/Microsoft.Authorization/policyAssignments/\(assignment.name)"),
            "name": .string(assignment.name), "type": "Microsoft.Authorization/policyAssignments", "properties": assignment.properties,
        ]
    }
}
