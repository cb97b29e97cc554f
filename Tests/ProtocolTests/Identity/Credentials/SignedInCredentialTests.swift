import RESTClient
import Synchronization
import Testing

@testable import Identity

@Suite("The sign-in of a context")
struct SignedInCredentialTests {
    private let time = IdentityTime()
    private let arm = TokenScope(resource: "https://management.azure.com")
    private let bus = TokenScope(resource: "https://servicebus.azure.net")

    private func signedIn(_ entra: EntraClient, _ cache: TokenCache, person: String = TestIssuer.person, refreshToken: String = "first")
        async throws
    {
        let account = Account(tenantID: TestIssuer.tenant, objectID: person, preferredUsername: "alice@example.com")
        try await cache.keep(
            SignedIn(
                account: account, clientID: "app", authority: entra.endpoint.base, refreshToken: Secret(refreshToken),
                tokens: [
                    (
                        arm,
                        AccessToken(secret: Secret("with-sign-in"), expiresAt: time.now.advanced(by: .seconds(3600)), kind: .jsonWebToken)
                    )
                ],
                proof: VerifiedIDToken(
                    account: account, issuedAt: nil, expiresAt: time.now, nonce: nil,
                    key: SigningKey(kid: "k", n: "n", e: "e", issuer: nil), token: Secret("i"))))
    }

