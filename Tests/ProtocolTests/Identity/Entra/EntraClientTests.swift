import NIOCore
import RESTClient
import Testing

@testable import Identity

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Entra ID's tenants")
struct EntraEndpointTests {
    @Test("are found below the cloud's sign-in service")
    func urls() throws {
        let endpoint = try EntraEndpoint(cloud: .usGovernment, tenant: "contoso.onmicrosoft.us")
        #expect(endpoint.token == "https://login.microsoftonline.us/contoso.onmicrosoft.us/oauth2/v2.0/token")
        #expect(
            try EntraEndpoint(login: "http://127.0.0.1:8443/", tenant: "common").deviceCode
                == "http://127.0.0.1:8443/common/oauth2/v2.0/devicecode")
    }

    @Test(
        "are not sent secrets in the clear",
        arguments: [
            "http://login.example", "ftp://x", "", "https://", "http://127.0.0.1.evil.example", "http://localhost@evil.example",
            "http://127.0.0.1@evil.example/", "https://a?b", "https://a#b", "https://user@host", "http://127.1",
        ])
    func insecure(login: String) {
        let error = #expect(throws: IdentityError.self) { try EntraEndpoint(login: login, tenant: "t") }
        #expect(error?.code == .misconfigured)
    }

    @Test(
        "on this machine may do without TLS",
        arguments: ["http://localhost", "http://localhost:1/entra", "http://127.0.0.1:80", "http://[::1]:8080", "http://127.255.0.1"])
    func loopback(login: String) throws { _ = try EntraEndpoint(login: login, tenant: "t") }

    @Test("have plain names", arguments: ["", "a/b", "a?b", "..", ".", "a b", "ä", "a%2F", String(repeating: "a", count: 201)])
    func tenant(name: String) { #expect(throws: IdentityError.self) { try EntraEndpoint(cloud: .global, tenant: name) } }
}

@Suite("Asking Entra ID for a token")
struct EntraClientTests {
    private let time = IdentityTime()
    private let arm = TokenScope(resource: "https://management.azure.com/")

    private func failure(status: Int = 400, _ body: String) async throws -> IdentityError {
        let stub = IdentityStub { _, _ in .json(body, status: status) }
        let credential = ClientSecretCredential(entra: try .test(stub), clientID: "app", secret: Secret("s3cret-value"))
        return try #require(await #expect(throws: IdentityError.self) { try await credential.accessToken(for: arm) })
    }

    @Test("with a secret is what the recorded client sent", .enabled(if: IdentityVectors.exist, IdentityVectors.areMissing))
    func recorded() async throws {
        struct Exchange: Decodable {
            struct Request: Decodable { var url: String; var body: String }
            struct Response: Decodable { var body: JSONValue }
            var request: Request
            var response: Response
        }
        let exchange = try JSONDecoder().decode(Exchange.self, from: IdentityVectors.data("arm/003-POST-200-oauth2-v2-0-token.json"))
        let answer = String(decoding: try JSONEncoder().encode(exchange.response.body), as: UTF8.self)
        let stub = IdentityStub { _, _ in .json(answer) }
        let id = "00000000-0000-0000-0000-000000000000"
        let entra = EntraClient(endpoint: try EntraEndpoint(cloud: .global, tenant: id), http: stub.client(), clock: time.clock)
        let token = try await ClientSecretCredential(entra: entra, clientID: id, secret: Secret(id)).accessToken(for: arm)
        #expect(token.text == "access_token")
        #expect(token.expiresAt == time.now.advanced(by: .seconds(86399)))
        let request = try #require(stub.requests.first)
        #expect(request.method == .post)
        #expect(request.url == exchange.request.url)
        #expect(request.headers["content-type"] == "application/x-www-form-urlencoded")
        var mine = request.form
        var theirs = RESTRequest(.post, "", body: .init(string: exchange.request.body.replacing("+", with: "%20"))).form
        #expect(theirs.removeValue(forKey: "client_info") == "1", "MSAL's own; nothing here reads its answer")
        let claims = try [mine, theirs].map { try JSONDecoder().decode(JSONValue.self, from: Data(($0["claims"] ?? "").utf8)) }
        #expect(claims[0] == claims[1])
        (mine["claims"], theirs["claims"]) = (nil, nil)
        #expect(mine == theirs)
    }

