/// Tokens of Entra ID where a ``TokenProvider`` is wanted: for Service Bus, which takes the same token for every entity that the identity may use.
public struct EntraTokenProvider: TokenProvider {
    private let source: any AccessTokenSource
    private let scope: TokenScope

    /// - Parameters:
    ///   - source: a sign-in, a credential, a chain.
    ///   - scope: Service Bus of the context's cloud.
    public init(source: any AccessTokenSource, scope: TokenScope) {
        self.source = source
        self.scope = scope
    }

    /// A token that is good for every audience in the scope; the audience does not matter.
    public func token(for audience: String) async throws(IdentityError) -> AccessToken {
        try await self.source.accessToken(for: self.scope)
    }
}
