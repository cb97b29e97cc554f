import Testing

@testable import Sandbox

/// Signing in, as far as clocks and switches decide it.
@Suite struct EntraTests {
    private static let scope = "https%3A%2F%2Fmanagement.azure.com%2F.default+openid+offline_access"
    private static let deviceGrant = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code"

    private func begin(_ fixture: CloudFixture) -> CloudJSON {
        fixture.sign("devicecode", [("client_id", CloudSeed.consoleClient), ("scope", Self.scope)]).json
    }

    private func poll(_ fixture: CloudFixture, _ flow: CloudJSON) -> CloudResponse {
        fixture.sign(
            "token",
            [("client_id", CloudSeed.consoleClient), ("grant_type", Self.deviceGrant), ("device_code", flow["device_code"]?.text ?? "")])
    }

    private func enter(_ fixture: CloudFixture, _ flow: CloudJSON, _ user: String = CloudSeed.onCall.name) -> Int {
        fixture.ask("POST", "/devicelogin", "user_code=\(flow["user_code"]?.text ?? "")&user=\(user)").status
    }

    /// The tokens of somebody who entered a device's code.
    private func signIn(_ fixture: CloudFixture) -> CloudJSON {
        let flow = begin(fixture)
        #expect(enter(fixture, flow) == 200)
        return poll(fixture, flow).json
    }

    private func claims(_ json: CloudJSON, _ name: String = "access_token") throws -> CloudJSON {
        try #require(JSONWebToken(json[name]?.text ?? "")).claims
    }

    @Test func aDeviceCodeExpires() throws {
        let fixture = try CloudFixture()
        let flow = begin(fixture)
        fixture.pass(seconds: 899)
        #expect(poll(fixture, flow).json["error"]?.text == "authorization_pending")
        fixture.pass(seconds: 1)
        #expect(poll(fixture, flow).json["error"]?.text == "expired_token")
        #expect(enter(fixture, flow) == 400)
    }

    @Test func whoPollsTooOftenIsToldToSlowDown() throws {
        let fixture = try CloudFixture()
        let flow = begin(fixture)
        _ = poll(fixture, flow)
        fixture.pass(seconds: 2)
        #expect(poll(fixture, flow).json["error"]?.text == "slow_down")
        // Five seconds more than before from now on.
        fixture.pass(seconds: 6)
        #expect(poll(fixture, flow).json["error"]?.text == "slow_down")
        fixture.pass(seconds: 15)
        #expect(poll(fixture, flow).json["error"]?.text == "authorization_pending")
    }

    @Test func aDeviceCodeApprovesItselfAfterSoManyPolls() throws {
        let fixture = try CloudFixture()
        fixture.cloud.switches.deviceCodePolls = 2
        fixture.cloud.switches.signInAs = CloudSeed.developer.name
        let flow = begin(fixture)
        for _ in 0..<2 {
            #expect(poll(fixture, flow).json["error"]?.text == "authorization_pending")
            fixture.pass(seconds: 5)
        }
        #expect(try claims(poll(fixture, flow).json)["upn"]?.text == CloudSeed.developer.name)
    }

    @Test func aTokenSaysWhoItIsOf() throws {
        let fixture = try CloudFixture()
        let tokens = signIn(fixture)
        let access = try claims(tokens)
        #expect(access["aud"]?.text == "https://management.azure.com" && access["idtyp"]?.text == "user" && access["ver"]?.text == "1.0")
        #expect(access["groups"] == ["b3f1a7c0-1111-4a3e-9b1e-0a5d3c7e2f01"] && access["amr"] == ["pwd"])
        let identity = try claims(tokens, "id_token")
        #expect(identity["aud"]?.text == CloudSeed.consoleClient && identity["oid"]?.text == CloudSeed.onCall.id)
        #expect(identity["iss"]?.text == "\(CloudFixture.origin)/\(CloudSeed.tenant)/v2.0")
    }

