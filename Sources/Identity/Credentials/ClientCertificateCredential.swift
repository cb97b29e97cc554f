/// An application that proves who it is by signing with the key of its certificate. The key never leaves the process.
public struct ClientCertificateCredential: AccessTokenSource {
    private let keeper: TokenKeeper

    /// - Parameters:
    ///   - entra: the application's tenant.
    ///   - clientID: the application.
    ///   - certificate: its certificate with the key.
    ///   - cache: where tokens outlive the process; nil when they do not.
    public init(entra: EntraClient, clientID: String, certificate: ClientCertificate, cache: TokenCache? = nil) {
        self.keeper = .clientCredentials(entra: entra, clientID: clientID, cache: cache, kind: "certificate") {
            form throws(IdentityError) in
            let assertion = try await ClientAssertion.make(
                certificate: certificate, clientID: clientID, audience: entra.endpoint.token, id: entra.random.text(24), at: entra.clock.now
            )
            form.add("client_assertion_type", ClientAssertion.type)
            form.add("client_assertion", secret: assertion)
        }
    }

    /// A token of the application.
    /// - Throws: ``IdentityError``; ``IdentityError/Code/credentialRefused`` when the application does not know the certificate.
    public func accessToken(for scope: TokenScope, answering challenge: ClaimsChallenge?) async throws(IdentityError) -> AccessToken {
        try await self.keeper.token(for: scope, answering: challenge)
    }

    /// A token that is asked for now; see ``AccessTokenSource/freshToken(for:)``.
    public func freshToken(for scope: TokenScope) async throws(IdentityError) -> AccessToken {
        try await self.keeper.freshToken(for: scope)
    }
}
