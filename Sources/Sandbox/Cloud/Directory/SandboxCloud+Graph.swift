internal import ServiceBus

/// Microsoft Graph, as far as names and groups go.
extension SandboxCloud {
    private static let audiences: Set<String> = ["https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"]
    /// As many as the service takes at a time.
    private static let maximumIDs = 1000

    func answerGraph(_ request: CloudRequest, _ segments: [String]) -> CloudResponse {
        guard let text = request.bearer else { return fault(401, "InvalidAuthenticationToken", "Access token is empty.") }
        let caller: Caller
        do throws(TokenRefusal) { caller = try self.caller(of: text, for: Self.audiences) } catch {
            return fault(
                401, "InvalidAuthenticationToken",
                error == .audience ? "Access token validation failure. Invalid audience." : "Access token validation failure.")
        }
        do throws(ResourceManagerError) { try throttle() } catch {
            return CloudResponse(
                429, ["error": ["code": "TooManyRequests", "message": "Too many requests."]],
                headers: [("Retry-After", "\(switches.retryAfterSeconds)")])
        }
        guard !switches.graphForbidden else {
            return fault(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
        }
        let words = segments.map { $0.lowercased() }
        switch (request.method, words.count) {
        case ("POST", 2) where words == ["directoryobjects", "getbyids"]: return getByIDs(request)
        case ("GET", 2) where ["directoryobjects", "users", "groups", "serviceprincipals"].contains(words[0]): return object(words[1])
        case ("GET", 3) where words[0] == "groups" && words[2] == "transitivemembers":
            return members(request, of: words[1], directory.transitiveMembers(of: words[1]))
        case ("GET", 3) where words[0] == "groups" && words[2] == "members":
            return members(request, of: words[1], (directory.members[words[1]] ?? []).sorted())
        case ("GET", 1) where words == ["me"]: return object(caller.principal.id)
        case ("POST", 2) where words == ["me", "getmemberobjects"]:
            guard case .user = caller.principal.kind else {
                return fault(400, "BadRequest", "/me request is only valid with delegated authentication flow.")
            }
            return memberObjects(caller.principal.id)
        case ("POST", 3) where ["users", "serviceprincipals", "directoryobjects"].contains(words[0]) && words[2] == "getmemberobjects":
            guard let principal = directory.principals[words[1]] ?? directory.user(segments[1]) else { return missing(segments[1]) }
            return memberObjects(principal.id)
        default: return fault(404, "UnknownError", "Resource not found for the segment '\((segments.first ?? "").prefix(100))'.")
        }
    }

    private func getByIDs(_ request: CloudRequest) -> CloudResponse {
        guard let body = request.json, case .array(let ids)? = body["ids"], ids.count <= Self.maximumIDs else {
            return fault(400, "Request_BadRequest", "The body must have up to \(Self.maximumIDs) ids.")
        }
        // One that is no GUID has all of them refused.
        if let wrong = ids.first(where: { !($0.text.map(Self.isGUID) ?? false) }) {
            return fault(400, "Request_BadRequest", "Invalid object identifier '\((wrong.text ?? "").prefix(100))'.")
        }
        let types = body["types"].map { Set($0.elements.compactMap(\.text).map { $0.lowercased() }) }
        // What is not there is left out without a word.
        let found = ids.compactMap(\.text).compactMap { directory.principals[$0.lowercased()] }.filter { principal in
            guard let types else { return true }
            return types.contains(Self.typeName(principal).lowercased())
        }
        return CloudResponse(
            200,
            [
                "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#directoryObjects",
                "value": .array(found.map { json(of: $0) }),
            ])
    }

    private func object(_ id: String) -> CloudResponse {
        guard let principal = directory.principals[id] ?? directory.user(id) else { return missing(id) }
        return CloudResponse(200, json(of: principal))
    }

    private func memberObjects(_ id: String) -> CloudResponse {
        CloudResponse(
            200,
            [
                "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#Collection(Edm.String)",
                "value": .array(directory.groups(of: id).map { .string($0) }),
            ])
    }

    private static func typeName(_ principal: Principal) -> String {
        switch principal.kind {
        case .user: "user"
        case .group: "group"
        case .application, .managedIdentity: "servicePrincipal"
        }
    }

    func json(of principal: Principal) -> CloudJSON {
        let base: CloudJSON = [
            "@odata.type": "#microsoft.graph.\(Self.typeName(principal))", "id": .string(principal.id),
            "displayName": .string(principal.displayName),
        ]
        switch principal.kind {
        case .user(let name): return base.setting("userPrincipalName", .string(name)).setting("mail", .string(name))
        case .group: return base.setting("mailEnabled", false).setting("securityEnabled", true)
        case .application(let appID): return base.setting("appId", .string(appID)).setting("servicePrincipalType", "Application")
        case .managedIdentity(let clientID, let resourceID):
            return base.setting("appId", .string(clientID)).setting("servicePrincipalType", "ManagedIdentity")
                .setting("alternativeNames", ["isExplicit=True", .string(resourceID)])
        }
    }

    func missing(_ id: String) -> CloudResponse {
        fault(
            404, "Request_ResourceNotFound",
            "Resource '\(id.prefix(100))' does not exist or one of its queried reference-property objects are not present.")
    }

    func fault(_ status: Int, _ code: String, _ message: String) -> CloudResponse {
        let id = CloudJSON.string(CallID.make())
        return CloudResponse(
            status,
            [
                "error": [
                    "code": .string(code), "message": .string(message),
                    "innerError": [
                        "date": .string(AtomValues.seconds(.init(milliseconds: now))), "request-id": id, "client-request-id": id,
                    ],
                ]
            ])
    }
}
