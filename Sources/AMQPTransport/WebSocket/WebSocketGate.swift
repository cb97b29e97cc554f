import NIOCore
import NIOHTTP1
import NIOWebSocket

/// The door of a WebSocket listener: lets AMQP's WebSockets at one path in, and tells everybody else why not.
final class WebSocketGate: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// How long a client may take for its request.
    static let patience = TimeAmount.seconds(30)

    private let path: String
    private var timer: Scheduled<Void>?
    private var isAnswered = false

    private init(path: String) { self.path = path }

    /// Sets a new connection up.
    /// - Parameter admit: adds the handlers above the WebSocket's frames.
    static func add(
        to channel: any Channel, path: String, admit: @escaping @Sendable (any Channel) throws -> Void
    ) throws {
        let gate = WebSocketGate(path: path)
        let bound = NIOLoopBound(gate, eventLoop: channel.eventLoop)
        let upgrader = NIOWebSocketServerUpgrader(
            maxFrameSize: WebSocketStream.maxFrameSize, automaticErrorHandling: false,
            shouldUpgrade: { channel, head in
                let isWanted = isSame(head.uri, path) && offers(head)
                return channel.eventLoop.makeSucceededFuture(
                    isWanted ? HTTPHeaders([("Sec-WebSocket-Protocol", WebSocketStream.subprotocol)]) : nil)
            },
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    pipeline.removeHandler(bound.value).assumeIsolated().whenFailure { _ in }
                    try pipeline.addHandler(WebSocketStream(.server))
                    try admit(channel)
                }
            })
        try channel.pipeline.syncOperations.configureHTTPServerPipeline(
            withPipeliningAssistance: false, withServerUpgrade: (upgraders: [upgrader], completionHandler: { _ in }))
        try channel.pipeline.syncOperations.addHandler(gate)
    }

    /// .NET adds a slash; a query means nothing here.
    private static func isSame(_ uri: String, _ path: String) -> Bool {
        var asked = uri.prefix { $0 != "?" }
        if asked.count > 1, asked.hasSuffix("/") { asked.removeLast() }
        return asked.lowercased() == path.lowercased()
    }

    private static func offers(_ head: HTTPRequestHead) -> Bool {
        head.headers[canonicalForm: "Sec-WebSocket-Protocol"].contains { $0.lowercased() == WebSocketStream.subprotocol.lowercased() }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: Self.patience) { context.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    /// A request that was not upgraded.
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data), !isAnswered else { return }
        isAnswered = true
        if !Self.isSame(head.uri, path) {
            answer(.notFound, "There is nothing but a WebSocket at \(path).", context)
        } else if !head.headers[canonicalForm: "Upgrade"].contains(where: { $0.lowercased() == "websocket" }) {
            answer(.upgradeRequired, "This address is for WebSockets.", context)
        } else {
            answer(.badRequest, "Only version 13 and the subprotocol \(WebSocketStream.subprotocol) are served.", context)
        }
    }

    private func answer(_ status: HTTPResponseStatus, _ text: String, _ context: ChannelHandlerContext) {
        let body = ByteBuffer(string: text + "\n")
        var headers = HTTPHeaders([
            ("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "\(body.readableBytes)"), ("Connection", "close"),
        ])
        if status == .upgradeRequired {
            headers.replaceOrAdd(name: "Connection", value: "close, Upgrade")
            headers.add(name: "Upgrade", value: "websocket")
        }
        context.write(wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { _ in context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A refused upgrade comes here too, before the request does, which is answered.
        if !(error is NIOWebSocketUpgradeError) { context.close(promise: nil) }
    }
}

@available(*, unavailable)
extension WebSocketGate: Sendable {}
