import NIOCore
import NIOPosix
import Synchronization

/// A way to a server that can fall silent: what goes in no longer comes out, and nobody is told. So does a network that loses a peer.
final class MuteRelay: Sendable {
    let port: Int
    private let generation: Atomic<Int>

    private init(port: Int) {
        self.port = port
        self.generation = Atomic(0)
    }

    /// Runs a relay to a port of this machine for as long as `body` runs.
    static func run<R: Sendable>(to target: Int, _ body: (MuteRelay) async throws -> R) async throws -> R {
        let box = Mutex<MuteRelay?>(nil)
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { near in
                guard let relay = box.withLock({ $0 }) else { return near.close() }
                return relay.connect(near, to: target)
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let relay = MuteRelay(port: server.localAddress?.port ?? 0)
        box.withLock { $0 = relay }
        do {
            let result = try await body(relay)
            try await server.close()
            return result
        } catch {
            try await server.close()
            throw error
        }
    }

    /// Loses every connection there is now. New ones work.
    func mute() { generation.wrappingAdd(1, ordering: .sequentiallyConsistent) }

    private func connect(_ near: any Channel, to target: Int) -> EventLoopFuture<Void> {
        let born = generation.load(ordering: .sequentiallyConsistent)
        return ClientBootstrap(group: near.eventLoop)
            .channelInitializer { far in
                far.eventLoop.makeCompletedFuture { try far.pipeline.syncOperations.addHandler(Half(near, self, born)) }
            }
            .connect(host: "127.0.0.1", port: target)
            .flatMap { far in near.pipeline.addHandler(Half(far, self, born)) }
            .flatMap { near.setOption(.autoRead, value: true) }
    }

    private final class Half: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        private let other: any Channel
        private let relay: MuteRelay
        private let born: Int

        init(_ other: any Channel, _ relay: MuteRelay, _ born: Int) {
            self.other = other
            self.relay = relay
            self.born = born
        }

        private var isMute: Bool { relay.generation.load(ordering: .sequentiallyConsistent) != born }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if !isMute { other.writeAndFlush(unwrapInboundIn(data), promise: nil) }
        }

        func channelInactive(context: ChannelHandlerContext) {
            if !isMute { other.close(promise: nil) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
