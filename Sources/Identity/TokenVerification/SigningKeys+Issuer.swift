extension EntraClient {
    /// Who issues this tenant's id tokens, and the keys that sign them: what a token that somebody else was given is held against.
    /// - Throws: ``IdentityError`` when the tenant does not say.
    public func issuer() async throws(IdentityError) -> (name: String, keys: SigningKeys) {
        let configuration = try await openIDConfiguration()
        return (configuration.issuer, .published(at: configuration.keysURL, entra: self))
    }
}
