internal import ServiceBus

/// Why a sign-in or a token is refused, in Entra's form: an OAuth error with an `AADSTS` code in its text.
struct EntraError: Error, Hashable, Sendable {
    var status = 400
    /// The OAuth error, such as `invalid_grant`.
    var error: String
    /// The number after `AADSTS`.
    var code: Int
    var message: String
    var suberror: String?
    /// What a new sign-in has to show.
    var claims: String?

    func response(at now: Int64, trace: String, correlation: String) -> CloudResponse {
        let time = AtomValues.seconds(Timestamp(milliseconds: now)).split(separator: "T").joined(separator: " ") + "Z"
        let text = "AADSTS\(code): \(message) Trace ID: \(trace) Correlation ID: \(correlation) Timestamp: \(time)"
        var body: CloudJSON = [
            "error": .string(error), "error_description": .string(text), "error_codes": [.int(Int64(code))], "timestamp": .string(time),
            "trace_id": .string(trace), "correlation_id": .string(correlation),
            "error_uri": .string("https://login.microsoftonline.com/error?code=\(code)"),
        ]
        if let suberror { body = body.setting("suberror", .string(suberror)) }
        if let claims { body = body.setting("claims", .string(claims)) }
        return CloudResponse(status, body)
    }

    static func missing(_ name: String) -> EntraError {
        EntraError(error: "invalid_request", code: 900_144, message: "The request body must contain the following parameter: '\(name)'.")
    }
    static func unknownClient(_ id: String) -> EntraError {
        EntraError(
            error: "unauthorized_client", code: 700_016,
            message: "Application with identifier '\(id.prefix(100))' was not found in the directory 'Contoso'.")
    }
    static func unknownTenant(_ name: String) -> EntraError {
        EntraError(error: "invalid_request", code: 90_002, message: "Tenant '\(name.prefix(100))' not found.")
    }
    static func unknownResource(_ name: String) -> EntraError {
        EntraError(
            error: "invalid_resource", code: 500_011,
            message: "The resource principal named \(name.prefix(200)) was not found in the tenant named Contoso.")
    }
    static let wrongSecret = EntraError(
        status: 401, error: "invalid_client", code: 7_000_215,
        message:
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID."
    )
    static let needsSecret = EntraError(
        status: 401, error: "invalid_client", code: 7_000_218,
        message: "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
    static func wrongAssertion(_ reason: String) -> EntraError {
        EntraError(
            status: 401, error: "invalid_client", code: 700_027,
            message: "The certificate with identifier used to sign the client assertion is not valid: \(reason)")
    }
    static let invalidCode = EntraError(
        error: "invalid_grant", code: 70_008,
        message: "The provided authorization code or refresh token has expired due to inactivity, or was redeemed already.")
    static let wrongVerifier = EntraError(
        error: "invalid_grant", code: 501_481,
        message: "The Code_Verifier does not match the code_challenge supplied in the authorization request.")
    static func wrongRedirect(_ uri: String) -> EntraError {
        EntraError(
            error: "invalid_request", code: 50_011,
            message:
                "The redirect URI '\(uri.prefix(200))' specified in the request does not match the redirect URIs configured for the application."
        )
    }
    static let pending = EntraError(
        error: "authorization_pending", code: 70_016, message: "OAuth 2.0 device flow error. Authorization is pending. Continue polling.")
    static let slowDown = EntraError(
        error: "slow_down", code: 70_031, message: "OAuth 2.0 device flow error. The client is polling too often.")
    static let declined = EntraError(
        error: "authorization_declined", code: 70_019, message: "The end user declined the authorization request.")
    static let expired = EntraError(
        error: "expired_token", code: 70_020,
        message: "The provided value for the input parameter 'device_code' is not valid. This device code has expired.")
    static let badDeviceCode = EntraError(
        error: "bad_verification_code", code: 70_018, message: "Invalid verification code due to User typing in wrong user code.")
    static let interactionRequired = EntraError(
        error: "interaction_required", code: 50_076,
        message:
            "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication.",
        suberror: "basic_action",
        claims: #"{"access_token":{"capolids":{"essential":true,"values":["c0ffee00-0000-4000-8000-000000000001"]}}}"#)
    static let tooMany = EntraError(
        status: 429, error: "temporarily_unavailable", code: 90_033, message: "A transient error has occurred. Please try again.")
}
