internal import NIOCore
internal import RESTClient

/// How an issuer describes itself (OpenID Connect Discovery 1.0, section 3).
struct OpenIDConfiguration: Sendable, Hashable {
    /// Who signs; contains `{tenantid}` where the tenant asked for is not a single one.
    let issuer: String
    /// Where its keys are.
    let keysURL: String

    private struct Body: Decodable {
        var issuer: String
        var jwks_uri: String
    }

    init?(body: some Collection<UInt8>) {
        guard let body = JSONBody.decode(Body.self, from: body), !body.issuer.isEmpty, body.issuer.utf8.count <= 2048,
            LoopbackURL.isSafeForSecrets(body.jwks_uri)
        else { return nil }
        self.issuer = body.issuer
        self.keysURL = body.jwks_uri
    }
}

extension EntraClient {
    /// Asks the tenant who it is.
    func openIDConfiguration() async throws(IdentityError) -> OpenIDConfiguration {
        let what = "description of the tenant \(self.endpoint.tenant)"
        let response = try await self.get(self.endpoint.openIDConfiguration)
        guard response.isSuccess else { throw self.failure(response, form: FormBody(), asking: what) }
        guard let configuration = OpenIDConfiguration(body: response.body.readableBytesView) else {
            throw IdentityError(
                .invalidAnswer, "\(self.endpoint.login) answered the request for the \(what) with something else.",
                hint: "Check that it is the sign-in service and not a proxy's page.")
        }
        return configuration
    }
}