    @Test func tooManyGroupsAreNotTold() throws {
        let fixture = try CloudFixture()
        fixture.cloud.switches.groupsOverage = true
        let access = try claims(signIn(fixture))
        #expect(access["groups"] == nil && access["_claim_names"]?["groups"]?.text == "src1")
    }

    @Test func strongerProofIsAskedForOnceAndThenBrought() throws {
        let fixture = try CloudFixture()
        let session = signIn(fixture)["refresh_token"]?.text ?? ""
        let form = [
            ("client_id", CloudSeed.consoleClient), ("grant_type", "refresh_token"), ("refresh_token", session), ("scope", Self.scope),
        ]
        fixture.cloud.switches.claimsChallenges = 1
        let refused = fixture.sign("token", form)
        #expect(refused.json["error"]?.text == "interaction_required" && refused.json["suberror"]?.text == "basic_action")
        let wanted = try #require(refused.json["claims"]?.text)
        fixture.cloud.switches.claimsChallenges = 1
        let encoded = wanted.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(fixture.sign("token", form + [("claims", encoded)]).status == 200)
    }

    @Test func aRefreshTokenServesAnotherResource() throws {
        let fixture = try CloudFixture()
        let session = signIn(fixture)["refresh_token"]?.text ?? ""
        let form = [("client_id", CloudSeed.consoleClient), ("grant_type", "refresh_token"), ("refresh_token", session)]
        let scope = "https%3A%2F%2Fservicebus.azure.net%2F.default"
        #expect(try claims(fixture.sign("token", form + [("scope", scope)]).json)["aud"]?.text == "https://servicebus.azure.net")
        fixture.pass(seconds: 90 * 86_400)
        #expect(fixture.sign("token", form + [("scope", scope)]).json["error_codes"] == [700_082])
    }

    @Test func keysRotateAndOldOnesAreWithdrawn() throws {
        let fixture = try CloudFixture()
        let token = try fixture.token(of: CloudSeed.admin.id, for: "https://management.azure.com")
        func status() -> Int { fixture.ask("GET", "\(fixture.namespace)?api-version=2021-11-01", token: token).status }
        func published() -> [CloudJSON] { fixture.ask("GET", "/\(CloudSeed.tenant)/discovery/v2.0/keys").json["keys"]?.elements ?? [] }
        #expect(status() == 200 && published().count == 1)
        #expect(fixture.ask("POST", "/$sandbox/cloud/rotate-keys").status == 200)
        #expect(status() == 200 && published().count == 2)
        #expect(fixture.ask("POST", "/$sandbox/cloud/withdraw-old-keys").status == 200)
        #expect(status() == 401 && published().count == 1)
    }

