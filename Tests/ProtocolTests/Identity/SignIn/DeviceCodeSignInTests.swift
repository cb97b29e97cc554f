import RESTClient
import Synchronization
import Testing

@testable import Identity

@Suite("Signing in with a device code")
struct DeviceCodeSignInTests {
    private let time = IdentityTime()
    private static let code =
        #"{"user_code":"FJC3AAAA1","device_code":"dev1ce-code","verification_uri":"https://microsoft.com/devicelogin","expires_in":900,"interval":5,"message":"Open it"}"#

    private func signIn(_ stub: IdentityStub, pause: Pause? = nil) throws -> DeviceCodeSignIn {
        DeviceCodeSignIn(
            entra: try .test(stub, time: time, pause: pause), clientID: TestIssuer.client,
            scope: TokenScope(resource: "https://management.azure.com"),
            allowedTenants: [TestIssuer.tenant])
    }

    /// A service that answers the polls with these errors in turn, then with a token.
    private func service(_ errors: [String], code: String = Self.code, idToken: Secret? = nil) async throws -> IdentityStub {
        let made = try await TestIssuer.token()
        let token = (idToken ?? made).withRevealedText { $0 }
        let polls = Mutex(0)
        return IdentityStub { _, request in
            if let answer = try TestIssuer.answer(to: request) { return answer }
            if request.url.hasSuffix("/devicecode") { return .json(code) }
            let poll = polls.withLock { count in
                count += 1; return count
            }
            if poll <= errors.count {
                if errors[poll - 1] == "" { throw RESTError(.timedOut, endpoint: "e", message: "m", hint: "") }
                return .json(#"{"error":"\#(errors[poll - 1])","error_description":"AADSTS70016: x"}"#, status: 400)
            }
            return .token(more: #","refresh_token":"r3fresh","id_token":"\#(token)""#)
        }
    }

    @Test("shows the code at once, then waits at the service's pace")
    func success() async throws {
        let stub = try await service(["authorization_pending", "slow_down", "authorization_pending"])
        let shown = Mutex<[DeviceCodeSignIn.Prompt]>([])
        let signedIn = try await signIn(stub).run { prompt in
            #expect(stub.requests.count == 1 && time.pauses.isEmpty)
            shown.withLock { $0.append(prompt) }
        }
        let prompt = try #require(shown.withLock { $0.first })
        #expect(
            prompt.userCode == "FJC3AAAA1" && prompt.verificationURL == "https://microsoft.com/devicelogin" && prompt.message == "Open it")
        #expect(time.pauses == [.seconds(5), .seconds(5), .seconds(10), .seconds(10)])
        #expect(signedIn.account.objectID == TestIssuer.person)
        #expect(signedIn.refreshToken?.isEqual(to: Secret("r3fresh")) == true)
        #expect(signedIn.tokens.map(\.token.text) == ["access-token-1"])
        #expect(stub.requests[0].form["scope"] == "openid profile offline_access https://management.azure.com/.default")
        let poll = stub.requests[1].form
        #expect(
            poll["grant_type"] == "urn:ietf:params:oauth:grant-type:device_code" && poll["device_code"] == "dev1ce-code"
                && poll["client_id"] == TestIssuer.client)
    }

    @Test(
        "ends as the service says",
        arguments: [
            ("authorization_declined", IdentityError.Code.declined), ("access_denied", .declined), ("expired_token", .timedOut),
            ("code_expired", .timedOut),
            ("bad_verification_code", .invalidAnswer), ("invalid_client", .credentialRefused),
        ])
    func errors(error: String, code: IdentityError.Code) async throws {
        let stub = try await service(["authorization_pending", error])
        let failure = await #expect(throws: IdentityError.self) { try await signIn(stub).run { _ in } }
        #expect(failure?.code == code)
        #expect(stub.requests.count == 3)
    }

    @Test("goes on slower when the connection breaks")
    func brokenConnection() async throws {
        let stub = try await service(["", "authorization_pending"])
        _ = try await signIn(stub).run { _ in }
        #expect(time.pauses == [.seconds(5), .seconds(10), .seconds(10)])
    }

    @Test("ends with the code, whoever says so first")
    func expires() async throws {
        let stub = try await service(Array(repeating: "authorization_pending", count: 1000), code: Self.code.replacing("900", with: "60"))
        #expect(await #expect(throws: IdentityError.self) { try await signIn(stub).run { _ in } }?.code == .timedOut)
        #expect(time.pauses.count == 12)
    }

    @Test("ends when it is cancelled")
    func cancelled() async throws {
        let stub = try await service([])
        let waiting = try signIn(stub, pause: .forever)
        let isShown = Mutex(false)
        let task = Task { try await waiting.run { _ in isShown.withLock { $0 = true } } }
        await eventually("no code") { isShown.withLock { $0 } }
        task.cancel()
        #expect(await #expect(throws: IdentityError.self) { try await task.value }?.code == .cancelled)
    }

    @Test("believes only a verified id token")
    func unverified() async throws {
        var claims = TestIssuer.Claims()
        claims.aud = "other"
        let stub = try await service([], idToken: try await TestIssuer.token(claims))
        #expect(await #expect(throws: IdentityError.self) { try await signIn(stub).run { _ in } }?.code == .untrusted(.audience))
    }

    @Test("at a tenant's id is for that tenant only")
    func otherTenant() async throws {
        let stub = try await service([])
        let ids = [TestIssuer.tenant.uppercased(): true, "99999999-0000-4000-8000-000000000000": false]
        for (id, isAllowed) in ids {
            let entra = try EntraClient.test(stub, time: time, tenant: id)
            let signIn = DeviceCodeSignIn(entra: entra, clientID: TestIssuer.client, scope: TokenScope(resource: "r"))
            if isAllowed {
                let signedIn = try await signIn.run { _ in }
                #expect(signedIn.account.tenantID == TestIssuer.tenant)
            } else {
                let error = await #expect(throws: IdentityError.self) { try await signIn.run { _ in } }
                #expect(error?.code == .untrusted(.tenant), "the description of the tenant may not replace what was asked for")
            }
        }
    }

    @Test("as it was recorded is read", .enabled(if: IdentityVectors.exist, IdentityVectors.areMissing))
    func recorded() async throws {
        let body = try IdentityVectors.text("entra-graph-imds/entra/devicecode.200.json")
        let prompt = try await signIn(IdentityStub { _, _ in .json(body) }).start()
        #expect(
            prompt.userCode == "FJC3AAAA1" && prompt.expiresAt == time.now.advanced(by: .seconds(900)) && prompt.interval == .seconds(5))
        #expect(prompt.message.hasPrefix("To sign in, use a web browser"))
    }

    @Test("without times has the documented ones, and odd ones are bounded")
    func defaults() async throws {
        let bare = try await signIn(IdentityStub { _, _ in .json(#"{"user_code":"A","device_code":"d","verification_uri":"u"}"#) }).start()
        #expect(bare.interval == .seconds(5) && bare.expiresAt == time.now.advanced(by: .seconds(1800)))
        let odd = try await signIn(
            IdentityStub { _, _ in
                .json(
                    #"{"user_code":"A","device_code":"d","verification_uri":"u","interval":-9223372036854775808,"expires_in":9223372036854775807}"#
                )
            }
        ).start()
        #expect(odd.interval == .seconds(1) && odd.expiresAt == time.now.advanced(by: .seconds(86400)))
    }
}
