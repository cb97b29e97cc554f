import NIOCore

/// Holds everything that arrives back for a while, in order: a far region on this machine.
final class DelayHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    struct Delay: Sendable {
        var latency: Duration
        var jitter: Duration

        /// A handler, or nil when nothing is to be delayed.
        func makeHandler() -> DelayHandler? { latency > .zero || jitter > .zero ? DelayHandler(self) : nil }
    }

    private let delay: Delay
    private var last = NIODeadline.uptimeNanoseconds(0)

    init(_ delay: Delay) { self.delay = delay }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        let spread = TimeAmount(delay.jitter).nanoseconds
        let shift = spread > 0 ? Int64.random(in: -spread...spread) : 0
        let nanoseconds = max(0, TimeAmount(delay.latency).nanoseconds + shift)
        // Never before what came earlier: TCP keeps order, and so does this.
        last = max(last, .now() + .nanoseconds(nanoseconds))
        context.eventLoop.assumeIsolated().scheduleTask(deadline: last) {
            context.fireChannelRead(self.wrapInboundOut(bytes))
            context.fireChannelReadComplete()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {}
}
