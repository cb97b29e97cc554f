public import Identity
public import RESTClient

/// Why an administration call failed.
public struct AdministrationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of failure that call for different remedies.
    public enum Code: Hashable, Sendable {
        /// There is no such entity.
        case notFound
        /// No token, or one that the service does not accept.
        case unauthorized
        /// The token is good, its rights are not enough.
        case notPermitted
        /// The entity exists already, or its state does not allow the operation.
        case conflict
        /// The service does not accept what was asked.
        case invalidRequest
        /// A quota is used up.
        case quotaExceeded
        /// The service is too busy.
        case busy
        /// The service failed.
        case service
        /// The service answered something that this product does not understand.
        case unexpectedAnswer
        /// No token could be had.
        case noToken(IdentityError.Code)
        /// There was no answer at all.
        case noAnswer(RESTError.Code)
    }

    /// The kind of failure.
    public let code: Code
    /// What was asked for, such as `orders` or `$Resources/queues`.
    public let resource: String
    /// One line: what the service said, without the ids, or what went wrong on the way.
    public let message: String
    /// One line: what to try. May be empty.
    public let hint: String
    /// The HTTP status, if there was an answer.
    public let status: Int?
    /// The service's finer code, such as 40900.
    public let subCode: Int?
    /// The id under which the service's operators find the call.
    public let trackingID: String?
    /// The id this product sent with the call.
    public let correlationID: String?

    init(
        _ code: Code, resource: String, message: String, hint: String = "", status: Int? = nil, subCode: Int? = nil,
        trackingID: String? = nil,
        correlationID: String? = nil
    ) {
        self.code = code
        self.resource = resource
        self.message = message
        self.hint = hint
        self.status = status
        self.subCode = subCode
        self.trackingID = trackingID
        self.correlationID = correlationID
    }

    /// Everything in one line: message, resource, codes and tracking id, hint.
    public var description: String {
        var facts: [String] = []
        if let status { facts.append(subCode.map { "\(status)/\($0)" } ?? "\(status)") }
        if let trackingID { facts.append("TrackingId \(trackingID)") }
        var text = message
        if !facts.isEmpty { text += " (\(facts.joined(separator: ", ")))" }
        return hint.isEmpty ? text : "\(text) \(hint)"
    }
}

extension AdministrationError {
    /// No answer.
    init(_ error: RESTError, resource: String) {
        self.init(.noAnswer(error.code), resource: resource, message: error.message, hint: error.hint)
    }

    /// No token.
    init(_ error: IdentityError, resource: String) {
        self.init(.noToken(error.code), resource: resource, message: error.message, hint: error.hint)
    }

    /// An answer that says no.
    init(_ response: RESTResponse, resource: String) {
        let fault = ServiceFault(response.body)
        let code = Self.code(status: response.status, fault: fault)
        self.init(
            code, resource: resource, message: fault?.message ?? Self.words(for: code, resource: resource, status: response.status),
            hint: Self.hint(for: code), status: response.status, subCode: fault?.subCode, trackingID: fault?.trackingID,
            correlationID: response.correlationID)
    }

    /// The task was cancelled before the call was made.
    static func cancelled(_ resource: String) -> AdministrationError {
        AdministrationError(
            .noAnswer(.cancelled), resource: resource, message: "The call for '\(resource)' was stopped before it was made.")
    }

    /// The empty feed that the service sends, with status 200, for an entity it does not have.
    static func notFound(_ resource: String, correlationID: String?) -> AdministrationError {
        AdministrationError(
            .notFound, resource: resource, message: "There is no entity '\(resource)' in this namespace.", hint: hint(for: .notFound),
            status: 200,
            correlationID: correlationID)
    }

    /// An answer that is not what this interface answers.
    static func unexpectedAnswer(_ resource: String, detail: String, response: RESTResponse) -> AdministrationError {
        AdministrationError(
            .unexpectedAnswer, resource: resource, message: "The answer for '\(resource)' is not an ATOM document: \(detail).",
            hint: "Check that the endpoint is a Service Bus namespace, an emulator's administration port or a sandbox.",
            status: response.status,
            correlationID: response.correlationID)
    }

    private static func code(status: Int, fault: ServiceFault?) -> Code {
        switch status {
        case 401:
            // One status for two things: who you are, and what you may do. The text tells which.
            let text = fault?.message.lowercased() ?? ""
            let isAboutRights =
                text.contains("claims required") || text.contains("claim(s) are required") || text.contains("unauthorized access")
            return isAboutRights ? .notPermitted : .unauthorized
        case 403: return fault?.subCode == 40301 || fault == nil ? .notPermitted : .quotaExceeded
        case 404, 410: return .notFound
        case 409: return .conflict
        case 429, 503: return .busy
        case 400..<500: return .invalidRequest
        case 500...: return .service
        default: return .unexpectedAnswer
        }
    }

    private static func words(for code: Code, resource: String, status: Int) -> String {
        switch code {
        case .notFound: "There is no '\(resource)'."
        case .unauthorized: "The service does not accept the credentials for '\(resource)'."
        case .notPermitted: "The credentials do not allow reading '\(resource)'."
        case .busy: "The service is too busy to answer for '\(resource)'."
        default: "The service answered with status \(status) for '\(resource)'."
        }
    }

    private static func hint(for code: Code) -> String {
        switch code {
        case .notFound: "Check the name; 'callboard entities' lists what there is."
        case .unauthorized: "Check the key's name and value, and this machine's clock: a token ends at a time of day."
        case .notPermitted: "Reading settings and counts needs the Manage claim, or the role Azure Service Bus Data Owner."
        case .busy: "Wait a little; the namespace is being throttled."
        default: ""
        }
    }
}
