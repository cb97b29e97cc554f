import Foundation
import Logging
import NIOCore
import RESTClient
import Testing

/// What the client says about peers that are not as they should be. Real sockets on this machine; nothing waits longer than its time-out.
@Suite("Connections")
struct ConnectionTests {
    private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Thing: a\r\n\r\nhello"

    private func send(
        _ url: String, _ change: (inout RESTConfiguration) -> Void = { _ in }
    ) async throws -> RESTResponse {
        var configuration = RESTConfiguration()
        configuration.answerTimeout = .seconds(20)
        change(&configuration)
        let client = RESTClient(configuration: configuration, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        do {
            let response = try await client.send(RESTRequest(.get, url))
            await client.shutdown()
            return response
        } catch {
            await client.shutdown()
            throw error
        }
    }

    private func failure(_ url: String, _ change: (inout RESTConfiguration) -> Void = { _ in }) async -> RESTError? {
        await #expect(throws: RESTError.self) { try await send(url, change) }
    }

    /// Runs `body` with a file that holds the test authority.
    private func withAuthority<Result>(_ text: String = TestCertificates.authority, _ body: (String) async throws -> Result) async throws
        -> Result
    {
        let file = FileManager.default.temporaryDirectory.appending(path: "callboard-test-\(UUID().uuidString).pem")
        try Data(text.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try await body(file.path)
    }

    @Test("carry a request and its answer")
    func plain() async throws {
        try await PeerServer.with(.init(says: Self.ok)) { port in
            let response = try await send("http://127.0.0.1:\(port)/x")
            #expect(response.status == 200)
            #expect(response.headers["x-thing"] == "a")
            #expect(String(buffer: response.body) == "hello")
        }
    }

    @Test("redirections are answers, not followed: a token must not travel on")
    func redirect() async throws {
        try await PeerServer.with(.init(says: "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")) { port in
            let response = try await send("http://127.0.0.1:\(port)/x")
            #expect(response.status == 302)
        }
    }

    @Test("to a port where nobody listens are refused")
    func refused() async {
        // No free port: another test's server may take one that was let go.
        let port = 1
        let error = await failure("http://127.0.0.1:\(port)/")
        #expect(error?.code == .refused)
        #expect(error?.description.contains("127.0.0.1:\(port)") == true)
        #expect(await failure("http://localhost:\(port)/")?.code == .refused, "by name, over both address families")
    }

    @Test("to a name that does not exist fail by that name")
    func unknownHost() async {
        let error = await failure("https://no-such-namespace.invalid/")
        #expect(error?.code == .unknownHost)
        #expect(error?.message.contains("no-such-namespace.invalid") == true)
    }

    @Test("to what is not a URL are not tried", arguments: ["", "queues", "ftp://h/", "sb://h/"])
    func invalidURL(url: String) async {
        #expect(await failure(url)?.code == .invalidURL)
    }

    @Test("to a silent server end in time")
    func silent() async throws {
        try await PeerServer.with(.init(says: nil)) { port in
            let error = await failure("http://127.0.0.1:\(port)/") { $0.answerTimeout = .milliseconds(200) }
            #expect(error?.code == .timedOut)
        }
    }

    @Test("to a server that never finishes its answer end in time")
    func endless() async throws {
        try await PeerServer.with(.init(says: "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhel", closes: false)) { port in
            #expect(await failure("http://127.0.0.1:\(port)/") { $0.answerTimeout = .milliseconds(300) }?.code == .timedOut)
        }
    }

    @Test("end at once with the task that waits for them")
    func cancellation() async throws {
        try await PeerServer.with(.init(says: nil)) { port in
            let task = Task { await failure("http://127.0.0.1:\(port)/") }
            task.cancel()
            #expect(await task.value?.code == .cancelled)
        }
    }

    @Test("that break before the answer is complete say so", arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhel"])
    func broken(answer: String) async throws {
        try await PeerServer.with(.init(says: answer)) { port in
            let error = await failure("http://127.0.0.1:\(port)/")
            #expect(error?.code == .connectionLost || error?.code == .notHTTP)
        }
    }

    @Test(
        "to something that is not HTTP say so",
        arguments: [
            PeerServer.Behaviour(says: "AMQP\u{3}\u{1}\u{0}\u{0}"), .init(says: "SSH-2.0-OpenSSH_9.2\r\n"),
            .init(greets: "220 mail ESMTP\r\n", closes: false),
            .init(says: "\u{15}\u{3}\u{1}\u{0}\u{2}\u{2}F"), .init(says: "garbage garbage garbage\r\n\r\n"),
        ])
    func notHTTP(behaviour: PeerServer.Behaviour) async throws {
        try await PeerServer.with(behaviour) { port in
            let error = await failure("http://127.0.0.1:\(port)/")
            #expect(error?.code == .notHTTP, "\(String(describing: error))")
            #expect(error?.hint.contains("5300") == true)
        }
    }

    @Test(
        "do not take a body that is too large",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + String(repeating: "x", count: 1001),
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3E9\r\n" + String(repeating: "x", count: 1001) + "\r\n0\r\n\r\n",
        ])
    func tooLarge(answer: String) async throws {
        try await PeerServer.with(.init(says: answer)) { port in
            #expect(await failure("http://127.0.0.1:\(port)/") { $0.maximumBodyBytes = 1000 }?.code == .bodyTooLarge)
            let response = try await send("http://127.0.0.1:\(port)/") { $0.maximumBodyBytes = 1001 }
            #expect(response.body.readableBytes == 1001)
        }
    }

    @Test("over TLS trust the file they are given")
    func trusted() async throws {
        try await withAuthority { file in
            try await PeerServer.with(.init(says: Self.ok, certificate: TestCertificates.good)) { port in
                for host in ["localhost", "127.0.0.1"] {
                    let response = try await send("https://\(host):\(port)/") { $0.trust = .systemAnd(pemFile: file) }
                    #expect(response.status == 200)
                }
                let error = await failure("https://localhost:\(port)/")
                #expect(error?.code == .certificateUntrusted, "without the file: \(String(describing: error))")
                #expect(error?.hint.contains("--ca-file") == true)
            }
        }
    }

    @Test(
        "over TLS tell a wrong certificate from another",
        arguments: [
            (TestCertificates.expired, RESTError.Code.certificateExpired, "expired"),
            (TestCertificates.future, .certificateExpired, "not valid yet"),
            (TestCertificates.elsewhere, .certificateNameMismatch, "another name"),
            (TestCertificates.stranger, .certificateUntrusted, "authority"),
        ])
    func wrongCertificate(certificate: TestCertificates.Server, code: RESTError.Code, word: String) async throws {
        try await withAuthority { file in
            try await PeerServer.with(.init(says: Self.ok, certificate: certificate)) { port in
                let error = await failure("https://localhost:\(port)/") { $0.trust = .systemAnd(pemFile: file) }
                #expect(error?.code == code, "\(String(describing: error))")
                #expect(error?.code.isCertificateProblem == true)
                #expect(error?.message.contains(word) == true)
            }
        }
    }

    @Test(
        "over TLS to a server without TLS say so",
        arguments: ["HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", "AMQP\u{3}\u{1}\u{0}\u{0}", ""])
    func notTLS(answer: String) async throws {
        try await PeerServer.with(.init(says: answer)) { port in
            let error = await failure("https://localhost:\(port)/")
            #expect(error?.code == .tlsFailed, "\(String(describing: error))")
            #expect(error?.hint.contains("UseDevelopmentEmulator") == true)
        }
    }

    @Test("over TLS to a server that stays silent end in time")
    func silentTLS() async throws {
        try await PeerServer.with(.init(says: nil)) { port in
            let error = await failure("https://localhost:\(port)/") { $0.connectTimeout = .milliseconds(300) }
            #expect(error?.code == .timedOut || error?.code == .tlsFailed, "\(String(describing: error))")
        }
    }

    @Test(
        "with a CA file that is none are not tried",
        arguments: [nil, "", "no certificate at all", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
    func badTrustFile(content: String?) async throws {
        let error: RESTError?
        if let content {
            error = try await withAuthority(content) { file in
                await failure("https://localhost:1/") { $0.trust = .systemAnd(pemFile: file) }
            }
        } else {
            error = await failure("https://localhost:1/") { $0.trust = .systemAnd(pemFile: "/no/such/file.pem") }
        }
        #expect(error?.code == .trustFileUnusable, "\(String(describing: error))")
    }

    @Test("are over after the client was shut down")
    func afterShutdown() async throws {
        try await PeerServer.with(.init(says: Self.ok)) { port in
            let client = RESTClient(logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
            _ = try await client.send(RESTRequest(.get, "http://127.0.0.1:\(port)/"))
            await client.shutdown()
            await client.shutdown()
            let error = await #expect(throws: RESTError.self) { try await client.send(RESTRequest(.get, "http://127.0.0.1:\(port)/")) }
            #expect(error?.code == .cancelled)
        }
    }
}
