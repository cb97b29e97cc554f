internal import AsyncHTTPClient
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL
internal import Synchronization

/// Attempts over real connections: AsyncHTTPClient, brought to life by the first request.
final class ConnectionPoolExchange: HTTPExchange {
    private enum State {
        case idle
        case running(HTTPClient)
        case shutDown
    }

    private let configuration: RESTConfiguration
    private let logger: Logger
    private let state = Mutex(State.idle)

    init(configuration: RESTConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    deinit {
        // The library ends the process when a client goes away without being shut down; forgetting to close must not be that dear.
        guard case .running(let client) = self.state.withLock({ $0 }) else { return }
        Task { try? await client.shutdown() }
    }

    func perform(_ request: RESTRequest) async throws(RESTError) -> RESTResponse {
        guard let endpoint = Endpoint(url: request.url) else {
            throw RESTError(
                .invalidURL, endpoint: "", message: "'\(Endpoint.loggable(request.url))' is not an http or https URL.",
                hint: "Check the endpoint.")
        }
        let client = try self.client(for: endpoint)
        var outgoing = HTTPClientRequest(url: request.url)
        outgoing.method = HTTPMethod(rawValue: request.method.rawValue)
        for field in request.headers.fields {
            outgoing.headers.add(name: field.name, value: field.value)
        }
        if let body = request.body {
            outgoing.body = .bytes(body)
        }
        do {
            return try await self.perform(outgoing, with: client, within: self.configuration.answerTimeout)
        } catch {
            if Task.isCancelled {
                throw RESTError(.cancelled, endpoint: endpoint.description, message: "The request to \(endpoint) was cancelled.", hint: "")
            }
            throw await FailureDiagnosis.diagnose(error, endpoint: endpoint, configuration: self.configuration)
        }
    }

    func shutdown() async {
        let client: HTTPClient? = self.state.withLock { state in
            defer { state = .shutDown }
            if case .running(let client) = state { return client }
            return nil
        }
        // Only fails when it was shut down before, which the state rules out.
        try? await client?.shutdown()
    }

    /// Reads the whole answer, or gives up. The library's own deadline ends with the head of the answer, which leaves a peer that dribbles its body for ever.
    private func perform(
        _ request: HTTPClientRequest, with client: HTTPClient, within limit: Duration
    ) async throws -> RESTResponse {
        let maximumBodyBytes = self.configuration.maximumBodyBytes
        return try await withThrowingTaskGroup(of: RESTResponse.self) { group in
            group.addTask {
                let response = try await client.execute(request, deadline: .distantFuture)
                let body = try await response.body.collect(upTo: maximumBodyBytes)
                return RESTResponse(
                    status: Int(response.status.code), headers: HeaderFields(response.headers.map { (name: $0.name, value: $0.value) }),
                    body: body)
            }
            group.addTask {
                try await Task.sleep(for: limit)
                throw DeadlineExceeded()
            }
            defer { group.cancelAll() }
            // The group has two children, so there is a first result.
            guard let first = try await group.next() else { throw DeadlineExceeded() }
            return first
        }
    }

    private func client(for endpoint: Endpoint) throws(RESTError) -> HTTPClient {
        let result: Result<HTTPClient, RESTError> = self.state.withLock { state in
            switch state {
            case .running(let client):
                return .success(client)
            case .shutDown:
                return .failure(
                    RESTError(.cancelled, endpoint: endpoint.description, message: "The HTTP client has been shut down.", hint: ""))
            case .idle:
                do throws(RESTError) {
                    let client = HTTPClient(
                        eventLoopGroupProvider: .singleton, configuration: try self.libraryConfiguration(for: endpoint),
                        backgroundActivityLogger: self.logger)
                    state = .running(client)
                    return .success(client)
                } catch {
                    return .failure(error)
                }
            }
        }
        return try result.get()
    }

    private func libraryConfiguration(for endpoint: Endpoint) throws(RESTError) -> HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration()
        if case .systemAnd(let file) = self.configuration.trust {
            tls.additionalTrustRoots = [.certificates(try TrustFile.load(file, endpoint: endpoint))]
        }
        let connectTimeout = TimeAmount.nanoseconds(self.configuration.connectTimeout.nanoseconds)
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow, timeout: .init(connect: connectTimeout))
        configuration.httpVersion = .http1Only
        // The library would go on trying until the connect time-out: "refused" must be said at once.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = max(1, self.configuration.connectionsPerHost)
        return configuration
    }
}

/// An attempt took longer than ``RESTConfiguration/answerTimeout``.
struct DeadlineExceeded: Error {}

extension Duration {
    /// Whole nanoseconds, at most those of a century or so.
    var nanoseconds: Int64 {
        let (seconds, overflow) = self.components.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return self < .zero ? .min / 2 : .max / 2 }
        return seconds + self.components.attoseconds / 1_000_000_000
    }
}
