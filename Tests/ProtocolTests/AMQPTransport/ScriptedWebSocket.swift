import AMQP
import AMQPTransport
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import Testing

/// A server that opens a WebSocket properly and then says what a script tells it to, byte by byte if need be.
enum ScriptedWebSocket {
    /// One thing to say.
    enum Step: Sendable {
        /// Bytes as they are.
        case bytes([UInt8])
        /// A frame without a mask.
        case frame(WebSocketOpcode, [UInt8], fin: Bool)
        /// Nothing more; the connection stays. Without it the connection is closed.
        case hold
    }

    /// Frames that are against the rules, and what the client is to say about them.
    struct Violation: Sendable, CustomTestStringConvertible {
        var frames: [Step]
        var expected: String
        var testDescription: String { expected }
    }

    static let violations = [
        Violation(frames: [.frame(.text, Array("AMQP".utf8), fin: true), .hold], expected: "a text frame"),
        Violation(frames: [.bytes([0x82, 0x81, 1, 2, 3, 4, 5]), .hold], expected: "a frame is masked"),
        Violation(frames: [.bytes([0xC2, 0x00]), .hold], expected: "a reserved bit is set"),
        Violation(frames: [.frame(.continuation, [1], fin: true), .hold], expected: "a continuation of nothing"),
        Violation(
            frames: [.frame(.binary, [0x41], fin: false), .frame(.binary, [0x4D], fin: true), .hold],
            expected: "a message began within another"),
        Violation(frames: [.bytes([0x83, 0x00]), .hold], expected: "a frame of an unknown kind"),
        Violation(frames: [.bytes([0x09, 0x00]), .hold], expected: "a control frame is in parts"),
        Violation(frames: [.bytes([0x89, 0x7E, 0x01, 0x00]), .hold], expected: "longer than 125 bytes"),
        Violation(frames: [.bytes([0x82, 0x7F, 0, 0, 0, 0, 0x7F, 0xFF, 0xFF, 0xFF]), .hold], expected: "larger than 16777216 bytes"),
        Violation(
            frames: [.bytes([0x82, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]), .hold], expected: "larger than 16777216"),
        Violation(
            frames: [.frame(.connectionClose, [0x03, 0xF3] + Array("broken".utf8), fin: true), .hold], expected: "code 1011: broken"),
        Violation(frames: [.frame(.connectionClose, [], fin: true), .hold], expected: "closed the connection"),
        Violation(frames: [.frame(.connectionClose, [0x03], fin: true), .hold], expected: "closed the connection"),
        Violation(frames: [.frame(.binary, Array("HTTP/1.1".utf8), fin: true), .hold], expected: "does not speak AMQP"),
        Violation(frames: [.frame(.ping, [1, 2], fin: true), .frame(.pong, [], fin: true)], expected: "closed the connection"),
    ]

    /// A server's SASL and open, cut into frames of a few bytes, half of them continuations, with pings and empty frames between.
    static func opening(sliced size: Int) -> [Step] {
        var engine = Engine(
            EngineConfiguration(side: .server, containerID: "script", security: .server(offers: ["ANONYMOUS"], required: true)),
            now: .uptimeNanoseconds(0))
        var client = Engine(
            EngineConfiguration(side: .client, containerID: "script", security: .client([.anonymous])), now: .uptimeNanoseconds(0))
        var bytes: [UInt8] = []
        for _ in 0..<6 {
            while let sent = client.takeOutbound(now: .uptimeNanoseconds(0)) { engine.receive(sent, now: .uptimeNanoseconds(0)) }
            while let event = engine.nextEvent() { if case .saslInitiated = event { engine.completeSASL(true) } }
            while let sent = engine.takeOutbound(now: .uptimeNanoseconds(0)) {
                bytes.append(contentsOf: sent.readableBytesView)
                client.receive(sent, now: .uptimeNanoseconds(0))
            }
        }
        var steps: [Step] = []
        for (number, start) in stride(from: 0, to: bytes.count, by: size).enumerated() {
            let slice = Array(bytes[start..<min(start + size, bytes.count)])
            let isLast = start + size >= bytes.count
            steps.append(.frame(number % 2 == 0 ? .binary : .continuation, slice, fin: number % 2 == 1 || isLast))
            steps.append(.frame(.ping, [UInt8(truncatingIfNeeded: number)], fin: true))
            if number % 2 == 1 { steps.append(.frame(.binary, [], fin: true)) }
        }
        return steps
    }

    /// Runs a server for as long as `body` runs.
    static func run<R: Sendable>(
        subprotocol: String = "AMQPWSB10", _ steps: [Step], _ body: (Endpoint) async throws -> R
    ) async throws -> R {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let upgrader = NIOWebSocketServerUpgrader(
                        maxFrameSize: 1 << 20,
                        shouldUpgrade: { channel, _ in
                            channel.eventLoop.makeSucceededFuture(HTTPHeaders([("Sec-WebSocket-Protocol", subprotocol)]))
                        },
                        upgradePipelineHandler: { channel, _ in
                            channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Speaker(steps)) }
                        })
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                        withServerUpgrade: (upgraders: [upgrader], completionHandler: { _ in }))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let endpoint = Endpoint(
            host: "127.0.0.1", port: server.localAddress?.port ?? 0, security: .plain, transport: .webSocket(path: WebSocketTests.path))
        do {
            let result = try await body(endpoint)
            try await server.close()
            return result
        } catch {
            try await server.close()
            throw error
        }
    }

    /// Says everything at once, when the first frame has come.
    private final class Speaker: ChannelInboundHandler {
        typealias InboundIn = WebSocketFrame
        private let steps: [Step]
        private var hasSpoken = false

        init(_ steps: [Step]) { self.steps = steps }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard !hasSpoken else { return }
            hasSpoken = true
            guard let encoder = try? context.pipeline.syncOperations.context(handlerType: WebSocketFrameEncoder.self) else { return }
            for step in steps {
                switch step {
                case .bytes(let bytes): encoder.write(NIOAny(ByteBuffer(bytes: bytes)), promise: nil)
                case .frame(let opcode, let bytes, let fin):
                    context.write(NIOAny(WebSocketFrame(fin: fin, opcode: opcode, data: ByteBuffer(bytes: bytes))), promise: nil)
                case .hold: return context.flush()
                }
            }
            context.flush()
            context.close(promise: nil)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
