import Logging
import NIOCore
import RESTClient
import Synchronization

@testable import Backstage

/// Plays a Backstage backend: answers each request with what a closure says, and remembers the requests.
final class ScriptedBackend: HTTPExchange {
    private let answer: @Sendable (RESTRequest, Int) throws(RESTError) -> RESTResponse
    private let received = Mutex<[RESTRequest]>([])

    /// - Parameter answer: gets the request and its number, from 0.
    init(_ answer: @escaping @Sendable (RESTRequest, Int) throws(RESTError) -> RESTResponse) { self.answer = answer }

    /// One that gives the same answer to everything.
    convenience init(_ body: String, status: Int = 200, headers: HeaderFields = [:]) {
        self.init { (_, _) throws(RESTError) in RESTResponse(status: status, headers: headers, body: ByteBuffer(string: body)) }
    }

    var requests: [RESTRequest] { received.withLock { $0 } }
    /// The paths and queries of the requests, without the address.
    var paths: [String] { requests.map { String($0.url.dropFirst(Self.address.count + "/api/catalog".count)) } }
    var bodies: [String] { requests.map { $0.body.map { String(buffer: $0) } ?? "" } }

    func perform(_ request: RESTRequest) async throws(RESTError) -> RESTResponse {
        let number = received.withLock { requests in
            requests.append(request)
            return requests.count - 1
        }
        return try answer(request, number)
    }

    func shutdown() async {}

    static let address = "https://backstage.example"

    /// A client of it, which waits for nothing.
    func client(_ authorization: BackstageAuthorization = .none, attempts: Int = 1) throws -> BackstageClient {
        var configuration = RESTConfiguration()
        configuration.retry.maximumAttempts = attempts
        configuration.retry.firstDelay = .zero
        let http = RESTClient(
            configuration: configuration, exchange: self, clock: ContinuousClock(), jitter: { 0 },
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        return BackstageClient(address: try BackstageAddress(Self.address), authorization: authorization, http: http)
    }
}

/// A backend's catalogue that can change between two questions.
final class LivingCatalogue: Sendable {
    struct Entry {
        var name: String
        var etag: String
        var title: String
    }

    struct State {
        var entries: [Entry] = []
        /// Names that are listed and cannot be looked up.
        var vanished: Set<String> = []
        /// The most entities of a page, whatever is asked for.
        var page = Int.max
    }

    let state = Mutex(State())

    init(_ names: [String]) {
        state.withLock { state in state.entries = names.map { Entry(name: $0, etag: "1", title: "first") } }
    }

    func backend() -> ScriptedBackend {
        ScriptedBackend { [self] (request, _) throws(RESTError) in
            let state = state.withLock { $0 }
            if request.url.hasSuffix("/entities/by-refs") {
                let body = request.body.map { String(buffer: $0) } ?? ""
                let refs = body.split(separator: "\"").filter { $0.hasPrefix("component:default/") }.map {
                    $0.dropFirst("component:default/".count)
                }
                let items = refs.map { name in
                    guard let entry = state.entries.first(where: { $0.name == name }), !state.vanished.contains(entry.name) else {
                        return "null"
                    }
                    return Self.json(entry, isWhole: true)
                }
                return Self.answer("{\"items\":[\(items.joined(separator: ","))]}")
            }
            let parameters = Dictionary(
                (request.url.split(separator: "?").last ?? "").split(separator: "&").map { part in
                    let sides = part.split(separator: "=", maxSplits: 1)
                    return (String(sides[0]), String(sides.count > 1 ? sides[1] : ""))
                }, uniquingKeysWith: { first, _ in first })
            let start = parameters["cursor"].flatMap { Int($0) } ?? 0
            let end = min(start + min(parameters["limit"].flatMap { Int($0) } ?? 20, state.page), state.entries.count)
            let isWhole = parameters["fields"]?.contains("metadata.title") == true
            let items = state.entries[start..<end].map { Self.json($0, isWhole: isWhole) }.joined(separator: ",")
            let next = end < state.entries.count ? "\"nextCursor\":\"\(end)\"" : ""
            return Self.answer("{\"items\":[\(items)],\"totalItems\":\(state.entries.count),\"pageInfo\":{\(next)}}")
        }
    }

    private static func json(_ entry: Entry, isWhole: Bool) -> String {
        """
        {"kind":"Component","metadata":{"name":"\(entry.name)","namespace":"default","etag":"\(entry.etag)"\
        \(isWhole ? ",\"title\":\"\(entry.title)\"" : "")}\(isWhole ? ",\"apiVersion\":\"v1\",\"spec\":{\"type\":\"service\"}" : "")}
        """
    }

    private static func answer(_ text: String) -> RESTResponse { RESTResponse(status: 200, body: ByteBuffer(string: text)) }
}
