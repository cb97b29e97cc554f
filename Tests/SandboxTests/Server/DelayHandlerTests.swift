import NIOCore
import NIOEmbedded
import Testing

@testable import Sandbox

@Suite("What is delayed")
struct DelayHandlerTests {
    /// What comes out behind the delay, in order.
    private final class Recorder: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        var seen: [String] = []

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { seen.append(String(buffer: unwrapInboundIn(data))) }
        func channelInactive(context: ChannelHandlerContext) { seen.append("end") }
    }

    private let loop = EmbeddedEventLoop()
    private let recorder = Recorder()

    private func channel() throws -> EmbeddedChannel {
        let delay = try #require(DelayHandler.Delay(latency: .milliseconds(200), jitter: .zero).makeHandler())
        let channel = EmbeddedChannel(handlers: [delay, recorder], loop: loop)
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        return channel
    }

    @Test("comes in order, and the end of a connection after its last bytes")
    func end() throws {
        let channel = try channel()
        #expect(channel.allowRemoteHalfClosure)
        try channel.writeInbound(ByteBuffer(string: "a"))
        loop.advanceTime(by: .milliseconds(100))
        try channel.writeInbound(ByteBuffer(string: "b"))
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        loop.advanceTime(by: .milliseconds(199))
        #expect(recorder.seen == ["a"])
        #expect(channel.isActive)
        loop.advanceTime(by: .milliseconds(1))
        #expect(recorder.seen == ["a", "b", "end"])
        #expect(!channel.isActive)
    }

    @Test("is not lost when the end cannot wait")
    func reset() throws {
        let channel = try channel()
        for text in ["a", "b"] { try channel.writeInbound(ByteBuffer(string: text)) }
        channel.close(promise: nil)
        loop.advanceTime(by: .milliseconds(1000))
        #expect(recorder.seen == ["a", "b", "end"])
    }
}