    private func with(_ stub: IdentityStub, _ body: (EntraClient, () -> TokenCache) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            try await body(try .test(stub, time: time)) {
                TokenCache(folder: folder, name: "prod", keys: KeyFileStore(folder: folder), clock: time.clock)
            }
        }
    }

    @Test("serves one resource after the other with one refresh token, and keeps the newest")
    func refresh() async throws {
        let stub = IdentityStub { number, request in
            .token("t-\(request.form["refresh_token"] ?? "")", more: #","refresh_token":"next\#(number)""#)
        }
        try await with(stub) { entra, cache in
            try await signedIn(entra, cache())
            let credential = SignedInCredential(entra: entra, clientID: "app", cache: cache())
            #expect(try await credential.accessToken(for: arm).text == "with-sign-in")
            #expect(stub.requests.isEmpty)
            #expect(try await credential.accessToken(for: bus).text == "t-first")
            #expect(stub.requests[0].form["scope"] == "openid profile offline_access https://servicebus.azure.net/.default")
            time.advance(3500)
            #expect(try await credential.accessToken(for: bus).text == "t-next0")
        }
    }

    @Test("a new process uses the tokens that are kept, and asks nobody")
    func nextProcess() async throws {
        let stub = IdentityStub { _, _ in .token("new", more: #","refresh_token":"next""#) }
        try await with(stub) { entra, cache in
            try await signedIn(entra, cache())
            _ = try await SignedInCredential(entra: entra, clientID: "app", cache: cache()).accessToken(for: bus)
            for _ in 0..<3 {
                let credential = SignedInCredential(entra: entra, clientID: "app", cache: cache())
                #expect(try await credential.accessToken(for: arm).text == "with-sign-in")
                #expect(try await credential.accessToken(for: bus).text == "new")
            }
            #expect(stub.requests.count == 1)
            let other = SignedInCredential(entra: entra, clientID: "other", cache: cache())
            #expect(await #expect(throws: IdentityError.self) { try await other.accessToken(for: arm) }?.code == .notSignedIn)
        }
    }

    @Test("that has ended says to sign in again, once, and is not forgotten")
    func ended() async throws {
        let stub = IdentityStub { _, _ in
            .json(
                #"{"error":"invalid_grant","error_description":"AADSTS700082: The refresh token has expired due to inactivity.","error_codes":[700082]}"#,
                status: 400)
        }
        try await with(stub) { entra, cache in
            try await signedIn(entra, cache())
            let error = await #expect(throws: IdentityError.self) {
                try await SignedInCredential(entra: entra, clientID: "app", cache: cache()).accessToken(for: bus)
            }
            #expect(error?.code == .interactionRequired)
            #expect(error?.message.contains("token for https://servicebus.azure.net to alice@example.com") == true)
            #expect(await cache().accounts().count == 1)
        }
    }

    @Test("goes on as who it was when somebody else signs in")
    func another() async throws {
        let stub = IdentityStub { _, request in .token("of-\(request.form["refresh_token"] ?? "")") }
        try await with(stub) { entra, cache in
            try await signedIn(entra, cache())
            let running = SignedInCredential(entra: entra, clientID: "app", cache: cache())
            _ = try await running.accessToken(for: arm)
            try await signedIn(entra, cache(), person: "b0b00000-0000-4000-8000-000000000002", refreshToken: "bob")
            let goesOn = try await running.accessToken(for: bus)
            #expect(goesOn.text == "of-first")
            #expect(await cache().accounts().map(\.objectID) == ["b0b00000-0000-4000-8000-000000000002"], "the file has forgotten her")
            #expect(await cache().content().tokens.map(\.grant.token.text) == ["with-sign-in"], "and learns no token of hers any more")
            let next = try await SignedInCredential(entra: entra, clientID: "app", cache: cache()).accessToken(for: bus)
            #expect(next.text == "of-bob")
        }
    }

    @Test("who it was goes on by the refresh token that came last, which the file does not have, and ends with a sign-out")
    func forgotten() async throws {
        let stub = IdentityStub { number, request in
            .token("of-\(request.form["refresh_token"] ?? "")", more: #","refresh_token":"next\#(number)""#)
        }
        try await with(stub) { entra, cache in
            try await signedIn(entra, cache())
            let running = SignedInCredential(entra: entra, clientID: "app", cache: cache())
            _ = try await running.accessToken(for: arm)
            try await signedIn(entra, cache(), person: "b0b00000-0000-4000-8000-000000000002", refreshToken: "bob")
            #expect(try await running.accessToken(for: bus).text == "of-first")
            time.advance(3500)
            #expect(try await running.accessToken(for: bus).text == "of-next0")
            #expect(await cache().content().signIns.first?.refreshToken.isEqual(to: Secret("bob")) == true)
            try await cache().forget()
            time.advance(3700)
            #expect(await #expect(throws: IdentityError.self) { try await running.accessToken(for: bus) }?.code == .notSignedIn)
        }
    }

    @Test("what a new id token says of the person is verified and kept; one that cannot be trusted changes nothing")
    func renewedClaims() async throws {
        var claims = TestIssuer.Claims()
        claims.aud = "app"
        claims.exp = 1_800_100_000
        claims.roles = ["operator"]
        claims.groups = ["g2"]
        let good = try await TestIssuer.token(claims).withRevealedText { $0 }
        claims.oid = "b0b00000-0000-4000-8000-000000000002"
        let other = try await TestIssuer.token(claims).withRevealedText { $0 }
        let idToken = Mutex(good + "x")
        let stub = IdentityStub { _, request in
            if let answer = try TestIssuer.answer(to: request) { return answer }
            return .token("t", more: #","id_token":"\#(idToken.withLock { $0 })""#)
        }
        try await with(stub) { entra, cache in
            try await signedIn(entra, cache())
            func kept() async -> KeptClaims? { await cache().claims(clientID: "app", at: entra.endpoint) }
            let credential = SignedInCredential(entra: entra, clientID: "app", cache: cache())
            _ = try await credential.accessToken(for: bus)
            #expect(stub.requests.count == 1, "what was verified a moment ago is not verified anew")
            time.advance(3500)
            _ = try await credential.accessToken(for: bus)
            let before = try #require(await kept())
            #expect(before.account.roles == [] && before.verifiedAt < time.now, "its signature does not fit")
            idToken.withLock { $0 = good }
            time.advance(3500)
            _ = try await credential.accessToken(for: bus)
            let after = try #require(await kept())
            #expect(after.account.roles == ["operator"] && after.account.groups == .known(["g2"]))
            #expect(after.verifiedAt == time.now && after.groupsAt == time.now)
            idToken.withLock { $0 = other }
            time.advance(3700)
            let error = await #expect(throws: IdentityError.self) { try await credential.accessToken(for: bus) }
            #expect(error?.code == .invalidAnswer)
        }
    }

    @Test("that nobody made says how")
    func none() async throws {
        try await with(IdentityStub { _, _ in .token() }) { entra, cache in
            let error = await #expect(throws: IdentityError.self) {
                try await SignedInCredential(entra: entra, clientID: "app", cache: cache()).accessToken(for: bus)
            }
            #expect(error?.code == .notSignedIn)
            #expect(error?.hint.contains("callboard login") == true)
        }
    }

    @Test("tokens of an application outlive the process too")
    func application() async throws {
        let stub = IdentityStub { number, _ in .token("app-\(number)") }
        try await with(stub) { entra, cache in
            for _ in 0..<3 {
                let credential = ClientSecretCredential(entra: entra, clientID: "app", secret: Secret("s"), cache: cache())
                let token = try await credential.accessToken(for: bus)
                #expect(token.text == "app-0")
            }
            let other = ClientSecretCredential(entra: entra, clientID: "other", secret: Secret("s"), cache: cache())
            let token = try await other.accessToken(for: bus)
            #expect(token.text == "app-1")
        }
    }
}
