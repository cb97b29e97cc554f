internal import Hummingbird
internal import HummingbirdCore
public import Logging
internal import NIOCore
internal import NIOPosix
internal import ServiceBus

/// The administration endpoint of the sandbox: HTTP, on this machine only unless told otherwise.
///
/// It reads: namespace, lists, entities, rules and `GET /health`. Every other method is answered with 405. The sandbox adds
/// `/$sandbox/faults`.
///
///     try await server.run { port in print("listening on \(port)") }     // until the task is cancelled
public struct AdministrationServer<Source: AdministrationSource>: Sendable {
    private let responder: AdministrationResponder<Source>
    private let faults: FaultsEndpoint?
    private let host: String
    private let port: Int
    private let logger: Logger

    /// - Parameters:
    ///   - source: what there is to administer.
    ///   - host: the address to listen on. The default is reachable from this machine only.
    ///   - port: the port to listen on, 0 for any that is free.
    ///   - clock: the time of day that tokens are checked against.
    ///   - logger: where trouble with connections is told.
    public init(
        source: Source, host: String = "127.0.0.1", port: Int, clock: @escaping @Sendable () -> Int64 = { WallClockTime.milliseconds() },
        logger: Logger
    ) {
        self.init(source: source, faults: nil, host: host, port: port, clock: clock, logger: logger)
    }

    /// The same with the sandbox's own endpoint for faults.
    init(
        source: Source, faults: FaultsEndpoint?, host: String, port: Int,
        clock: @escaping @Sendable () -> Int64 = { WallClockTime.milliseconds() }, logger: Logger
    ) {
        self.faults = faults
        responder = AdministrationResponder(source: source, clock: clock, makeID: CallID.make)
        self.host = host
        self.port = port
        self.logger = logger
    }

    /// Serves until the task is cancelled; requests under way are answered first, for two seconds at most.
    /// - Parameter onReady: called once with the port, when connections are accepted.
    /// - Throws: ``AdministrationServerError`` if the port cannot be had.
    public func run(onReady: @escaping @Sendable (Int) async -> Void) async throws(AdministrationServerError) {
        let responder = responder
        let faults = faults
        let channel = HTTP1Channel(
            responder: { (request, writer: consuming ResponseWriter, _) in
                let answer: AdministrationResponse
                if let faults, request.head.path == FaultsEndpoint.path {
                    let body = try? await request.body.collect(upTo: FaultsEndpoint.maximumBodyBytes)
                    answer = await faults.respond(to: request.head.method.rawValue, body: body.map { Array($0.readableBytesView) })
                } else {
                    answer = await responder.respond(to: AdministrationRequest(request.head))
                }
                let response = Response(answer, at: Timestamp(milliseconds: responder.clock()))
                try await writer.write(response: response.head, body: response.body)
            }, configuration: .init(idleTimeout: .seconds(120)))
        let server = Server(
            childChannelSetup: channel, configuration: ServerConfiguration(address: .hostname(host, port: port), serverName: nil),
            onServerRunning: { channel in await onReady(channel.localAddress?.port ?? port) },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
        // A task of its own: cancelling the server's would cut connections off, stopping it lets them finish.
        let running = Task { try await server.run() }
        do {
            try await withTaskCancellationHandler {
                try await running.value
            } onCancel: {
                Task {
                    let limit = Task {
                        try await Task.sleep(for: .seconds(2))
                        running.cancel()
                    }
                    try? await server.shutdownGracefully()
                    limit.cancel()
                }
            }
        } catch {
            guard !Task.isCancelled else { return }
            throw AdministrationServerError(error, host: host, port: port)
        }
    }
}

/// Why the administration endpoint cannot be served.
public struct AdministrationServerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of failure.
    public enum Code: Hashable, Sendable {
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
    public let code: Code
    /// What failed and what to try, in one line.
    public let description: String

    init(_ error: any Error, host: String, port: Int) {
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE:
            code = .portInUse
            description = "Port \(port) on \(host) is in use. Choose another with --http-port, or 0 for any that is free."
        case EACCES, EPERM:
            code = .portNotPermitted
            description = "Listening on port \(port) is not permitted. Choose one above 1023 with --http-port."
        case EADDRNOTAVAIL:
            code = .addressNotAvailable
            description = "\(host) is not an address of this machine."
        default:
            code = .other
            description = "The administration endpoint cannot listen on \(host):\(port): \(error)."
        }
    }
}

extension AdministrationRequest {
    fileprivate init(_ head: HTTPRequest) {
        self.init(
            method: head.method.rawValue, target: head.path ?? "/", host: head.authority ?? "localhost",
            authorization: head.headerFields[.authorization])
    }
}

extension Response {
    fileprivate init(_ answer: AdministrationResponse, at time: Timestamp) {
        var headers = HTTPFields()
        headers[.contentType] = answer.contentType
        if let etag = answer.etag { headers[.eTag] = etag }
        if let allow = answer.allow { headers[.allow] = allow }
        headers[.server] = "Callboard-Sandbox"
        headers[.date] = AtomValues.httpDate(time)
        self.init(status: .init(code: answer.status), headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: answer.body)))
    }
}
