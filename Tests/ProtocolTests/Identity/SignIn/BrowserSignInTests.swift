import NIOCore
import NIOHTTP1
import NIOPosix
import RESTClient
import Synchronization
import Testing

@testable import Identity

@Suite("Signing in with a browser")
struct BrowserSignInTests {
    private let time = IdentityTime()

    private func signIn(_ stub: IdentityStub, pause: Pause = .forever) throws -> BrowserSignIn {
        BrowserSignIn(
            entra: try .test(stub, time: time, pause: pause), clientID: TestIssuer.client,
            scope: TokenScope(resource: "https://management.azure.com"),
            allowedTenants: [TestIssuer.tenant])
    }

    /// A service whose id token has the nonce that the browser was opened with.
    private func service(_ nonce: SharedText) -> IdentityStub {
        IdentityStub { _, request in
            if let answer = try TestIssuer.answer(to: request) { return answer }
            var claims = TestIssuer.Claims()
            claims.nonce = nonce.value
            let token = try await TestIssuer.token(claims).withRevealedText { $0 }
            return .token(more: #","refresh_token":"r3fresh","id_token":"\#(token)""#)
        }
    }

    @Test("sends it to the tenant, takes what comes back, and proves with the verifier that it began it")
    func success() async throws {
        let nonce = SharedText()
        let stub = service(nonce)
        let page = SharedText()
        var options = BrowserSignIn.Options()
        options.loginHint = "alice@example.com"
        options.challenge = ClaimsChallenge(json: #"{"id_token":{"acrs":{"essential":true,"value":"c1"}}}"#)
        let signedIn = try await signIn(stub).run(options) { url in
            let opened = Opened(url)
            nonce.set(opened["nonce"])
            page.set(await opened.get("/?code=c0de%2Bx&state=\(opened["state"])&session_state=s"))
        }
        #expect(signedIn.account.objectID == TestIssuer.person)
        #expect(signedIn.proof.nonce == nonce.value)
        #expect(page.value.hasPrefix("HTTP/1.1 200 OK"))
        for header in [
            "Cache-Control: no-store", "Content-Security-Policy: default-src 'none'", "Connection: close", "Referrer-Policy: no-referrer",
        ] {
            #expect(page.value.contains(header))
        }
        #expect(!page.value.contains("c0de"))
        let form = try #require(stub.requests.first?.form)
        #expect(form["grant_type"] == "authorization_code" && form["code"] == "c0de+x")
        #expect(form["claims"]?.contains("acrs") == true && form["claims"]?.contains("CP1") == true)
    }

    @Test("opens a URL with all that the tenant needs, and proof keys of RFC 7636")
    func url() async throws {
        let urls = SharedText()
        let stub = service(SharedText())
        let error = await #expect(throws: IdentityError.self) {
            try await signIn(stub).run { url in
                urls.set(url)
                let opened = Opened(url)
                _ = await opened.get("/?code=c&state=\(opened["state"])")
            }
        }
        #expect(error?.code == .untrusted(.nonce), "the stub's id token has another nonce")
        let opened = Opened(urls.value)
        #expect(opened.base == "https://login.example/contoso.example/oauth2/v2.0/authorize")
        #expect(opened["response_type"] == "code" && opened["response_mode"] == "query" && opened["code_challenge_method"] == "S256")
        #expect(opened["scope"] == "openid profile offline_access https://management.azure.com/.default")
        #expect(opened["redirect_uri"] == "http://localhost:\(opened.port)/" && opened["client_id"] == TestIssuer.client)
        #expect(opened["state"].utf8.count == 43 && opened["nonce"].utf8.count == 43 && opened["state"] != opened["nonce"])
        let form = try #require(stub.requests.first?.form)
        let verifier = form["code_verifier"] ?? ""
        #expect(verifier.utf8.count == 43)
        #expect(Base64.encodeURLSafe(Digest.sha256(Array(verifier.utf8))) == opened["code_challenge"])
        #expect(form["redirect_uri"] == opened["redirect_uri"])
        #expect(
            Base64.encodeURLSafe(Digest.sha256(Array("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".utf8)))
                == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "the RFC's example")
    }

    @Test(
        "an answer to another sign-in ends it",
        arguments: ["/?code=c&state=wrong", "/?code=c", "/?code=c&state=", "/?error=access_denied&state=wrong", "/?"])
    func wrongState(path: String) async throws {
        let stub = service(SharedText())
        let error = await #expect(throws: IdentityError.self) { try await signIn(stub).run { url in _ = await Opened(url).get(path) } }
        #expect(error?.code == .notSignedIn)
        #expect(stub.requests.isEmpty, "the code was not used")
    }

    @Test(
        "what is not the answer does not count",
        arguments: ["GET /favicon.ico", "GET /", "POST /?code=c&state=s", "GET /other?code=c&state=s", "GET //?code=c"])
    func others(line: String) async throws {
        let nonce = SharedText()
        let first = SharedText()
        let signedIn = try await signIn(service(nonce)).run { url in
            let opened = Opened(url)
            nonce.set(opened["nonce"])
            first.set(await opened.send("\(line) HTTP/1.1\r\nHost: localhost:\(opened.port)\r\n\r\n"))
            _ = await opened.get("/?code=c&state=\(opened["state"])")
        }
        #expect(signedIn.account.objectID == TestIssuer.person)
        #expect(first.value.hasPrefix("HTTP/1.1 404") || first.value.hasPrefix("HTTP/1.1 405"))
    }

