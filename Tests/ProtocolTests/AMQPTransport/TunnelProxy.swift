import NIOCore
import NIOPosix
import Synchronization

/// An HTTP proxy on loopback that knows CONNECT and nothing else.
final class TunnelProxy: Sendable {
    let port: Int
    /// The heads of the requests, as they came.
    let requests: Mutex<[String]>

    private init(port: Int) {
        self.port = port
        requests = Mutex([])
    }

    /// Runs a proxy for as long as `body` runs.
    /// - Parameters:
    ///   - answer: what is said to a request instead of opening a tunnel; nil opens it.
    ///   - authorization: the value of the header without which there is a 407.
    static func run<R: Sendable>(
        answer: String? = nil, authorization: String? = nil, _ body: (TunnelProxy) async throws -> R
    ) async throws -> R {
        let box = Mutex<TunnelProxy?>(nil)
        let note: @Sendable (String) -> Void = { text in
            guard let proxy = box.withLock({ $0 }) else { return }
            proxy.requests.withLock { $0.append(text) }
        }
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Door(answer, authorization, note))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let proxy = TunnelProxy(port: server.localAddress?.port ?? 0)
        box.withLock { $0 = proxy }
        do {
            let result = try await body(proxy)
            try await server.close()
            return result
        } catch {
            try await server.close()
            throw error
        }
    }

    /// Reads the request, connects, and from then on hands bytes through.
    private final class Door: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let answer: String?
        private let authorization: String?
        private let note: @Sendable (String) -> Void
        private var head = ByteBuffer()
        private var isConnecting = false
        private var peer: (any Channel)?

        init(_ answer: String?, _ authorization: String?, _ note: @escaping @Sendable (String) -> Void) {
            self.answer = answer
            self.authorization = authorization
            self.note = note
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if let peer { return peer.writeAndFlush(unwrapInboundIn(data), promise: nil) }
            head.writeImmutableBuffer(unwrapInboundIn(data))
            let text = String(buffer: head)
            guard text.hasSuffix("\r\n\r\n"), !isConnecting else { return }
            isConnecting = true
            note(text)
            if let answer { return say(answer, context) }
            if let authorization, !text.contains("Proxy-Authorization: \(authorization)\r\n") {
                return say(
                    "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n",
                    context)
            }
            connect(text, context)
        }

        private func connect(_ request: String, _ context: ChannelHandlerContext) {
            let words = request.split(separator: " ")
            guard words.first == "CONNECT", words.count > 1, let colon = words[1].lastIndex(of: ":"),
                let port = Int(words[1][words[1].index(after: colon)...])
            else { return say("HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n", context) }
            let near = context.channel
            ClientBootstrap(group: context.eventLoop)
                .channelInitializer { far in
                    far.eventLoop.makeCompletedFuture { try far.pipeline.syncOperations.addHandler(Back(near)) }
                }
                .connect(host: String(words[1][..<colon]), port: port)
                .assumeIsolated()
                .whenComplete { result in
                    switch result {
                    case .success(let far):
                        self.peer = far
                        self.say("HTTP/1.1 200 Connection established\r\n\r\n", context, closes: false)
                    case .failure: self.say("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", context)
                    }
                }
        }

        private func say(_ text: String, _ context: ChannelHandlerContext, closes: Bool = true) {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
            if closes { context.close(promise: nil) }
        }

        func channelInactive(context: ChannelHandlerContext) { peer?.close(promise: nil) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private final class Back: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let near: any Channel
        init(_ near: any Channel) { self.near = near }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) { near.writeAndFlush(unwrapInboundIn(data), promise: nil) }
        func channelInactive(context: ChannelHandlerContext) { near.close(promise: nil) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
