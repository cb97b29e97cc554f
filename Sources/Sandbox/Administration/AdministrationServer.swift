internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import ServiceBus

/// The administration endpoint of the sandbox: HTTP or HTTPS, on this machine only unless told otherwise.
///
/// It serves namespace, lists, queues, topics, subscriptions and rules to read, make, change and remove, and `GET /health`. The sandbox adds
/// `/$sandbox/faults` and `/$sandbox/credits`.
///
///     try await server.run { port in print("listening on \(port)") }     // until the task is cancelled
struct AdministrationServer<Source: AdministrationSource>: Sendable {
    private let responder: AdministrationResponder<Source>
    private let faults: FaultsEndpoint?
    private let host: String
    private let port: Int
    private let tls: TLSConfiguration?
    private let logger: Logger

    /// - Parameters:
    ///   - source: what there is to administer.
    ///   - faults: the sandbox's own endpoint for faults.
    ///   - meter: what counts the cost of calls.
    ///   - host: the address to listen on. The default is reachable from this machine only.
    ///   - port: the port to listen on, 0 for any that is free.
    ///   - tls: with what to serve HTTPS; nil for HTTP.
    ///   - clock: the time of day that tokens are checked against.
    ///   - logger: where trouble with connections is told.
    init(
        source: Source, faults: FaultsEndpoint? = nil, meter: CreditMeter = CreditMeter(creditsPerSecond: nil), host: String = "127.0.0.1",
        port: Int, tls: TLSConfiguration? = nil, clock: @escaping @Sendable () -> Int64 = { WallClockTime.milliseconds() }, logger: Logger
    ) {
        responder = AdministrationResponder(source: source, clock: clock, makeID: CallID.make, meter: meter)
        self.faults = faults
        self.host = host
        self.port = port
        self.tls = tls
        self.logger = logger
    }

    /// Serves until the task is cancelled; requests under way are answered first, for two seconds at most.
    /// - Parameter onReady: called once with the port, when connections are accepted.
    /// - Throws: ``AdministrationServerError`` if the port cannot be had.
    func run(onReady: @escaping @Sendable (Int) async -> Void) async throws(AdministrationServerError) {
        let responder = responder
        let faults = faults
        let isSecure = tls != nil
        let channel = HTTP1Channel(
            responder: { (request, writer: consuming ResponseWriter, _) in
                let body = try? await request.body.collect(upTo: DescriptionInput.maximumBytes)
                let answer: AdministrationResponse
                switch request.head.path {
                case FaultsEndpoint.path? where faults != nil:
                    let bytes = body.flatMap { $0.readableBytes <= FaultsEndpoint.maximumBodyBytes ? Array($0.readableBytesView) : nil }
                    answer = await faults?.respond(to: request.head.method.rawValue, body: bytes) ?? .notServed
                case CreditMeter.path?: answer = responder.meter.respond(to: request.head.method.rawValue)
                default: answer = await responder.respond(to: AdministrationRequest(request.head, body, isSecure: isSecure))
                }
                let response = Response(answer, at: Timestamp(milliseconds: responder.clock()))
                try await writer.write(response: response.head, body: response.body)
            }, configuration: .init(idleTimeout: .seconds(120)))
        try await HTTPDoor(host: host, port: port, tls: tls, option: isSecure ? "--https-port" : "--http-port", logger: logger)
            .run(channel, onReady: onReady)
    }
}

/// Why an HTTP endpoint cannot be served.
struct AdministrationServerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of failure.
    enum Code: Hashable, Sendable {
        /// Somebody else listens on the port.
        case portInUse
        /// Ports below 1024 belong to the administrator of the machine.
        case portNotPermitted
        /// The address is none of this machine's.
        case addressNotAvailable
        /// Something else.
        case other
    }

    /// The kind of failure.
    let code: Code
    /// What failed and what to try, in one line.
    let description: String

    init(_ error: any Error, host: String, port: Int, option: String) {
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE:
            code = .portInUse
            description = "Port \(port) on \(host) is in use. Choose another with \(option), or 0 for any that is free."
        case EACCES, EPERM:
            code = .portNotPermitted
            description = "Listening on port \(port) is not permitted. Choose one above 1023 with \(option)."
        case EADDRNOTAVAIL:
            code = .addressNotAvailable
            description = "\(host) is not an address of this machine."
        default:
            code = .other
            description = "The endpoint cannot listen on \(host):\(port): \(error)."
        }
    }
}

extension AdministrationRequest {
    fileprivate init(_ head: HTTPRequest, _ body: ByteBuffer?, isSecure: Bool) {
        self.init(
            method: head.method.rawValue, target: head.path ?? "/", host: head.authority ?? "localhost", isSecure: isSecure,
            authorization: head.headerFields[.authorization],
            forwardingAuthorization: head.headerFields.value(ofFieldNamed: "servicebussupplementaryauthorization"),
            deadLetterForwardingAuthorization: head.headerFields.value(ofFieldNamed: "servicebusdlqsupplementaryauthorization"),
            ifMatch: head.headerFields[.ifMatch], body: body.map { Array($0.readableBytesView) })
    }
}

extension Response {
    fileprivate init(_ answer: AdministrationResponse, at time: Timestamp) {
        var headers = HTTPFields()
        if let type = answer.contentType { headers[.contentType] = type }
        if let etag = answer.etag { headers[.eTag] = etag }
        if let allow = answer.allow { headers[.allow] = allow }
        headers[.server] = "Callboard-Sandbox"
        headers[.date] = AtomValues.httpDate(time)
        self.init(status: .init(code: answer.status), headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: answer.body)))
    }
}

extension HTTPFields {
    /// The value of a field that has no name of its own here.
    fileprivate func value(ofFieldNamed name: String) -> String? { first { $0.name.canonicalName == name }?.value }
}
