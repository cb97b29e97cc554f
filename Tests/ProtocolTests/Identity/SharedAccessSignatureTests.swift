import Testing

@testable import Identity

@Suite("A shared access signature")
struct SharedAccessSignatureTests {
    private let now = WallTime(secondsSince1970: 1_700_000_000)
    private let key = Secret("SAS_KEY_VALUE")

    /// Made with azure-servicebus 7.15.0: `_generate_sas_token("sb://contoso.servicebus.windows.net/orders", "Root", "SAS_KEY_VALUE", …)`.
    private let fromPython =
        "SharedAccessSignature sr=sb%3A%2F%2Fcontoso.servicebus.windows.net%2Forders&sig=Q89SD3MjDS4DhD607qBO%2Bnakc7nQ%2FIjoc3fInJQiLz8%3D&se=1700003600&skn=Root"

    private func text(
        _ resource: String = "sb://contoso.servicebus.windows.net/orders", keyName: String = "Root", end: Int64 = 1_700_003_600
    ) -> String {
        SharedAccessSignature.generate(resource: resource, keyName: keyName, key: key, expiresAt: WallTime(secondsSince1970: end))
            .withRevealedText { $0 }
    }

    @Test("is the one that the official client makes of the same input")
    func matchesOfficialClient() {
        #expect(text() == fromPython)
    }

    @Test(
        "is verified against the text it came with",
        arguments: [
            // .NET writes lower-case hexadecimal digits, and signs what it writes.
            (sr: "sb%3a%2f%2fcontoso.servicebus.windows.net%2forders", se: "1700003600"),
            // Some write more than they must.
            (sr: "sb%3A%2F%2Fcontoso%2Eservicebus%2Ewindows%2Enet%2Forders", se: "1700003600"),
            // Some encode nothing at all.
            (sr: "sb://contoso.servicebus.windows.net/orders", se: "1700003600"),
        ])
    func otherEncodings(fields: (sr: String, se: String)) throws {
        let signature = PercentEncoding.encode(Self.hmac("\(fields.sr)\n\(fields.se)"))
        for order in [
            "sr=\(fields.sr)&sig=\(signature)&se=\(fields.se)&skn=Root", "skn=Root&se=\(fields.se)&sig=\(signature)&sr=\(fields.sr)",
            "SE=\(fields.se)&SKN=Root&SR=\(fields.sr)&SIG=\(signature)",
        ] {
            let received = try SharedAccessSignature(parsing: "SharedAccessSignature \(order)")
            #expect(received.keyName == "Root")
            #expect(received.resource == "sb://contoso.servicebus.windows.net/orders")
            try received.verify(key: key, for: "sb://contoso.servicebus.windows.net/orders", at: now)
        }
    }

    @Test("may come with its base64 as it is, not encoded once more")
    func plainBase64() throws {
        let sr = "sb%3A%2F%2Fh%2Fq"
        let received = try SharedAccessSignature(
            parsing: "SharedAccessSignature sr=\(sr)&sig=\(Self.hmac("\(sr)\n1700003600"))&se=1700003600&skn=Root")
        try received.verify(key: key, for: "sb://h/q", at: now)
    }

