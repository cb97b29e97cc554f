internal import Synchronization

/// The sign-in that a context keeps: tokens by refresh token, nobody is asked.
///
/// The first token decides whose it is. When somebody else signs in to the same context meanwhile, a running console goes on as who it was.
public struct SignedInCredential: AccessTokenSource {
    static let sourcePrefix = "sign-in "
    private let keeper: TokenKeeper

    /// - Parameters:
    ///   - entra: the tenant.
    ///   - clientID: the application that was signed in to.
    ///   - cache: where the sign-in is kept.
    ///   - person: whose tokens it gives, and nobody else's; nil inside for nobody's. Whoever signed in last, unless said.
    public init(entra: EntraClient, clientID: String, cache: TokenCache, person: Account?? = nil) {
        let chosen = ChosenAccount(person)
        let find: @Sendable () async -> CachedSignIn? = {
            let signIns = await cache.content().signIns.filter { $0.clientID == clientID && $0.authority == entra.endpoint.base }
            return chosen.choose(among: signIns)
        }
        // Whose tokens they are is known only when the file has been read.
        let saved = SavedTokens(
            load: { scope in
                guard let signIn = await find() else { return nil }
                return await cache.savedTokens(of: Self.source(of: signIn)).load(scope)
            },
            save: { scope, grant in
                guard let signIn = await find() else { return }
                await cache.savedTokens(of: Self.source(of: signIn)).save(scope, grant)
            })
        self.keeper = TokenKeeper(clock: entra.clock, saved: saved) { (scope, challenge) throws(IdentityError) in
            guard let signIn = await find() else {
                if let problem = await cache.problem() { throw problem }
                throw IdentityError(.notSignedIn, "Nobody is signed in to the context \(cache.name).", hint: "Sign in: callboard login")
            }
            var form = FormBody()
            form.add("client_id", clientID)
            form.add("grant_type", "refresh_token")
            form.add("refresh_token", secret: signIn.refreshToken)
            form.add("scope", SignInScopes.text(for: scope))
            let grant = try await entra.grant(form, for: "token for \(scope.resource) to \(signIn.account.label)", answering: challenge)
            // A sign-in that cannot be kept is good for this process all the same.
            if let token = grant.refreshToken { try? await cache.replaceRefreshToken(of: signIn, with: token) }
            return grant
        }
    }

    /// A token of whoever signed in.
    /// - Throws: ``IdentityError/Code/notSignedIn`` when nobody did; ``IdentityError/Code/interactionRequired`` when a person has to act.
    public func accessToken(for scope: TokenScope, answering challenge: ClaimsChallenge?) async throws(IdentityError) -> AccessToken {
        try await self.keeper.token(for: scope, answering: challenge)
    }

    static func source(of signIn: CachedSignIn) -> String {
        "\(self.sourcePrefix)\(signIn.authority) \(signIn.clientID) \(signIn.account.tenantID) \(signIn.account.objectID)"
    }
}

/// Remembers whose tokens a credential gives.
private final class ChosenAccount: Sendable {
    private let account: Mutex<Account?>
    private let isNobody: Bool

    init(_ person: Account??) {
        self.account = Mutex(person ?? nil)
        if case .some(nil) = person { self.isNobody = true } else { self.isNobody = false }
    }

    func choose(among signIns: [CachedSignIn]) -> CachedSignIn? {
        if self.isNobody { return nil }
        return self.account.withLock { account in
            guard let signIn = signIns.first(where: { account?.isSame(as: $0.account) ?? true }) else { return nil }
            account = signIn.account
            return signIn
        }
    }
}

extension Account {
    /// How messages call somebody.
    var label: String { self.preferredUsername.isEmpty ? self.objectID : self.preferredUsername }
}

/// What a sign-in asks for.
enum SignInScopes {
    /// Who it is, a refresh token, and one resource: Entra ID gives tokens for one at a time.
    static func text(for scope: TokenScope) -> String { "openid profile offline_access \(scope.defaultScope)" }
}
