internal import AzureResources
package import Identity

/// How a finding would be mended: steps in words, and the requests to Azure Resource Manager that would do it. Nothing here carries them out.
public struct FixPlan: Hashable, Sendable {
    /// One step.
    public struct Step: Hashable, Sendable {
        /// What is done.
        public let text: String
        /// The request that does it; nil for what no request can do.
        public let request: FixRequest?

        init(_ text: String, _ request: FixRequest? = nil) {
            self.text = text
            self.request = request
        }
    }

    /// The steps in their order.
    public let steps: [Step]

    init(_ steps: [Step]) { self.steps = steps }
}

/// A request to Azure Resource Manager, as it would be sent.
public struct FixRequest: Hashable, Sendable {
    /// `PUT`, `PATCH`, `POST` or `DELETE`.
    public let method: String
    /// The path below the cloud's Azure Resource Manager as it is sent, percent-encoded, with the API version.
    public let path: String
    package let content: Identity.JSONValue?

    init(_ method: String, _ id: ResourceID, version: String, _ content: Identity.JSONValue? = nil) {
        // Names of resource groups may hold blanks and what a URL does not take.
        self.init(
            method, encoded: id.segments.map { "/" + PercentEncoding.encode(String($0)) }.joined() + "?api-version=\(version)", content)
    }

    /// - Parameter path: as it is sent.
    init(_ method: String, encoded path: String, _ content: Identity.JSONValue? = nil) {
        self.method = method
        self.path = path
        self.content = content
    }

    /// The body as JSON; nil when there is none.
    public var body: String? {
        content.map { content in
            var json = JSONWriter()
            json.write(content)
            return String(decoding: json.bytes, as: UTF8.self)
        }
    }
}

// MARK: The requests there are

extension FixRequest {
    /// Takes a role away.
    static func remove(_ assignment: ResourceID) -> FixRequest { FixRequest("DELETE", assignment, version: APIVersion.authorization) }

    /// Gives a role. The assignment's name follows from what it says, so that sending it twice does no harm.
    static func assign(role: GUID, to principal: GUID, _ kind: PrincipalKind, at scope: ResourceID) -> FixRequest {
        let draft = RoleAssignmentDraft(roleDefinitionID: scope.roleDefinition(role), principal: principal, principalKind: kind)
        return FixRequest(
            "PUT", authorization(scope, "roleAssignments", name("assignment", scope, role, principal)), version: APIVersion.authorization,
            draft.body)
    }

    /// Makes somebody eligible for a role, which they then activate for a while.
    static func makeEligible(role: GUID, _ principal: GUID, at scope: ResourceID) -> FixRequest {
        let draft = RoleScheduleRequestDraft(
            .adminAssign, principal: principal, roleDefinitionID: scope.roleDefinition(role),
            justification: "In place of a standing assignment", schedule: ScheduleInfo(start: nil, expiration: .never))
        return FixRequest(
            "PUT", authorization(scope, "roleEligibilityScheduleRequests", name("eligibility", scope, role, principal)),
            version: APIVersion.schedules, draft.body)
    }

    /// Has a namespace refuse all shared access keys.
    static func refuseKeys(_ namespace: ResourceID) -> FixRequest {
        FixRequest("PATCH", namespace, version: APIVersion.serviceBus, ["properties": ["disableLocalAuth": true]])
    }

    /// Removes a shared access rule with its keys.
    static func removeRule(_ rule: ResourceID) -> FixRequest { FixRequest("DELETE", rule, version: APIVersion.serviceBus) }

    /// Has the service make a key anew.
    static func regenerate(_ key: AccessKeyKind, of rule: ResourceID) -> FixRequest {
        FixRequest("POST", rule.appending("regenerateKeys"), version: APIVersion.serviceBus, AccessKeys.regeneration(key))
    }

    /// Writes a namespace's tags; all of them, since those that are left out go.
    static func tag(_ namespace: ResourceID, _ tags: [String: String]) -> FixRequest {
        FixRequest("PATCH", namespace, version: APIVersion.serviceBus, ["tags": .object(tags.mapValues { .text($0) })])
    }

    static func authorization(_ scope: ResourceID, _ type: String, _ name: String) -> ResourceID {
        scope.appending("providers", "Microsoft.Authorization", type, name)
    }

    /// A GUID that follows from what it is for (``NameBasedID``).
    static func name(_ purpose: String, _ scope: ResourceID, _ role: GUID, _ principal: GUID) -> String {
        NameBasedID.of("\(purpose)\n\(scope.text.lowercased())\n\(role.canonical)\n\(principal.canonical)").canonical
    }
}

extension JSONWriter {
    /// Writes a value of a request, members in the order of their names.
    mutating func write(_ value: Identity.JSONValue) {
        switch value {
        case .null: null()
        case .boolean(let value): bool(value)
        case .integer(let value): integer(value)
        case .number(let value): number(value)
        case .text(let value): text(value)
        case .array(let values): array { json in for value in values { json.write(value) } }
        case .object(let members):
            object { json in
                for (name, value) in members.sorted(by: { $0.key < $1.key }) {
                    json.key(name)
                    json.write(value)
                }
            }
        }
    }
}