    @Test("with another key, another name, a later time or another resource is refused")
    func refusals() throws {
        let signature = try SharedAccessSignature(parsing: text())
        let resource = "sb://contoso.servicebus.windows.net/orders"
        func code(_ key: Secret?, _ resource: String, _ time: WallTime) -> IdentityError.Code? {
            do throws(IdentityError) {
                try signature.verify(key: key, for: resource, at: time)
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code(key, resource, now) == nil)
        #expect(code(Secret("SAS_KEY_VALUF"), resource, now) == .invalidSignature)
        #expect(code(Secret(""), resource, now) == .invalidSignature)
        #expect(code(nil, resource, now) == .unknownKey)
        #expect(code(key, resource, WallTime(secondsSince1970: 1_700_003_599)) == nil)
        #expect(code(key, resource, WallTime(secondsSince1970: 1_700_003_600)) == .expired)
        #expect(code(key, "sb://contoso.servicebus.windows.net/other", now) == .outOfScope)
    }

    @Test(
        "that was changed is refused: resource, end and signature",
        arguments: [
            ("net%2Forders", "net%2Fothers"), ("se=1700003600", "se=1800003600"), ("sig=", "sig=A"), ("se=1700003600", "se=01700003600"),
        ])
    func tampering(original: String, change: String) throws {
        #expect(try SharedAccessSignature(parsing: text()).isSigned(with: key))
        let changed = text().replacing(original, with: change)
        #expect(changed != text())
        #expect(try !SharedAccessSignature(parsing: changed).isSigned(with: key))
    }

    @Test(
        "is for a resource and what is below it",
        arguments: [
            ("sb://ns.example/", "sb://ns.example/orders", true),
            ("sb://ns.example", "sb://ns.example/orders/$management", true),
            ("https://ns.example:5300", "sb://ns.example:5672/orders", true),
            ("http://NS.example/Orders", "amqps://ns.EXAMPLE/orders", true),
            ("sb://ns.example/orders/", "sb://ns.example/orders", true),
            ("sb://ns.example/t/Subscriptions/s", "sb://ns.example/t/subscriptions/s/$deadletterqueue", true),
            ("sb://ns.example/orders", "sb://ns.example/orders2", false),
            ("sb://ns.example/orders", "sb://ns.example/", false),
            ("sb://ns.example/orders/sub", "sb://ns.example/orders", false),
            ("sb://ns.example", "sb://other.example/orders", false),
            ("sb://ns.example", "sb://ns.example.evil.test/orders", false),
            ("sb://[::1]:5672/q", "sb://[::1]/q/x", true),
            ("sb://[::1]/q", "sb://[::2]/q", false),
            ("", "sb://ns.example/orders", false),
            ("https://ns.example/$Resources/queues?x=1", "https://ns.example/$Resources/queues?$skip=0", true),
        ])
    func scope(signed: String, asked: String, covers: Bool) throws {
        #expect(try SharedAccessSignature(parsing: text(signed.isEmpty ? "-" : signed)).covers(asked) == covers)
    }

    @Test(
        "is told from a JSON web token by its text",
        arguments: [
            ("SharedAccessSignature sr=x", true), ("sharedaccesssignature sr=x", true), ("SharedAccessSignature", false),
            ("eyJhbGciOi.J9.x", false),
            ("", false), ("SharedAccessSignatureX sr=", false),
        ])
    func recognised(text: String, expected: Bool) {
        #expect(SharedAccessSignature.isSharedAccessSignature(text) == expected)
    }

    @Test(
        "that is not one is refused by the field that is wrong, without its value",
        arguments: [
            ("", "does not start"), ("Bearer x", "does not start"), ("SharedAccessSignature ", "'sr'"),
            ("SharedAccessSignature sr=a&sig=b&skn=c", "'se'"),
            ("SharedAccessSignature sr=a&se=1&skn=c", "'sig'"), ("SharedAccessSignature sr=a&sig=b&se=1", "'skn'"),
            ("SharedAccessSignature sr=a&sig=topsecret&se=soon&skn=c", "'se'"),
            ("SharedAccessSignature sr=a&sig=topsecret%2&se=1&skn=c", "'sig'"),
            ("SharedAccessSignature sr=a&sig=topsecret&sig=b&se=1&skn=c", "two 'sig'"),
            ("SharedAccessSignature sr=a&sig=topsecret&se=99999999999999999999&skn=c", "'se'"),
        ])
    func malformed(text: String, word: String) {
        let error = #expect(throws: IdentityError.self) { try SharedAccessSignature(parsing: text) }
        #expect(error?.code == .malformedToken)
        #expect(error?.message.contains(word) == true)
        #expect(error?.message.contains("topsecret") == false)
    }

    @Test("never shows its signature when printed")
    func isDiscreet() throws {
        let signature = try SharedAccessSignature(parsing: text())
        var dumped = ""
        dump(signature, to: &dumped)
        let secret = try #require(fromPython.split(separator: "sig=").last?.prefix(12))
        for text in [signature.description, String(reflecting: signature), dumped] {
            #expect(!text.contains(secret))
            #expect(text.contains("Root"))
        }
    }

    private static func hmac(_ text: String) -> String {
        // The signature of a token whose `sr` and `se` are exactly these texts.
        let parts = text.split(separator: "\n")
        return String(
            decoding: SharedAccessSignature.sign(encodedResource: String(parts[0]), expiry: String(parts[1]), key: Secret("SAS_KEY_VALUE")),
            as: UTF8.self)
    }
}
