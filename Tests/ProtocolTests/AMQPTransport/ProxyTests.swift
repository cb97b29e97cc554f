import AMQP
import AMQPTransport
import Synchronization
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Connections through a proxy", .timeLimit(.minutes(3)))
struct ProxyTests {
    private func connecting<R: Sendable>(_ endpoint: Endpoint, _ body: (AMQPConnection) async throws -> R) async throws -> R {
        var configuration = ConnectionConfiguration(containerID: "tests")
        // Long enough for a machine that does a lot besides.
        configuration.connectTimeout = .seconds(20)
        return try await AMQPConnection.withConnection(to: endpoint, configuration: configuration) { try await body($0) }
    }

    private func failure(_ endpoint: Endpoint) async throws -> String {
        do {
            try await connecting(endpoint) { _ in }
            return "connected"
        } catch { return "\(error)" }
    }

    @Test(
        "AMQP and WebSockets go through a tunnel, with the credentials of the URL",
        arguments: [Endpoint.Transport.tcp, .webSocket(path: WebSocketTests.path)])
    func tunnel(transport: Endpoint.Transport) async throws {
        try await LoopbackServer.run(.init(transport: transport)) { server in
            try await TunnelProxy.run(authorization: "Basic ZGFuYTpwQHNzOndvcmQ=") { proxy in
                var endpoint = server.endpoint
                endpoint.proxy = try HTTPProxy(url: "http://dana:p%40ss%3Aword@127.0.0.1:\(proxy.port)/")
                let outcome = try await connecting(endpoint) { connection in
                    try await connection.openSender(SenderOptions(name: "s", address: "q"))
                        .send(OutboundMessage(MessageContent(body: .value(.int(1))).encoded))
                }
                #expect(outcome == .accepted)
                let head = proxy.requests.withLock { $0.first ?? "" }
                #expect(head.hasPrefix("CONNECT 127.0.0.1:\(server.listener.port) HTTP/1.1\r\n"))
                #expect(head.contains("Host: 127.0.0.1:\(server.listener.port)\r\n"))
            }
        }
    }

    @Test("TLS is spoken with the server, not with the proxy")
    func secure() async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("callboard-proxy-test-ca.pem")
        try Data(TestCertificates.authority.utf8).write(to: file)
        let text = try await PeerServer.with(.init(says: "HTTP/1.1 400 Bad Request\r\n\r\n", certificate: TestCertificates.good)) { port in
            try await TunnelProxy.run { proxy in
                try await failure(
                    Endpoint(
                        host: "localhost", port: port, security: .tls(caFile: file.path),
                        proxy: HTTPProxy(host: "127.0.0.1", port: proxy.port)))
            }
        }
        #expect(text.contains("does not speak AMQP"), "\(text)")
    }

    @Test(
        "a proxy that refuses is named, with what to do",
        arguments: [
            ("HTTP/1.1 403 Forbidden\r\n\r\n", "it does not allow connections there (403 Forbidden)"),
            ("HTTP/1.1 502 Bad Gateway\r\n\r\n", "it cannot reach the server (502 Bad Gateway)"),
            (
                "HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\nProxy-Authenticate: Basic\r\n\r\n",
                "wants a user and password, by NTLM or Basic"
            ),
            ("HTTP/1.1 400 Bad Request\r\n\r\n", "it answered 400 Bad Request"),
            ("SSH-2.0-OpenSSH\r\n", "does not speak HTTP"),
            ("", "closed the connection instead of answering"),
        ])
    func refusals(answer: String, expected: String) async throws {
        let text = try await TunnelProxy.run(answer: answer) { proxy in
            try await failure(
                Endpoint(
                    host: "ns.example", port: 5671, security: .tls(caFile: nil), proxy: HTTPProxy(host: "127.0.0.1", port: proxy.port)))
        }
        #expect(text.contains("gives no tunnel to ns.example:5671"), "\(text)")
        #expect(text.contains(expected), "\(text)")
    }

    @Test("wrong credentials are told from missing ones, and never repeated")
    func credentials() async throws {
        let text = try await TunnelProxy.run(authorization: "Basic right") { proxy in
            try await failure(
                Endpoint(
                    host: "ns.example", port: 5671, security: .plain,
                    proxy: try HTTPProxy(url: "http://dana:hunter2@127.0.0.1:\(proxy.port)")))
        }
        #expect(text.contains("does not accept the user and password given, by Basic"), "\(text)")
        #expect(!text.contains("hunter2"))
    }

    @Test("a proxy that cannot be reached is not mistaken for the server")
    func unreachable() async throws {
        let text = try await failure(
            Endpoint(host: "ns.example", port: 5671, security: .plain, proxy: HTTPProxy(host: "127.0.0.1", port: 1)))
        #expect(text.contains("the proxy 127.0.0.1:1 gives no tunnel to ns.example:5671: cannot connect to 127.0.0.1:1"), "\(text)")
    }

    // MARK: URLs

    @Test(
        "a proxy's URL is read as environments have it",
        arguments: [
            ("http://proxy.example:3128", "proxy.example:3128", false), ("proxy.example:8080", "proxy.example:8080", false),
            (" HTTP://proxy.example/ ", "proxy.example:80", false), ("http://u:p@[::1]:3128/x?y", "[::1]:3128", true),
            ("u@proxy", "proxy:80", true), ("http://a%20b:c%25@p:1", "p:1", true),
        ])
    func urls(url: String, authority: String, hasCredentials: Bool) throws {
        let proxy = try HTTPProxy(url: url)
        #expect(proxy.description == authority)
        #expect((proxy.credentials != nil) == hasCredentials)
    }

    @Test(
        "what is no URL of a proxy is refused without repeating it",
        arguments: [
            "", "https://secret@h", "socks5://secret@h:1", "http://secret:%0A@h", "http://secret@h:0", "http://secret@h:99999",
            "http://secret@h h",
        ])
    func invalidURLs(url: String) {
        #expect {
            try HTTPProxy(url: url)
        } throws: {
            !"\($0)".contains("secret")
        }
    }

    @Test("credentials have no readable form")
    func noReadableForm() throws {
        let endpoint = Endpoint(host: "h", port: 1, security: .plain, proxy: try HTTPProxy(url: "http://dana:hunter2@p:1"))
        var text = "\(endpoint) \(String(reflecting: endpoint))"
        dump(endpoint, to: &text)
        #expect(!text.contains("hunter2") && !text.contains("dana"))
    }
}
