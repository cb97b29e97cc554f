import Testing

@testable import Identity

@Suite("Shared access credentials")
struct SharedAccessCredentialTests {
    private let clock = WallClock { WallTime(secondsSince1970: 1_700_000_000) }

    @Test("a key signs for whatever is asked, and says until when")
    func key() async throws {
        let credential = SharedAccessKeyCredential(keyName: "Root", key: Secret("k"), lifetime: .seconds(600), clock: clock)
        for audience in ["sb://ns.example/orders", "https://ns.example/$Resources/queues"] {
            let token = try await credential.token(for: audience)
            #expect(token.kind == .sharedAccessSignature)
            #expect(token.cbsTokenType == "servicebus.windows.net:sastoken")
            #expect(token.expiresAt == WallTime(secondsSince1970: 1_700_000_600))
            let signature = try SharedAccessSignature(parsing: token.secret.withRevealedText { $0 })
            #expect(signature.resource == audience)
            #expect(signature.expiresAt == token.expiresAt)
            #expect(signature.isSigned(with: Secret("k")))
            #expect(token.authorizationHeader.isEqual(to: token.secret))
        }
    }

    @Test("a ready-made signature is used as it is, for its own resource, until it ends")
    func signature() async throws {
        let made = SharedAccessSignature.generate(
            resource: "sb://ns.example/orders", keyName: "sender", key: Secret("k"), expiresAt: WallTime(secondsSince1970: 1_700_000_100))
        let credential = try SharedAccessSignatureCredential(made, clock: clock)
        #expect(try await credential.token(for: "sb://ns.example/orders/$management").secret.isEqual(to: made))
        await #expect(throws: IdentityError.self) { try await credential.token(for: "sb://ns.example/other") }
        let late = try SharedAccessSignatureCredential(made, clock: WallClock { WallTime(secondsSince1970: 1_700_000_100) })
        let error = await #expect(throws: IdentityError.self) { try await late.token(for: "sb://ns.example/orders") }
        #expect(error?.code == .expired)
    }

    @Test("a JSON web token is borne")
    func bearer() {
        let token = AccessToken(secret: Secret("eyJ.x.y"), expiresAt: WallTime(secondsSince1970: 100), kind: .jsonWebToken)
        #expect(token.authorizationHeader.withRevealedText { $0 } == "Bearer eyJ.x.y")
        #expect(token.cbsTokenType == "jwt")
        #expect(token.isValid(at: WallTime(secondsSince1970: 99)))
        #expect(!token.isValid(at: WallTime(secondsSince1970: 100)))
        #expect(!token.isValid(at: WallTime(secondsSince1970: 80), margin: .seconds(30)))
        #expect(!"\(token)".contains("eyJ"))
    }

    @Test(
        "times do not overflow",
        arguments: [(Int64.max, Duration.seconds(1), Int64.max), (.min, .seconds(-1), .min), (10, .seconds(5), 15)])
    func saturation(start: Int64, step: Duration, end: Int64) {
        #expect(WallTime(secondsSince1970: start).advanced(by: step).secondsSince1970 == end)
    }
}

@Suite("Encodings of signatures")
struct SignatureEncodingTests {
    @Test(
        "base64 is that of RFC 4648",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
        ])
    func base64(text: String, encoded: String) {
        #expect(String(decoding: Base64.encode(Array(text.utf8)), as: UTF8.self) == encoded)
    }

    @Test("base64 uses all of its alphabet")
    func alphabet() {
        #expect(String(decoding: Base64.encode([0xFB, 0xEF, 0xBE, 0xFF, 0xFF, 0xFF]), as: UTF8.self) == "++++////")
    }

    @Test("percent-encoding spares the unreserved characters only, and goes back")
    func percent() {
        #expect(PercentEncoding.encode("aZ09-_.~") == "aZ09-_.~")
        #expect(PercentEncoding.encode("sb://h:1/a b+c=ü") == "sb%3A%2F%2Fh%3A1%2Fa%20b%2Bc%3D%C3%BC")
        #expect(PercentEncoding.decode("%41b%2fC%2F".utf8).map { String(decoding: $0, as: UTF8.self) } == "Ab/C/")
        for broken in ["%", "%4", "%4g", "a%"] { #expect(PercentEncoding.decode(broken.utf8) == nil) }
    }
}