    @Test("with a challenge asks for both, what the service wants and what this client can do")
    func claims() async throws {
        let stub = IdentityStub { _, _ in .token() }
        let credential = ClientSecretCredential(entra: try .test(stub), clientID: "app", secret: Secret("s"))
        let challenge = ClaimsChallenge(json: #"{"access_token":{"nbf":{"essential":true,"value":"1754040000"}}}"#)
        _ = try await credential.accessToken(for: arm, answering: challenge)
        #expect(
            stub.requests.first?.form["claims"]
                == #"{"access_token":{"nbf":{"essential":true,"value":"1754040000"},"xms_cc":{"values":["CP1"]}}}"#)
        #expect(
            ClaimsRequest.json(answering: ClaimsChallenge(json: #"{"access_token":{"xms_cc":null},"id_token":{"acrs":{}}}"#))
                == #"{"access_token":{"xms_cc":{"values":["CP1"]}},"id_token":{"acrs":{}}}"#)
        #expect(ClaimsRequest.json(answering: ClaimsChallenge(json: "not json")) == #"{"access_token":{"xms_cc":{"values":["CP1"]}}}"#)
    }

    @Test("the parameters of a challenge are read, quoted or not, and the first of a name counts")
    func parameters() {
        let read = AuthenticationChallenge.parameters(
            of: #"Bearer realm="", Error="insufficient, claims", claims=abc==, error=x, broken="y"#)
        #expect(read == ["realm": "", "error": "insufficient, claims", "claims": "abc==", "broken": "y"])
        for text in ["", "Bearer", "=", "==", "a=\"", ",,,=,,,", String(repeating: "=", count: 1000)] {
            #expect(AuthenticationChallenge.parameters(of: text).values.allSatisfy { $0.utf8.count <= text.utf8.count })
        }
    }

    @Test(
        "what is refused says which code, which ids and what to do", .enabled(if: IdentityVectors.exist, IdentityVectors.areMissing),
        arguments: [
            ("error-consent_required", IdentityError.Code.consentRequired, 65001, "consent"),
            ("error-fic-no-match", .credentialRefused, 70021, "federated"),
            ("error-interaction_required-claims", .interactionRequired, 50076, "browser"),
            ("error-expired_token", .timedOut, 70020, "again"),
        ])
    func recordedErrors(name: String, code: IdentityError.Code, number: Int, hint: String) async throws {
        let error = try await failure(try IdentityVectors.text("entra-graph-imds/entra/\(name).json"))
        #expect(error.code == code)
        #expect(error.fault?.numbers == [number])
        #expect(error.message.contains("AADSTS\(number)"))
        #expect(error.message.contains("trace 00000000-0000-0000-0000-000000000000, correlation 00000000-0000-0000-0000-000000000001"))
        #expect(!error.message.contains("Trace ID"))
        #expect(error.message.contains("https://management.azure.com"))
        #expect(error.hint.contains(hint))
        #expect(!error.message.contains("\n"))
    }

    @Test("what would satisfy the service comes with the refusal", .enabled(if: IdentityVectors.exist, IdentityVectors.areMissing))
    func claimsOfError() async throws {
        let error = try await failure(try IdentityVectors.text("entra-graph-imds/entra/error-interaction_required-claims.json"))
        #expect(
            error.claims?.json == #"{"access_token":{"capolids":{"essential":true,"values":["c0ffee00-0000-4000-8000-000000000001"]}}}"#)
        #expect(error.fault?.suberror == "basic_action")
    }

    @Test(
        "numbers that operators meet have a kind of their own",
        arguments: [
            (7_000_215, IdentityError.Code.credentialRefused), (700_082, .interactionRequired), (53000, .blockedByPolicy),
            (50079, .interactionRequired),
            (700_016, .credentialRefused), (500_011, .outOfScope),
        ])
    func numbers(number: Int, code: IdentityError.Code) async throws {
        let error = try await failure(
            #"{"error":"invalid_x","error_description":"AADSTS\#(number): Words.\r\nTrace ID: t\r\nCorrelation ID: c","error_codes":[\#(number)]}"#
        )
        #expect(error.code == code)
        #expect(!error.hint.isEmpty)
        #expect(error.message.contains("AADSTS\(number): Words. (invalid_x)"))
        #expect(
            try await failure(#"{"error":"e","error_description":"AADSTS\#(number): Words"}"#).code == code, "without a list of numbers")
    }

    @Test("a secret that the service repeats is not passed on")
    func echo() async throws {
        let error = try await failure(#"{"error":"invalid_client","error_description":"AADSTS7000215: the secret s3cret-value is wrong"}"#)
        #expect(error.message.contains("the secret <secret> is wrong"))
        #expect(!"\(error)".contains("s3cret"))
    }

    @Test(
        "an answer without words tells the status",
        arguments: [(503, IdentityError.Code.unavailable), (429, .unavailable), (404, .invalidAnswer), (302, .invalidAnswer)])
    func wordless(status: Int, code: IdentityError.Code) async throws {
        let error = try await failure(status: status, "<html>proxy</html>")
        #expect(error.code == code)
        #expect(error.message.contains("status \(status)") && error.message.contains("correlation "))
    }

    @Test(
        "an answer that is not a token is refused",
        arguments: [
            "", "{}", "[]", #"{"access_token":""}"#, #"{"access_token":"a b","expires_in":1}"#,
            #"{"access_token":"a\r\nX-Header: y","expires_in":1}"#,
            #"{"access_token":"t"}"#, #"{"access_token":"t","expires_in":0}"#, #"{"access_token":"t","expires_in":-1}"#,
            #"{"access_token":"t","expires_in":"soon"}"#, #"{"access_token":"t","expires_in":3600,"token_type":"mac"}"#,
            #"{"access_token":"t","expires_in":1e300}"#, #"{"access_token":7,"expires_in":3600}"#,
        ])
    func notAToken(body: String) async throws {
        let stub = IdentityStub { _, _ in .json(body) }
        let credential = ClientSecretCredential(entra: try .test(stub), clientID: "app", secret: Secret("s"))
        let error = await #expect(throws: IdentityError.self) { try await credential.accessToken(for: arm) }
        #expect(error?.code == .invalidAnswer)
    }

    @Test("times far beyond any clock end nothing", arguments: ["9223372036854775807", "\"9223372036854775807\"", "1e18"])
    func farAway(seconds: String) async throws {
        let stub = IdentityStub { _, _ in .json(#"{"access_token":"t","expires_in":\#(seconds),"refresh_in":\#(seconds)}"#) }
        let credential = ClientSecretCredential(entra: try .test(stub), clientID: "app", secret: Secret("s"))
        #expect(try await credential.accessToken(for: arm).text == "t")
    }
}

@Suite("Base64 of tokens")
struct Base64DecodingTests {
    @Test(
        "takes both alphabets, with padding and without",
        arguments: [("", ""), ("Zg==", "f"), ("Zg", "f"), ("Zm8=", "fo"), ("Zm9vYmFy", "foobar")])
    func good(text: String, expected: String) { #expect(Base64.decode(text.utf8) == Array(expected.utf8)) }

    @Test("takes nothing else", arguments: ["A", "Zg=", "Z g=", "Zh==", "====", "Zm9=v", "Zm9v\n", "Zg==="])
    func bad(text: String) { #expect(Base64.decode(text.utf8) == nil) }

    @Test("of URLs is what it was before")
    func roundTrip() {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 250) }
            let text = Base64.encodeURLSafe(bytes)
            #expect(Base64.decode(text.utf8) == bytes)
            #expect(!text.contains { "+/=".contains($0) })
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        }
    }
}
