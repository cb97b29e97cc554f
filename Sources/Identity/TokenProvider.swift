/// A token as the service takes it, with what its holder must know about it.
public struct AccessToken: Sendable {
    /// How a token is presented to the service.
    public enum Kind: Hashable, Sendable {
        /// `SharedAccessSignature sr=...`, sent as it is.
        case sharedAccessSignature
        /// A JSON web token of Entra ID, sent as `Bearer ...` over HTTP.
        case jsonWebToken
    }

    /// The token's text.
    public let secret: Secret
    /// When the service stops accepting it.
    public let expiresAt: WallTime
    /// How it is presented.
    public let kind: Kind

    /// A token that `secret` holds and that ends at `expiresAt`.
    public init(secret: Secret, expiresAt: WallTime, kind: Kind) {
        self.secret = secret
        self.expiresAt = expiresAt
        self.kind = kind
    }

    /// Whether the token still has more than `margin` to live at `time`.
    public func isValid(at time: WallTime, margin: Duration = .zero) -> Bool {
        time.advanced(by: margin) < self.expiresAt
    }

    /// The value of an `Authorization` header: the signature itself, or `Bearer` and the token.
    public var authorizationHeader: Secret {
        switch self.kind {
        case .sharedAccessSignature:
            return self.secret
        case .jsonWebToken:
            return self.secret.withUnsafeBytes { Secret(Array("Bearer ".utf8) + Array($0)) }
        }
    }

    /// The token type to name in a CBS `put-token` request (protocol reference 1.6).
    public var cbsTokenType: String {
        switch self.kind {
        case .sharedAccessSignature: "servicebus.windows.net:sastoken"
        case .jsonWebToken: "jwt"
        }
    }
}

/// A source of tokens: a shared key, a ready-made signature, or a sign-in.
///
/// The same provider serves the AMQP side (CBS `put-token`, one token per entity) and the HTTP side (an `Authorization` header).
public protocol TokenProvider: Sendable {
    /// A token for `audience`, the URI of the entity or namespace it is to be used on.
    ///
    /// Providers do their own caching where a token is costly; callers ask again whenever they need one.
    /// - Parameter audience: such as `sb://contoso.servicebus.windows.net/orders`. Providers of tokens that are not bound to an entity ignore the path.
    /// - Throws: ``IdentityError`` when no token can be had, or only one that has ended.
    func token(for audience: String) async throws(IdentityError) -> AccessToken
}
