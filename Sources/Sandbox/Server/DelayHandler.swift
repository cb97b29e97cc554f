import DequeModule
import NIOCore

/// Holds everything that arrives back for a while, in order: a far region on this machine.
///
/// The end of a connection has to wait as its last bytes do, or it would overtake them: so the end of what the client sends is an event here
/// and closes nothing by itself. An end that cannot wait, a reset say, is told after what had arrived before it.
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
    /// What has arrived and has not been handed on.
    private var held: Deque<ByteBuffer> = []

    init(_ delay: Delay) { self.delay = delay }

    func handlerAdded(context: ChannelHandlerContext) {
        // A channel that knows no half closure ends at once; what is held is handed on then.
        try? context.channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: true)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        held.append(unwrapInboundIn(data))
        afterDelay(context) { [self] in
            guard let bytes = held.popFirst() else { return }
            context.fireChannelRead(wrapInboundOut(bytes))
            context.fireChannelReadComplete()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {}

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case ChannelEvent.inputClosed = event else { return context.fireUserInboundEventTriggered(event) }
        afterDelay(context) { context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        while let bytes = held.popFirst() { context.fireChannelRead(wrapInboundOut(bytes)) }
        context.fireChannelReadComplete()
        context.fireChannelInactive()
    }

    private func afterDelay(_ context: ChannelHandlerContext, _ task: @escaping () -> Void) {
        let spread = TimeAmount(delay.jitter).nanoseconds
        let shift = spread > 0 ? Int64.random(in: -spread...spread) : 0
        let nanoseconds = max(0, TimeAmount(delay.latency).nanoseconds + shift)
        // Never before what came earlier: TCP keeps order, and so does this.
        last = max(last, context.eventLoop.now + .nanoseconds(nanoseconds))
        context.eventLoop.assumeIsolated().scheduleTask(deadline: last, task)
    }
}
