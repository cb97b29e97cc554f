internal import ServiceBus

/// Azure Resource Manager: every call is held against the caller's token and roles before anything is looked at.
extension SandboxCloud {
    private static let audiences: Set<String> = ["https://management.azure.com", "https://management.core.windows.net"]

    func answerResourceManager(_ request: CloudRequest, _ segments: [String]) -> CloudResponse {
        let correlation = request.headers["x-ms-correlation-request-id"] ?? request.headers["x-ms-client-request-id"] ?? CallID.make()
        settleRoles()
        var response: CloudResponse
        do throws(ResourceManagerError) {
            let caller = try resourceManagerCaller(request)
            try throttle()
            if request.method == "GET" { try spendRead() }
            guard request.parameter("api-version") != nil else {
                throw ResourceManagerError(
                    400, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.")
            }
            let call = ResourceManagerCall(
                request: request, caller: caller, segments: segments, correlationID: correlation, now: now)
            response = try route(call)
        } catch {
            response = error.response
        }
        response.headers += [
            ("x-ms-request-id", CallID.make()), ("x-ms-correlation-request-id", correlation),
            ("x-ms-routing-request-id", "SANDBOX:\(AtomValues.seconds(Timestamp(milliseconds: now)))Z:\(correlation)"),
            (Self.budgetHeader(request.method), request.method == "GET" && switches.reads > 0 ? String(readBudget.left) : "11997"),
        ]
        return response
    }

    private static func budgetHeader(_ method: String) -> String {
        let kind = method == "GET" ? "reads" : method == "DELETE" ? "deletes" : "writes"
        return "x-ms-ratelimit-remaining-subscription-\(kind)"
    }

    private func route(_ call: ResourceManagerCall) throws(ResourceManagerError) -> CloudResponse {
        let words = call.words
        if let index = words.lastIndex(of: "microsoft.authorization"), index > 0, words[index - 1] == "providers" {
            let scope = AzureScope("/" + call.segments[..<(index - 1)].joined(separator: "/"))
            return try answerAuthorization(call, scope, Array(call.segments[(index + 1)...]))
        }
        if let index = words.lastIndex(of: "microsoft.insights"), index > 0, words[index - 1] == "providers" {
            let scope = AzureScope("/" + call.segments[..<(index - 1)].joined(separator: "/"))
            return try answerInsights(call, scope, Array(words[(index + 1)...]))
        }
        if let index = words.firstIndex(of: "microsoft.servicebus"), index > 0, words[index - 1] == "providers" {
            return try answerServiceBus(call, before: Array(words[..<(index - 1)]), Array(call.segments[(index + 1)...]))
        }
        return try answerSubscriptions(call)
    }

    // MARK: Callers

    private func resourceManagerCaller(_ request: CloudRequest) throws(ResourceManagerError) -> Caller {
        func unauthorised(_ code: String, _ message: String, _ more: String = #"error="invalid_token""#) -> ResourceManagerError {
            let challenge = #"Bearer authorization_uri="\#(request.origin)/\#(CloudSeed.tenant)", \#(more)"#
            return ResourceManagerError(401, code, message, headers: [["WWW-Authenticate", challenge]])
        }
        guard let text = request.bearer else {
            throw unauthorised("AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing or invalid.")
        }
        let caller: Caller
        do throws(TokenRefusal) { caller = try self.caller(of: text, for: Self.audiences) } catch {
            switch error {
            case .expired:
                throw unauthorised("ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than current UTC time.")
            case .audience:
                throw unauthorised(
                    "InvalidAuthenticationTokenAudience",
                    "The access token has been obtained for wrong audience or resource. It should exactly match with one of the allowed audiences 'https://management.azure.com/'."
                )
            case .malformed, .signature, .unknownPrincipal:
                throw unauthorised("InvalidAuthenticationToken", "The access token is invalid.")
            }
        }
        if caller.isContinuousAccessCapable, switches.take(\.accessChallenges) {
            // The token was revoked: only one issued from now on is good, and the client is to say so when it asks.
            let wanted: CloudJSON = ["access_token": ["nbf": ["essential": true, "value": "\(now / 1000)"]]]
            let claims = Base64URL.standard(wanted.serialized)
            throw unauthorised(
                "InvalidAuthenticationToken", "The access token has been revoked.", #"error="insufficient_claims", claims="\#(claims)""#)
        }
        return caller
    }

    /// Counts a call; every so-manyth is refused when the switch says so.
    func throttle() throws(ResourceManagerError) {
        calls += 1
        guard switches.throttleEvery > 0, calls % switches.throttleEvery == 0 else { return }
        throw ResourceManagerError(
            429, "SubscriptionRequestsThrottled",
            "Number of requests for subscription '\(CloudSeed.subscription)' exceeded the backend storage limit. Please try again after '\(switches.retryAfterSeconds)' seconds.",
            headers: [["Retry-After", "\(switches.retryAfterSeconds)"], ["x-ms-failure-cause", "gateway"]])
    }

    /// Takes a read out of the budget, where the switches give it an end.
    private func spendRead() throws(ResourceManagerError) {
        guard switches.reads > 0 else { return }
        guard readBudget.spend(atMost: switches.reads, perSecond: switches.readsPerSecond, at: now) else {
            refusedReads += 1
            throw ResourceManagerError(
                429, "SubscriptionRequestsThrottled",
                "Number of 'read' requests for subscription '\(CloudSeed.subscription)' actor exceeded. Please try again after '\(switches.retryAfterSeconds)' seconds after additional tokens are available.",
                headers: [["Retry-After", "\(switches.retryAfterSeconds)"], ["x-ms-failure-cause", "gateway"]])
        }
    }

    /// Refuses who has no role for an operation.
    /// - Parameters:
    ///   - request: the role assignment that is to be made, for conditions.
    ///   - resource: the role assignment that is there, for conditions.
    func require(
        _ operation: String, on scope: AzureScope, _ call: ResourceManagerCall, request: RoleCondition.Attributes? = nil,
        resource: RoleCondition.Attributes? = nil
    ) throws(ResourceManagerError) {
        guard
            !assignments.allow(call.caller.principals, operation, on: scope, at: now, request: request, resource: resource)
        else { return }
        let principal = call.caller.principal
        let isDenied = assignments.denied.contains { $0.denies(call.caller.principals, operation, scope, isData: false) }
        let reason =
            isDenied
            ? "has permission to perform action '\(operation)' on scope '\(scope.description)'; however, the access is denied because of a deny assignment."
            : "does not have authorization to perform action '\(operation)' over scope '\(scope.description)' or the scope is invalid. If access was recently granted, please refresh your credentials."
        throw ResourceManagerError(
            403, isDenied ? "DenyAssignmentAuthorizationFailed" : "AuthorizationFailed",
            "The client '\(principal.callerName)' with object id '\(principal.id)' \(reason)")
    }

    // MARK: Lists

    /// An answer with a list, in pages when the switch says so.
    func list(_ elements: [CloudJSON], _ call: ResourceManagerCall) throws(ResourceManagerError) -> CloudResponse {
        var skip = 0
        if let text = call.request.parameter("$skipToken") ?? call.request.parameter("$skip") {
            guard let number = Int(text), number >= 0 else { throw .badRequest("The skip token is not valid.") }
            skip = number
        }
        let top = call.request.parameter("$top").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        let size = switches.pageSize > 0 ? min(switches.pageSize, top ?? .max) : top ?? .max
        let rest = elements.dropFirst(skip)
        var json: CloudJSON = ["value": .array(Array(rest.prefix(size)))]
        if rest.count > size {
            let kept = call.request.query.split(separator: "&").filter { !Self.isSkip($0) }
            let query = (kept.map(String.init) + ["%24skipToken=\(skip + size)"]).joined(separator: "&")
            json = json.setting("nextLink", "\(call.request.origin)\(call.request.path)?\(query)")
        }
        return answer(json)
    }

    private static func isSkip(_ part: Substring) -> Bool {
        ["%24skiptoken=", "$skiptoken=", "%24skip=", "$skip="].contains { part.lowercased().hasPrefix($0) }
    }

    /// An answer whose ids may be in another case than expected: they are compared without regard to it.
    func answer(_ json: CloudJSON, status: Int = 200) -> CloudResponse {
        guard switches.randomCasing else { return CloudResponse(status, json) }
        return CloudResponse(status, Self.recased(json, upper: calls % 2 == 0))
    }

    private static let idNames: Set<String> = ["id", "roleDefinitionId", "scope", "principalId"]

    private static func recased(_ json: CloudJSON, upper: Bool) -> CloudJSON {
        switch json {
        case .array(let elements): .array(elements.map { recased($0, upper: upper) })
        case .object(let members):
            .object(
                members.map { member in
                    guard case .string(let text) = member.value, idNames.contains(member.key) else {
                        return .init(key: member.key, value: recased(member.value, upper: upper))
                    }
                    return .init(key: member.key, value: .string(upper ? text.uppercased() : text.lowercased()))
                })
        case .null, .bool, .int, .fraction, .string: json
        }
    }

    // MARK: Subscriptions

    /// Whoever has any role in a subscription sees the subscription.
    func seesSubscription(_ call: ResourceManagerCall) -> Bool {
        let root = AzureScope("/subscriptions/\(CloudSeed.subscription)")
        return assignments.all.contains {
            $0.isEffective(at: now) && call.caller.principals.contains($0.principalID)
                && ($0.scope.contains(root) || root.contains($0.scope))
        }
    }

    private func answerSubscriptions(_ call: ResourceManagerCall) throws(ResourceManagerError) -> CloudResponse {
        guard call.request.method == "GET" else { throw .noOperation }
        let root = AzureScope("/subscriptions/\(CloudSeed.subscription)")
        let subscription: CloudJSON = [
            "id": .string(root.text), "authorizationSource": "RoleBased", "managedByTenants": [],
            "subscriptionId": .string(CloudSeed.subscription), "tenantId": .string(CloudSeed.tenant), "displayName": "Retail production",
            "state": "Enabled",
            "subscriptionPolicies": [
                "locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off",
            ],
        ]
        let group = root.appending("resourceGroups/\(CloudSeed.resourceGroup)")
        let groupJSON: CloudJSON = [
            "id": .string(group.text), "name": .string(CloudSeed.resourceGroup), "type": "Microsoft.Resources/resourceGroups",
            "location": "westeurope", "properties": ["provisioningState": "Succeeded"],
        ]
        let words = call.words
        let isVisible = seesSubscription(call)
        switch words.count {
        case 1 where words == ["subscriptions"]: return try list(isVisible ? [subscription] : [], call)
        case 1 where words == ["tenants"]:
            return try list(
                [["id": "/tenants/\(CloudSeed.tenant)", "tenantId": .string(CloudSeed.tenant), "displayName": "Contoso"]], call)
        case 2... where words[0] == "subscriptions":
            guard words[1] == CloudSeed.subscription, isVisible else {
                throw ResourceManagerError(
                    404, "SubscriptionNotFound", "The subscription '\(call.segments[1].prefix(100))' could not be found.")
            }
            switch words.dropFirst(2) {
            case []: return answer(subscription)
            case ["resourcegroups"]:
                let mayRead = assignments.allow(
                    call.caller.principals, "Microsoft.Resources/subscriptions/resourceGroups/read", on: group, at: now)
                return try list(mayRead ? [groupJSON] : [], call)
            case ["resourcegroups", CloudSeed.resourceGroup]:
                try require("Microsoft.Resources/subscriptions/resourceGroups/read", on: group, call)
                return answer(groupJSON)
            default: throw .notFound(String(call.request.path))
            }
        default: throw .notFound(String(call.request.path))
        }
    }
}
