/// How requests to a Backstage backend say who asks.
public struct BackstageAuthorization: Sendable {
    /// The ways in which a backend knows a caller. They differ in what has to be set up there, and so in what to do about a refusal.
    public enum Way: Hashable, Sendable, CaseIterable {
        /// No credentials: only for backends without a default authentication policy.
        case none
        /// An access token of Entra ID, Okta or another issuer, which the backend verifies with the issuer's keys (`externalAccess` of type `jwks`): a known identity without a shared secret.
        case issuedToken
        /// A secret that the backend's configuration names (`externalAccess` of type `static`).
        case staticToken
        /// A token that the backend itself gave a person who signed in.
        case userToken
        /// A token signed with a shared secret (`externalAccess` of type `legacy`).
        case legacyToken
    }

    /// The way.
    public let way: Way
    /// The value of the `Authorization` field; nil sends none.
    let value: @Sendable () async throws -> String?

    /// Credentials that are asked for anew for each request, so that tokens can be renewed.
    /// - Parameters:
    ///   - way: what kind of credentials they are.
    ///   - value: gives the whole value of the `Authorization` field, such as `Bearer …`. What it throws becomes part of a message: it must hold no secret.
    public init(_ way: Way, value: @escaping @Sendable () async throws -> String) {
        self.way = way
        self.value = value
    }

    private init() {
        way = .none
        value = { nil }
    }

    /// No credentials.
    public static let none = BackstageAuthorization()
}

extension BackstageAuthorization.Way {
    /// What to try when the backend does not know who asks (401).
    /// - Parameter detail: the backend's words. `Missing credentials` means that none arrived, `Illegal token` that no way it has been told of accepts the token.
    func help(unauthenticated detail: String?) -> String {
        let arrivedNone = detail?.hasPrefix("Missing credentials") == true
        switch self {
        case .none:
            return "The backend wants to know who asks: name a way to sign in. External access of type 'jwks' needs no shared secret."
        case _ where arrivedNone:
            return "Credentials were sent and none arrived: a proxy before the backend takes the Authorization field away."
        case .issuedToken:
            return
                "No entry of type 'jwks' under backend.auth.externalAccess accepts the token: its 'url', 'issuer', 'audience' and 'algorithm' must fit what the token "
                + "says (Entra ID: version 1 tokens are of https://sts.windows.net/TENANT/, version 2 of https://login.microsoftonline.com/TENANT/v2.0)."
        case .staticToken:
            return
                "No entry of type 'static' under backend.auth.externalAccess has this token: compare both ends, blanks and unset variables included. A changed "
                + "configuration counts once the backend was started again."
        case .userToken:
            return "The token has ended, or another Backstage gave it: sign in again."
        case .legacyToken:
            return
                "No entry of type 'legacy' under backend.auth.externalAccess has this secret (in base64, the same at both ends), or the clocks differ. Backends that only "
                + "have backend.auth.keys are of the old kind."
        }
    }

    /// What to try when the backend knows who asks, and refuses (403).
    func help(notAllowed detail: String?) -> String {
        if detail?.contains("restricted to plugin") == true {
            return
                "The token's accessRestrictions under backend.auth.externalAccess leave the catalogue out: add an entry with 'plugin: catalog'."
        }
        return switch self {
        case .none, .userToken: "The backend's permission policy refuses it to this person."
        case .issuedToken, .staticToken, .legacyToken:
            "The accessRestrictions of this token under backend.auth.externalAccess do not name the permission, or the permission policy refuses it."
        }
    }
}
