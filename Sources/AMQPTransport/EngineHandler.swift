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
    /// Whether what the engine has to say may leave now. When not, the owner calls ``EngineHandler/flush()`` as soon as it may.
    func mayFlush() -> Bool
    /// There may be room again for messages held back because of ``EngineHandler/hasRoom(on:)``.
    func resumeSending()
    /// The socket failed before or while AMQP was spoken; ``Event/closed(_:)`` follows.
    func transportFailed(_ error: any Error)
}

extension EngineOwner {
    package func willFlush() {}
    package func mayFlush() -> Bool { true }
    package func resumeSending() {}
}

/// The one channel handler of a connection: bytes to engine, engine to bytes.
///
/// Everything the engine has to say after one read goes out in one write, or in several where it is much. While the socket takes no more,
/// what is to be sent stays in the engine, whose limits then hold; and a server stops reading from a client that does not read.
package final class EngineHandler: ChannelDuplexHandler {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    /// The engine. Commands given outside of ``EngineOwner/handle(_:_:)`` are followed by ``setNeedsFlush()``.
    package var engine: Engine
    /// Let go of with the channel: owners hold their handler.
    private var owner: (any EngineOwner)?
    private var context: ChannelHandlerContext?
    private let holdsReads: Bool
    private var isReadHeld = false
    private var isReading = false
    private var isDelivering = false
    private var isStalled = false
    private var isClosing = false
    /// Whether the way to AMQP is still being made; nothing is sent meanwhile.
    private var isWaiting: Bool
    private var flushIsScheduled = false
    private var timer: Scheduled<Void>?
    private var timerDeadline: NIODeadline?

    /// - Parameter waits: whether AMQP begins with ``start()`` and not when the channel is active.
    package init(_ configuration: EngineConfiguration, owner: any EngineOwner, waits: Bool = false, now: NIODeadline) {
        engine = Engine(configuration, now: now)
        self.owner = owner
        isWaiting = waits
        holdsReads = configuration.side == .server
    }

    // MARK: Channel

    package func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { flush() }
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        engine.disconnected()
        deliver()
        timer?.cancel()
        timer = nil
        self.context = nil
        owner = nil
    }

    /// The way to AMQP is made: it begins.
    package func start() {
        guard isWaiting else { return }
        isWaiting = false
        if context?.channel.isActive == true { flush() }
    }

    package func channelActive(context: ChannelHandlerContext) {
        flush()
        context.fireChannelActive()
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // What comes before AMQP has begun is nobody's: a proxy that goes on talking, say.
        guard !isWaiting else { return errorCaught(context: context, error: TransportError.system("bytes came before AMQP began")) }
        isReading = true
        engine.receive(unwrapInboundIn(data), now: .now())
        deliver()
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        flush()
        context.fireChannelReadComplete()
    }

    package func read(context: ChannelHandlerContext) {
        // Only a server waits for its peer to read: were both sides to wait, both would wait for ever.
        if holdsReads, !context.channel.isWritable, !engine.isClosed {
            isReadHeld = true
        } else {
            context.read()
        }
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            setNeedsFlush()
            if isReadHeld {
                isReadHeld = false
                context.read()
            }
        }
        context.fireChannelWritabilityChanged()
    }

    package func channelInactive(context: ChannelHandlerContext) {
        engine.disconnected()
        deliver()
        timer?.cancel()
        timer = nil
        context.fireChannelInactive()
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        owner?.transportFailed(error)
        context.close(promise: nil)
    }

    // MARK: Engine

    /// Hands the engine's events to the owner.
    private func deliver() {
        guard !isDelivering else { return }
        isDelivering = true
        defer { isDelivering = false }
        while let owner, let event = engine.nextEvent() {
            owner.handle(event, self)
            if engine.hasOutboundChunk { sendEarly() }
        }
    }

    /// Whether a message sent now would leave at once. When not, ``EngineOwner/resumeSending()`` follows as soon as that may have changed.
    package func hasRoom(on session: SessionID) -> Bool {
        if let context, context.channel.isWritable, engine.hasRoom(session) { return true }
        isStalled = true
        return false
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
        owner?.willFlush()
        guard let context, context.channel.isActive, !isWaiting, owner?.mayFlush() ?? true else { return }
        write(context)
        if engine.isClosed { return finish(context) }
        if isStalled, context.channel.isWritable {
            isStalled = false
            owner?.resumeSending()
            // In another turn, so that a long sending does not keep others, or this connection's reading, waiting.
            if engine.outboundBytes > 0 { setNeedsFlush() }
        }
        scheduleTimer(context)
    }

    /// Sends what there is while there is more to do, so that the peer has something to do meanwhile.
    private func sendEarly() {
        guard let context, context.channel.isActive, context.channel.isWritable, !isWaiting, !engine.isClosed, owner?.mayFlush() ?? true
        else { return }
        write(context)
    }

    private func write(_ context: ChannelHandlerContext) {
        let now = NIODeadline.now()
        var isWritten = false
        var pieces: [ByteBuffer] = []
        while context.channel.isWritable || engine.isClosed, engine.takeOutbound(now: now, { pieces.append($0) }) {
            // Not while they are taken: what writing sets off may come back for the engine.
            for piece in pieces { context.write(wrapOutboundOut(piece), promise: nil) }
            pieces.removeAll(keepingCapacity: true)
            isWritten = true
        }
        if isWritten { context.flush() }
    }

    /// Closes the channel when the last bytes have left, or after a moment.
    private func finish(_ context: ChannelHandlerContext) {
        guard !isClosing else { return }
        isClosing = true
        timer?.cancel()
        let channel = context.channel
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(1)) { channel.close(mode: .all, promise: nil) }
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.whenComplete { _ in channel.close(mode: .all, promise: nil) }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: written)
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
