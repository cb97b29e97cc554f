import AMQP
import NIOCore
import Testing

@testable import Sandbox

@Suite("A message as clients send it")
struct SentMessageTests {
    private static var whole: ByteBuffer { MessageContent(body: .value(.string("body"))).encoded }

    @Test("delivery annotations behind everything else are cut off")
    func trailingAnnotations() throws {
        var bytes = Self.whole
        MessageContent.encode(deliveryAnnotations: ["x-opt-lock-token": .int(1)], into: &bytes)
        let message = try Message(sent: bytes)
        #expect(message.buffer == Self.whole)
        #expect(message.body == .value(.string("body")))
    }

    @Test("whatever else follows the body is refused")
    func trailingSections() throws {
        var content = MessageContent(body: .value(.string("second")))
        content.deliveryAnnotations = AMQPMap([.init(key: .symbol("a"), value: .int(1))])
        var bytes = Self.whole
        bytes.writeImmutableBuffer(content.encoded)
        #expect(throws: CodecError.self) { try Message(sent: bytes) }
        #expect(throws: CodecError.self) { try Message(sent: bytes.getSlice(at: 0, length: bytes.readableBytes - 2) ?? ByteBuffer()) }
    }
}
