import NIOCore
import NIOWebSocket

/// A WebSocket as a stream of bytes (RFC 6455): binary messages in, whatever their frames, are joined; bytes out become binary frames.
///
/// AMQP frames and WebSocket frames have nothing to do with each other: either may hold parts of many of the other.
final class WebSocketStream: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = WebSocketFrame

    /// The subprotocol for AMQP in binary frames.
    static let subprotocol = "AMQPWSB10"
    /// The largest frame taken, in bytes. Some clients send all they have in one frame.
    static let maxFrameSize = 16_777_216
    /// The largest frame sent, in bytes.
    static let sentFrameSize = 65_536

    private let side: WebSocketSide
    private var isInMessage = false
    private var isCloseSent = false
    private var isOver = false
    /// A ping that came while the way out was full. Only the last one is answered then (RFC 6455, 5.5.3).
    private var unanswered: ByteBuffer?

    /// A stream for a pipeline that has the frame codec.
    init(_ side: WebSocketSide) { self.side = side }

    // MARK: In

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        let frame = unwrapInboundIn(data)
        // RFC 6455, 5.1: either side must close when the other masks, or does not mask, against the rules.
        guard (frame.maskKey != nil) == (side == .server) else {
            return refuse(.protocolError, side == .server ? "a frame is not masked" : "a frame is masked", context)
        }
        guard !frame.rsv1, !frame.rsv2, !frame.rsv3 else { return refuse(.protocolError, "a reserved bit is set", context) }
        switch frame.opcode {
        case .binary:
            guard !isInMessage else { return refuse(.protocolError, "a message began within another", context) }
            isInMessage = !frame.fin
            deliver(frame, context)
        case .continuation:
            guard isInMessage else { return refuse(.protocolError, "a continuation of nothing", context) }
            isInMessage = !frame.fin
            deliver(frame, context)
        case .text: refuse(.unacceptableData, "a text frame; AMQP is binary", context)
        case .ping: pong(frame.unmaskedData, context)
        case .pong: break
        case .connectionClose: closed(frame.unmaskedData, context)
        default: refuse(.protocolError, "a frame of an unknown kind", context)
        }
    }

    private func deliver(_ frame: WebSocketFrame, _ context: ChannelHandlerContext) {
        let bytes = frame.unmaskedData
        if bytes.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(bytes)) }
    }

    private func pong(_ data: ByteBuffer, _ context: ChannelHandlerContext) {
        guard context.channel.isWritable else {
            unanswered = data
            return
        }
        context.writeAndFlush(wrapOutboundOut(frame(.pong, data)), promise: nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, let data = unanswered {
            unanswered = nil
            pong(data, context)
        }
        context.fireChannelWritabilityChanged()
    }

    /// The peer closes the WebSocket: answered in kind, then the connection is over.
    private func closed(_ data: ByteBuffer, _ context: ChannelHandlerContext) {
        var data = data
        let code = data.readWebSocketErrorCode()
        let reason = String(decoding: data.readableBytesView.prefix(123), as: UTF8.self)
        isOver = true
        sendClose(code ?? .normalClosure, nil, context)
        context.flush()
        switch code {
        case nil, .normalClosure?, .goingAway?: break
        case let code?:
            let number = UInt16(webSocketErrorCode: code)
            context.fireErrorCaught(
                TransportError.webSocket("the WebSocket was closed with code \(number)\(reason.isEmpty ? "" : ": \(reason)")"))
        }
        context.close(mode: .all, promise: nil)
    }

    /// Ends the connection because of what the peer did, and tells it.
    private func refuse(_ code: WebSocketErrorCode, _ what: String, _ context: ChannelHandlerContext) {
        guard !isOver else { return }
        isOver = true
        sendClose(code, nil, context)
        context.flush()
        context.fireErrorCaught(TransportError.webSocket("the WebSocket's rules were broken: \(what)"))
        context.close(mode: .all, promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error as? NIOWebSocketError {
        case .invalidFrameLength?: refuse(.messageTooLarge, "a frame is larger than \(Self.maxFrameSize) bytes", context)
        case .fragmentedControlFrame?: refuse(.protocolError, "a control frame is in parts", context)
        case .multiByteControlFrameLength?: refuse(.protocolError, "a control frame is longer than 125 bytes", context)
        case nil: context.fireErrorCaught(error)
        }
    }

    // MARK: Out

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var bytes = unwrapOutboundIn(data)
        // An engine that is done waits for an empty write to know that all has left. Empty frames are not sent, since clients take one
        // for the end of the stream; the end of the WebSocket is what it means here.
        guard bytes.readableBytes > 0 else { return sendClose(.normalClosure, promise, context) }
        guard !isCloseSent else {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        while bytes.readableBytes > Self.sentFrameSize, let slice = bytes.readSlice(length: Self.sentFrameSize) {
            context.write(wrapOutboundOut(frame(.binary, slice)), promise: nil)
        }
        context.write(wrapOutboundOut(frame(.binary, bytes)), promise: promise)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if !isCloseSent, context.channel.isActive {
            sendClose(.normalClosure, nil, context)
            context.flush()
        }
        context.close(mode: mode, promise: promise)
    }

    private func sendClose(_ code: WebSocketErrorCode, _ promise: EventLoopPromise<Void>?, _ context: ChannelHandlerContext) {
        guard !isCloseSent else {
            promise?.succeed()
            return
        }
        isCloseSent = true
        var data = ByteBuffer()
        data.write(webSocketErrorCode: code)
        context.write(wrapOutboundOut(frame(.connectionClose, data)), promise: promise)
    }

    private func frame(_ opcode: WebSocketOpcode, _ data: ByteBuffer) -> WebSocketFrame {
        WebSocketFrame(fin: true, opcode: opcode, maskKey: side == .client ? .random() : nil, data: data)
    }
}

@available(*, unavailable)
extension WebSocketStream: Sendable {}
