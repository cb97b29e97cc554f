/// Somebody who signed in, and what gets tokens for them without asking again.
struct CachedSignIn: Sendable {
    var account: Account
    /// The application that was signed in to.
    var clientID: String
    /// The tenant's base URL.
    var authority: String
    var refreshToken: Secret
    var signedInAt: WallTime
    /// When an id token last said who it is.
    var verifiedAt: WallTime
    /// When the groups were told.
    var groupsAt: WallTime

    /// Whether both are of the same person at the same application.
    func isSame(as other: CachedSignIn) -> Bool {
        self.account.isSame(as: other.account) && self.clientID == other.clientID && self.authority == other.authority
    }
}

/// An access token that lives on.
struct CachedToken: Sendable {
    /// Whose it is: the credential in words that tell it from others.
    var source: String
    var scope: TokenScope
    var grant: TokenGrant
}

/// What a cache file holds.
struct CacheContent: Sendable {
    /// A context has one sign-in: what gets tokens for whoever signed in before is not left lying about.
    static let signInLimit = 1
    static let tokenLimit = 64

    /// Who signed in.
    var signIns: [CachedSignIn] = []
    var tokens: [CachedToken] = []

    init() {}

    mutating func add(_ signIn: CachedSignIn) { self.signIns = [signIn] }

    mutating func add(_ token: CachedToken) {
        self.tokens.removeAll { $0.source == token.source && $0.scope == token.scope }
        self.tokens.insert(token, at: 0)
        self.tokens = Array(self.tokens.prefix(Self.tokenLimit))
    }

    /// Drops tokens that have ended.
    mutating func prune(at now: WallTime) { self.tokens.removeAll { !$0.grant.token.isValid(at: now) } }
}

// The file's form. Secrets are text in it, so it exists only on the way to and from the sealed bytes.
extension CacheContent {
    private struct Form: Codable {
        struct SignIn: Codable {
            var account: Account
            var clientID: String
            var authority: String
            var refreshToken: String
            var signedInAt: Int64
            /// Earlier versions did not write the last two.
            var verifiedAt: Int64?
            var groupsAt: Int64?
        }

        struct Token: Codable {
            var source: String
            var resource: String
            var token: String
            var expiresAt: Int64
            var refreshAt: Int64?
        }

        var version: Int
        var signIns: [SignIn]
        var tokens: [Token]
    }

    /// - Returns: nil for what no version of this program wrote, or a later one.
    init?(plain: [UInt8]) {
        guard let form = JSONBody.decode(Form.self, from: plain), form.version == 1 else { return nil }
        self.signIns = form.signIns.prefix(Self.signInLimit).map { signIn in
            CachedSignIn(
                account: signIn.account, clientID: signIn.clientID, authority: signIn.authority, refreshToken: Secret(signIn.refreshToken),
                signedInAt: WallTime(secondsSince1970: signIn.signedInAt),
                verifiedAt: WallTime(secondsSince1970: signIn.verifiedAt ?? signIn.signedInAt),
                groupsAt: WallTime(secondsSince1970: signIn.groupsAt ?? signIn.signedInAt))
        }
        self.tokens = form.tokens.prefix(Self.tokenLimit).map { token in
            let access = AccessToken(
                secret: Secret(token.token), expiresAt: WallTime(secondsSince1970: token.expiresAt), kind: .jsonWebToken)
            return CachedToken(
                source: token.source, scope: TokenScope(resource: token.resource),
                grant: TokenGrant(token: access, refreshAt: token.refreshAt.map(WallTime.init(secondsSince1970:))))
        }
    }

    /// - Returns: nil when it would be larger than what is read.
    var plain: [UInt8]? {
        let form = Form(
            version: 1,
            signIns: self.signIns.map { signIn in
                Form.SignIn(
                    account: signIn.account, clientID: signIn.clientID, authority: signIn.authority,
                    refreshToken: signIn.refreshToken.withRevealedText { $0 }, signedInAt: signIn.signedInAt.secondsSince1970,
                    verifiedAt: signIn.verifiedAt.secondsSince1970, groupsAt: signIn.groupsAt.secondsSince1970)
            },
            tokens: self.tokens.map { token in
                Form.Token(
                    source: token.source, resource: token.scope.resource, token: token.grant.token.secret.withRevealedText { $0 },
                    expiresAt: token.grant.token.expiresAt.secondsSince1970, refreshAt: token.grant.refreshAt?.secondsSince1970)
            })
        return JSONBody.encode(form).flatMap { $0.count <= JSONBody.limit ? $0 : nil }
    }
}
