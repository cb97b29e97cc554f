internal import Synchronization

/// An application that proves who it is with a token of another issuer, which it trusts through a federated identity credential.
///
/// The issuer may be anyone who speaks OpenID Connect: Kubernetes, GitHub, Okta, a Keycloak. The application (or user-assigned identity) has a federated
/// identity credential with exactly the token's `iss` and `sub`, and the audience `api://AzureADTokenExchange`; Entra ID then gives that application's
/// tokens for the other issuer's. With Okta as the outer provider:
///
///     FederatedAssertionCredential(entra: entra, clientID: "…", assertion: .provider { () throws(IdentityError) in
///         try await okta.accessToken()   // of an authorization server whose audience is api://AzureADTokenExchange
///     })
///
/// One application per role ("orders-receiver") makes tokens that can do no more than the role, under a name of their own in the sign-in log.
public struct FederatedAssertionCredential: AccessTokenSource {
    /// Where the other issuer's token comes from.
    public enum Assertion: Sendable {
        /// Asked for whenever Entra ID is asked.
        case provider(@Sendable () async throws(IdentityError) -> Secret)
        /// Read from a file, and again when 600 s have passed: whoever writes it renews it.
        case file(String)
    }

    private let keeper: TokenKeeper

    /// - Parameters:
    ///   - entra: the application's tenant.
    ///   - clientID: the application.
    ///   - assertion: the other issuer's token.
    ///   - cache: where tokens outlive the process; nil when they do not.
    public init(entra: EntraClient, clientID: String, assertion: Assertion, cache: TokenCache? = nil) {
        let source = AssertionSource(assertion, clock: entra.clock)
        self.keeper = .clientCredentials(entra: entra, clientID: clientID, cache: cache, kind: "federated") { form throws(IdentityError) in
            form.add("client_assertion_type", ClientAssertion.type)
            form.add("client_assertion", secret: try await source.current())
        }
    }

    /// A token of the application.
    /// - Throws: ``IdentityError``; ``IdentityError/Code/credentialRefused`` when no federated credential matches.
    public func accessToken(for scope: TokenScope, answering challenge: ClaimsChallenge?) async throws(IdentityError) -> AccessToken {
        try await self.keeper.token(for: scope, answering: challenge)
    }

    /// A token that is asked for now; see ``AccessTokenSource/freshToken(for:)``.
    public func freshToken(for scope: TokenScope) async throws(IdentityError) -> AccessToken {
        try await self.keeper.freshToken(for: scope)
    }
}

/// The other issuer's token, and how long a file's content counts.
private final class AssertionSource: Sendable {
    private let assertion: FederatedAssertionCredential.Assertion
    private let clock: WallClock
    private let read = Mutex<(text: Secret, at: WallTime)?>(nil)

    init(_ assertion: FederatedAssertionCredential.Assertion, clock: WallClock) {
        self.assertion = assertion
        self.clock = clock
    }

    func current() async throws(IdentityError) -> Secret {
        switch self.assertion {
        case .provider(let provide): return try await provide()
        case .file(let path): return try self.content(of: path)
        }
    }

    private func content(of path: String) throws(IdentityError) -> Secret {
        let now = self.clock.now
        if let last = self.read.withLock({ $0 }), last.at <= now, now < last.at.advanced(by: .seconds(600)) { return last.text }
        let bytes: [UInt8]
        do throws(FileFault) {
            bytes = try BoundedFile.read(path, limit: 64 * 1024)
        } catch {
            throw IdentityError(
                .misconfigured, "The file with the federated token, \(path), cannot be used: \(error.message).",
                hint: "Check AZURE_FEDERATED_TOKEN_FILE.")
        }
        let text = String(decoding: bytes, as: UTF8.self).trimmingWhitespace()
        guard HeaderText.isToken(text) else {
            throw IdentityError(.misconfigured, "The file with the federated token, \(path), does not contain a token.")
        }
        let secret = Secret(text)
        self.read.withLock { $0 = (secret, now) }
        return secret
    }
}

extension String {
    /// Without white space at both ends.
    func trimmingWhitespace() -> String {
        var text = self[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
