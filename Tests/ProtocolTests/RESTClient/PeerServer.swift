import NIOCore
import NIOPosix
import NIOSSL

/// A server on this machine that behaves as a test wants: it waits for the first bytes (or not), says something, and closes (or not).
struct PeerServer {
    struct Behaviour: Sendable {
        /// What is said when the first bytes have come. `nil`: nothing, ever.
        var says: String?
        /// What is said before anything has come.
        var greets: String?
        /// Whether the connection is closed afterwards.
        var closes = true
        /// TLS, with this certificate.
        var certificate: TestCertificates.Server?
        /// The authority that a client's certificate must be signed by; nil when none is asked for.
        var clientAuthority: String?
    }

    private let channel: any Channel

    /// Runs `body` with the port of a server that behaves that way.
    static func with<Result>(_ behaviour: Behaviour, _ body: (Int) async throws -> Result) async throws -> Result {
        let server = try await PeerServer(behaviour)
        do {
            let result = try await body(server.port)
            try await server.channel.close()
            return result
        } catch {
            try await server.channel.close()
            throw error
        }
    }

    private var port: Int { channel.localAddress?.port ?? 0 }

    private init(_ behaviour: Behaviour) async throws {
        let context = try behaviour.certificate.map { certificate -> NIOSSLContext in
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: [.certificate(try NIOSSLCertificate(bytes: Array(certificate.certificate.utf8), format: .pem))],
                privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(certificate.key.utf8), format: .pem)))
            if let authority = behaviour.clientAuthority {
                configuration.certificateVerification = .noHostnameVerification
                configuration.trustRoots = .certificates([try NIOSSLCertificate(bytes: Array(authority.utf8), format: .pem)])
            }
            return try NIOSSLContext(configuration: configuration)
        }
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context)) }
                    try channel.pipeline.syncOperations.addHandler(Answerer(behaviour: behaviour))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    private final class Answerer: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let behaviour: Behaviour
        private var hasAnswered = false

        init(behaviour: Behaviour) { self.behaviour = behaviour }

        func channelActive(context: ChannelHandlerContext) {
            if let greeting = behaviour.greets { say(greeting, context) }
            context.fireChannelActive()
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard !hasAnswered else { return }
            hasAnswered = true
            if let answer = behaviour.says { say(answer, context) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        private func say(_ text: String, _ context: ChannelHandlerContext) {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
            if behaviour.closes { context.close(promise: nil) }
        }
    }
}
