public import NIOCore
import NIOWebSocket

/// An end of an open WebSocket: a client masks what it sends, a server must not (RFC 6455, 5.1).
public enum WebSocketSide: Sendable {
    /// The side that connected.
    case client
    /// The side that listened.
    case server

    /// Puts handlers that make a stream of bytes of a WebSocket's frames in front of one that reads and writes bytes. The upgrade is over.
    /// - Throws: what adding handlers throws, for instance when `handler` is not in the pipeline.
    public func addByteStream(to pipeline: ChannelPipeline.SynchronousOperations, before handler: some ChannelHandler) throws {
        let decoder = WebSocketFrameDecoder(maxFrameSize: WebSocketStream.maxFrameSize)
        try pipeline.addHandler(WebSocketFrameEncoder(), position: .before(handler))
        try pipeline.addHandler(ByteToMessageHandler(decoder), position: .before(handler))
        try pipeline.addHandler(WebSocketStream(self), position: .before(handler))
    }
}
