/// `POST /{tenant}/oauth2/v2.0/token`: every grant (RFC 6749, 7521, 7636, 8628).
extension SandboxCloud {
    func token(_ request: CloudRequest) throws -> CloudResponse {
        let form = request.form
        guard let grant = form["grant_type"] else { throw EntraError.missing("grant_type") }
        guard let clientID = form["client_id"]?.lowercased() else { throw EntraError.missing("client_id") }
        guard let application = directory.applications[clientID] else { throw EntraError.unknownClient(clientID) }
        switch grant {
        case "client_credentials": return try clientCredentials(form, application, request)
        case "authorization_code": return try redeem(form, application, request)
        case "refresh_token": return try refresh(form, application, request)
        case "urn:ietf:params:oauth:grant-type:device_code", "device_code": return try poll(form, application, request)
        default:
            throw EntraError(
                error: "unsupported_grant_type", code: 70_003,
                message: "The app requested an unsupported grant type '\(grant.prefix(100))'.")
        }
    }

    // MARK: Programs

    private func clientCredentials(_ form: [String: String], _ application: AppRegistration, _ request: CloudRequest) throws
        -> CloudResponse
    {
        let resource = try TokenResource(scope: form["scope"] ?? "", of: application, mustBeDefault: true)
        let proof = try authenticate(form, application, request)
        guard let id = application.principalID, let principal = directory.principals[id] else {
            throw EntraError.unknownClient(application.appID)
        }
        let asked = ClaimsRequest(form["claims"])
        let seconds = Int64(switches.tokenSeconds)
        let token = try accessToken(
            of: principal,
            TokenWishes(
                clientID: application.appID, resource: resource, proof: proof,
                isContinuousAccessCapable: asked.isContinuousAccessCapable), seconds: seconds)
        return tokenAnswer([
            "token_type": "Bearer", "expires_in": .int(seconds), "ext_expires_in": .int(seconds), "access_token": .string(token),
        ])
    }

