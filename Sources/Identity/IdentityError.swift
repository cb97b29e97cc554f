/// Why there is no usable token.
public struct IdentityError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of failure a caller may want to tell apart.
    public enum Code: Hashable, Sendable {
        /// The text is not a token of the expected form.
        case malformedToken
        /// The token's end has passed.
        case expired
        /// The signature does not match the key.
        case invalidSignature
        /// The key's name is not known.
        case unknownKey
        /// The token was made for something else.
        case outOfScope
        /// Nobody is signed in, or signing in failed.
        case notSignedIn
        /// A credential is not set up here: a variable is missing, a program, an identity of the machine.
        case notConfigured
        /// What a credential was given cannot be used: a URL, a tenant, a file, a key.
        case misconfigured
        /// The secret, certificate, assertion or refresh token was refused.
        case credentialRefused
        /// A person has to act: sign in again, prove a second factor.
        case interactionRequired
        /// The application was not granted what it asks for.
        case consentRequired
        /// A policy of the tenant refuses this device, place or application.
        case blockedByPolicy
        /// The person said no.
        case declined
        /// Nobody finished in time.
        case timedOut
        /// The caller's task was cancelled.
        case cancelled
        /// The service did not answer, or says that it cannot now.
        case unavailable
        /// The service answered with something that cannot be used.
        case invalidAnswer
        /// An id token failed a check.
        case untrusted(IDTokenFlaw)
        /// The file with tokens, or its key, cannot be used: sign in again.
        case cacheUnusable
    }

    /// The kind of failure.
    public let code: Code
    /// One clear line; never any part of a key or token. Words of a service in it are not sanitised.
    public let message: String
    /// One line that says what to try; may be empty.
    public let hint: String
    /// What Entra ID said, where it was Entra ID that refused.
    public let fault: EntraFault?

    /// A failure of kind `code` told by `message`.
    public init(_ code: Code, _ message: String, hint: String = "", fault: EntraFault? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.fault = fault
    }

    /// Message and hint.
    public var description: String { self.hint.isEmpty ? self.message : "\(self.message) \(self.hint)" }

    /// What the next request has to ask for, where the service said so.
    public var claims: ClaimsChallenge? { self.fault?.claims }

    /// Whether somebody looked at the credential and said no, so that trying another one would only hide it.
    public var isRefusal: Bool {
        switch self.code {
        case .credentialRefused, .interactionRequired, .consentRequired, .blockedByPolicy, .declined: true
        default: false
        }
    }
}
