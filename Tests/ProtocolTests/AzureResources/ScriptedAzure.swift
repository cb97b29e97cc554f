import AzureResources
import Identity
import Logging
import NIOCore
import RESTClient
import Synchronization
import Testing

/// A source of tokens that counts, and remembers what challenges it was asked to answer.
final class CountingTokens: AccessTokenSource {
    private let asked = Mutex<[(scope: TokenScope, challenge: ClaimsChallenge?)]>([])

    var scopes: [TokenScope] { asked.withLock { $0.map(\.scope) } }
    var challenges: [ClaimsChallenge?] { asked.withLock { $0.map(\.challenge) } }

    func accessToken(for scope: TokenScope, answering challenge: ClaimsChallenge?) async throws(IdentityError) -> AccessToken {
        let number = asked.withLock { asked in
            asked.append((scope, challenge))
            return asked.count
        }
        return AccessToken(secret: Secret("token-\(number)"), expiresAt: WallTime(secondsSince1970: .max), kind: .jsonWebToken)
    }
}

/// Azure played by a closure.
struct ScriptedAzure {
    let exchange: ScriptedExchange
    let tokens = CountingTokens()
    let clock = RecordingClock()

    init(_ answer: @escaping @Sendable (Int, RESTRequest) throws(RESTError) -> RESTResponse) { exchange = ScriptedExchange(answer) }

    private var rest: RESTClient {
        RESTClient(
            configuration: RESTConfiguration(), exchange: exchange, clock: clock, jitter: { 1 },
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    var resourceManager: ResourceManagerClient { ResourceManagerClient(cloud: .global, tokens: tokens, client: rest, clock: clock) }
    var graph: GraphClient { GraphClient(cloud: .global, tokens: tokens, client: rest) }

    /// Method and URL of all requests.
    var lines: [String] { exchange.requests.map { "\($0.method.rawValue) \($0.url)" } }
    /// The bodies of all requests, as texts.
    var bodies: [String] { exchange.requests.map { $0.body.map { String(buffer: $0) } ?? "" } }
}

/// What a call fails with.
func azureFailure(_ body: () async throws(AzureError) -> Void) async throws -> AzureError {
    do throws(AzureError) { try await body() } catch { return error }
    Issue.record("nothing failed")
    throw CancellationError()
}

extension RESTResponse {
    /// An answer of the service's with an error in its envelope.
    static func error(_ status: Int, _ code: String, _ message: String = "No.", headers: HeaderFields = [:]) -> RESTResponse {
        .text(#"{"error":{"code":"\#(code)","message":"\#(message)"}}"#, status: status, headers: headers)
    }
}
