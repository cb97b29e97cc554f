/// A shared access key: signs a token for whatever audience it is asked for.
public struct SharedAccessKeyCredential: TokenProvider {
    /// The authorization rule's name.
    public let keyName: String
    private let key: Secret
    private let lifetime: Duration
    private let clock: WallClock

    /// - Parameters:
    ///   - keyName: the authorization rule, such as `RootManageSharedAccessKey`.
    ///   - key: its primary or secondary key.
    ///   - lifetime: how long each token shall last, one hour unless told.
    ///   - clock: the time of day.
    public init(keyName: String, key: Secret, lifetime: Duration = .seconds(3600), clock: WallClock = .system) {
        self.keyName = keyName
        self.key = key
        self.lifetime = lifetime
        self.clock = clock
    }

    /// A fresh signature for `audience`. Signing takes microseconds, so nothing is cached. Never throws.
    public func token(for audience: String) async throws(IdentityError) -> AccessToken {
        let expiresAt = self.clock.now.advanced(by: self.lifetime)
        let secret = SharedAccessSignature.generate(resource: audience, keyName: self.keyName, key: self.key, expiresAt: expiresAt)
        return AccessToken(secret: secret, expiresAt: expiresAt, kind: .sharedAccessSignature)
    }
}

/// A signature somebody handed out: can be used until it ends, and for nothing but what it was made for.
public struct SharedAccessSignatureCredential: TokenProvider {
    private let secret: Secret
    private let clock: WallClock
    /// What the signature says about itself.
    public let signature: SharedAccessSignature

    /// - Parameters:
    ///   - secret: the whole text, from `SharedAccessSignature sr=` on.
    ///   - clock: the time of day.
    /// - Throws: ``IdentityError/Code/malformedToken``.
    public init(_ secret: Secret, clock: WallClock = .system) throws(IdentityError) {
        self.signature = try secret.withRevealedText { (text) throws(IdentityError) in
            try SharedAccessSignature(parsing: text)
        }
        self.secret = secret
        self.clock = clock
    }

    /// The signature itself.
    /// - Throws: ``IdentityError/Code/expired``, ``IdentityError/Code/outOfScope``: both tell what to ask for instead.
    public func token(for audience: String) async throws(IdentityError) -> AccessToken {
        guard self.clock.now < self.signature.expiresAt else {
            throw IdentityError(.expired, "The shared access signature of the connection string has ended; ask for a new one.")
        }
        guard self.signature.covers(audience) else {
            throw IdentityError(.outOfScope, "The shared access signature was made for \(self.signature.resource), not for \(audience).")
        }
        return AccessToken(secret: self.secret, expiresAt: self.signature.expiresAt, kind: .sharedAccessSignature)
    }
}
