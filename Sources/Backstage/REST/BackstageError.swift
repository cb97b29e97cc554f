public import RESTClient

/// Why a Backstage backend did not do what was asked.
public struct BackstageError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of failure that call for different remedies.
    public enum Code: Hashable, Sendable {
        /// The address cannot be used.
        case invalidAddress
        /// What was asked cannot be put into a request.
        case invalidQuery
        /// No credentials could be had.
        case noCredentials
        /// The task was cancelled.
        case cancelled
        /// There was no answer.
        case noAnswer(RESTError.Code)
        /// Something answers that is no Backstage backend: a page, a sign-in, a proxy.
        case notBackstage
        /// 401: the backend does not know who asks.
        case unauthenticated
        /// 403: it knows, and refuses.
        case notAllowed
        /// 404.
        case notFound
        /// Another refusal of what was asked: 400 and the rest of the four hundreds.
        case refused
        /// 429, after all attempts.
        case throttled
        /// 500 and above.
        case failed
        /// An answer that is not what the API gives.
        case unreadable
        /// More than we hold.
        case tooMuch
        /// Nothing is listed any more where there were entities before.
        case emptied
    }

    /// The kind of failure.
    public var code: Code
    /// The HTTP status, if there was an answer.
    public var status: Int?
    /// What the backend calls it: `AuthenticationError`, `NotAllowedError`, `NotFoundError`, `InputError`, … May be anything; sanitise before showing.
    public var name: String?
    /// The backend's own words, at most five hundred characters of them. May be anything; sanitise before showing.
    public var detail: String?
    /// The id that the request was sent under (`x-ms-client-request-id`); proxies and tracing may know it.
    public var correlationID: String?
    /// The id that the backend, or what stands before it, gave the request (`x-request-id`).
    public var requestID: String?
    /// One line: what failed, and where. Quotes the backend; sanitise before showing.
    public var message: String
    /// One line: what to try; empty when there is nothing to say.
    public var hint: String

    /// A failure.
    public init(_ code: Code, _ message: String, hint: String = "") {
        self.code = code
        self.message = message
        self.hint = hint
    }

    /// Message and hint.
    public var description: String { hint.isEmpty ? message : "\(message) \(hint)" }

    /// A failure without an answer.
    init(_ error: RESTError) {
        self.init(error.code == .cancelled ? .cancelled : .noAnswer(error.code), error.message, hint: error.hint)
    }
}
