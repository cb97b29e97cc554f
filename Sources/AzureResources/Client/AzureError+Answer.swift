public import Identity
internal import NIOCore
internal import RESTClient

extension AzureError {
    /// The largest message of a service that is kept, in characters.
    static let longestMessage = 2000
    /// The largest code, target or id of a service that is kept, in characters.
    static let longestCode = 200

    /// The failure that an answer tells of: an error envelope (`{"error":{"code","message",…}}`), or whatever else came.
    init(operation: String, answer: RESTResponse) {
        let envelope = try? AzureJSON.decode(Envelope.self, from: answer.body)
        let serviceCode = envelope?.code ?? Self.codeOfBareError(answer)
        let message =
            envelope?.message ?? "the service answered with status \(answer.status)"
        self.init(Self.code(status: answer.status, serviceCode: serviceCode), operation: operation, message: message)
        status = answer.status
        self.serviceCode = serviceCode
        target = envelope?.target
        subCode = Self.value(of: "SubCode=", in: message)
        requestID = answer.headers["x-ms-request-id"] ?? answer.headers["request-id"] ?? envelope?.requestID
        correlationID = answer.headers["x-ms-correlation-request-id"] ?? Self.value(of: "CorrelationId: ", in: message)
        clientRequestID = answer.correlationID.isEmpty ? nil : answer.correlationID
        retryAfter = answer.retryAfter
        if code == .forbidden { missingRight = Self.missingRight(in: message) }
        hint = advice
    }

    /// There was no answer.
    init(operation: String, _ error: RESTError) {
        self.init(error.code == .cancelled ? .cancelled : .unreachable, operation: operation, message: error.message, hint: error.hint)
        transport = error
    }

    /// There was no token.
    init(operation: String, _ error: IdentityError) {
        self.init(.notSignedIn, operation: operation, message: error.description)
        identity = error
    }

    /// The answer was a success and yet cannot be read.
    init(operation: String, answer: RESTResponse, fault: AzureJSON.Fault) {
        self.init(
            .unexpectedAnswer, operation: operation, message: "the answer is not what the service is known to send: \(fault.message)",
            hint: "A proxy in between, or a newer version of the service, can be the reason.")
        status = answer.status
        requestID = answer.headers["x-ms-request-id"] ?? answer.headers["request-id"]
        correlationID = answer.headers["x-ms-correlation-request-id"]
        clientRequestID = answer.correlationID.isEmpty ? nil : answer.correlationID
    }

    /// Reads `{"error":{…}}`; Graph puts its ids into `innerError`.
    struct Envelope: Decodable {
        let code: String?
        let message: String?
        let target: String?
        let requestID: String?

        init(from decoder: any Decoder) throws {
            let error = try JSONFields(decoder).object("error")
            code = try error.optionalText("code").map { String($0.prefix(AzureError.longestCode)) }
            message = try error.optionalText("message").map { String($0.prefix(AzureError.longestMessage)) }
            target = (try? error.optionalText("target")).map { String($0.prefix(AzureError.longestCode)) }
            requestID = (try? error.optionalObject("innerError")?.optionalText("request-id")).map {
                String($0.prefix(AzureError.longestCode))
            }
        }
    }

    /// Some providers leave the envelope away: `{"Code":…,"Message":…}` or nothing. Then the gateway's own word is all there is.
    private static func codeOfBareError(_ answer: RESTResponse) -> String? { answer.headers["x-ms-error-code"] }

    private static func code(status: Int, serviceCode: String?) -> Code {
        switch status {
        case 401: .notSignedIn
        case 403: .forbidden
        case 404: .notFound
        case 409, 412: .conflict
        case 429: .throttled
        // PIM says with a 400 what the rest of Azure says with a 409.
        case 400 where serviceCode == "RoleAssignmentExists": .conflict
        case 400..<500: .refused
        default: .serviceFailed
        }
    }

    /// `… authorization to perform action 'A' over scope 'S' …`
    private static func missingRight(in message: String) -> MissingRight? {
        guard let action = quoted(after: "perform action '", in: message), let scope = quoted(after: "over scope '", in: message) else {
            return nil
        }
        return MissingRight(action: action, scope: ResourceID(scope))
    }

    private static func quoted(after words: String, in message: String) -> String? {
        guard let start = message.firstRange(of: words)?.upperBound, let end = message[start...].firstIndex(of: "'") else { return nil }
        return String(message[start..<end])
    }

    private static func value(of label: String, in message: String) -> String? {
        guard let start = message.firstRange(of: label)?.upperBound else { return nil }
        let value = message[start...].prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        return value.isEmpty ? nil : String(value)
    }

    /// The id of the role assignment that is in the way, when the service names it (without dashes).
    public var existingRoleAssignment: GUID? {
        guard serviceCode == "RoleAssignmentExists", let start = message.firstRange(of: "existing role assignment is ")?.upperBound else {
            return nil
        }
        let digits = message[start...].prefix { $0.isHexDigit || $0 == "-" }
        return digits.isEmpty ? nil : GUID(String(digits))
    }

    /// The rules of a role's policy that a request broke, such as `ExpirationRule`.
    public var failedPolicyRules: [String] {
        guard serviceCode == "RoleAssignmentRequestPolicyValidationFailed", let open = message.firstIndex(of: "["),
            let close = message[open...].firstIndex(of: "]")
        else { return [] }
        return message[message.index(after: open)..<close].split(separator: ",").map { rule in
            String(rule.filter { $0.isLetter || $0.isNumber })
        }
    }

    /// The claims that a new token must have before PIM takes the request, when that is what is missing.
    public var stepUp: ClaimsChallenge? {
        guard serviceCode == "RoleAssignmentRequestAcrsValidationFailed", let start = message.firstRange(of: "claims=")?.upperBound else {
            return nil
        }
        let encoded = message[start...].prefix { $0 != "&" && !$0.isWhitespace }
        guard let bytes = PercentEncoding.decode(encoded.utf8), let json = String(validating: bytes, as: UTF8.self) else { return nil }
        return ClaimsChallenge(json: json)
    }

    private var advice: String {
        switch (code, serviceCode) {
        case (.forbidden, _):
            if let missingRight { "It needs the action \(missingRight.action) at \(missingRight.scope) or above." } else { "" }
        case (.notSignedIn, _): "Sign in again: the token was not accepted."
        case (.throttled, _):
            "Wait \(retryAfter.map { "\($0.components.seconds) seconds" } ?? "a while") and try again; other tools of the same identity count as well."
        case (.conflict, "ScopeLocked"?): "A lock on the resource forbids changes."
        case (_, "PrincipalNotFound"?): "A new identity takes minutes to be known everywhere; check the object id."
        case (_, "RoleAssignmentLimitExceeded"?):
            "The subscription has as many role assignments as it may have: remove some, or assign to groups."
        case (_, "AadPremiumLicenseRequired"?): "Privileged Identity Management needs Entra ID P2 or Governance in this tenant."
        case (_, "ActiveDurationTooShort"?): "An activation must last five minutes before it can be ended."
        case (_, "RoleAssignmentRequestPolicyValidationFailed"?):
            "The role's policy asks for more: \(failedPolicyRules.joined(separator: ", "))."
        case (_, "RoleAssignmentRequestAcrsValidationFailed"?): "The role wants a stronger sign-in: sign in again and repeat the request."
        default: ""
        }
    }
}
