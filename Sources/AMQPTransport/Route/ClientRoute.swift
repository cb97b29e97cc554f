import NIOCore
import NIOHTTP1
import NIOSSL
import NIOWebSocket

/// The way from a socket to AMQP, leg by leg: a proxy's tunnel, TLS, a WebSocket; each where the endpoint asks for it.
///
/// The handlers of a leg are put in front of the engine's when the leg before it is behind us; the engine begins at the end of the last.
struct ClientRoute {
    private let endpoint: Endpoint
    private let tls: NIOSSLContext?
    private let pipeline: ChannelPipeline.SynchronousOperations
    private let engine: EngineHandler
    private let core: ClientCore

    init(_ endpoint: Endpoint, _ tls: NIOSSLContext?, _ channel: any Channel, _ engine: EngineHandler, _ core: ClientCore) {
        self.endpoint = endpoint
        self.tls = tls
        pipeline = channel.pipeline.syncOperations
        self.engine = engine
        self.core = core
    }

    /// Begins with the first leg. Nothing is written before the channel is active.
    func begin() throws {
        guard let proxy = endpoint.proxy else { return try secure() }
        core.step = "opening a tunnel through the proxy \(proxy.authority)"
        try HTTPHandshake.add(Self.tunnel(through: proxy, to: endpoint), to: pipeline, before: engine) { try secure() }
    }

    private func secure() throws {
        core.step = "opening the AMQP connection"
        if let tls { try pipeline.addHandler(TLS.clientHandler(tls, host: endpoint.host), position: .before(engine)) }
        guard case .webSocket(let path) = endpoint.transport else { return engine.start() }
        core.step = "opening the WebSocket"
        try HTTPHandshake.add(Self.upgrade(path, endpoint), to: pipeline, before: engine) {
            try WebSocketSide.client.addByteStream(to: pipeline, before: engine)
        } proceed: {
            core.step = "opening the AMQP connection"
            engine.start()
        }
    }

    // MARK: Questions

    /// RFC 9110, 9.3.6.
    static func tunnel(through proxy: HTTPProxy, to endpoint: Endpoint) -> HTTPHandshake.Question {
        var headers = HTTPHeaders([("Host", endpoint.authority)])
        if let credentials = proxy.credentials { headers.add(name: "Proxy-Authorization", value: credentials.headerValue) }
        let request = HTTPRequestHead(version: .http1_1, method: .CONNECT, uri: endpoint.authority, headers: headers)
        let failure = { TransportError.proxy(proxy: proxy.authority, target: endpoint.authority, reason: $0) }
        return HTTPHandshake.Question(request: request, fault: { fault(ofProxy: $0, proxy, failure) }, failure: failure)
    }

    private static func fault(
        ofProxy head: HTTPResponseHead, _ proxy: HTTPProxy, _ failure: (String) -> TransportError
    ) -> TransportError? {
        switch head.status.code {
        case 200..<300: return nil
        case 407:
            let schemes = head.headers["Proxy-Authenticate"].compactMap { $0.split(separator: " ").first }.map { $0.prefix(20) }
            let wants = schemes.isEmpty ? "" : ", by \(schemes.prefix(4).joined(separator: " or "))"
            return failure(
                proxy.credentials == nil
                    ? "it wants a user and password\(wants) (\(head.statusText)): put them into the proxy's URL"
                    : "it does not accept the user and password given\(wants) (\(head.statusText))")
        case 403: return failure("it does not allow connections there (\(head.statusText)): ask whoever runs it")
        case 502, 503, 504: return failure("it cannot reach the server (\(head.statusText))")
        default: return failure("it answered \(head.statusText)")
        }
    }

    /// RFC 6455, 4.1, and the subprotocol of the AMQP WebSocket binding.
    static func upgrade(_ path: String, _ endpoint: Endpoint) -> HTTPHandshake.Question {
        let defaultPort = endpoint.security == .plain ? 80 : 443
        let host = endpoint.port == defaultPort ? String(endpoint.authority.dropLast(":\(endpoint.port)".count)) : endpoint.authority
        let upgrader = NIOWebSocketClientUpgrader { channel, _ in channel.eventLoop.makeSucceededVoidFuture() }
        var headers = HTTPHeaders([
            ("Host", host), ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Protocol", WebSocketStream.subprotocol),
        ])
        upgrader.addCustom(upgradeRequestHeaders: &headers)
        let request = HTTPRequestHead(version: .http1_1, method: .GET, uri: path, headers: headers)
        return HTTPHandshake.Question(
            request: request, fault: { fault(ofUpgrade: $0, path, upgrader) },
            failure: { .webSocket("no WebSocket with this server: \($0)") })
    }

    private static func fault(ofUpgrade head: HTTPResponseHead, _ path: String, _ upgrader: NIOWebSocketClientUpgrader) -> TransportError? {
        switch head.status.code {
        case 101: break
        case 404: return .webSocket("the server has no WebSocket at \(path) (\(head.statusText)): it may not be a Service Bus namespace")
        case 401, 403: return .webSocket("the server does not let us open a WebSocket (\(head.statusText)): a firewall rule may forbid it")
        case 407: return .webSocket("a proxy on the way wants a user and password (\(head.statusText)): name it and them explicitly")
        case 300..<400: return .webSocket("the server redirects the WebSocket elsewhere (\(head.statusText)), which is not followed")
        case 500..<600: return .webSocket("the server cannot open a WebSocket now (\(head.statusText))")
        default: return .webSocket("the server did not open a WebSocket but answered \(head.statusText)")
        }
        guard head.headers["Upgrade"].contains(where: { $0.lowercased() == "websocket" }),
            upgrader.shouldAllowUpgrade(upgradeResponse: head)
        else { return .webSocket("the server's answer to the WebSocket request is not one to ours: something on the way may be a cache") }
        let chosen = head.headers["Sec-WebSocket-Protocol"]
        guard chosen.count == 1, chosen.first?.lowercased() == WebSocketStream.subprotocol.lowercased() else {
            let what = chosen.first.map { "'\(String($0.unicodeScalars.prefix(40)))'" } ?? "no subprotocol"
            return .webSocket("the server opens WebSockets, but not for AMQP: it chose \(what) instead of \(WebSocketStream.subprotocol)")
        }
        return nil
    }
}
