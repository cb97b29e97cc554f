public import Identity
public import RESTClient

/// Why Azure Resource Manager or Microsoft Graph did not do what was asked.
public struct AzureError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of failure that call for different remedies.
    public enum Code: Hashable, Sendable {
        /// No token could be had, or it was not accepted.
        case notSignedIn
        /// The caller has no right to it.
        case forbidden
        /// It does not exist.
        case notFound
        /// It is there already, or is being changed.
        case conflict
        /// Too many requests; more were refused than are repeated here.
        case throttled
        /// The service does not take the request as it is.
        case refused
        /// The service failed.
        case serviceFailed
        /// There was no answer.
        case unreachable
        /// The answer is not what the service is known to send.
        case unexpectedAnswer
        /// The service pointed to another host, or in a circle.
        case untrustedLink
        /// What was begun did not end in time, or failed.
        case operationFailed
        /// The caller's task was cancelled.
        case cancelled
    }

    /// A right that is missing.
    public struct MissingRight: Hashable, Sendable {
        /// Such as `Microsoft.Authorization/roleAssignments/write`.
        public let action: String
        /// Where it would have to be granted, or above.
        public let scope: ResourceID
    }

    /// The kind of failure.
    public let code: Code
    /// What was being done, such as `Listing the queues of /subscriptions/…`.
    public let operation: String
    /// What went wrong, in the service's words where there are any. Hostile text: whoever shows it makes it harmless first.
    public let message: String
    /// The HTTP status; nil when there was no answer.
    public internal(set) var status: Int?
    /// The service's own code, such as `AuthorizationFailed`.
    public internal(set) var serviceCode: String?
    /// What in the request the service is not content with.
    public internal(set) var target: String?
    /// Service Bus's finer code, such as `40900`.
    public internal(set) var subCode: String?
    /// `x-ms-request-id`, or Graph's `request-id`: what to quote to Microsoft's support.
    public internal(set) var requestID: String?
    /// `x-ms-correlation-request-id`: what joins it to the Activity Log.
    public internal(set) var correlationID: String?
    /// The id under which the request was sent.
    public internal(set) var clientRequestID: String?
    /// The right that is missing, when the service says so.
    public internal(set) var missingRight: MissingRight?
    /// For how long the service asked to wait.
    public internal(set) var retryAfter: Duration?
    /// Why there was no answer.
    public internal(set) var transport: RESTError?
    /// Why there was no token.
    public internal(set) var identity: IdentityError?
    /// What to try; empty when there is nothing better to say.
    public internal(set) var hint: String

    init(_ code: Code, operation: String, message: String, hint: String = "") {
        self.code = code
        self.operation = operation
        self.message = message
        self.hint = hint
    }

    /// Whether it is only that too much was asked in too short a time.
    public var isThrottled: Bool { code == .throttled }

    /// One line: what failed, the service's words and codes, its ids, and what to try.
    public var description: String {
        let codes = [status.map { "\($0)" }, serviceCode, subCode.map { "SubCode \($0)" }].compactMap { $0 }.joined(separator: " ")
        let ids = [requestID.map { "request id \($0)" }, correlationID.map { "correlation id \($0)" }].compactMap { $0 }.joined(
            separator: ", ")
        var text = "\(operation) failed"
        if !codes.isEmpty { text += " (\(codes))" }
        text += ": \(message)"
        if !ids.isEmpty { text += " [\(ids)]" }
        return hint.isEmpty ? text : "\(text) \(hint)"
    }
}
