internal import AzureResources
internal import Identity
internal import ServiceBus

/// Which events of the Activity Log a record can be of. That an event has the record's correlation id proves nothing by itself: whoever sends a request says
/// its id. So caller, place, what was done, for whom and how often have to be what the record says.
extension Reconciliation {
    /// How Callboard changes at Azure who may do what. Whatever else is done there is none of its doing.
    private enum Deed {
        /// A role assignment is put in force: how a request of the queue is granted.
        case assign
        /// One is deleted: how it ends.
        case unassign
        /// A request of Privileged Identity Management is made: to have a role, to give one, to end one.
        case ask
        /// It is taken back.
        case takeBack
        /// An approver decides about it.
        case decide

        init?(_ operation: String) {
            switch operation {
            case "microsoft.authorization/roleassignments/write": self = .assign
            case "microsoft.authorization/roleassignments/delete": self = .unassign
            case "microsoft.authorization/roleassignmentschedulerequests/write": self = .ask
            case "microsoft.authorization/roleassignmentschedulerequests/cancel/action": self = .takeBack
            default:
                guard operation.hasPrefix("microsoft.authorization/roleassignmentapprovals/") else { return nil }
                self = .decide
            }
        }
    }

    /// Of the events of one id those that a record can be of.
    static func meant(_ events: [(index: Int, event: ActivityEvent)], by record: AuditRecord) -> [Int] {
        let meant = events.filter { isMeant($0.event, by: record) }
        // One request does one thing to one resource. Of two that have its id the first is it: the id is known to others only afterwards.
        var firsts: [String: (step: String, time: WallTime)] = [:]
        for (_, event) in meant {
            let operation = event.operation.lowercased()
            if let first = firsts[operation], first.time <= event.happenedAt { continue }
            firsts[operation] = (step(event), event.happenedAt)
        }
        return meant.filter { _, event in
            firsts[event.operation.lowercased()]?.step == step(event)
        }.map(\.index)
    }

    /// Whether a record can be of an event.
    private static func isMeant(_ event: ActivityEvent, by record: AuditRecord) -> Bool {
        // Where nobody vouched for who acts, a ledger has no object id.
        if let actor = record.actorID, (event.callerObjectID ?? event.caller.map { GUID($0) }) != GUID(actor) { return false }
        guard let place = event.resource ?? event.authorizedScope, let action = record.actionAndStage?.action else { return false }
        let operation = event.operation.lowercased()
        guard let scope = record.accessScope.map({ ResourceID($0) }) else { return isOfKeys(operation, action, record) }
        guard let deed = Deed(operation) else { return false }
        // Less than was asked may be given further down than where the request, which is decided about, is.
        let held = place.scopes.first { !$0.text.lowercased().contains("/providers/microsoft.authorization/") }
        guard scope.contains(place) || deed == .decide && held?.contains(scope) ?? false else { return false }
        let access = record.value["access"]
        let (answer, backend) = (access?["answer"]?.text, access?["backend"]?.text)
        let request = access?["request"]?.text.map { AccessRequest.ID($0) }
        switch (action, deed) {
        case (.requestAccess, .ask), (.grantAccess, .ask): return isNamed(event, request?.text) && isSame(event, access, ends: false)
        case (.approveAccess, .decide): return isSame(event, answer)
        case (.approveAccess, .ask):
            return answer == AccessDecision.narrowWord && isNamed(event, request.map { PrivilegedBackend.narrowedID($0) })
                && isSame(event, access, ends: false)
        case (.approveAccess, .assign):
            // In Entra PIM who agrees assigns nothing.
            return answer != AccessDecision.denyWord && answer != nil && backend != AccessRequest.Backend.pim.rawValue
                && isNamed(event, request.map { NameBasedID.assignment(for: GUID($0.text)).canonical })
                && isSame(event, access, ends: false)
        case (.revokeAccess, .unassign): return true
        case (.revokeAccess, .ask): return isSame(event, access, ends: true)
        case (.revokeAccess, .takeBack): return isNamed(event, request?.text)
        default: return false
        }
    }

    /// Whether something with keys is what a record without the id of a place can be of. A rule may be the namespace's; none of it gives anybody a role.
    private static func isOfKeys(_ operation: String, _ action: PolicyAction, _ record: AuditRecord) -> Bool {
        guard operation.hasPrefix("microsoft.servicebus/") else { return false }
        switch action {
        case .rotateSecret: return operation.hasSuffix("/listkeys/action") || operation.hasSuffix("/regeneratekeys/action")
        case .signToken, .issueToken: return operation.hasSuffix("/listkeys/action")
        case .readEntity:
            // Of what is read only looking at keys is in the log, and only that has a credential in its record.
            return operation.hasSuffix("/listkeys/action") && record.value["credential"]?["step"]?.text == KeyAge.lookStep
        default: return false
        }
    }

    /// Whether what was changed is called so; where the event does not name it, or the record does not, that is not known.
    private static func isNamed(_ event: ActivityEvent, _ name: String?) -> Bool {
        guard let name, let segments = event.resource?.segments, segments.count >= 2 else { return true }
        // `Microsoft.Authorization/roleAssignments/write` is about `…/roleAssignments/{name}`.
        let type = event.operation.lowercased().split(separator: "/").dropFirst().first
        guard let type, segments[segments.count - 2].lowercased() == type, let last = segments.last else { return true }
        return GUID(String(last)) == GUID(name)
    }

    /// Whether what an approver sent to Azure is the answer of a record; where the log does not have it, that is not known.
    private static func isSame(_ event: ActivityEvent, _ answer: String?) -> Bool {
        guard let answer, let text = event.requestBody else { return true }
        guard let body = try? JSONValueReader.value(of: Array(text.utf8)) else { return false }
        // What is narrowed is denied, and given as a role of its own.
        let isYes = answer != AccessDecision.denyWord && answer != AccessDecision.narrowWord
        let results = (body.members(called: "properties") + [body]).flatMap { $0.members(called: "reviewResult") }
        return results.allSatisfy { $0.text?.lowercased() == (isYes ? "approve" : "deny") }
    }

    /// Whether the request that Azure was sent is about the role and the identity of a record; where the log does not have it, that is not known.
    private static func isSame(_ event: ActivityEvent, _ access: JSONValue?, ends: Bool) -> Bool {
        guard let text = event.requestBody else { return true }
        guard let body = try? JSONValueReader.value(of: Array(text.utf8)) else { return false }
        let properties = body.members(called: "properties")
        // The log has names in casings of its own. One that is there twice is to be the same both times.
        func all(_ name: String, _ isRight: (String) -> Bool) -> Bool {
            properties.flatMap { $0.members(called: name) }.allSatisfy { $0.text.map(isRight) ?? false }
        }
        let (principal, role) = (access?["principal"]?.text, access?["role"]?.text)
        let definition = role.map { PolicyRole(rawValue: $0)?.definitionID ?? $0 }
        return all("principalId") { id in principal.map { GUID($0) == GUID(id) } ?? true }
            && all("roleDefinitionId") { id in definition.map { GUID($0) == GUID(ResourceID(id).name) } ?? true }
            && all("requestType") { kind in ScheduleRequestKind(word: kind).isEnd == ends }
    }
}

extension ScheduleRequestKind {
    /// Whether it takes a role away.
    fileprivate var isEnd: Bool { self == .adminRemove || self == .selfDeactivate }
}

extension JSONValue {
    /// The values of a name in an object, however its letters are cased.
    fileprivate func members(called name: String) -> [JSONValue] {
        guard case .object(let members) = self else { return [] }
        return members.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }
}
