import NIOCore
import NIOHTTP1

/// Sends one request and judges the answer's head. With a good one HTTP is over on this channel and what follows is somebody else's;
/// with a bad one the channel is.
final class HTTPHandshake: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    /// What is asked, and of whom.
    struct Question {
        var request: HTTPRequestHead
        /// Why an answer is no good; nil when it is.
        var fault: (HTTPResponseHead) -> TransportError?
        /// Puts what went wrong otherwise into a sentence about the one that was asked.
        var failure: (_ reason: String) -> TransportError
    }

    private let question: Question
    private let encoder = HTTPRequestEncoder()
    private let decoder = ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .forwardBytes))
    private let prepare: () throws -> Void
    private let proceed: () throws -> Void
    private var isAsked = false
    private var isOver = false

    private init(_ question: Question, prepare: @escaping () throws -> Void, proceed: @escaping () throws -> Void) {
        self.question = question
        self.prepare = prepare
        self.proceed = proceed
    }

    /// Puts a handshake in front of a handler.
    /// - Parameters:
    ///   - prepare: adds the handlers for what may have come right behind the answer. They must not write yet.
    ///   - proceed: goes on, when nothing of HTTP is left in the pipeline.
    static func add(
        _ question: Question, to pipeline: ChannelPipeline.SynchronousOperations, before handler: some ChannelHandler,
        prepare: @escaping () throws -> Void = {}, proceed: @escaping () throws -> Void
    ) throws {
        let handshake = HTTPHandshake(question, prepare: prepare, proceed: proceed)
        try pipeline.addHandler(handshake.encoder, position: .before(handler))
        try pipeline.addHandler(handshake.decoder, position: .before(handler))
        try pipeline.addHandler(handshake, position: .before(handler))
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { ask(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        ask(context)
        context.fireChannelActive()
    }

    private func ask(_ context: ChannelHandlerContext) {
        guard !isAsked else { return }
        isAsked = true
        context.write(wrapOutboundOut(.head(question.request)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            if let fault = question.fault(head) { fail(fault, context) }
        case .body: break
        case .end:
            if !isOver { succeed(context) }
        }
    }

    private func succeed(_ context: ChannelHandlerContext) {
        isOver = true
        let pipeline = context.pipeline.syncOperations
        // The encoder goes at once, so that nothing but requests meets it; the decoder hands over what it has read too much of.
        pipeline.removeHandler(encoder).assumeIsolated().whenFailure { _ in }
        do { try prepare() } catch { return abort(error, context) }
        pipeline.removeHandler(context: context, promise: nil)
        pipeline.removeHandler(decoder).assumeIsolated().whenComplete { _ in
            do { try self.proceed() } catch {
                context.channel.pipeline.fireErrorCaught(error)
                context.channel.close(mode: .all, promise: nil)
            }
        }
    }

    private func abort(_ error: any Error, _ context: ChannelHandlerContext) {
        context.fireErrorCaught(error)
        context.close(promise: nil)
    }

    private func fail(_ error: TransportError, _ context: ChannelHandlerContext) {
        guard !isOver else { return }
        isOver = true
        abort(error, context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case is HTTPParserError: fail(question.failure("what answers there does not speak HTTP"), context)
        default: context.fireErrorCaught(error)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if isAsked { fail(question.failure("it closed the connection instead of answering"), context) }
        context.fireChannelInactive()
    }
}

@available(*, unavailable)
extension HTTPHandshake: Sendable {}

extension HTTPResponseHead {
    /// `404 Not Found`. The phrase is the peer's text: sanitise before showing.
    var statusText: String { "\(status.code) \(String(status.reasonPhrase.unicodeScalars.prefix(60)))" }
}
