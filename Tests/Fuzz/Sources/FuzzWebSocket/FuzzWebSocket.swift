internal import AMQPTransport
internal import FuzzSupport
internal import NIOCore
internal import NIOEmbedded

/// Takes bytes for a WebSocket's frames, on both sides.
func fuzzWebSocket(_ input: ByteBuffer) {
    for side in [WebSocketSide.client, .server] {
        // The same frames, however the network sliced them, carry the same bytes and end in the same way.
        let whole = Stream.feed(input, side, slices: .max)
        let sliced = Stream.feed(input, side, slices: 1 + input.readableBytes % 17)
        hold(whole.received == sliced.received, "slicing changes what a \(side) receives")
        hold(whole.failure == sliced.failure, "slicing changes how a \(side) ends: \(whole.failure), \(sliced.failure)")
        hold(whole.received.readableBytes <= input.readableBytes, "more came out of a \(side) than went in")
    }
}

/// A WebSocket's stream, fed with what may or may not be frames.
private enum Stream {
    struct Outcome {
        var received = ByteBuffer()
        var failure = ""
    }

    static func feed(_ input: ByteBuffer, _ side: WebSocketSide, slices: Int) -> Outcome {
        let channel = EmbeddedChannel()
        var outcome = Outcome()
        do {
            let end = End()
            try channel.pipeline.syncOperations.addHandler(end)
            try side.addByteStream(to: channel.pipeline.syncOperations, before: end)
            try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
            var rest = input
            while let slice = rest.readSlice(length: min(slices, rest.readableBytes)), slice.readableBytes > 0, channel.isActive {
                try channel.writeInbound(slice)
            }
        } catch {
            outcome.failure = "\(error)"
        }
        while let bytes = try? channel.readInbound(as: ByteBuffer.self) { outcome.received.writeImmutableBuffer(bytes) }
        _ = try? channel.finish(acceptAlreadyClosed: true)
        return outcome
    }

    /// Stands where AMQP would.
    private final class End: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
    }
}
