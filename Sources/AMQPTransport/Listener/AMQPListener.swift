package import AMQP
package import NIOCore
import NIOPosix
package import NIOSSL

/// Accepts AMQP connections, over TCP or WebSockets. Each gets an engine in the server's role and an owner made for it.
package final class AMQPListener: Sendable {
    private let channel: any Channel
    /// The port listened on.
    package let port: Int

    private init(channel: any Channel, port: Int) {
        self.channel = channel
        self.port = port
    }

    /// Starts listening.
    /// - Parameters:
    ///   - port: 0 for any free one.
    ///   - transport: what carries AMQP's bytes. A WebSocket listener answers every other request over HTTP with the reason why not.
    ///   - tls: with what to speak TLS from the first byte; nil for none.
    ///   - loop: the one event loop all connections run on.
    ///   - configuration: the engines' configuration.
    ///   - delay: a handler to put before the engine's.
    ///   - makeOwner: called on the loop for each connection; `bind` is called with the handler right after.
    package static func start(
        host: String, port: Int, transport: Endpoint.Transport = .tcp, tls: NIOSSLContext? = nil, on loop: any EventLoop,
        configuration: EngineConfiguration,
        delay: @escaping @Sendable () -> (any ChannelHandler)? = { nil },
        makeOwner: @escaping @Sendable (_ peer: SocketAddress?) -> any ConnectionOwner
    ) async throws -> AMQPListener {
        var configuration = configuration
        // Whoever connects and says nothing does not keep a place.
        configuration.openTimeout = configuration.openTimeout ?? .seconds(30)
        let settings = configuration
        let admit: @Sendable (any Channel) throws -> Void = { channel in
            let owner = makeOwner(channel.remoteAddress)
            let handler = EngineHandler(settings, owner: owner, now: .now())
            owner.bind(handler)
            if let delay = delay() { try channel.pipeline.syncOperations.addHandler(delay) }
            try channel.pipeline.syncOperations.addHandler(handler)
        }
        let channel = try await ServerBootstrap(group: loop)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(.recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 8192, maximum: 262_144))
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 262_144, high: 1_048_576))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    switch transport {
                    case .tcp: try admit(channel)
                    case .webSocket(let path): try WebSocketGate.add(to: channel, path: path, admit: admit)
                    }
                }
            }
            .bind(host: host, port: port).get()
        return AMQPListener(channel: channel, port: channel.localAddress?.port ?? port)
    }

    /// Stops listening. Connections that are open stay so.
    package func stop() async { try? await channel.close() }
}

/// An owner that keeps its handler.
package protocol ConnectionOwner: EngineOwner {
    /// Called once, before any event.
    func bind(_ handler: EngineHandler)
}
