internal import ServiceBus

/// What was done through Azure Resource Manager, by whom: the last thousand changes.
struct ActivityLog: Sendable {
    static let maximumEvents = 1000

    struct Event: Sendable {
        var operation: String
        var scope: AzureScope
        var caller: Principal
        var correlationID: String
        var time: Int64
        var status: Int
        var id: String
    }

    private(set) var events: [Event] = []

    mutating func record(_ event: Event) {
        if events.count >= Self.maximumEvents { events.removeFirst(events.count - Self.maximumEvents + 1) }
        events.append(event)
    }
}

extension SandboxCloud {
    /// Writes down a change, or that keys were read.
    func record(_ operation: String, _ scope: AzureScope, _ call: ResourceManagerCall, status: Int) {
        activity.record(
            ActivityLog.Event(
                operation: operation, scope: scope, caller: call.caller.principal, correlationID: call.correlationID, time: now,
                status: status, id: CallID.make()))
    }

    /// Writes down what Privileged Identity Management did of its own accord: it gives and takes away under a name of its own, and under an id that no
    /// request has.
    func recordOwn(_ operation: String, _ assignment: RoleAssignment, at time: Int64) {
        activity.record(
            ActivityLog.Event(
                operation: operation,
                scope: assignment.scope.appending("providers/Microsoft.Authorization/roleAssignments/\(assignment.name)"),
                caller: CloudSeed.privilegedService, correlationID: CallID.make(), time: time,
                status: operation.hasSuffix("/write") ? 201 : 200,
                id: CallID.make()))
    }

    /// Ends the roles whose time is over, and writes that down.
    func settleRoles() {
        let now = now
        privileged.expire(at: now)
        for ended in assignments.all where ended.activation != nil && !ended.isRemoved && ended.effectiveUntil <= now {
            recordOwn("Microsoft.Authorization/roleAssignments/delete", ended, at: ended.effectiveUntil)
        }
        assignments.sweep(at: now)
    }

    /// Microsoft.Insights: the Activity Log of a subscription.
    func answerInsights(_ call: ResourceManagerCall, _ scope: AzureScope, _ rest: [String]) throws(ResourceManagerError) -> CloudResponse {
        guard call.request.method == "GET", rest == ["eventtypes", "management", "values"] else {
            throw .notFound(String(call.request.path))
        }
        try require("Microsoft.Insights/eventtypes/management/values/read", on: scope, call)
        var shown = activity.events.filter { scope.contains($0.scope) }
        var hasStart = false
        for filter in call.filters {
            switch filter.name {
            case "eventtimestamp ge":
                hasStart = true
                shown = shown.filter { AtomValues.moment(Timestamp(milliseconds: $0.time)) >= filter.value }
            case "eventtimestamp le": shown = shown.filter { AtomValues.moment(Timestamp(milliseconds: $0.time)) <= filter.value }
            case "resourceuri eq":
                let wanted = AzureScope(filter.value)
                shown = shown.filter { wanted.contains($0.scope) }
            case "resourcegroupname eq": if filter.value.lowercased() != CloudSeed.resourceGroup { shown = [] }
            case "resourceprovider eq": shown = shown.filter { $0.operation.lowercased().hasPrefix(filter.value.lowercased() + "/") }
            case "correlationid eq": shown = shown.filter { $0.correlationID.lowercased() == filter.value.lowercased() }
            default: throw Self.unknownFilter(call)
            }
        }
        guard hasStart else { throw .badRequest("The start time cannot be empty: the filter needs 'eventTimestamp ge'.") }
        // The newest comes first.
        return try list(shown.reversed().map { json($0) }, call)
    }

    private func json(_ event: ActivityLog.Event) -> CloudJSON {
        func localised(_ text: String) -> CloudJSON { ["value": .string(text), "localizedValue": .string(text)] }
        let provider = event.operation.split(separator: "/").first.map(String.init) ?? ""
        let words = event.status == 201 ? "Created" : "OK"
        return [
            "authorization": ["action": .string(event.operation), "scope": .string(event.scope.text)],
            "caller": .string(event.caller.callerName), "channels": "Operation",
            "claims": [
                "http://schemas.microsoft.com/identity/claims/objectidentifier": .string(event.caller.id), "ipaddr": "127.0.0.1",
            ],
            "correlationId": .string(event.correlationID), "eventDataId": .string(event.id), "eventName": localised("EndRequest"),
            "category": localised("Administrative"), "level": "Informational", "operationName": localised(event.operation),
            "resourceId": .string(event.scope.text), "resourceGroupName": .string(CloudSeed.resourceGroup),
            "resourceProviderName": localised(provider), "status": localised("Succeeded"),
            "subStatus": ["value": .string(words), "localizedValue": "\(words) (HTTP Status Code: \(event.status))"],
            "eventTimestamp": .string(Timestamp(milliseconds: event.time).rfc3339),
            "submissionTimestamp": .string(Timestamp(milliseconds: event.time).rfc3339),
            "subscriptionId": .string(CloudSeed.subscription), "tenantId": .string(CloudSeed.tenant),
            "properties": ["hierarchy": .string(CloudSeed.tenant)],
        ]
    }
}
