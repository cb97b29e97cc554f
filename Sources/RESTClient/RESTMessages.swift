public import NIOCore

/// One HTTP request.
public struct RESTRequest: Sendable {
    /// The methods that the services behind this product know.
    public enum Method: String, Sendable {
        case get = "GET"
        case put = "PUT"
        case post = "POST"
        case patch = "PATCH"
        case delete = "DELETE"

        /// Whether sending the request twice does no more than sending it once (RFC 9110 9.2.2), so that it may be repeated when the
        /// connection broke before the answer came.
        public var isIdempotent: Bool {
            switch self {
            case .get, .put, .delete: true
            case .post, .patch: false
            }
        }
    }

    /// What to do.
    public var method: Method
    /// Where: an absolute `http` or `https` URL, already percent-encoded.
    public var url: String
    /// The header fields. `Host`, `Content-Length`, `User-Agent` and the correlation id are added by the client.
    public var headers: HeaderFields
    /// The body, if there is one.
    public var body: ByteBuffer?
    /// Whether the client waits and tries again when the service says "later"; otherwise that is the answer.
    public var isRepeatedWhenRefused = true

    /// A request.
    public init(_ method: Method, _ url: String, headers: HeaderFields = HeaderFields(), body: ByteBuffer? = nil) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}

/// One HTTP answer, whatever its status; its body has been read to the end.
public struct RESTResponse: Sendable {
    /// The status, such as 200.
    public var status: Int
    /// The header fields.
    public var headers: HeaderFields
    /// The whole body.
    public var body: ByteBuffer
    /// The id under which the request was sent (`x-ms-client-request-id`): what to quote to a service's support.
    public var correlationID: String

    /// An answer.
    public init(status: Int, headers: HeaderFields = HeaderFields(), body: ByteBuffer = ByteBuffer(), correlationID: String = "") {
        self.status = status
        self.headers = headers
        self.body = body
        self.correlationID = correlationID
    }

    /// For how long the service asked to wait (`Retry-After`); nil when it did not.
    public var retryAfter: Duration? { headers["Retry-After"].flatMap { RetryAfter.parse($0, date: headers["Date"]) } }

    /// Whether the status is one of 200 to 299.
    public var isSuccess: Bool { (200..<300).contains(self.status) }
}
