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
    }

    /// The kind of failure.
    public let code: Code
    /// One clear line; never any part of a key or token.
    public let message: String

    /// A failure of kind `code` told by `message`.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { self.message }
}
