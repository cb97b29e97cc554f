/// Signing in with the browser of this machine (RFC 8252): authorization code with PKCE, sent back to a port on loopback.
///
/// It satisfies every policy that a tenant can have, and binds the id token to this request. The application's registration has the redirect URI
/// `http://localhost` for public clients; any port is allowed then.
public struct BrowserSignIn: Sendable {
    /// How long a person may take.
    public static let limit = Duration.seconds(300)

    private let entra: EntraClient
    private let clientID: String
    private let scope: TokenScope
    private let allowedTenants: Set<String>?

    /// What may be asked for besides.
    public struct Options: Sendable {
        /// The address to begin with.
        public var loginHint: String?
        /// `select_account`, `login`, `consent` or `none`.
        public var prompt: String?
        /// What the id token is to be bound to, in place of something random: the digest of what a person signs with it.
        public var nonce: String?
        /// What a service asked for that the last token lacks.
        public var challenge: ClaimsChallenge?

        /// Nothing.
        public init() {}
    }

    /// - Parameters:
    ///   - entra: the tenant.
    ///   - clientID: the application to sign in to.
    ///   - scope: what the first token is for; others can be had later.
    ///   - allowedTenants: the ids of the tenants that may sign in; nil when the tenant of `entra` alone decides.
    public init(entra: EntraClient, clientID: String, scope: TokenScope, allowedTenants: Set<String>? = nil) {
        self.entra = entra
        self.clientID = clientID
        self.scope = scope
        self.allowedTenants = allowedTenants
    }

    /// Signs in.
    /// - Parameters:
    ///   - options: what else to ask for.
    ///   - open: gets the URL to open in a browser, and to show for whoever has to open it by hand.
    /// - Throws: ``IdentityError/Code/timedOut`` after five minutes, ``IdentityError/Code/cancelled``, and whatever Entra ID or ``IDTokenVerifier`` refuses.
    public func run(_ options: Options = Options(), open: @escaping @Sendable (String) async -> Void) async throws(IdentityError)
        -> SignedIn
    {
        let key = ProofKey(random: self.entra.random)
        let state = self.entra.random.text(32)
        let nonce = options.nonce ?? self.entra.random.text(32)
        let listener = try await LoopbackListener.start()
        let redirect = "http://localhost:\(listener.port)/"
        let url = self.url(redirect: redirect, state: state, nonce: nonce, challenge: key.challenge, options)
        let answer: RedirectAnswer?
        do throws(IdentityError) {
            answer = try await self.entra.pause.limit(Self.limit) { () throws(IdentityError) in
                await open(url)
                return try await listener.redirect()
            }
        } catch {
            await listener.close()
            throw error
        }
        await listener.close()
        guard let answer else {
            throw IdentityError(
                .timedOut, "Nobody finished the sign-in in the browser within 5 minutes.", hint: "Start again, or use a device code.")
        }
        let code = try self.code(of: answer, state: state)
        var form = FormBody()
        form.add("client_id", self.clientID)
        form.add("grant_type", "authorization_code")
        form.add("code", secret: code)
        form.add("redirect_uri", redirect)
        form.add("code_verifier", secret: key.verifier)
        form.add("scope", SignInScopes.text(for: self.scope))
        let grant = try await self.entra.grant(form, for: "token for \(self.scope.resource)", answering: options.challenge)
        return try await self.entra.signedIn(
            grant, scope: self.scope, clientID: self.clientID, nonce: nonce, allowedTenants: self.allowedTenants)
    }

    private func url(redirect: String, state: String, nonce: String, challenge: String, _ options: Options) -> String {
        var fields = [
            ("client_id", self.clientID), ("response_type", "code"), ("redirect_uri", redirect), ("response_mode", "query"),
            ("scope", SignInScopes.text(for: self.scope)), ("state", state), ("nonce", nonce), ("code_challenge", challenge),
            ("code_challenge_method", "S256"), ("claims", ClaimsRequest.json(answering: options.challenge)),
        ]
        if let hint = options.loginHint { fields.append(("login_hint", hint)) }
        if let prompt = options.prompt { fields.append(("prompt", prompt)) }
        return self.entra.endpoint.authorize + "?" + fields.map { "\($0.0)=\(PercentEncoding.encode($0.1))" }.joined(separator: "&")
    }

    /// The code, if the answer is to this request.
    private func code(of answer: RedirectAnswer, state: String) throws(IdentityError) -> Secret {
        guard let given = answer.secret("state"), given.isEqual(to: Secret(state)) else {
            throw IdentityError(
                .notSignedIn, "The browser came back with the answer to another sign-in.",
                hint: "Start again; if it stays, some page interferes.")
        }
        if let error = answer.text("error") {
            throw EntraFault.redirected(error: error, description: answer.text("error_description") ?? "").failure(
                asking: "code to this browser")
        }
        guard let code = answer.secret("code"), code.count <= 16 * 1024 else {
            throw IdentityError(.invalidAnswer, "The browser came back without a code.", hint: "Start again.")
        }
        return code
    }
}
