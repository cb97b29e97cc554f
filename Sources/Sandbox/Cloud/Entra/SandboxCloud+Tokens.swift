/// The tokens themselves: the claims that Entra puts into them, and what an interface checks of those it is shown.
extension SandboxCloud {
    /// How somebody has shown who they are.
    enum Proof {
        case secret
        case certificate
        case federation
        case managedIdentity(resourceID: String)
        case person(methods: [String])
    }

    /// What is to be in a token beside who it is of.
    struct TokenWishes {
        var clientID: String
        var resource: TokenResource
        var proof: Proof
        var isContinuousAccessCapable = false
        var contexts: [String] = []
    }

    /// An access token: version 1.0, as Microsoft's own interfaces get them.
    func accessToken(of principal: Principal, _ wishes: TokenWishes, seconds: Int64) throws -> String {
        let issued = hub.now / 1000
        var claims: CloudJSON = [
            "aud": .string(wishes.resource.audience), "iss": "https://sts.windows.net/\(CloudSeed.tenant)/", "iat": .int(issued),
            "nbf": .int(issued), "exp": .int(issued + seconds), "appid": .string(wishes.clientID), "oid": .string(principal.id),
            "sub": .string(principal.id), "tid": .string(CloudSeed.tenant), "uti": .string(CloudRandom.text(bytes: 16)), "ver": "1.0",
        ]
        switch wishes.proof {
        case .person(let methods):
            claims = claims.setting("idtyp", "user").setting("name", .string(principal.displayName))
                .setting("upn", .string(principal.callerName)).setting("unique_name", .string(principal.callerName))
                .setting("amr", .array(methods.map { .string($0) })).setting("acr", "1").setting("appidacr", "0")
            if !wishes.resource.delegated.isEmpty { claims = claims.setting("scp", .string(wishes.resource.delegated)) }
            if !wishes.contexts.isEmpty { claims = claims.setting("acrs", .array(wishes.contexts.map { .string($0) })) }
            claims = addingGroups(to: claims, of: principal)
        case .secret: claims = claims.setting("idtyp", "app").setting("appidacr", "1").setting("roles", [])
        case .certificate, .federation: claims = claims.setting("idtyp", "app").setting("appidacr", "2").setting("roles", [])
        case .managedIdentity(let resourceID):
            claims = claims.setting("idtyp", "app").setting("appidacr", "2").setting("xms_mirid", .string(resourceID))
        }
        if wishes.isContinuousAccessCapable { claims = claims.setting("xms_cc", ["CP1"]) }
        return try JSONWebToken.signed(claims, by: keys.current)
    }

    /// Who signed in, for the program they signed in to (OpenID Connect Core, section 2).
    func identityToken(
        of user: Principal, for clientID: String, nonce: String?, contexts: [String], methods: [String], origin: String
    ) throws -> String {
        let issued = hub.now / 1000
        var claims: CloudJSON = [
            "aud": .string(clientID), "iss": "\(origin)/\(CloudSeed.tenant)/v2.0", "iat": .int(issued), "nbf": .int(issued),
            "exp": .int(issued + 3900), "name": .string(user.displayName), "oid": .string(user.id),
            "preferred_username": .string(user.callerName), "rh": "1.AAAA", "sub": "\(user.id)-\(clientID)",
            "tid": .string(CloudSeed.tenant), "uti": .string(CloudRandom.text(bytes: 16)), "ver": "2.0",
            "amr": .array(methods.map { .string($0) }),
        ]
        if let nonce { claims = claims.setting("nonce", .string(nonce)) }
        if !contexts.isEmpty { claims = claims.setting("acrs", .array(contexts.map { .string($0) })) }
        return try JSONWebToken.signed(addingGroups(to: claims, of: user), by: keys.current)
    }

    private func addingGroups(to claims: CloudJSON, of user: Principal) -> CloudJSON {
        let groups = directory.groups(of: user.id)
        guard switches.groupsOverage else {
            return groups.isEmpty ? claims : claims.setting("groups", .array(groups.map { .string($0) }))
        }
        // The address is that of an interface that has been switched off; clients are to ask Graph.
        let source: CloudJSON = [
            "endpoint": "https://graph.windows.net/\(CloudSeed.tenant)/users/\(user.id)/getMemberObjects"
        ]
        return claims.setting("_claim_names", ["groups": "src1"]).setting("_claim_sources", ["src1": source])
    }

    /// Why a token opens nothing.
    enum TokenRefusal: Error {
        case malformed
        case signature
        case audience
        case expired
        case unknownPrincipal
    }

    /// A token that was believed.
    struct Caller: Sendable {
        let principal: Principal
        /// It and its groups: what roles are looked up by.
        let principals: Set<String>
        let token: JSONWebToken
        let expiresAt: Int64
        var isContinuousAccessCapable: Bool { token.claims["xms_cc"]?.elements.contains("CP1") == true }
        var contexts: [String] { token.claims["acrs"]?.elements.compactMap(\.text) ?? [] }
    }

    /// Checks a token: signature, issuer, audience, time, and that the principal is still there.
    func caller(of text: String, for audiences: Set<String>) throws(TokenRefusal) -> Caller {
        guard let token = JSONWebToken(text) else { throw .malformed }
        guard keys.verify(token) else { throw .signature }
        guard token.claims["tid"]?.text == CloudSeed.tenant, let audience = token.claims["aud"]?.text,
            audiences.contains(audience.hasSuffix("/") ? String(audience.dropLast()) : audience)
        else { throw .audience }
        guard token.isCurrent(at: hub.now, skewSeconds: 0), let end = token.claims["exp"]?.numericDate else { throw .expired }
        guard let id = token.claims["oid"]?.text, let principal = directory.principals[id] else { throw .unknownPrincipal }
        let (milliseconds, overflow) = end.multipliedReportingOverflow(by: 1000)
        return Caller(
            principal: principal, principals: directory.withGroups(id), token: token, expiresAt: overflow ? .max : milliseconds)
    }
}
