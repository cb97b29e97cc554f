import Logging
import NIOCore
import RESTClient
import Synchronization
import Testing

@Suite("The HTTP client")
struct RESTClientTests {
    private let clock = RecordingClock()
    private let url = "https://ns.example/$Resources/queues?$skip=0"

    private func client(_ exchange: ScriptedExchange, _ change: (inout RESTConfiguration) -> Void = { _ in }) -> RESTClient {
        var configuration = RESTConfiguration()
        change(&configuration)
        return RESTClient(
            configuration: configuration, exchange: exchange, clock: clock, jitter: { 1 },
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    @Test("returns whatever the service answers, error or not", arguments: [200, 201, 301, 400, 401, 404, 409, 500, 502])
    func anyStatus(status: Int) async throws {
        let exchange = ScriptedExchange { _, _ in .text("body", status: status) }
        let response = try await client(exchange).send(RESTRequest(.get, url))
        #expect(response.status == status)
        #expect(String(buffer: response.body) == "body")
        #expect(response.isSuccess == (status < 300))
        #expect(exchange.requests.count == 1)
        #expect(clock.sleeps.isEmpty)
    }

    @Test("sends its name and one correlation id for all attempts")
    func correlation() async throws {
        let exchange = ScriptedExchange { number, _ in .text("", status: number == 0 ? 503 : 200) }
        let response = try await client(exchange) { $0.userAgent = "callboard/1.0" }.send(RESTRequest(.get, url))
        let ids = exchange.requests.map { $0.headers["x-ms-client-request-id"] ?? "" }
        #expect(ids == [response.correlationID, response.correlationID])
        #expect(response.correlationID.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
        #expect(exchange.requests.allSatisfy { $0.headers["user-agent"] == "callboard/1.0" })
        let other = try await client(ScriptedExchange { _, _ in .text("") }).send(RESTRequest(.get, url))
        #expect(other.correlationID != response.correlationID)
    }

    @Test("tries again when the service says later, waiting longer each time, and hands out the last refusal", arguments: [429, 503])
    func backsOff(status: Int) async throws {
        let exchange = ScriptedExchange { _, _ in .text("busy", status: status) }
        let response = try await client(exchange).send(RESTRequest(.post, url, body: ByteBuffer(string: "x")))
        #expect(response.status == status)
        #expect(exchange.requests.count == 4)
        #expect(clock.sleeps == [.milliseconds(800), .milliseconds(1600), .milliseconds(3200)])
    }

    @Test("waits as long as the service asks")
    func retryAfter() async throws {
        let exchange = ScriptedExchange { number, _ in
            switch number {
            case 0: .text("", status: 429, headers: ["retry-after": "7"])
            case 1:
                .text("", status: 503, headers: ["Retry-After": "Tue, 29 Sep 2020 08:35:03 GMT", "Date": "Tue, 29 Sep 2020 08:34:58 GMT"])
            default: .text("done")
            }
        }
        #expect(try await client(exchange).send(RESTRequest(.get, url)).status == 200)
        #expect(clock.sleeps == [.seconds(7), .seconds(5)])
    }

    @Test("does not wait longer than an operator would")
    func longRetryAfter() async throws {
        let exchange = ScriptedExchange { _, _ in .text("", status: 429, headers: ["Retry-After": "3600"]) }
        #expect(try await client(exchange).send(RESTRequest(.get, url)).status == 429)
        #expect(exchange.requests.count == 1)
        let patient = ScriptedExchange { _, _ in .text("", status: 429, headers: ["Retry-After": "25"]) }
        #expect(try await client(patient) { $0.retry.maximumAttempts = 10 }.send(RESTRequest(.get, url)).status == 429)
        #expect(clock.sleeps == [.seconds(25), .seconds(25)], "a third wait would make more than a minute")
    }

    @Test(
        "repeats a request once when the connection broke, if repeating does no harm",
        arguments: [
            (RESTRequest.Method.get, 2), (.put, 2), (.delete, 2), (.post, 1), (.patch, 1),
        ])
    func reconnects(method: RESTRequest.Method, attempts: Int) async {
        let exchange = ScriptedExchange { (_, _) throws(RESTError) in
            throw RESTError(.connectionLost, endpoint: "h:1", message: "m", hint: "")
        }
        let error = await #expect(throws: RESTError.self) { try await client(exchange).send(RESTRequest(method, url)) }
        #expect(error?.code == .connectionLost)
        #expect(exchange.requests.count == attempts)
        #expect(clock.sleeps.isEmpty)
    }

    @Test(
        "does not repeat what will fail again",
        arguments: [
            RESTError.Code.refused, .unknownHost, .timedOut, .certificateUntrusted, .notHTTP, .bodyTooLarge, .cancelled,
        ])
    func permanent(code: RESTError.Code) async {
        let exchange = ScriptedExchange { (_, _) throws(RESTError) in throw RESTError(code, endpoint: "h:1", message: "m", hint: "") }
        await #expect(throws: RESTError.self) { try await client(exchange).send(RESTRequest(.get, url)) }
        #expect(exchange.requests.count == 1)
    }

    @Test("logs neither tokens nor queries")
    func logsDiscreetly() async throws {
        let lines = LogLines()
        var logger = Logger(label: "test", factory: { _ in lines })
        logger.logLevel = .trace
        let exchange = ScriptedExchange { number, _ in .text("secret body", status: number == 0 ? 503 : 200) }
        let client = RESTClient(configuration: RESTConfiguration(), exchange: exchange, clock: clock, jitter: { 0 }, logger: logger)
        _ = try await client.send(RESTRequest(.get, url + "&sig=topsecret", headers: ["Authorization": "SharedAccessSignature topsecret"]))
        #expect(lines.all.count == 2)
        for line in lines.all {
            #expect(!line.contains("secret"))
            #expect(line.contains("https://ns.example/$Resources/queues"))
        }
    }

    @Test("is shut down through to its connections")
    func shutsDown() async {
        let exchange = ScriptedExchange { _, _ in .text("") }
        await client(exchange).shutdown()
        #expect(exchange.wasShutDown)
    }
}

/// Collects what is logged.
private final class LogLines: LogHandler {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }
    func log(event: LogEvent) {
        lines.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") }
    }
}

@Suite("Waiting between attempts")
struct RetryPolicyTests {
    @Test("doubles up to a limit and spreads over its second half")
    func growth() {
        var policy = RetryPolicy()
        policy.maximumAttempts = 100
        policy.firstDelay = .seconds(1)
        policy.longestDelay = .seconds(10)
        #expect((1...6).map { policy.delay(after: $0, retryAfter: nil, jitter: 1) } == [1, 2, 4, 8, 10, 10].map { .seconds($0) })
        #expect(policy.delay(after: 2, retryAfter: nil, jitter: 0) == .seconds(1))
        #expect(policy.delay(after: 2, retryAfter: nil, jitter: 0.5) == .seconds(1.5))
        #expect(policy.delay(after: 99, retryAfter: nil, jitter: 7) == .seconds(10), "no exponent is too large")
        #expect(policy.delay(after: 100, retryAfter: nil, jitter: 0) == nil)
        #expect(RetryPolicy.never.delay(after: 1, retryAfter: .seconds(1), jitter: 0) == nil)
    }
}

@Suite("Header fields")
struct HeaderFieldsTests {
    @Test("compare names without case, keep order and repeats")
    func access() {
        var headers: HeaderFields = ["Accept": "a", "X-Thing": "1"]
        headers.append(name: "x-thing", value: "2")
        #expect(headers["ACCEPT"] == "a")
        #expect(headers["x-THING"] == "1")
        #expect(headers.fields.map(\.value) == ["a", "1", "2"])
        headers["X-thing"] = "3"
        #expect(headers.fields.map(\.value) == ["a", "3"])
        headers["accept"] = nil
        #expect(headers["Accept"] == nil)
    }

    @Test(
        "show credentials to nobody",
        arguments: [
            "Authorization", "authorization", "ServiceBusSupplementaryAuthorization", "ServiceBusDlqSupplementaryAuthorization", "Cookie",
            "Set-Cookie", "X-IDENTITY-HEADER",
        ])
    func redaction(name: String) {
        let headers: HeaderFields = [name: "topsecret", "Accept": "text"]
        let request = RESTRequest(.get, "https://h/", headers: headers)
        var dumped = ""
        dump(request, to: &dumped)
        for text in [headers.description, "\(request)", dumped] { #expect(!text.contains("topsecret")) }
        #expect(headers.description.contains("\(name): <redacted>"))
        #expect(headers.description.contains("Accept: text"))
    }
}
