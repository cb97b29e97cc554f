internal import Identity
internal import NIOCore
internal import RESTClient
internal import Synchronization

/// One of Azure's services over HTTP: tokens, claims challenges, the number of requests at once, errors.
struct AzureService: Sendable {
    /// The base URL, without a slash at its end.
    let base: String
    let scope: TokenScope
    let client: RESTClient
    let tokens: any AccessTokenSource
    let clock: any Clock<Duration>
    let gate: RequestGate
    let memory: ClientMemory

    /// The most pages that are followed: what has more is not what was meant, or goes in a circle.
    static let mostPages = 2000
    /// The longest a long-running operation is waited for.
    static let longestOperation: Duration = .seconds(1200)

    /// One request and its answer, whatever its status. A claims challenge is answered once, with a new token.
    func perform(
        _ method: RESTRequest.Method, _ url: String, body: JSONValue?, operation: String
    ) async throws(AzureError) -> RESTResponse {
        guard await gate.enter() else {
            throw AzureError(.cancelled, operation: operation, message: "it was cancelled before it was sent.")
        }
        defer { gate.leave() }
        if let rest = memory.budget.withLock({ $0.rest(before: method) }) {
            do { try await clock.sleep(for: rest, tolerance: nil) } catch {
                throw AzureError(.cancelled, operation: operation, message: "it was cancelled before it was sent.")
            }
        }
        var challenge: ClaimsChallenge?
        while true {
            let token: AccessToken
            do throws(IdentityError) {
                token = try await tokens.accessToken(for: scope, answering: challenge)
            } catch {
                throw AzureError(operation: operation, error)
            }
            var request = RESTRequest(method, url)
            request.headers["Accept"] = "application/json"
            token.authorizationHeader.withRevealedText { request.headers["Authorization"] = $0 }
            if let body {
                request.headers["Content-Type"] = "application/json"
                do throws(AzureJSON.Fault) { request.body = try AzureJSON.encode(body) } catch {
                    throw AzureError(.refused, operation: operation, message: "the request cannot be written: \(error.message).")
                }
            }
            let answer: RESTResponse
            do throws(RESTError) {
                answer = try await client.send(request)
            } catch {
                throw AzureError(operation: operation, error)
            }
            memory.budget.withLock { $0.read(answer.headers) }
            guard answer.status == 401, challenge == nil,
                let asked = answer.headers["WWW-Authenticate"].flatMap({ ClaimsChallenge(wwwAuthenticate: $0) })
            else { return answer }
            challenge = asked
        }
    }

    /// One request that must succeed.
    func send(
        _ method: RESTRequest.Method, _ url: String, body: JSONValue? = nil, operation: String
    ) async throws(AzureError) -> RESTResponse {
        let answer = try await perform(method, url, body: body, operation: operation)
        guard answer.isSuccess else { throw AzureError(operation: operation, answer: answer) }
        return answer
    }

    /// The value in an answer.
    /// - Parameter isSharing: whether texts that came before are held once.
    func decode<Value: Decodable>(
        _ type: Value.Type, _ answer: RESTResponse, operation: String, isSharing: Bool = true
    ) throws(AzureError) -> Value {
        do throws(AzureJSON.Fault) {
            return try AzureJSON.decode(type, from: answer.body, sharing: isSharing ? memory.texts : nil)
        } catch {
            throw AzureError(operation: operation, answer: answer, fault: error)
        }
    }

    /// Whether a URL that the service sent leads to the service itself: a token must not go anywhere else.
    func isOwn(_ url: String) -> Bool {
        guard let own = Endpoint(url: base), let other = Endpoint(url: url) else { return false }
        return own.isSecure == other.isSecure && own.port == other.port && own.host.lowercased() == other.host.lowercased()
    }

    /// A URL from a path as text and a query; both get percent-encoded here.
    func url(_ path: ResourceID, query: [(name: String, value: String)]) -> String {
        let path = path.segments.map { PercentEncoding.encode(String($0)) }.joined(separator: "/")
        // A `$` in a name stays: some proxies do not know it encoded.
        let query = query.map { "\($0.name)=\(PercentEncoding.encode($0.value))" }.joined(separator: "&")
        return "\(base)/\(path)" + (query.isEmpty ? "" : "?\(query)")
    }
}
