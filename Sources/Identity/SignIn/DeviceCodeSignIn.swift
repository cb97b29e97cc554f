internal import NIOCore
internal import RESTClient

/// Signing in on another device (RFC 8628): a code is shown, a person enters it in a browser anywhere.
///
/// It is for machines without a browser. It cannot prove a managed device or satisfy an authentication context, and its id token is not bound to this request
/// by a nonce: it cannot sign approvals.
public struct DeviceCodeSignIn: Sendable {
    /// What to show, at once.
    public struct Prompt: Sendable {
        /// What to enter.
        public let userCode: String
        /// Where to enter it.
        public let verificationURL: String
        /// Both in the service's words.
        public let message: String
        /// When the code ends.
        public let expiresAt: WallTime
        let deviceCode: Secret
        let interval: Duration
    }

    private let entra: EntraClient
    private let clientID: String
    private let scope: TokenScope
    private let allowedTenants: Set<String>?

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

    private struct Body: Decodable {
        var user_code: String
        var device_code: String
        var verification_uri: String
        var expires_in: LenientInteger?
        var interval: LenientInteger?
        var message: String?
    }

    /// Asks for a code.
    /// - Parameter challenge: what a service asked for that the last token lacks.
    public func start(answering challenge: ClaimsChallenge? = nil) async throws(IdentityError) -> Prompt {
        var form = FormBody()
        form.add("client_id", self.clientID)
        form.add("scope", SignInScopes.text(for: self.scope))
        form.add("claims", ClaimsRequest.json(answering: challenge))
        let response = try await self.entra.post(form, to: self.entra.endpoint.deviceCode)
        guard response.isSuccess else { throw self.entra.failure(response, form: form, asking: "code to sign in with") }
        guard let body = JSONBody.decode(Body.self, from: response.body), !body.user_code.isEmpty, !body.device_code.isEmpty else {
            throw IdentityError(.invalidAnswer, "\(self.entra.endpoint.login) answered the request for a code with something else.")
        }
        let seconds = min(max(body.expires_in?.value ?? 1800, 0), 86400)
        return Prompt(
            userCode: String(body.user_code.prefix(100)), verificationURL: String(body.verification_uri.prefix(500)),
            message: String((body.message ?? "Open \(body.verification_uri) and enter \(body.user_code)").prefix(1000)),
            expiresAt: self.entra.clock.now.advanced(by: .seconds(seconds)), deviceCode: Secret(body.device_code),
            interval: .seconds(min(max(body.interval?.value ?? 5, 1), 60)))
    }

    /// Waits until the person has signed in.
    /// - Throws: ``IdentityError/Code/declined``, ``IdentityError/Code/timedOut`` when the code ends first, ``IdentityError/Code/cancelled``, and whatever
    ///   Entra ID or ``IDTokenVerifier`` refuses.
    public func finish(_ prompt: Prompt, answering challenge: ClaimsChallenge? = nil) async throws(IdentityError) -> SignedIn {
        var interval = prompt.interval
        while true {
            try await self.entra.pause(interval)
            guard self.entra.clock.now < prompt.expiresAt else {
                throw IdentityError(.timedOut, "The code ended before anybody used it.", hint: "Start again.")
            }
            var form = FormBody()
            form.add("client_id", self.clientID)
            form.add("grant_type", "urn:ietf:params:oauth:grant-type:device_code")
            form.add("device_code", secret: prompt.deviceCode)
            let grant: TokenGrant
            do throws(IdentityError) {
                grant = try await self.entra.grant(form, for: "token for \(self.scope.resource)", answering: challenge)
            } catch {
                switch (error.fault?.error, error.code) {
                case ("authorization_pending", _): continue
                case ("slow_down", _):
                    interval += .seconds(5)
                    continue
                // RFC 8628 3.5: a lost connection is no answer; slower, as long as the code lives.
                case (_, .unavailable):
                    interval = min(interval * 2, .seconds(60))
                    continue
                default: throw error
                }
            }
            return try await self.entra.signedIn(
                grant, scope: self.scope, clientID: self.clientID, nonce: nil, allowedTenants: self.allowedTenants)
        }
    }

    /// Both steps.
    /// - Parameter show: gets what to show, before anything is waited for.
    public func run(show: (Prompt) async -> Void) async throws(IdentityError) -> SignedIn {
        let prompt = try await self.start()
        await show(prompt)
        return try await self.finish(prompt)
    }
}