    @Test func anAlgorithmThatIsNotAllowedVerifiesNothing() throws {
        let fixture = try CloudFixture()
        let token = try fixture.token(of: CloudSeed.admin.id, for: "https://management.azure.com")
        let parts = token.split(separator: ".").map(String.init)
        for algorithm in ["none", "HS256", "PS256", "rs256"] {
            let kid = fixture.cloud.keys.current.id
            let header = Base64URL.encode(#"{"alg":"\#(algorithm)","kid":"\#(kid)"}"#.utf8)
            let forged = "\(header).\(parts[1]).\(algorithm == "none" ? "" : parts[2])"
            #expect(fixture.ask("GET", "\(fixture.namespace)?api-version=2021-11-01", token: forged).code == "InvalidAuthenticationToken")
        }
    }

    @Test(arguments: [
        ("http://localhost:49152/back", 302), ("http://127.0.0.1/", 302), ("http://localhost.evil.example/", 400),
        ("http://localhost:80@evil.example/", 400), ("https://evil.example/", 400), ("http://localhost%0d%0aX:1/", 400),
        ("http://localhost:1/%0d%0aSet-Cookie:a", 400),
    ])
    func aBrowserIsSentBackToThisMachineOnly(_ redirect: String, _ status: Int) throws {
        let fixture = try CloudFixture()
        let challenge = PKCE.challenge(of: String(repeating: "v", count: 43))
        let answer = fixture.ask(
            "GET",
            "/\(CloudSeed.tenant)/oauth2/v2.0/authorize?client_id=\(CloudSeed.consoleClient)&response_type=code&redirect_uri=\(redirect)"
                + "&scope=\(Self.scope)&state=s&nonce=n&code_challenge=\(challenge)&code_challenge_method=S256")
        #expect(answer.status == status, "\(answer.body)")
    }

    /// Signs somebody in with a browser, and redeems the code.
    private func browse(_ fixture: CloudFixture, _ client: String, scope: String, nonce: String) throws -> CloudResponse {
        let (verifier, back) = (String(repeating: "v", count: 43), "http://localhost:49152/")
        let answer = fixture.ask(
            "GET",
            "/\(CloudSeed.tenant)/oauth2/v2.0/authorize?client_id=\(client)&response_type=code&redirect_uri=\(back)&scope=\(scope)"
                + "&nonce=\(nonce)&code_challenge=\(PKCE.challenge(of: verifier))&code_challenge_method=S256"
                + "&sandbox_user=\(CloudSeed.admin.name)")
        let place = try #require(answer.headers.first { $0.name == "Location" }?.value)
        let code = place.split(whereSeparator: { $0 == "?" || $0 == "&" }).first { $0.hasPrefix("code=") }?.dropFirst(5) ?? ""
        return fixture.sign(
            "token",
            [
                ("client_id", client), ("grant_type", "authorization_code"), ("code", String(code)), ("redirect_uri", back),
                ("code_verifier", verifier), ("scope", scope),
            ])
    }

    @Test func anApplicationIsSignedInToForItselfAndNothingTakesItsToken() throws {
        let fixture = try CloudFixture()
        let client = CloudSeed.approvalsClient
        let nonce = "dGhlIGRpZ2VzdCBvZiB3aGF0IGlzIHNpZ25lZA"
        let answer = try browse(fixture, client, scope: "openid%20profile%20\(client)%2F.default", nonce: nonce)
        #expect(answer.status == 200 && answer.json["scope"]?.text == "\(client)/.default", "\(answer.body)")
        let identity = try claims(answer.json, "id_token")
        #expect(identity["nonce"]?.text == nonce && identity["aud"]?.text == client && identity["oid"]?.text == CloudSeed.admin.id)
        let access = try claims(answer.json)
        #expect(access["aud"]?.text == client && access["scp"] == nil)
        let path = "\(fixture.namespace)?api-version=2021-11-01"
        for token in [answer.json["access_token"]?.text, answer.json["id_token"]?.text] {
            #expect(fixture.ask("GET", path, token: token ?? "").code == "InvalidAuthenticationTokenAudience")
        }
        // By its GUID alone, and not for another application.
        let named = try browse(fixture, client, scope: "api%3A%2F%2F\(client)%2F.default", nonce: nonce)
        #expect(named.status == 400)
        let other = try browse(fixture, CloudSeed.consoleClient, scope: "\(client)%2F.default", nonce: nonce)
        #expect(other.status == 400)
    }

    @Test func onlySoManyDevicesMayWait() throws {
        let fixture = try CloudFixture()
        for _ in 0..<SignInFlows.maximumPending { #expect(begin(fixture)["device_code"] != nil) }
        #expect(begin(fixture)["error"]?.text == "temporarily_unavailable")
        // What has expired makes room, after a while in which its client is told so.
        fixture.pass(seconds: 1500)
        #expect(begin(fixture)["device_code"] != nil)
    }

    @Test func theOldestSessionIsForgottenWhenThereAreTooMany() {
        var flows = SignInFlows()
        func add() -> String { flows.add(.init(clientID: "c", user: "u", methods: [], expiresAt: 1, number: 0)) }
        let first = add()
        let second = add()
        for _ in 2...SignInFlows.maximumRefreshTokens { _ = add() }
        #expect(flows.sessions.count == SignInFlows.maximumRefreshTokens)
        #expect(flows.sessions[first] == nil && flows.sessions[second] != nil)
    }
}
