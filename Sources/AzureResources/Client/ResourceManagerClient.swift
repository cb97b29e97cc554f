public import Identity
public import RESTClient
internal import Synchronization

/// Azure Resource Manager: which namespaces there are, what is in them, who may do what.
///
/// It acts with the tokens of its source and with no rights of its own. Copies share the number of requests at once (8) and what is known of the
/// remaining budget: when little is left of it they go slowly, instead of being refused. What is refused with "later" is repeated as ``RESTClient`` does it; a failure that remains says so (``AzureError/isThrottled``).
public struct ResourceManagerClient: Sendable {
    /// The most requests that are under way at once.
    public static let mostRequestsAtOnce = 8

    let service: AzureService

    /// A client.
    /// - Parameters:
    ///   - cloud: where Azure Resource Manager answers.
    ///   - tokens: where tokens come from.
    ///   - client: what talks HTTP.
    ///   - clock: what waits for long-running operations.
    public init(cloud: AzureCloud, tokens: any AccessTokenSource, client: RESTClient, clock: any Clock<Duration> = ContinuousClock()) {
        service = AzureService(
            base: cloud.resourceManager, scope: .resourceManager(cloud), client: client, tokens: tokens, clock: clock,
            gate: RequestGate(limit: Self.mostRequestsAtOnce), memory: ClientMemory())
    }

    /// How many requests Azure Resource Manager still takes, as its last answers said.
    public var budget: RequestBudget { service.memory.budget.withLock { $0 } }

    // MARK: Any resource

    /// The value at a path.
    package func get<Value: Decodable & Sendable>(
        _ path: ResourceID, version: String, query: [(name: String, value: String)] = [], operation: String
    ) async throws(AzureError) -> Value {
        try await value(.get, path, version: version, query: query, operation: operation)
    }

    /// One request whose answer holds a value.
    package func value<Value: Decodable & Sendable>(
        _ method: RESTRequest.Method, _ path: ResourceID, version: String, query: [(name: String, value: String)] = [],
        body: JSONValue? = nil,
        operation: String
    ) async throws(AzureError) -> Value {
        let answer = try await send(method, path, version: version, query: query, body: body, operation: operation)
        return try service.decode(Value.self, answer, operation: operation)
    }

    /// One change whose answer holds a value, with what joins it to the Activity Log.
    package func change<Value: Decodable & Sendable>(
        _ method: RESTRequest.Method, _ path: ResourceID, version: String, body: JSONValue? = nil, operation: String
    ) async throws(AzureError) -> Correlated<Value> {
        let answer = try await send(method, path, version: version, body: body, operation: operation)
        let value = try service.decode(Value.self, answer, operation: operation)
        return Correlated(value, correlationID: Self.correlationID(answer))
    }

    /// What joins an answer to the Activity Log.
    static func correlationID(_ answer: RESTResponse) -> String? {
        answer.headers["x-ms-correlation-request-id"].map { String($0.prefix(AzureError.longestCode)) }
    }

    /// One request that must succeed; what it begins is waited for.
    @discardableResult
    package func send(
        _ method: RESTRequest.Method, _ path: ResourceID, version: String, query: [(name: String, value: String)] = [],
        body: JSONValue? = nil,
        operation: String
    ) async throws(AzureError) -> RESTResponse {
        let url = service.url(path, query: [("api-version", version)] + query)
        let answer = try await service.send(method, url, body: body, operation: operation)
        return try await service.finish(answer, operation: operation)
    }

    /// A list, page by page.
    package func pages<Element: Decodable & Sendable>(
        _ path: ResourceID, of type: Element.Type = Element.self, version: String, query: [(name: String, value: String)] = [],
        operation: String
    ) -> ResourcePages<Element> {
        ResourcePages(service: service, first: service.url(path, query: [("api-version", version)] + query), operation: operation)
    }
}
