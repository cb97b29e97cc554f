/// Entra ID: discovery, keys, and the way to each endpoint (OpenID Connect Discovery 1.0; Microsoft identity platform v2.0).
extension SandboxCloud {
    /// The outer identity provider's name, first in its addresses.
    static let outerIssuer = "outer-idp"

    func answerEntra(_ request: CloudRequest, _ segments: [String], _ words: [String]) -> CloudResponse {
        let trace = CallID.make()
        let correlation = request.headers["client-request-id"] ?? CallID.make()
        do {
            if words == ["common", "discovery", "instance"] { return discoverInstance(request) }
            if words == ["devicelogin"] { return answerDeviceLogin(request) }
            if words.first == Self.outerIssuer { return try answerOuterIssuer(words) }
            guard let tenant = words.first, words.count > 1 else { return .nothing }
            guard [CloudSeed.tenant, CloudSeed.domain, "organizations", "common"].contains(tenant) else {
                throw EntraError.unknownTenant(segments[0])
            }
            let issuer = "\(request.origin)/\(CloudSeed.tenant)/v2.0"
            switch (request.method, Array(words.dropFirst())) {
            case ("GET", ["v2.0", ".well-known", "openid-configuration"]): return configuration(request.origin, tenant, issuer)
            case ("GET", ["discovery", "v2.0", "keys"]):
                return CloudResponse(200, try keys.json(issuer: issuer), headers: [("Cache-Control", "max-age=86400, private")])
            case ("POST", ["oauth2", "v2.0", "devicecode"]): return try beginDeviceFlow(request)
            case ("GET", ["oauth2", "v2.0", "authorize"]): return try authorize(request)
            case ("POST", ["oauth2", "v2.0", "token"]): return try token(request)
            default: return .nothing
            }
        } catch let error as EntraError {
            return error.response(at: hub.now, trace: trace, correlation: correlation)
        } catch {
            // Signing failed: there is nothing that a client could do differently.
            return EntraError(status: 500, error: "server_error", code: 50_000, message: "There was an error issuing a token.")
                .response(at: hub.now, trace: trace, correlation: correlation)
        }
    }

    private func configuration(_ origin: String, _ tenant: String, _ issuer: String) -> CloudResponse {
        let base = "\(origin)/\(tenant)"
        return CloudResponse(
            200,
            [
                "token_endpoint": "\(base)/oauth2/v2.0/token",
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
                "jwks_uri": "\(base)/discovery/v2.0/keys", "response_modes_supported": ["query", "form_post"],
                "subject_types_supported": ["pairwise"], "id_token_signing_alg_values_supported": ["RS256"],
                "response_types_supported": ["code"], "scopes_supported": ["openid", "profile", "email", "offline_access"],
                "issuer": .string(issuer), "request_uri_parameter_supported": false,
                "authorization_endpoint": "\(base)/oauth2/v2.0/authorize",
                "device_authorization_endpoint": "\(base)/oauth2/v2.0/devicecode", "code_challenge_methods_supported": ["S256"],
                "claims_supported": [
                    "sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name", "tid", "ver", "oid",
                    "groups",
                ], "tenant_region_scope": "EU", "cloud_instance_name": "sandbox", "msgraph_host": .string(String(origin.dropFirst(8))),
            ], headers: [("Cache-Control", "max-age=86400, private")])
    }

    private func discoverInstance(_ request: CloudRequest) -> CloudResponse {
        let host = CloudJSON.string(request.host)
        return CloudResponse(
            200,
            [
                "tenant_discovery_endpoint": "\(request.origin)/\(CloudSeed.tenant)/v2.0/.well-known/openid-configuration",
                "api-version": "1.1", "metadata": [["preferred_network": host, "preferred_cache": host, "aliases": [host]]],
            ])
    }

    /// The provider outside the tenant that signs in workloads: only its keys can be asked for; its one token is in a file.
    private func answerOuterIssuer(_ words: [String]) throws -> CloudResponse {
        let issuer = "\(origin)/\(Self.outerIssuer)"
        switch words.dropFirst() {
        case [".well-known", "openid-configuration"]:
            return CloudResponse(
                200,
                [
                    "issuer": .string(issuer), "jwks_uri": "\(issuer)/keys", "id_token_signing_alg_values_supported": ["RS256"],
                    "response_types_supported": ["id_token"], "subject_types_supported": ["public"],
                ])
        case ["keys"]: return CloudResponse(200, try outerKeys.json(issuer: issuer))
        default: return .nothing
        }
    }

    /// The token that a cluster would put into a file for its workload.
    func outerToken(seconds: Int64) throws -> String {
        let issued = hub.now / 1000
        return try JSONWebToken.signed(
            [
                "iss": "\(origin)/\(Self.outerIssuer)", "sub": .string(CloudSeed.federatedSubject), "aud": ["api://AzureADTokenExchange"],
                "iat": .int(issued), "nbf": .int(issued), "exp": .int(issued + seconds),
            ], by: outerKeys.current)
    }
}
