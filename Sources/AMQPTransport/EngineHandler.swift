package import AMQP
package import NIOCore

/// What stands above an engine on its event loop: the client's tables, or a server's.
///
/// Called on the connection's event loop only.
package protocol EngineOwner: AnyObject {
    /// The peer did something. The owner may command the handler's engine.
    func handle(_ event: Event, _ handler: EngineHandler)
    /// The last moment to add to what is about to be sent.
    func willFlush()
    /// The socket failed before or while AMQP was spoken; ``Event/closed(_:)`` follows.
    func transportFailed(_ error: any Error)
}

extension EngineOwner {
    package func willFlush() {}
}

/// The one channel handler of a connection: bytes to engine, engine to bytes.
///
/// Everything the engine has to say after one read goes out in one write.
package final class EngineHandler: ChannelDuplexHandler {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    /// The engine. Commands given outside of ``EngineOwner/handle(_:_:)`` are followed by ``setNeedsFlush()``.
    package var engine: Engine
    private let owner: any EngineOwner
    private var context: ChannelHandlerContext?
    private var isReading = false
    private var isDelivering = false
    private var flushIsScheduled = false
    private var timer: Scheduled<Void>?
    private var timerDeadline: NIODeadline?

    package init(_ configuration: EngineConfiguration, owner: any EngineOwner, now: NIODeadline) {
        engine = Engine(configuration, now: now)
        self.owner = owner
    }

    package func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { flush() }
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        self.context = nil
    }

    package func channelActive(context: ChannelHandlerContext) {
        flush()
        context.fireChannelActive()
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isReading = true
        engine.receive(unwrapInboundIn(data), now: .now())
        deliver()
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        flush()
        context.fireChannelReadComplete()
    }

    package func channelInactive(context: ChannelHandlerContext) {
        engine.disconnected()
        deliver()
        timer?.cancel()
        context.fireChannelInactive()
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        owner.transportFailed(error)
        context.close(promise: nil)
    }

    /// Hands the engine's events to the owner.
    private func deliver() {
        guard !isDelivering else { return }
        isDelivering = true
        defer { isDelivering = false }
        while let event = engine.nextEvent() { owner.handle(event, self) }
    }

    /// Sends what the engine has to say, at the end of this turn of the event loop.
    package func setNeedsFlush() {
        guard !isReading, !flushIsScheduled, let context else { return }
        flushIsScheduled = true
        context.eventLoop.assumeIsolated().execute {
            self.flushIsScheduled = false
            self.flush()
        }
    }

    /// Sends what the engine has to say.
    package func flush() {
        deliver()
        owner.willFlush()
        guard let context else { return }
        if let bytes = engine.takeOutbound(now: .now()) {
            context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        }
        if engine.isClosed {
            timer?.cancel()
            timer = nil
            context.close(mode: .all, promise: nil)
        } else {
            scheduleTimer(context)
        }
    }

    /// One timer a connection, moved only when it would be late.
    private func scheduleTimer(_ context: ChannelHandlerContext) {
        guard let deadline = engine.nextDeadline else { return }
        if let current = timerDeadline, timer != nil, current <= deadline { return }
        timer?.cancel()
        timerDeadline = deadline
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            self.timer = nil
            self.engine.timerFired(now: .now())
            self.flush()
        }
    }

    /// Ends the connection without ceremony.
    package func abort() {
        context?.close(mode: .all, promise: nil)
    }
}

@available(*, unavailable)
extension EngineHandler: Sendable {}