    /// What a program shows of itself: a secret, a token signed with its certificate, or one of a provider it trusts.
    private func authenticate(_ form: [String: String], _ application: AppRegistration, _ request: CloudRequest) throws -> Proof {
        if let assertion = form["client_assertion"] {
            guard form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" else {
                throw EntraError.missing("client_assertion_type")
            }
            guard let token = JSONWebToken(assertion) else { throw EntraError.wrongAssertion("it is not a token.") }
            if token.claims["iss"]?.text?.lowercased() == application.appID {
                try checkAssertion(token, application, request)
                return .certificate
            }
            try checkFederated(token, application)
            return .federation
        }
        guard let secret = form["client_secret"] else { throw EntraError.needsSecret }
        guard let own = application.secret, Self.areEqual(secret, own) else { throw EntraError.wrongSecret }
        return .secret
    }

    private func checkAssertion(_ token: JSONWebToken, _ application: AppRegistration, _ request: CloudRequest) throws(EntraError) {
        guard let certificate = application.certificate, certificate.proves(token) else {
            throw .wrongAssertion("the key was not found among those registered for the application, or the signature does not verify.")
        }
        guard token.claims["sub"]?.text?.lowercased() == application.appID else {
            throw .wrongAssertion("'iss' and 'sub' must both be the application's id.")
        }
        let endpoint = "\(request.origin)\(request.path)"
        let audience = token.claims["aud"]?.text ?? ""
        guard [endpoint, "\(request.origin)/\(CloudSeed.tenant)/v2.0"].contains(where: { $0.lowercased() == audience.lowercased() }) else {
            throw EntraError(
                status: 401, error: "invalid_client", code: 50_027,
                message: "JWT token is invalid: the audience '\(audience.prefix(200))' is not this endpoint.")
        }
        guard token.isCurrent(at: hub.now) else {
            throw EntraError(
                status: 401, error: "invalid_client", code: 700_024,
                message:
                    "Client assertion is not within its valid time range. Please make sure the client and the server clocks are in sync.")
        }
    }

    private func checkFederated(_ token: JSONWebToken, _ application: AppRegistration) throws(EntraError) {
        let issuer = token.claims["iss"]?.text ?? ""
        let subject = token.claims["sub"]?.text ?? ""
        let audiences = token.claims["aud"].map { $0.text.map { [$0] } ?? $0.elements.compactMap(\.text) } ?? []
        // Compared exactly, as Entra does: a slash more is another issuer.
        let isTrusted = application.federated.contains {
            $0.issuer == issuer && $0.subject == subject && audiences.contains($0.audience)
        }
        guard isTrusted else {
            throw EntraError(
                status: 401, error: "invalid_client", code: 70_021,
                message:
                    "No matching federated identity record found for presented assertion issuer '\(issuer.prefix(200))', subject '\(subject.prefix(200))', audience '\(audiences.first?.prefix(200) ?? "")'."
            )
        }
        guard outerKeys.verify(token) else { throw .wrongAssertion("the signature does not verify with the issuer's keys.") }
        guard token.isCurrent(at: hub.now) else {
            throw EntraError(
                status: 401, error: "invalid_client", code: 700_024, message: "Client assertion is not within its valid time range.")
        }
    }

    /// Compares without telling by the time it takes where two texts differ.
    private static func areEqual(_ a: String, _ b: String) -> Bool {
        guard a.utf8.count == b.utf8.count else { return false }
        return zip(a.utf8, b.utf8).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    // MARK: People

    private func redeem(_ form: [String: String], _ application: AppRegistration, _ request: CloudRequest) throws -> CloudResponse {
        guard let name = form["code"] else { throw EntraError.missing("code") }
        guard let verifier = form["code_verifier"] else { throw EntraError.missing("code_verifier") }
        guard let code = signIns.take(code: name), code.expiresAt > hub.now, code.clientID == application.appID else {
            throw EntraError.invalidCode
        }
        guard form["redirect_uri"] == code.redirectURI else { throw EntraError.wrongRedirect(form["redirect_uri"] ?? "") }
        guard (43...128).contains(verifier.utf8.count), PKCE.challenge(of: verifier) == code.challenge else {
            throw EntraError.wrongVerifier
        }
        return try signedIn(
            code.user, application, scope: form["scope"] ?? code.scope, nonce: code.nonce, claims: [form["claims"], code.claims],
            methods: ["pwd", "mfa"], mayHaveContext: true, request)
    }

    private func refresh(_ form: [String: String], _ application: AppRegistration, _ request: CloudRequest) throws -> CloudResponse {
        guard let name = form["refresh_token"] else { throw EntraError.missing("refresh_token") }
        guard let session = signIns.sessions[name], session.clientID == application.appID, session.expiresAt > hub.now else {
            throw EntraError(
                error: "invalid_grant", code: 700_082, message: "The refresh token has expired due to inactivity.", suberror: "bad_token")
        }
        // Somebody who signed in with a browser has shown what a context asks for; a device could not.
        return try signedIn(
            session.user, application, scope: form["scope"] ?? "", nonce: nil, claims: [form["claims"], session.claims],
            methods: session.methods, mayHaveContext: session.methods.contains("mfa"), request)
    }

    private func poll(_ form: [String: String], _ application: AppRegistration, _ request: CloudRequest) throws -> CloudResponse {
        guard let code = form["device_code"] else { throw EntraError.missing("device_code") }
        guard var device = signIns.devices[code], device.clientID == application.appID else { throw EntraError.badDeviceCode }
        guard device.expiresAt > hub.now else { throw EntraError.expired }
        let isHasty = device.lastPoll.map { hub.now - $0 < device.interval * 1000 - 500 } ?? false
        device.lastPoll = hub.now
        device.polls += 1
        if switches.deviceCodePolls > 0, device.state == .pending, device.polls > switches.deviceCodePolls,
            let user = directory.user(switches.signInAs)
        {
            device.state = .approved(user: user.id)
        }
        signIns.setDevice(code, device)
        if switches.take(\.deviceCodeSlowDowns) || isHasty {
            device.interval = min(device.interval + 5, 60)
            // An answer of the switch's making asks for no more patience than there was.
            if isHasty { signIns.setDevice(code, device) }
            throw EntraError.slowDown
        }
        switch device.state {
        case .pending: throw EntraError.pending
        case .declined:
            signIns.setDevice(code, nil)
            throw EntraError.declined
        case .approved(let user):
            let response = try signedIn(
                user, application, scope: form["scope"] ?? device.scope, nonce: nil, claims: [form["claims"], device.claims],
                methods: ["pwd"], mayHaveContext: false, request)
            signIns.setDevice(code, nil)
            return response
        }
    }

    /// The tokens of somebody who has signed in.
    private func signedIn(
        _ id: String, _ application: AppRegistration, scope: String, nonce: String?, claims: [String?], methods: [String],
        mayHaveContext: Bool, _ request: CloudRequest
    ) throws -> CloudResponse {
        guard let user = directory.principals[id] else { throw EntraError.invalidCode }
        let resource = try TokenResource(scope: scope, of: application, mustBeDefault: false)
        let asked = ClaimsRequest(claims.first ?? nil, claims.last ?? nil)
        if !asked.answersChallenge, switches.take(\.claimsChallenges) { throw EntraError.interactionRequired }
        let contexts = mayHaveContext ? asked.contexts : []
        let seconds = Int64(switches.tokenSeconds)
        let access = try accessToken(
            of: user,
            TokenWishes(
                clientID: application.appID, resource: resource, proof: .person(methods: methods),
                isContinuousAccessCapable: asked.isContinuousAccessCapable, contexts: contexts), seconds: seconds)
        let identity = try identityToken(
            of: user, for: application.appID, nonce: nonce, contexts: contexts, methods: methods, origin: request.origin)
        let session = signIns.add(
            SignInFlows.Session(
                clientID: application.appID, user: user.id, claims: claims.compactMap(\.self).first, methods: methods,
                expiresAt: hub.now + 90 * 86_400_000, number: 0))
        let client: CloudJSON = ["uid": .string(user.id), "utid": .string(CloudSeed.tenant)]
        return tokenAnswer([
            "token_type": "Bearer", "scope": .string(resource.grantedScopes), "expires_in": .int(seconds), "ext_expires_in": .int(seconds),
            "access_token": .string(access), "refresh_token": .string(session), "id_token": .string(identity),
            "client_info": .string(Base64URL.encode(client.serialized.utf8)),
        ])
    }

    private func tokenAnswer(_ json: CloudJSON) -> CloudResponse {
        CloudResponse(200, json, headers: [("Cache-Control", "no-store, no-cache"), ("Pragma", "no-cache")])
    }
}
