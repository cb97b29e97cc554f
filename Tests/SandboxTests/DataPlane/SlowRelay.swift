import NIOCore
import NIOPosix
import Synchronization

/// A way to a server on which what comes back stops for a while after some bytes, in the middle of whatever is on its way then.
final class SlowRelay: Sendable {
    let port: Int
    private let limit: Int
    private let pause: TimeAmount?

    private init(port: Int, _ limit: Int, _ pause: TimeAmount?) {
        self.port = port
        self.limit = limit
        self.pause = pause
    }

    /// Runs a relay to a port of this machine for as long as `body` runs.
    /// - Parameters:
    ///   - limit: after how many bytes each connection stops.
    ///   - pause: for how long; nil for good.
    static func run<R: Sendable>(
        to target: Int, after limit: Int, for pause: TimeAmount?, _ body: (SlowRelay) async throws -> R
    ) async throws -> R {
        let box = Mutex<SlowRelay?>(nil)
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { near in
                guard let relay = box.withLock({ $0 }) else { return near.close() }
                return relay.connect(near, to: target)
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let relay = SlowRelay(port: server.localAddress?.port ?? 0, limit, pause)
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

    private func connect(_ near: any Channel, to target: Int) -> EventLoopFuture<Void> {
        let back = Half(near, limit: limit, pause)
        let box = NIOLoopBound(back, eventLoop: near.eventLoop)
        return ClientBootstrap(group: near.eventLoop)
            .channelInitializer { far in
                far.eventLoop.makeCompletedFuture { try far.pipeline.syncOperations.addHandler(box.value) }
            }
            .connect(host: "127.0.0.1", port: target)
            .flatMap { far in
                near.eventLoop.makeCompletedFuture { try near.pipeline.syncOperations.addHandler(Half(far, limit: .max, nil)) }
            }
            .flatMap { near.setOption(.autoRead, value: true) }
    }

    private final class Half: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let other: any Channel
        private let limit: Int
        private let pause: TimeAmount?
        private var passed = 0
        private var isOver = false
        private var kept: ByteBuffer?

        init(_ other: any Channel, limit: Int, _ pause: TimeAmount?) {
            self.other = other
            self.limit = limit
            self.pause = pause
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var bytes = unwrapInboundIn(data)
            guard !isOver, passed + bytes.readableBytes > limit || kept != nil else {
                passed += bytes.readableBytes
                return other.writeAndFlush(bytes, promise: nil)
            }
            guard kept == nil else {
                kept?.writeBuffer(&bytes)
                return
            }
            if let now = bytes.readSlice(length: limit - passed) { other.writeAndFlush(now, promise: nil) }
            kept = bytes
            guard let pause else { return }
            context.eventLoop.assumeIsolated().scheduleTask(in: pause) {
                self.isOver = true
                if let kept = self.kept { self.other.writeAndFlush(kept, promise: nil) }
                self.kept = nil
            }
        }

        func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
