import AMQP
import AMQPTransport
import NIOCore
import Synchronization
import Testing

@Suite("AMQP over WebSockets", .timeLimit(.minutes(3)))
struct WebSocketTests {
    static let path = "/$servicebus/websocket"

    private func connecting<R: Sendable>(_ endpoint: Endpoint, _ body: (AMQPConnection) async throws -> R) async throws -> R {
        var configuration = ConnectionConfiguration(containerID: "tests")
        // Long enough for a machine that does a lot besides.
        configuration.connectTimeout = .seconds(20)
        return try await AMQPConnection.withConnection(to: endpoint, configuration: configuration) { try await body($0) }
    }

    @Test("messages larger than any frame go through whole, both ways")
    func largeMessages() async throws {
        try await LoopbackServer.run(.init(messages: 3, size: 200_000, transport: .webSocket(path: Self.path))) { server in
            try await connecting(server.endpoint) { connection in
                let sender = try await connection.openSender(SenderOptions(name: "s", address: "q"))
                let content = MessageContent(body: .data([ByteBuffer(repeating: 7, count: 300_000)])).encoded
                for outcome in try await sender.send(Array(repeating: OutboundMessage(content), count: 3)) {
                    guard case .success(.accepted) = outcome else { return #expect(Bool(false), "not accepted: \(outcome)") }
                }
                #expect(server.tally.withLock { $0.received } == Array(repeating: content.readableBytes, count: 3))
                let receiver = try await connection.openReceiver(
                    ReceiverOptions(name: "r", address: "q", settlement: .atReceiver, window: 3))
                var sizes: [Int] = []
                while sizes.count < 3 {
                    let deliveries = try await receiver.next()
                    for delivery in deliveries {
                        guard case .data(let sections) = try Message(delivery.payload).body else { return }
                        sizes.append(sections.reduce(0) { $0 + $1.readableBytes })
                    }
                    await receiver.accept(deliveries)
                }
                #expect(sizes == [200_000, 200_000, 200_000])
            }
        }
    }

    @Test("two hundred requests at a time are answered, and the close is an orderly one")
    func requests() async throws {
        try await LoopbackServer.run(.init(transport: .webSocket(path: Self.path))) { server in
            try await connecting(server.endpoint) { connection in
                let link = try await connection.openRequestLink(to: "$management", replyTo: "me", name: "m")
                let answers = try await withThrowingTaskGroup(of: Bool.self) { group in
                    for number in 0..<200 {
                        group.addTask {
                            let content = MessageContent(body: .value(.long(Int64(number))))
                            return try await link.request(content, timeout: .seconds(20)).body == .value(.long(Int64(number)))
                        }
                    }
                    return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
                }
                #expect(answers == 200)
                await connection.close()
                guard case .closed? = connection.failure else { return #expect(Bool(false), "not an orderly close") }
            }
        }
    }

    @Test("the path counts, its case and a slash at its end do not", arguments: ["/$servicebus/websocket/", "/$ServiceBus/WebSocket?a=b"])
    func sameAddress(path: String) async throws {
        try await LoopbackServer.run(.init(transport: .webSocket(path: Self.path))) { server in
            var endpoint = server.endpoint
            endpoint.transport = .webSocket(path: path)
            let failure = try await connecting(endpoint) { $0.failure }
            #expect(failure == nil)
        }
    }

    // MARK: Servers that are something else

    private func failure(_ says: String, transport: Endpoint.Transport = .webSocket(path: path)) async throws -> String {
        try await PeerServer.with(.init(says: says)) { port in
            let endpoint = Endpoint(host: "127.0.0.1", port: port, security: .plain, transport: transport)
            do {
                try await connecting(endpoint) { _ in }
                return "connected"
            } catch { return "\(error)" }
        }
    }

    @Test(
        "a server that opens no WebSocket is described by what it answered",
        arguments: [
            ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "no WebSocket at /$servicebus/websocket (404 Not Found)"),
            ("HTTP/1.1 403 Ip has been prevented\r\nContent-Length: 0\r\n\r\n", "does not let us open a WebSocket (403"),
            ("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", "redirects"),
            ("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", "a proxy on the way wants a user"),
            ("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "cannot open a WebSocket now (503"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "did not open a WebSocket but answered 200 OK"),
            ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", "not one to ours"),
            ("AMQP\u{0}\u{1}\u{0}\u{0}", "does not speak HTTP"),
            ("", "closed the connection instead of answering"),
        ])
    func notWebSockets(says: String, expected: String) async throws {
        let text = try await failure(says)
        #expect(text.contains(expected), "\(text)")
    }

    @Test("a server that accepts anything, without choosing AMQP, is not taken")
    func otherSubprotocol() async throws {
        let text = try await ScriptedWebSocket.run(subprotocol: "mqtt", [.hold]) { endpoint in
            do {
                try await connecting(endpoint) { _ in }
                return "connected"
            } catch { return "\(error)" }
        }
        #expect(text.contains("not for AMQP: it chose 'mqtt'"), "\(text)")
    }

    @Test("a plain AMQP listener is told apart from a WebSocket server")
    func notHTTP() async throws {
        try await LoopbackServer.run { server in
            var endpoint = server.endpoint
            endpoint.transport = .webSocket(path: Self.path)
            await #expect(throws: TransportError.self) { try await connecting(endpoint) { _ in } }
        }
    }

    // MARK: Servers that break the rules

    @Test("a server that breaks the rules of WebSockets loses the connection, with the reason", arguments: ScriptedWebSocket.violations)
    func violations(_ violation: ScriptedWebSocket.Violation) async throws {
        let text = try await ScriptedWebSocket.run(violation.frames) { endpoint in
            do {
                try await connecting(endpoint) { _ in }
                return "connected"
            } catch { return "\(error)" }
        }
        #expect(text.contains(violation.expected), "\(text)")
    }

    @Test("the server's open may come in any slices, with pings between", arguments: [1, 3, 7, 1000])
    func slices(size: Int) async throws {
        let outcome = try await ScriptedWebSocket.run(ScriptedWebSocket.opening(sliced: size) + [.hold]) { endpoint in
            try await connecting(endpoint) { connection in
                connection.failure == nil ? "open" : "failed"
            }
        }
        #expect(outcome == "open")
    }

    // MARK: The listener

    @Test(
        "whoever wants something else from the listener is told what it is",
        arguments: [
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "404"),
            ("GET /$servicebus/websocket HTTP/1.1\r\nHost: a\r\n\r\n", "426"),
            (
                "GET /$servicebus/websocket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                    + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n", "400"
            ),
            (
                "GET /$servicebus/websocket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\n"
                    + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: AMQPWSB10\r\n\r\n", "400"
            ),
            ("AMQP\u{3}\u{1}\u{0}\u{0}", "400"),
        ])
    func otherRequests(request: String, status: String) async throws {
        try await LoopbackServer.run(.init(transport: .webSocket(path: Self.path))) { server in
            let answer = try await RawClient.exchange(port: server.listener.port, ByteBuffer(string: request))
            #expect(String(buffer: answer).hasPrefix("HTTP/1.1 \(status) "), "\(String(buffer: answer).prefix(80))")
        }
    }

    @Test("the sample handshake of RFC 6455 gets the sample answer, and unmasked frames are refused with 1002")
    func unmasked() async throws {
        try await LoopbackServer.run(.init(transport: .webSocket(path: Self.path))) { server in
            var bytes = ByteBuffer(
                string: "GET /$servicebus/websocket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                    + "Sec-WebSocket-Protocol: amqp, AMQPWSB10\r\n\r\n")
            bytes.writeBytes([0x82, 0x04, 0x41, 0x4D, 0x51, 0x50])
            let answer = try await RawClient.exchange(port: server.listener.port, bytes)
            let text = String(decoding: answer.readableBytesView.filter { $0 < 0x80 }, as: UTF8.self)
            #expect(text.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
            #expect(text.contains("Sec-WebSocket-Protocol: AMQPWSB10"))
            #expect(Array(answer.readableBytesView.suffix(4)) == [0x88, 0x02, 0x03, 0xEA])
        }
    }
}
