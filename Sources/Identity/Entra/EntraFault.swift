/// What Entra ID says when it gives no token (RFC 6749 5.2, with Microsoft's additions).
///
/// The texts are the service's: they are shown through something that sanitises them.
public struct EntraFault: Hashable, Sendable {
    /// The kind in the protocol's words, such as `invalid_grant`.
    public let error: String
    /// The numbers behind `AADSTS`, the most telling one first.
    public let numbers: [Int]
    /// What happened in the service's words, without the ids that follow.
    public let summary: String
    /// The kind within the kind, such as `consent_required`; empty when there is none.
    public let suberror: String
    /// The id under which the service finds this answer.
    public let traceID: String
    /// The id of the whole exchange.
    public let correlationID: String
    /// What the next request has to ask for.
    public let claims: ClaimsChallenge?
    /// The HTTP status.
    public let status: Int

    private struct Body: Decodable {
        var error: String?
        var error_description: String?
        var error_codes: [Int]?
        var suberror: String?
        var trace_id: String?
        var correlation_id: String?
        var claims: String?
    }

    init?(status: Int, body: some Collection<UInt8>, correlationID: String, redacting: (String) -> String = { $0 }) {
        guard let body = JSONBody.decode(Body.self, from: body), let error = body.error else { return nil }
        let text = redacting(body.error_description ?? "")
        self.init(
            error: String(error.prefix(80)), numbers: Array((body.error_codes ?? Self.numbers(in: text)).prefix(8)),
            summary: Self.summary(of: text),
            suberror: String((body.suberror ?? "").prefix(80)), traceID: String((body.trace_id ?? "").prefix(80)),
            correlationID: String((body.correlation_id ?? correlationID).prefix(80)),
            claims: body.claims.flatMap { $0.utf8.count <= 16 * 1024 && !$0.isEmpty ? ClaimsChallenge(json: $0) : nil }, status: status)
    }

    init(
        error: String, numbers: [Int] = [], summary: String = "", suberror: String = "", traceID: String = "", correlationID: String = "",
        claims: ClaimsChallenge? = nil, status: Int = 0
    ) {
        self.error = error
        self.numbers = numbers
        self.summary = summary
        self.suberror = suberror
        self.traceID = traceID
        self.correlationID = correlationID
        self.claims = claims
        self.status = status
    }

    /// What the browser was sent back with, in place of a code.
    static func redirected(error: String, description: String) -> EntraFault {
        EntraFault(error: String(error.prefix(80)), numbers: self.numbers(in: description), summary: self.summary(of: description))
    }

    /// The description up to the ids and to its length limit, on one line.
    private static func summary(of text: String) -> String {
        var end = text.endIndex
        for marker in [" Trace ID:", "\r\nTrace ID:", "\nTrace ID:"] {
            if let range = text.firstRange(of: marker) { end = min(end, range.lowerBound) }
        }
        return String(text[..<end].prefix(400).map { $0.isNewline ? " " : $0 })
    }

    /// The number in `AADSTS50076: …`, for answers without a list of numbers.
    private static func numbers(in text: String) -> [Int] {
        guard let range = text.prefix(200).firstRange(of: "AADSTS") else { return [] }
        return Int(text[range.upperBound...].prefix(9).prefix { $0.isASCII && $0.isNumber }).map { [$0] } ?? []
    }
}

extension EntraFault {
    /// The failure that an operator reads.
    /// - Parameter what: what was asked for, such as `a token for https://management.azure.com`.
    func failure(asking what: String) -> IdentityError {
        let (code, hint) = self.meaning
        var place = self.summary.isEmpty ? self.error : self.summary
        if !self.error.isEmpty, !self.summary.isEmpty { place += " (\(self.error)\(self.suberror.isEmpty ? "" : ", " + self.suberror))" }
        let ids = [("trace", self.traceID), ("correlation", self.correlationID)].filter { !$0.1.isEmpty }.map { "\($0.0) \($0.1)" }
        let tail = ids.isEmpty ? "" : " [\(ids.joined(separator: ", "))]"
        return IdentityError(code, "Entra ID gave no \(what): \(place)\(tail)", hint: hint, fault: self)
    }

    /// What the well-known numbers mean, and what to try; then what the kinds of the protocol mean.
    private var meaning: (IdentityError.Code, String) {
        for number in self.numbers {
            switch number {
            case 65001, 65004:
                return (.consentRequired, "Somebody has to consent for the application: an administrator, or you in a browser sign-in.")
            case 50076, 50079, 50072, 50074, 50158:
                return (.interactionRequired, "A second factor is asked for: sign in again with a browser.")
            case 53000, 53001, 53002, 53003, 530_003:
                return (
                    .blockedByPolicy,
                    "A policy of the tenant wants a managed device, another place or another way to sign in: use the browser on a managed device."
                )
            case 700_082, 700_084, 70008, 50173, 50089, 70043:
                return (.interactionRequired, "The sign-in has ended: sign in again.")
            case 7_000_215:
                return (.credentialRefused, "The client secret is wrong: give the secret's value, not its id.")
            case 7_000_222:
                return (.credentialRefused, "The client secret has ended: make a new one.")
            case 700_027, 700_023, 5002730:
                return (.credentialRefused, "The certificate or assertion is not one that the application knows, or it has ended.")
            case 70021, 700_211, 700_212, 700_213, 700_024, 7_002_131:
                return (
                    .credentialRefused,
                    "No federated credential of the application has exactly this issuer, subject and audience: compare them, letter by letter."
                )
            case 700_016, 90002, 900_023:
                return (.credentialRefused, "Check the tenant and the client id: the application is not known there.")
            case 50034, 50126, 50057, 50020: return (.credentialRefused, "Check the account and the tenant.")
            case 500_011, 650_057:
                return (.outOfScope, "The tenant does not know what the token is asked for, or the application may not have it.")
            default: continue
            }
        }
        switch self.error {
        case "interaction_required", "login_required": return (.interactionRequired, "Sign in again.")
        case "consent_required": return (.consentRequired, "Somebody has to consent for the application.")
        case "invalid_grant" where self.suberror == "consent_required":
            return (.consentRequired, "Somebody has to consent for the application.")
        case "invalid_grant": return (.interactionRequired, "Sign in again.")
        case "invalid_client", "unauthorized_client":
            return (.credentialRefused, "Check the client id and its secret, certificate or assertion.")
        case "access_denied", "authorization_declined": return (.declined, "The sign-in was declined.")
        case "expired_token", "code_expired": return (.timedOut, "The code ended before anybody used it: start again.")
        case "bad_verification_code": return (.invalidAnswer, "Start the sign-in again.")
        case "invalid_scope", "invalid_resource": return (.outOfScope, "Check what the token is asked for.")
        case "temporarily_unavailable", "server_error": return (.unavailable, "Try again.")
        default: return (self.status >= 500 || self.status == 429 ? .unavailable : .credentialRefused, "")
        }
    }
}
