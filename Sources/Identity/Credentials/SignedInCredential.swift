internal import Synchronization

/// The sign-in that a context keeps: tokens by refresh token, nobody is asked.
///
/// The first token decides whose it is. When somebody else signs in to the same context meanwhile, a running console goes on as who it was, by the refresh
/// token that it remembers: the file has that of the later one only. After a sign-out it ends with its tokens.
///
/// A new id token that comes with a new token is verified, and what it says of the person takes the place of what was kept.
public struct SignedInCredential: AccessTokenSource {
    static let sourcePrefix = "sign-in "
    /// For how long what was verified is not verified anew: tokens for several resources are renewed one after the other.
    static let verificationInterval = Duration.seconds(300)
    private let keeper: TokenKeeper

    /// - Parameters:
    ///   - entra: the tenant.
    ///   - clientID: the application that was signed in to.
    ///   - cache: where the sign-in is kept.
    ///   - person: whose tokens it gives, and nobody else's; nil inside for nobody's. Whoever signed in last, unless said.
    public init(entra: EntraClient, clientID: String, cache: TokenCache, person: Account?? = nil) {
        let chosen = ChosenSignIn(person)
        let find: @Sendable () async -> ChosenSignIn.Choice? = {
            let signIns = await cache.content().signIns
            // Nobody in a file that cannot be read, a locked keyring say, is no sign-out.
            let isKnown = if signIns.isEmpty { await cache.problem() == nil } else { true }
            return chosen.choose(among: signIns, isKnown: isKnown, clientID: clientID, authority: entra.endpoint.base)
        }
        // Whose tokens they are is known only when the file has been read. Of somebody whom the file has forgotten nothing is written there.
        let saved = SavedTokens(
            load: { scope in
                guard let choice = await find(), choice.isKept else { return nil }
                return await cache.savedTokens(of: Self.source(of: choice.signIn)).load(scope)
            },
            save: { scope, grant in
                guard let choice = await find(), choice.isKept else { return }
                await cache.savedTokens(of: Self.source(of: choice.signIn)).save(scope, grant)
            })
        self.keeper = TokenKeeper(clock: entra.clock, saved: saved) { (scope, challenge) throws(IdentityError) in
            guard let choice = await find() else {
                if let problem = await cache.problem() { throw problem }
                throw IdentityError(.notSignedIn, "Nobody is signed in to the context \(cache.name).", hint: "Sign in: callboard login")
            }
            let signIn = choice.signIn
            var form = FormBody()
            form.add("client_id", clientID)
            form.add("grant_type", "refresh_token")
            form.add("refresh_token", secret: signIn.refreshToken)
            form.add("scope", SignInScopes.text(for: scope))
            let grant = try await entra.grant(form, for: "token for \(scope.resource) to \(signIn.account.label)", answering: challenge)
            let account = try await Self.verified(grant, of: signIn, scope: scope, entra: entra)
            if let token = grant.refreshToken { chosen.renew(signIn, with: token) }
            // A sign-in that cannot be kept is good for this process all the same.
            if grant.refreshToken != nil || account != nil {
                try? await cache.renew(signIn, refreshToken: grant.refreshToken, account: account)
            }
            return grant
        }
    }

    /// Who it is by the id token that came with a new token; nil where none came, or it cannot be verified, or it is not time for it. What was verified
    /// before then stays, with its age.
    /// - Throws: ``IdentityError/Code/invalidAnswer`` when the token is of somebody else.
    private static func verified(
        _ grant: TokenGrant, of signIn: CachedSignIn, scope: TokenScope, entra: EntraClient
    ) async throws(IdentityError) -> Account? {
        guard grant.idToken != nil, signIn.verifiedAt.advanced(by: self.verificationInterval) <= entra.clock.now else { return nil }
        let renewed: SignedIn
        do throws(IdentityError) {
            renewed = try await entra.signedIn(grant, scope: scope, clientID: signIn.clientID, nonce: nil, allowedTenants: nil)
        } catch { return nil }
        guard renewed.account.isSame(as: signIn.account) else {
            throw IdentityError(
                .invalidAnswer, "\(entra.endpoint.login) gave a token of somebody else than \(signIn.account.label).",
                hint: "Sign in again: callboard login")
        }
        return renewed.account
    }

    /// A token of whoever signed in.
    /// - Throws: ``IdentityError/Code/notSignedIn`` when nobody did; ``IdentityError/Code/interactionRequired`` when a person has to act.
    public func accessToken(for scope: TokenScope, answering challenge: ClaimsChallenge?) async throws(IdentityError) -> AccessToken {
        try await self.keeper.token(for: scope, answering: challenge)
    }

    /// A token that is asked for now; see ``AccessTokenSource/freshToken(for:)``.
    public func freshToken(for scope: TokenScope) async throws(IdentityError) -> AccessToken {
        try await self.keeper.freshToken(for: scope)
    }

    static func source(of signIn: CachedSignIn) -> String {
        "\(self.sourcePrefix)\(signIn.authority) \(signIn.clientID) \(signIn.account.tenantID) \(signIn.account.objectID)"
    }
}

/// Remembers whose tokens a credential gives, and what gets them.
private final class ChosenSignIn: Sendable {
    /// A sign-in, and whether the file still has it.
    struct Choice {
        let signIn: CachedSignIn
        let isKept: Bool
    }

    private let state: Mutex<(account: Account?, remembered: CachedSignIn?)>
    private let isNobody: Bool

    init(_ person: Account??) {
        self.state = Mutex((person ?? nil, nil))
        if case .some(nil) = person { self.isNobody = true } else { self.isNobody = false }
    }

    /// - Parameter isKnown: whether these are all, rather than none because the file could not be read.
    func choose(among all: [CachedSignIn], isKnown: Bool, clientID: String, authority: String) -> Choice? {
        if self.isNobody { return nil }
        let signIns = all.filter { $0.clientID == clientID && $0.authority == authority }
        return self.state.withLock { state in
            if let signIn = signIns.first(where: { state.account?.isSame(as: $0.account) ?? true }) {
                state = (signIn.account, signIn)
                return Choice(signIn: signIn, isKept: true)
            }
            // Somebody else has signed in. Where nobody has any more, whoever it was signed out.
            guard !all.isEmpty || !isKnown else {
                state.remembered = nil
                return nil
            }
            return state.remembered.map { Choice(signIn: $0, isKept: false) }
        }
    }

    /// Takes note of the refresh token that is good from now on.
    func renew(_ signIn: CachedSignIn, with token: Secret) {
        self.state.withLock { state in
            if state.remembered?.isSame(as: signIn) == true { state.remembered?.refreshToken = token }
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
