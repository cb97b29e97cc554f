internal import AzureResources
package import Identity

/// Tokens of Entra ID for Service Bus: of an application that has the role, or of whoever is signed in.
package struct EntraTokenMaker: TokenMaker {
    /// Whose tokens they are.
    package enum Holder: Hashable, Sendable {
        /// An application's, which can do what its role lets it.
        case application(String)
        /// Whoever is signed in.
        case caller
    }

    private let source: any AccessTokenSource
    private let scope: TokenScope
    private let holder: Holder

    /// - Parameters:
    ///   - source: where tokens come from.
    ///   - scope: what they are for.
    ///   - holder: whose they are.
    package init(source: any AccessTokenSource, scope: TokenScope, holder: Holder) {
        self.source = source
        self.scope = scope
        self.holder = holder
    }

    package func token(until end: WallTime, isRenewable: Bool) async throws(OperatorError) -> IssuedToken {
        var token: AccessToken
        do throws(IdentityError) {
            token = try await source.accessToken(for: scope)
            // One that is kept has some minutes left at least; where none can follow it, that may be too few.
            if !isRenewable, token.expiresAt < end {
                let fresh = try await source.freshToken(for: scope)
                if fresh.expiresAt > token.expiresAt { token = fresh }
            }
        } catch { throw OperatorError(error) }
        var issued = IssuedToken(secret: token.secret, expiresAt: token.expiresAt, kind: .token)
        switch holder {
        case .application(let id): issued.application = id
        case .caller:
            issued.remarks.append(
                "This is a token of your own: it opens everything that you may open, not only this entity. An application for each role (role-identities) is narrower."
            )
        }
        if token.expiresAt > end {
            issued.remarks.append(
                "Entra ID decides how long its tokens live: this one lives until \(token.expiresAt.rfc3339), longer than was asked for.")
        } else if !isRenewable, token.expiresAt < end {
            issued.remarks.append(
                "Entra ID decides how long its tokens live: this one lives until \(token.expiresAt.rfc3339) only, and where it goes it cannot be renewed. A file (--to) or a socket is given the next one too."
            )
        }
        return issued
    }
}
