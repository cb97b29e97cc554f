internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization

/// What a browser was sent back with.
struct RedirectAnswer: Sendable {
    /// The parameters, decoded. The code among them is a secret: this has no description.
    private let parameters: [String: Secret]

    init(query: Substring) {
        var parameters: [String: Secret] = [:]
        for field in query.utf8.split(separator: UInt8(ascii: "&")).prefix(32) {
            let parts = field.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count > 1 ? Array(parts[1]) : []
            // In a form's encoding a plus is a space.
            let spaced = value.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 }
            guard let name = PercentEncoding.decode(parts[0]), let bytes = PercentEncoding.decode(spaced) else { continue }
            let key = String(decoding: name, as: UTF8.self)
            if parameters[key] == nil { parameters[key] = Secret(bytes) }
        }
        self.parameters = parameters
    }

    func secret(_ name: String) -> Secret? { self.parameters[name].flatMap { $0.isEmpty ? nil : $0 } }
    func text(_ name: String) -> String? { self.secret(name)?.withRevealedText { $0 } }
}

/// Waits on this machine for the one request that a browser is sent back with (RFC 8252 7.3).
///
/// It listens on loopback only, on a port that the system chooses. What is not `GET /` with a query for this very address is answered with an error and does
/// not count; the first that is ends it. Nothing of a request is logged.
final class LoopbackListener: Sendable {
    /// The port, on 127.0.0.1 and where it can be had on ::1.
    let port: Int
    private let channels: [any Channel]
    private let answer: EventLoopPromise<RedirectAnswer>

    static func start() async throws(IdentityError) -> LoopbackListener {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let answer = loop.makePromise(of: RedirectAnswer.self)
        let bootstrap = ServerBootstrap(group: loop)
            .serverChannelOption(.backlog, value: 8)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let port = channel.localAddress?.port ?? 0
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                    try channel.pipeline.syncOperations.addHandler(RedirectHandler(port: port, answer: answer))
                }
            }
        do {
            let first = try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
            let port = first.localAddress?.port ?? 0
            // localhost may be either; a machine without the other, or where the port is taken, is fine.
            let second = try? await bootstrap.bind(host: "::1", port: port).get()
            return LoopbackListener(port: port, channels: [first, second].compactMap(\.self), answer: answer)
        } catch {
            answer.fail(error)
            throw IdentityError(
                .unavailable, "No port of this machine can be listened on for the browser's answer.", hint: "Use a device code.")
        }
    }

    private init(port: Int, channels: [any Channel], answer: EventLoopPromise<RedirectAnswer>) {
        self.port = port
        self.channels = channels
        self.answer = answer
    }

    /// Waits for the request. Returns when it came, or throws when the task is cancelled.
    func redirect() async throws(IdentityError) -> RedirectAnswer {
        let answer = self.answer
        do {
            return try await withTaskCancellationHandler {
                try await answer.futureResult.get()
            } onCancel: {
                answer.fail(CancellationError())
            }
        } catch {
            throw IdentityError(.cancelled, "Waiting for the browser was cancelled.")
        }
    }

    /// Listens no longer.
    func close() async {
        self.answer.fail(CancellationError())
        for channel in self.channels { try? await channel.close() }
    }
}

/// One connection of a browser: one request, one small page, closed.
private final class RedirectHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let port: Int
    private let answer: EventLoopPromise<RedirectAnswer>
    private var head: HTTPRequestHead?
    private var limit: Scheduled<Void>?

    init(port: Int, answer: EventLoopPromise<RedirectAnswer>) {
        self.port = port
        self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) {
        // Nobody holds a connection open.
        let channel = context.channel
        self.limit = context.eventLoop.scheduleTask(in: .seconds(10)) { channel.close(promise: nil) }
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.limit?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: self.reply(.badRequest, "Not here.", context)
        case .end:
            guard let head else { return }
            self.head = nil
            self.judge(head, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func judge(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        // Another name for this machine means that a page elsewhere made its browser ask (DNS rebinding).
        let hosts = ["localhost:\(self.port)", "127.0.0.1:\(self.port)", "[::1]:\(self.port)"]
        guard let host = head.headers.first(name: "Host"), hosts.contains(host.lowercased()) else {
            return self.reply(.badRequest, "Not here.", context)
        }
        guard head.method == .GET else { return self.reply(.methodNotAllowed, "Not so.", context) }
        guard head.uri.hasPrefix("/?"), head.uri.utf8.count <= 32 * 1024 else { return self.reply(.notFound, "Not here.", context) }
        let answer = RedirectAnswer(query: head.uri.dropFirst(2))
        let isGood = answer.secret("code") != nil
        self.reply(
            .ok,
            isGood
                ? "The browser has done its part. Go back to the terminal, and close this window."
                : "The sign-in did not succeed. The terminal says why.",
            context)
        // The first one decides; later ones change nothing.
        self.answer.succeed(answer)
    }

    private func reply(_ status: HTTPResponseStatus, _ text: String, _ context: ChannelHandlerContext) {
        let page = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Callboard</title><body><p>\(text)</p></body></html>\n"
        let headers: HTTPHeaders = [
            "Content-Type": "text/html; charset=utf-8", "Content-Length": String(page.utf8.count), "Connection": "close",
            "Cache-Control": "no-store",
            "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        ]
        context.write(self.wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
        context.write(self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: page)))), promise: nil)
        let channel = context.channel
        context.writeAndFlush(self.wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
    }
}
