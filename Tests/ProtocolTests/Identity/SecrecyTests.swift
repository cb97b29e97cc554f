import Logging
import RESTClient
import Synchronization
import Testing

@testable import Identity

@Suite("Secrets of sign-ins")
struct SecrecyTests {
    private static let words = [
        "s3cret-of-app", "acc3ss-token", "r3fresh-token", "dev1ce-code", "c0de-of-browser", "h34der-of-app", "k3y-of-arc", "ass3rtion",
        TestIssuer.key.split(separator: "\n")[3].description,
    ]

    private func isDiscreet(_ text: String, _ place: Comment) {
        for word in Self.words { #expect(!text.contains(word), place) }
        #expect(!text.contains("eyJ"), place)
    }

    private func check(_ value: Any, _ place: Comment) {
        var dumped = ""
        dump(value, to: &dumped)
        for text in [dumped, "\(value)", String(reflecting: value)] { isDiscreet(text, place) }
        var pending: [(Any, Int)] = [(value, 0)]
        while let (next, depth) = pending.popLast() {
            isDiscreet("\(next)", place)
            if depth < 12 { pending += Mirror(reflecting: next).children.map { ($0.value, depth + 1) } }
        }
    }

    @Test("are in no description, dump, mirror or log line of any credential")
    func credentials() async throws {
        let lines = IdentityLogLines()
        var logger = Logger(label: "test", factory: { _ in lines })
        logger.logLevel = .trace
        let time = IdentityTime()
        let idToken = try await TestIssuer.token().withRevealedText { $0 }
        let stub = IdentityStub { _, request in
            if let answer = try TestIssuer.answer(to: request) { return answer }
            if request.url.hasSuffix("/devicecode") {
                return .json(#"{"user_code":"A","device_code":"dev1ce-code","verification_uri":"u"}"#)
            }
            return .token("acc3ss-token", more: #","refresh_token":"r3fresh-token","id_token":"\#(idToken)""#)
        }
        let entra = try EntraClient.test(stub, time: time, logger: logger)
        let scope = TokenScope(resource: "https://management.azure.com")
        try await withTemporaryFolder { folder in
            let cache = TokenCache(folder: folder, name: "prod", keys: KeyFileStore(folder: folder), clock: time.clock)
            let certificate = try ClientCertificate(pem: Secret(TestIssuer.certificate + "\n" + TestIssuer.key))
            check(certificate, "certificate")
            let runner = ProgramRunner { (_) throws(ProgramRunner.Failure) in
                .init(status: 0, output: Secret(#"{"accessToken":"acc3ss-token","expires_on":1800003600}"#), errors: "")
            }
            let sources: [any AccessTokenSource] = [
                ClientSecretCredential(entra: entra, clientID: "app", secret: Secret("s3cret-of-app"), cache: cache),
                ClientCertificateCredential(entra: entra, clientID: "app", certificate: certificate),
                FederatedAssertionCredential(
                    entra: entra, clientID: "app", assertion: .provider { () throws(IdentityError) in Secret("ass3rtion") }),
                ManagedIdentityCredential(
                    environment: ["IDENTITY_ENDPOINT": "http://localhost:1/t", "IDENTITY_HEADER": "h34der-of-app"],
                    http: stub.client(logger: logger), clock: time.clock),
                AzureCLICredential(runner: runner, clock: time.clock),
            ]
            for source in sources {
                check(try await source.accessToken(for: scope), "token")
                check(source, "credential")
            }
            let device = DeviceCodeSignIn(entra: entra, clientID: TestIssuer.client, scope: scope)
            let prompt = try await device.start()
            check(prompt, "prompt")
            let signedIn = try await device.finish(prompt)
            check(signedIn, "sign-in")
            try await cache.keep(signedIn)
            check(await cache.content(), "content")
            let kept = SignedInCredential(entra: entra, clientID: TestIssuer.client, cache: cache)
            check(try await kept.accessToken(for: TokenScope(resource: "https://graph.microsoft.com")), "kept")
            check(kept, "kept")
            check(cache, "cache")
            check(CredentialChain(sources.map { CredentialLink(.azureCLI, $0) }), "chain")
        }
        for request in stub.requests { isDiscreet("\(request)", "request") }
        #expect(lines.all.count >= stub.requests.count)
        for line in lines.all { isDiscreet(line, "log") }
    }

    @Test("are in no failure")
    func failures() async throws {
        let echo = IdentityStub { _, request in
            let form = request.form
            let said = ["client_secret", "client_assertion", "refresh_token", "device_code", "code"].compactMap { form[$0] }.joined(
                separator: " ")
            return .json(#"{"error":"invalid_client","error_description":"AADSTS7000215: you sent \#(said)"}"#, status: 401)
        }
        let entra = try EntraClient.test(echo)
        let scope = TokenScope(resource: "r")
        let sources: [any AccessTokenSource] = [
            ClientSecretCredential(entra: entra, clientID: "app", secret: Secret("s3cret-of-app")),
            ClientCertificateCredential(
                entra: entra, clientID: "app",
                certificate: try ClientCertificate(pem: Secret(TestIssuer.certificate + "\n" + TestIssuer.key))),
            FederatedAssertionCredential(
                entra: entra, clientID: "app", assertion: .provider { () throws(IdentityError) in Secret("ass3rtion") }),
        ]
        for source in sources {
            let error = await #expect(throws: IdentityError.self) { try await source.accessToken(for: scope) }
            #expect(error?.message.contains("you sent <secret>") == true)
            check(error as Any, "failure")
        }
        let page = SharedText()
        let error = await #expect(throws: IdentityError.self) {
            try await BrowserSignIn(entra: try .test(echo, pause: .forever), clientID: "app", scope: scope).run { url in
                let opened = Opened(url)
                page.set(await opened.get("/?code=c0de-of-browser&state=\(opened["state"])"))
            }
        }
        #expect(error?.message.contains("you sent <secret>") == true)
        check(error as Any, "browser")
        isDiscreet(page.value, "page")
    }
}

/// Collects what is logged.
final class IdentityLogLines: LogHandler {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }
    func log(event: LogEvent) { lines.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") } }
}
