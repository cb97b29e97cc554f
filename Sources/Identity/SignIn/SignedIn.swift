/// The result of an interactive sign-in, from a verified id token.
public struct SignedIn: Sendable {
    /// Who signed in.
    public let account: Account
    /// The application that was signed in to.
    public let clientID: String
    /// The tenant's base URL that was signed in at.
    public let authority: String
    /// Gets further tokens without a person; nil when the application was not given one.
    public let refreshToken: Secret?
    /// The tokens that came with it.
    public let tokens: [(scope: TokenScope, token: AccessToken)]
    /// The proof, for archives.
    public let proof: VerifiedIDToken
}

extension EntraClient {
    /// Makes a sign-in of what a token endpoint gave.
    /// - Parameters:
    ///   - nonce: what was sent with the request, nil where it has no place for one.
    ///   - allowedTenants: who may sign in; nil for the tenant of the endpoint, and for any that it stands for when it was not given by its id.
    func signedIn(
        _ grant: TokenGrant, scope: TokenScope, clientID: String, nonce: String?, allowedTenants: Set<String>?
    ) async throws(IdentityError) -> SignedIn {
        guard let idToken = grant.idToken else {
            throw IdentityError(.invalidAnswer, "\(self.endpoint.login) gave a token but does not say to whom (no id_token).")
        }
        let configuration = try await self.openIDConfiguration()
        let verifier = IDTokenVerifier(
            issuer: configuration.issuer, clientID: clientID, allowedTenants: allowedTenants ?? self.endpoint.tenantID.map { [$0] },
            keys: .published(at: configuration.keysURL, entra: self),
            clock: self.clock)
        let proof = try await verifier.verify(idToken, nonce: nonce)
        return SignedIn(
            account: proof.account, clientID: clientID, authority: self.endpoint.base, refreshToken: grant.refreshToken,
            tokens: [(scope, grant.token)], proof: proof)
    }
}
