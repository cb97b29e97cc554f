package import AzureResources
package import Identity
package import ServiceBus

/// Who signed a statement, and with what: what an archive needs to check it again.
package struct CooperativeProof: Sendable {
    /// Who signed.
    package let account: Account
    /// When they signed in.
    package let signedInAt: Timestamp
    /// The key of the issuer that vouches for it.
    package let key: SigningKey

    /// Their object id.
    package var signer: GUID { GUID(account.objectID) }
}

/// Decides who signed a statement: everything an id token is held against (``IDTokenVerifier``), that it is this statement that it signs, and that it was made
/// when the service took the message. The service's clock counts, not this machine's: so everybody comes to the same answer, however late they look.
package struct SignatureVerifier: Sendable {
    /// How long before the message came somebody may have signed in to sign it.
    package static let window = Duration.seconds(600)
    /// The same for a key that a sign-in stands for.
    package static let keyWindow = Duration.seconds(3600)

    private let issuer: String
    private let clientID: String
    private let tenants: Set<String>
    private let keys: SigningKeys

    /// - Parameters:
    ///   - issuer: who issues the id tokens; `{tenantid}` in it stands for the token's own tenant.
    ///   - clientID: the application that people sign in to in order to sign. No service may take its tokens for a credential.
    ///   - tenants: the ids of the tenants that may sign.
    ///   - keys: the issuer's keys.
    package init(issuer: String, clientID: String, tenants: Set<String>, keys: SigningKeys) {
        self.issuer = issuer
        self.clientID = clientID
        self.tenants = tenants
        self.keys = keys
    }

    /// Checks a statement's signature.
    /// - Parameters:
    ///   - statement: what is signed, and the signature.
    ///   - tenant: the tenant that the statement names.
    ///   - signer: the object id of whoever made it, as it says itself.
    ///   - enqueuedAt: when the service took the message.
    /// - Throws: ``OperatorError`` when the issuer's keys cannot be had: then nothing is known.
    func verify(
        _ statement: SignedStatement, tenant: GUID, signer: GUID, enqueuedAt: Timestamp
    ) async throws(OperatorError) -> Result<CooperativeProof, CooperativeFlaw> {
        let moment = WallTime(secondsSince1970: enqueuedAt.milliseconds / 1000)
        let verifier = IDTokenVerifier(
            issuer: issuer, clientID: clientID, allowedTenants: tenants, keys: keys, clock: WallClock { moment })
        let signature = statement.signature
        let verified: VerifiedIDToken
        do throws(IdentityError) {
            verified = try await verifier.verify(signature.token, nonce: signature.nonce(for: statement.digest))
        } catch {
            guard case .untrusted(let flaw) = error.code else { throw OperatorError(error) }
            guard flaw == .nonce else { return .failure(.token(flaw)) }
            return .failure(signature.binding == nil ? .altered : .foreignKey)
        }
        if let binding = signature.binding, !binding.signs(statement.statement.canonical) { return .failure(.keySignature) }
        guard let issuedAt = verified.issuedAt else { return .failure(.token(.malformed)) }
        let signedInAt = Timestamp(issuedAt)
        let apart = enqueuedAt.since(signedInAt)
        let window = signature.binding == nil ? Self.window : Self.keyWindow
        guard apart <= window, apart >= .zero - IDTokenVerifier.clockSkew else { return .failure(.stale(apart: apart)) }
        guard GUID(verified.account.tenantID) == tenant else { return .failure(.otherTenant) }
        guard GUID(verified.account.objectID) == signer else { return .failure(.impersonation) }
        return .success(CooperativeProof(account: verified.account, signedInAt: signedInAt, key: verified.key))
    }
}