    @Test("a page of another name, and what is not HTTP, is turned away")
    func rebinding() async throws {
        let nonce = SharedText()
        let answers = SharedText()
        _ = try await signIn(service(nonce)).run { url in
            let opened = Opened(url)
            nonce.set(opened["nonce"])
            let query = "/?code=evil&state=\(opened["state"])"
            answers.set(await opened.send("GET \(query) HTTP/1.1\r\nHost: evil.example:\(opened.port)\r\n\r\n"))
            _ = await opened.send("GET \(query) HTTP/1.1\r\n\r\n")
            _ = await opened.send("\u{16}\u{3}\u{1}garbage\r\n\r\n")
            _ = await opened.send("GET /?" + String(repeating: "a", count: 200_000) + " HTTP/1.1\r\nHost: localhost:\(opened.port)\r\n\r\n")
            _ = await opened.get("/?code=c&state=\(opened["state"])")
        }
        #expect(answers.value.hasPrefix("HTTP/1.1 400"))
    }

    @Test("the first answer counts; a second finds nobody")
    func second() async throws {
        let nonce = SharedText()
        let stub = service(nonce)
        let port = SharedText()
        _ = try await signIn(stub).run { url in
            let opened = Opened(url)
            nonce.set(opened["nonce"])
            port.set(url)
            _ = await opened.get("/?code=first&state=\(opened["state"])")
            _ = await opened.get("/?code=second&state=\(opened["state"])")
        }
        #expect(stub.requests.first?.form["code"] == "first")
        let opened = Opened(port.value)
        #expect(!(await opened.get("/?code=third&state=\(opened["state"])")).hasPrefix("HTTP/1.1 200"), "nothing listens any more")
    }

    @Test("listens on this machine only")
    func loopbackOnly() async throws {
        let listener = try await LoopbackListener.start()
        for device in try System.enumerateDevices() {
            guard let address = device.address, let text = address.ipAddress, !text.hasPrefix("127."), text != "::1",
                !text.hasPrefix("fe80")
            else { continue }
            let channel = try? await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connectTimeout(.seconds(1)).connect(
                host: text, port: listener.port
            ).get()
            #expect(channel == nil, "\(text)")
            try await channel?.close()
        }
        await listener.close()
    }

    @Test("what the tenant refuses is told in its words, and the page says to look there")
    func refused() async throws {
        let page = SharedText()
        let error = await #expect(throws: IdentityError.self) {
            try await signIn(service(SharedText())).run { url in
                let opened = Opened(url)
                page.set(
                    await opened.get(
                        "/?error=access_denied&error_description=AADSTS65004%3A+User+declined+%3Cscript%3E&state=\(opened["state"])"))
            }
        }
        #expect(error?.code == .consentRequired)
        #expect(error?.message.contains("AADSTS65004: User declined <script>") == true)
        #expect(page.value.hasPrefix("HTTP/1.1 200") && !page.value.contains("script"))
    }

    @Test("nobody waits longer than five minutes, nor when it is cancelled")
    func limits() async throws {
        let isOpen = SharedText()
        let late = await #expect(throws: IdentityError.self) {
            try await signIn(service(SharedText()), pause: time.pause).run { isOpen.set($0) }
        }
        #expect(late?.code == .timedOut)
        #expect(time.pauses == [.seconds(300)])
        let opened = SharedText()
        let cancelled = try signIn(service(SharedText()))
        let task = Task { try await cancelled.run { opened.set($0) } }
        await eventually("no browser") { !opened.value.isEmpty }
        task.cancel()
        #expect(await #expect(throws: IdentityError.self) { try await task.value }?.code == .cancelled)
        #expect(!(await Opened(opened.value).get("/?code=c&state=s")).hasPrefix("HTTP/1.1 200"))
    }
}

/// A text across tasks.
final class SharedText: Sendable {
    private let text = Mutex("")
    var value: String { text.withLock { $0 } }
    func set(_ value: String) { text.withLock { $0 = value } }
}

/// A browser that was given a URL: what is in it, and a way to the address it will be sent back to.
struct Opened {
    let base: String
    private let fields: [String: String]

    init(_ url: String) {
        let parts = url.split(separator: "?", maxSplits: 1)
        base = parts.first.map(String.init) ?? ""
        fields = RESTRequest(.get, "", body: ByteBuffer(string: parts.count > 1 ? String(parts[1]) : "")).form
    }

    subscript(name: String) -> String { fields[name] ?? "" }
    var port: Int { Int(self["redirect_uri"].split(separator: ":").last?.prefix { $0.isNumber } ?? "") ?? 0 }

    func get(_ path: String) async -> String { await send("GET \(path) HTTP/1.1\r\nHost: localhost:\(port)\r\n\r\n") }

    /// Sends bytes and reads to the end; empty when nobody listens.
    func send(_ text: String) async -> String {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let collected = loop.makePromise(of: String.self)
        let bootstrap = ClientBootstrap(group: loop).connectTimeout(.seconds(5)).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Reader(collected)) }
        }
        guard let channel = try? await bootstrap.connect(host: "127.0.0.1", port: port).get() else {
            collected.succeed("")
            return ""
        }
        // Whoever has the port by now may say nothing.
        let limit = loop.scheduleTask(in: .seconds(10)) { channel.close(promise: nil) }
        collected.futureResult.whenComplete { _ in limit.cancel() }
        try? await channel.writeAndFlush(ByteBuffer(string: text)).get()
        return (try? await collected.futureResult.get()) ?? ""
    }

    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let collected: EventLoopPromise<String>
        private var text = ""
        init(_ collected: EventLoopPromise<String>) { self.collected = collected }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) { text += String(buffer: unwrapInboundIn(data)) }
        func channelInactive(context: ChannelHandlerContext) { collected.succeed(text) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
