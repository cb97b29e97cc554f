/// How a ``RESTClient`` behaves. The defaults suit an operator who waits in front of a screen.
public struct RESTConfiguration: Sendable {
    /// How long a connection may take, TLS handshake included.
    public var connectTimeout: Duration = .seconds(4)
    /// How long one attempt may take, from the first byte sent to the last byte received.
    public var answerTimeout: Duration = .seconds(30)
    /// How long a call may spend waiting between its attempts: rather than wait longer, it returns the last refusal.
    public var longestWaiting: Duration = .seconds(60)
    /// The largest body of an answer, in bytes.
    public var maximumBodyBytes: Int = 16 * 1024 * 1024
    /// When and how long after a refused attempt to try again.
    public var retry = RetryPolicy()
    /// Whose certificates are trusted.
    public var trust = TrustRoots.system
    /// Idle connections kept per host, and the most that are used at once.
    public var connectionsPerHost: Int = 8
    /// What the client calls itself.
    public var userAgent: String = "callboard"

    /// The defaults.
    public init() {}
}

/// Whose certificates are trusted.
public enum TrustRoots: Sendable, Hashable {
    /// Those the operating system trusts.
    case system
    /// Those of the operating system and the ones in a PEM file (`--ca-file`).
    case systemAnd(pemFile: String)
}
