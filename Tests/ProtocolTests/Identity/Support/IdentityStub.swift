import Logging
import NIOCore
import RESTClient
import Synchronization
import Testing

@testable import Identity

/// Plays the services that give tokens: answers each request with what a closure says, and remembers the requests.
final class IdentityStub: HTTPExchange {
    private let answer: @Sendable (Int, RESTRequest) async throws -> RESTResponse
    private let received = Mutex<[RESTRequest]>([])

    /// - Parameter answer: gets the number of the request, from 0, and the request. What it throws is a lost connection, unless it is a `RESTError`.
    init(_ answer: @escaping @Sendable (Int, RESTRequest) async throws -> RESTResponse) { self.answer = answer }

    var requests: [RESTRequest] { received.withLock { $0 } }

    func perform(_ request: RESTRequest) async throws(RESTError) -> RESTResponse {
        let number = received.withLock { requests in
            requests.append(request)
            return requests.count - 1
        }
        do {
            return try await answer(number, request)
        } catch let error as RESTError {
            throw error
        } catch {
            throw RESTError(Task.isCancelled ? .cancelled : .refused, endpoint: "stub", message: "Nobody answers at stub.", hint: "")
        }
    }

    func shutdown() async {}

    /// A client that asks this one and never waits.
    func client(logger: Logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })) -> RESTClient {
        var configuration = RESTConfiguration()
        configuration.retry = .never
        return RESTClient(configuration: configuration, exchange: self, clock: ContinuousClock(), jitter: { 0 }, logger: logger)
    }
}

/// A time of day that passes when it is told to, and when somebody waits.
final class IdentityTime: Sendable {
    private let state: Mutex<(now: Int64, pauses: [Duration])>

    init(_ now: Int64 = 1_800_000_000) { state = Mutex((now, [])) }

    var clock: WallClock { WallClock { WallTime(secondsSince1970: self.state.withLock { $0.now }) } }
    var now: WallTime { clock.now }
    var pauses: [Duration] { state.withLock { $0.pauses } }

    /// Waiting takes no time, and makes it pass.
    var pause: Pause {
        Pause { duration in
            try Task.checkCancellation()
            self.state.withLock { state in
                state.pauses.append(duration)
                state.now += duration.components.seconds
            }
        }
    }

    func advance(_ seconds: Int64) { state.withLock { $0.now += seconds } }
}

extension Pause {
    /// Waits until the task is cancelled: a limit that never comes.
    static let forever = Pause { _ in try await Task.sleep(for: .seconds(3600)) }
}

extension RESTRequest {
    /// The fields of a form, decoded.
    var form: [String: String] {
        Dictionary(
            (body.map { String(buffer: $0) } ?? "").split(separator: "&").map { field in
                let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (String(parts[0]), String(decoding: PercentEncoding.decode((parts.last ?? "").utf8) ?? [], as: UTF8.self))
            }, uniquingKeysWith: { first, _ in first })
    }
}

extension RESTResponse {
    static func json(_ text: String, status: Int = 200, headers: HeaderFields = [:]) -> RESTResponse {
        RESTResponse(status: status, headers: headers, body: ByteBuffer(string: text))
    }

    /// A token's answer.
    static func token(_ token: String = "access-token-1", lives seconds: Int = 3600, more: String = "") -> RESTResponse {
        .json(#"{"token_type":"Bearer","expires_in":\#(seconds),"access_token":"\#(token)"\#(more)}"#)
    }
}

extension AccessToken {
    var text: String { secret.withRevealedText { $0 } }
}

/// Waits until something is so. The limit only guards against hanging: on a busy machine a test may wait for its turn.
func eventually(_ what: Comment, _ condition: () async -> Bool) async {
    let deadline = ContinuousClock.now.advanced(by: .seconds(180))
    var checks = 0
    // Among thousands of tests one turn may take longer than any limit: whoever had few turns has not waited.
    while ContinuousClock.now < deadline || checks < 1000 {
        if await condition() { return }
        checks += 1
        await Task.yield()
    }
    Issue.record(what)
}

extension EntraClient {
    /// A tenant at `stub`.
    static func test(
        _ stub: IdentityStub, time: IdentityTime = IdentityTime(), pause: Pause? = nil, tenant: String = "contoso.example",
        random: RandomBytes = .system, logger: Logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    ) throws -> EntraClient {
        EntraClient(
            endpoint: try EntraEndpoint(login: "https://login.example", tenant: tenant), http: stub.client(logger: logger),
            clock: time.clock,
            pause: pause ?? time.pause, random: random)
    }
}
