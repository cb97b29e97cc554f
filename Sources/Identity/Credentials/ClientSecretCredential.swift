/// An application that proves who it is with a secret (RFC 6749 4.4).
public struct ClientSecretCredential: AccessTokenSource {
    private let keeper: TokenKeeper

    /// - Parameters:
    ///   - entra: the application's tenant.
    ///   - clientID: the application.
    ///   - secret: one of its secrets: the value, not the id.
    ///   - cache: where tokens outlive the process; nil when they do not.
    public init(entra: EntraClient, clientID: String, secret: Secret, cache: TokenCache? = nil) {
        self.keeper = .clientCredentials(entra: entra, clientID: clientID, cache: cache, kind: "secret") { form throws(IdentityError) in
            form.add("client_secret", secret: secret)
        }
    }

    /// A token of the application.
    /// - Throws: ``IdentityError``; ``IdentityError/Code/credentialRefused`` when the secret is wrong or has ended.
    public func accessToken(for scope: TokenScope, answering challenge: ClaimsChallenge?) async throws(IdentityError) -> AccessToken {
        try await self.keeper.token(for: scope, answering: challenge)
    }

    /// A token that is asked for now; see ``AccessTokenSource/freshToken(for:)``.
    public func freshToken(for scope: TokenScope) async throws(IdentityError) -> AccessToken {
        try await self.keeper.freshToken(for: scope)
    }
}

extension TokenKeeper {
    /// The tokens of an application that has proof of its own.
    /// - Parameter prove: adds the proof to a request.
    static func clientCredentials(
        entra: EntraClient, clientID: String, cache: TokenCache?, kind: String,
        prove: @escaping @Sendable (inout FormBody) async throws(IdentityError) -> Void
    ) -> TokenKeeper {
        let saved = cache?.savedTokens(of: "\(kind) \(entra.endpoint.base) \(clientID)")
        return TokenKeeper(clock: entra.clock, saved: saved) { (scope, challenge) throws(IdentityError) in
            var form = FormBody()
            form.add("client_id", clientID)
            form.add("grant_type", "client_credentials")
            form.add("scope", scope.defaultScope)
            try await prove(&form)
            return try await entra.grant(form, for: "token for \(scope.resource) to application \(clientID)", answering: challenge)
        }
    }
}
