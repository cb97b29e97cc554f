import NIOCore
import NIOPosix

/// Sends bytes and collects what comes until the server closes.
enum RawClient {
    static func exchange(port: Int, _ bytes: ByteBuffer) async throws -> ByteBuffer {
        let answer = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: ByteBuffer.self)
        do {
            let channel = try await ClientBootstrap(group: answer.futureResult.eventLoop)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Collector(answer)) }
                }
                .connect(host: "127.0.0.1", port: port).get()
            try await channel.writeAndFlush(bytes)
        } catch { answer.fail(error) }
        return try await answer.futureResult.get()
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private var bytes = ByteBuffer()
        private let promise: EventLoopPromise<ByteBuffer>

        init(_ promise: EventLoopPromise<ByteBuffer>) { self.promise = promise }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { bytes.writeImmutableBuffer(unwrapInboundIn(data)) }
        func channelInactive(context: ChannelHandlerContext) { promise.succeed(bytes) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
