public import Logging
internal import NIOCore

/// The one way in which this product talks HTTP: time-outs, repeated attempts, limits, correlation ids and discretion in one place.
///
/// Making one is free: the HTTP machinery behind it (event loops, the list of trusted certificates) comes to life with the first request.
/// Call ``shutdown()`` when done.
public struct RESTClient: Sendable {
    private let exchange: any HTTPExchange
    private let configuration: RESTConfiguration
    private let clock: any Clock<Duration>
    private let jitter: @Sendable () -> Double
    private let logger: Logger

    /// A client over real connections.
    public init(configuration: RESTConfiguration = RESTConfiguration(), logger: Logger) {
        self.init(
            configuration: configuration, exchange: ConnectionPoolExchange(configuration: configuration, logger: logger),
            clock: ContinuousClock(), jitter: { Double.random(in: 0..<1) }, logger: logger)
    }

    /// A client over `exchange`, with its own idea of time and chance.
    package init(
        configuration: RESTConfiguration, exchange: some HTTPExchange, clock: any Clock<Duration>, jitter: @escaping @Sendable () -> Double,
        logger: Logger
    ) {
        self.exchange = exchange
        self.configuration = configuration
        self.clock = clock
        self.jitter = jitter
        self.logger = logger
    }

    /// Sends `request`, again if the service says "later" (429, 503) or the connection broke, and returns the answer whatever its status.
    ///
    /// All attempts carry the same correlation id in `x-ms-client-request-id`.
    /// - Throws: ``RESTError`` when there is no answer.
    public func send(_ request: RESTRequest) async throws(RESTError) -> RESTResponse {
        var request = request
        let correlationID = request.headers["x-ms-client-request-id"] ?? CorrelationID.make()
        request.headers["x-ms-client-request-id"] = correlationID
        if request.headers["User-Agent"] == nil {
            request.headers["User-Agent"] = self.configuration.userAgent
        }
        var attempt = 1
        var reconnected = false
        var waited = Duration.zero
        while true {
            let failure: RESTError
            do {
                var response = try await self.exchange.perform(request)
                response.correlationID = correlationID
                self.log(request, correlationID, attempt: attempt, outcome: "\(response.status)")
                guard request.isRepeatedWhenRefused, let delay = self.delay(after: attempt, response: response),
                    waited + delay <= self.configuration.longestWaiting
                else {
                    return response
                }
                try await self.wait(delay, for: request)
                waited += delay
                attempt += 1
                continue
            } catch {
                failure = error
            }
            self.log(request, correlationID, attempt: attempt, outcome: "\(failure.code)")
            let mayReconnect = failure.code == .connectionLost && request.method.isIdempotent && !reconnected
            guard mayReconnect, attempt < self.configuration.retry.maximumAttempts else { throw failure }
            reconnected = true
            attempt += 1
        }
    }

    /// Closes idle connections. Requests under way fail.
    public func shutdown() async {
        await self.exchange.shutdown()
    }

    private func delay(after attempt: Int, response: RESTResponse) -> Duration? {
        let policy = self.configuration.retry
        guard policy.isTransient(status: response.status) else { return nil }
        return policy.delay(after: attempt, retryAfter: response.retryAfter, jitter: self.jitter())
    }

    private func wait(_ delay: Duration, for request: RESTRequest) async throws(RESTError) {
        do {
            try await self.clock.sleep(for: delay)
        } catch {
            let endpoint = Endpoint(url: request.url)?.description ?? ""
            throw RESTError(.cancelled, endpoint: endpoint, message: "The request to \(endpoint) was cancelled.", hint: "")
        }
    }

    private func log(_ request: RESTRequest, _ correlationID: String, attempt: Int, outcome: String) {
        self.logger.debug(
            "HTTP request",
            metadata: [
                "http.method": "\(request.method.rawValue)", "http.url": "\(Endpoint.loggable(request.url))", "http.outcome": "\(outcome)",
                "http.attempt": "\(attempt)", "http.correlation-id": "\(correlationID)",
            ])
    }
}
