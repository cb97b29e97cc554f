/// Why there was no HTTP answer at all. (An answer with an error status is an answer: see ``RESTResponse/status``.)
public struct RESTError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of failure that call for different remedies.
    public enum Code: Hashable, Sendable {
        /// The URL cannot be used.
        case invalidURL
        /// The host name does not resolve.
        case unknownHost
        /// Nothing listens on that port.
        case refused
        /// The network does not lead there.
        case unreachable
        /// The connection ended before the answer was complete.
        case connectionLost
        /// No connection, or no answer, in time.
        case timedOut
        /// The certificate is not signed by anybody this machine trusts.
        case certificateUntrusted
        /// The certificate is for another name.
        case certificateNameMismatch
        /// The certificate's time has passed, or has not come.
        case certificateExpired
        /// The file with further trusted certificates cannot be used.
        case trustFileUnusable
        /// TLS failed for another reason; often the port does not speak TLS.
        case tlsFailed
        /// The peer answers, but not in HTTP.
        case notHTTP
        /// The answer is larger than allowed.
        case bodyTooLarge
        /// The caller's task was cancelled.
        case cancelled

        /// Whether the trouble is about who the peer is.
        public var isCertificateProblem: Bool {
            switch self {
            case .certificateUntrusted, .certificateNameMismatch, .certificateExpired: true
            default: false
            }
        }
    }

    /// The kind of failure.
    public let code: Code
    /// `host:port` the request went to.
    public let endpoint: String
    /// One line that says what failed.
    public let message: String
    /// One line that says what to try.
    public let hint: String

    /// A failure.
    public init(_ code: Code, endpoint: String, message: String, hint: String) {
        self.code = code
        self.endpoint = endpoint
        self.message = message
        self.hint = hint
    }

    /// Message and hint.
    public var description: String { self.hint.isEmpty ? self.message : "\(self.message) \(self.hint)" }
}
