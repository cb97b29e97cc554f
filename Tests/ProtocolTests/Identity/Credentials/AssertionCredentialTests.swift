import JWTKit
import RESTClient
import Synchronization
import Testing

@testable import Identity

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("A client certificate")
struct ClientCertificateTests {
    private let time = IdentityTime()

    private struct Claims: JWTPayload {
        var aud: String
        var iss: String
        var sub: String
        var jti: String
        var nbf: Int64
        var exp: Int64
        func verify(using algorithm: some JWTAlgorithm) async throws {}
    }

    @Test("signs an assertion of ten minutes that names it, never twice the same")
    func assertion() async throws {
        let stub = IdentityStub { _, _ in .token(lives: 1) }
        let certificate = try ClientCertificate(pem: Secret(TestIssuer.certificate + "\n" + TestIssuer.key))
        let credential = ClientCertificateCredential(entra: try .test(stub, time: time), clientID: "app", certificate: certificate)
        for _ in 0..<2 { _ = try await credential.accessToken(for: TokenScope(resource: "https://graph.microsoft.com")) }
        let forms = stub.requests.map(\.form)
        #expect(forms.allSatisfy { $0["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" })
        #expect(forms.allSatisfy { $0["grant_type"] == "client_credentials" && $0["scope"] == "https://graph.microsoft.com/.default" })
        let token = try #require(forms.first?["client_assertion"])
        let keys = await JWTKeyCollection().add(
            pss: try Insecure.RSA.PublicKey(certificatePEM: TestIssuer.certificate), digestAlgorithm: .sha256)
        let claims = try await keys.verify(token, as: Claims.self)
        #expect(claims.aud == "https://login.example/contoso.example/oauth2/v2.0/token")
        #expect(claims.iss == "app" && claims.sub == "app")
        #expect(claims.nbf == time.now.secondsSince1970 && claims.exp == claims.nbf + 600)
        let header = try DefaultJWTParser().parse(Array(token.utf8), as: Claims.self).header
        #expect(header.alg == "PS256" && header.typ == "JWT")
        #expect(header.fields["x5t#S256"]?.asString == TestIssuer.thumbprint)
        let second = try await keys.verify(try #require(forms.last?["client_assertion"]), as: Claims.self)
        #expect(second.jti != claims.jti && claims.jti.utf8.count >= 16)
    }

    @Test("is read whatever surrounds it")
    func forms() throws {
        let crlf = (TestIssuer.key + "\n" + TestIssuer.certificate).replacing("\n", with: "\r\n")
        for text in [
            crlf,
            "Bag Attributes\n  x: y\n" + TestIssuer.traditionalKey + "\nsubject=CN\n" + TestIssuer.certificate + "\n"
                + TestIssuer.otherCertificate,
        ] {
            #expect(try ClientCertificate(pem: Secret(text)).thumbprint == TestIssuer.thumbprint)
        }
    }

    @Test("says what is missing or does not fit")
    func unusable() {
        let cases = [
            ("", "no CERTIFICATE"), (TestIssuer.certificate, "no PRIVATE KEY"),
            (TestIssuer.otherCertificate + "\n" + TestIssuer.key, "not the key"),
            (TestIssuer.certificate + "\n-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----", "password"),
            (
                TestIssuer.certificate + "\n-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIB\n-----END RSA PRIVATE KEY-----",
                "password"
            ),
            (
                TestIssuer.certificate + "\n-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----",
                "key of the client certificate cannot be read"
            ),
            ("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n" + TestIssuer.key, "certificate cannot be read"),
        ]
        for (text, word) in cases {
            let error = #expect(throws: IdentityError.self) { try ClientCertificate(pem: Secret(text)) }
            #expect(error?.code == .misconfigured)
            #expect(error?.message.contains(word) == true, "\(error?.message ?? "")")
        }
    }
}

@Suite("A federated assertion")
struct FederatedAssertionTests {
    private let time = IdentityTime()
    private let scope = TokenScope(resource: "https://servicebus.azure.net")

    @Test("of any issuer is sent as the application's proof")
    func provider() async throws {
        let stub = IdentityStub { _, _ in .token("sb") }
        let credential = FederatedAssertionCredential(
            entra: try .test(stub), clientID: "orders-receiver", assertion: .provider { () throws(IdentityError) in Secret("okta.token.x") }
        )
        #expect(try await credential.accessToken(for: scope).text == "sb")
        let form = try #require(stub.requests.first?.form)
        #expect(form["client_assertion"] == "okta.token.x")
        #expect(form["client_id"] == "orders-receiver")
        #expect(form["scope"] == "https://servicebus.azure.net/.default")
    }

    @Test("in a file is read again after ten minutes")
    func file() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/token"
            try "first\n".write(toFile: path, atomically: true, encoding: .utf8)
            let stub = IdentityStub { _, _ in .token(lives: 1) }
            let credential = FederatedAssertionCredential(entra: try .test(stub, time: time), clientID: "app", assertion: .file(path))
            for _ in 0..<3 {
                _ = try await credential.accessToken(for: scope)
                try "second\n".write(toFile: path, atomically: true, encoding: .utf8)
                time.advance(300)
            }
            #expect(stub.requests.map { $0.form["client_assertion"] } == ["first", "first", "second"])
        }
    }

    @Test("in a file that cannot be used says so", arguments: ["two words", "", String(repeating: "a", count: 70000)])
    func badFile(content: String) async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/token"
            try content.write(toFile: path, atomically: true, encoding: .utf8)
            for path in [path, folder + "/missing", folder] {
                let credential = FederatedAssertionCredential(
                    entra: try .test(IdentityStub { _, _ in .token() }), clientID: "a", assertion: .file(path))
                let error = await #expect(throws: IdentityError.self) { try await credential.accessToken(for: scope) }
                #expect(error?.code == .misconfigured)
                #expect(error?.message.contains(path) == true)
            }
        }
    }

    @Test("of the environment is a workload's identity, at the environment's sign-in service")
    func workload() async throws {
        try await withTemporaryFolder { folder in
            try "k8s".write(toFile: folder + "/token", atomically: true, encoding: .utf8)
            let stub = IdentityStub { _, _ in .token() }
            var environment = [
                "AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "c", "AZURE_FEDERATED_TOKEN_FILE": folder + "/token",
                "AZURE_AUTHORITY_HOST": "https://login.gov.example/",
            ]
            let credential = try WorkloadIdentityCredential(
                environment: environment, login: "https://login.example", http: stub.client(), clock: time.clock)
            _ = try await credential.accessToken(for: scope)
            #expect(stub.requests.first?.url == "https://login.gov.example/t/oauth2/v2.0/token")
            #expect(stub.requests.first?.form["client_assertion"] == "k8s")
            environment["AZURE_CLIENT_ID"] = ""
            environment["AZURE_FEDERATED_TOKEN_FILE"] = nil
            let error = #expect(throws: IdentityError.self) {
                try WorkloadIdentityCredential(environment: environment, login: "https://login.example", http: stub.client())
            }
            #expect(error?.code == .notConfigured)
            #expect(error?.message == "AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE are not set.")
        }
    }
}
