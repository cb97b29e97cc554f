internal import NIOCore
public import RESTClient

/// Talks to one tenant of Entra ID. Cheap to make and to copy; what it knows besides the tenant is how to reach it, the time, and chance.
public struct EntraClient: Sendable {
    /// The tenant.
    public let endpoint: EntraEndpoint
    let http: RESTClient
    let clock: WallClock
    let pause: Pause
    let random: RandomBytes

    /// - Parameters:
    ///   - endpoint: the tenant.
    ///   - http: the client that requests go through.
    ///   - clock: the time of day.
    ///   - pause: how to wait.
    ///   - random: where ids, verifiers and nonces come from.
    public init(
        endpoint: EntraEndpoint, http: RESTClient, clock: WallClock = .system, pause: Pause = .system, random: RandomBytes = .system
    ) {
        self.endpoint = endpoint
        self.http = http
        self.clock = clock
        self.pause = pause
        self.random = random
    }

    /// Asks for a token.
    /// - Parameters:
    ///   - form: the grant and what proves it; the client's capabilities are added here.
    ///   - what: what is asked for, for the error.
    ///   - challenge: what the new token must contain.
    func grant(_ form: FormBody, for what: String, answering challenge: ClaimsChallenge?) async throws(IdentityError) -> TokenGrant {
        var form = form
        form.add("claims", ClaimsRequest.json(answering: challenge))
        let response = try await self.post(form, to: self.endpoint.token)
        guard response.isSuccess else { throw self.failure(response, form: form, asking: what) }
        guard let grant = TokenGrant(body: response.body, at: self.clock.now) else {
            throw IdentityError(
                .invalidAnswer, "\(self.endpoint.login) answered the request for \(what) with something that is not a token.",
                hint: "Check that it is the sign-in service and not a proxy's page.")
        }
        return grant
    }

    /// Sends a form.
    func post(_ form: FormBody, to url: String) async throws(IdentityError) -> RESTResponse {
        try await self.http.identityAnswer(
            RESTRequest(
                .post, url, headers: ["Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"], body: form.encoded
            ))
    }

    /// Reads a description or keys.
    func get(_ url: String) async throws(IdentityError) -> RESTResponse {
        try await self.http.identityAnswer(RESTRequest(.get, url, headers: ["Accept": "application/json"]))
    }

    func failure(_ response: RESTResponse, form: FormBody, asking what: String) -> IdentityError {
        let fault = EntraFault(
            status: response.status, body: response.body.readableBytesView, correlationID: response.correlationID,
            redacting: { form.redacting($0) })
        return fault?.failure(asking: what) ?? .unexpected(response, from: self.endpoint.login, asking: what)
    }
}

extension RESTClient {
    /// The answer, whatever its status; that there is none is told in this floor's words.
    func identityAnswer(_ request: RESTRequest) async throws(IdentityError) -> RESTResponse {
        do throws(RESTError) {
            return try await self.send(request)
        } catch {
            throw IdentityError(error.code == .cancelled ? .cancelled : .unavailable, error.message, hint: error.hint)
        }
    }
}

extension IdentityError {
    /// An answer without a body that says why.
    static func unexpected(_ response: RESTResponse, from place: String, asking what: String) -> IdentityError {
        let ids = [response.headers["x-ms-request-id"].map { "x-ms-request-id \($0.prefix(80))" }, "correlation \(response.correlationID)"]
        return IdentityError(
            response.status == 429 || response.status >= 500 ? .unavailable : .invalidAnswer,
            "\(place) answered the request for \(what) with status \(response.status). [\(ids.compactMap(\.self).joined(separator: ", "))]",
            hint: response.status == 429 || response.status >= 500 ? "Try again later." : "Check the URL.")
    }
}
