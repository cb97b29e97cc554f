import Testing

@testable import CallboardCore

@Suite("Masking: detectors")
struct DetectorTests {
    /// A text with `*` in place of what a detector finds.
    private func starred(_ text: String, _ detector: MaskingDetector) -> String {
        var bytes = Array(text.utf8)
        var found: [Range<Int>] = []
        bytes.withUnsafeBufferPointer { copy in detector.find(in: copy) { found.append($0) } }
        for range in found.reversed() { bytes.replaceSubrange(range, with: [UInt8(ascii: "*")]) }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(
        "card numbers are found in one piece and in the groups they are printed in",
        arguments: [
            ("4111111111111111", "*"), ("pay by 4111 1111 1111 1111.", "pay by *."), ("4111-1111-1111-1111", "*"),
            ("4111.1111.1111.1111", "*"), ("card=5555555555554444;", "card=*;"), ("2223003122003222", "*"), ("378282246310005", "*"),
            ("3782 822463 10005", "*"), ("30569309025904", "*"), ("3056 930902 5904", "*"), ("6011111111111117", "*"),
            ("3530111333300000", "*"), ("6212345678901232", "*"), ("6759649826438453", "*"), ("4000000000000000006", "*"),
            ("4111 1111 1111 1111 12/27", "* 12/27"), ("12 4111 1111 1111 1111", "12 *"), ("VISA-4111111111111111", "VISA-*"),
            ("4111111111111111 4111111111111111", "* *"), ("éa 4111111111111111", "éa *"),
        ])
    func cards(text: String, expected: String) { #expect(starred(text, .card) == expected) }

    @Test(
        "what only looks like a card number is left alone",
        arguments: [
            "4111111111111112",  // the check digit
            "411111111111111",  // an issuer's beginning, not its length
            "1234567812345670",  // Luhn's check digit, no issuer
            "4012345678901",  // thirteen digits: a German article number as often as a card
            "ORD4111111111111111", "4111111111111111a", "_4111111111111111",  // a part of an id
            "0.4111111111111111", "4111111111111111.5",  // a number with a fraction
            "order 2026-0001-2345-6789", "88213", "1732579200000",  // numbers, a time in milliseconds
            "8f0e21bc-4111-1111-1111-111111111111", "00-4bf92f3577b34da6a3ce929d0e0e4736-01",  // a GUID, a trace id
            "638700000000000000",  // a time in .NET's ticks
            "411111111111111111111111111111",  // thirty digits
            "4111 1111-1111 1111",  // two kinds of separators
            "",
        ])
    func noCards(text: String) { #expect(starred(text, .card) == text) }

    @Test("a card number is found behind a long row of others")
    func manyGroups() {
        let text = String(repeating: "0000 ", count: 300) + "4111 1111 1111 1111"
        #expect(starred(text, .card) == String(repeating: "0000 ", count: 300) + "*")
    }

    @Test(
        "bank accounts are found in one piece and in groups",
        arguments: [
            ("DE89370400440532013000", "*"), ("to DE89 3704 0044 0532 0130 00, now", "to *, now"), ("GB29NWBK60161331926819", "*"),
            ("gb29 nwbk 6016 1331 9268 19", "*"), ("NO9386011117947", "*"), ("MT84MALT011000012345MTLCAST001S", "*"),
            ("iban:FR1420041010050500013M02606", "iban:*"), ("DE89-3704-0044-0532-0130-00", "*"),
        ])
    func accounts(text: String, expected: String) { #expect(starred(text, .iban) == expected) }

    @Test(
        "what only looks like a bank account is left alone",
        arguments: [
            "DE89370400440532013001",  // the remainder
            "DE8937040044053201300", "DE893704004405320130000",  // a digit too few or many
            "XX89370400440532013000", "DE00ABCDEFGHIJKLMNOPQR", "XDE89370400440532013000",
            "DE89 3704 0044 05320130 00", "order DE12 is late", "",
        ])
    func noAccounts(text: String) { #expect(starred(text, .iban) == text) }

    @Test(
        "addresses are found in texts and URLs",
        arguments: [
            ("dana.osei+x@contoso.example", "*"), ("To: <a@b.de>, c", "To: <*>, c"), ("q=a%40b.de&x", "q=*&x"),
            ("müller@bücher.example", "*"), ("a@b.co.uk.", "*."), ("a@b.de@c.de", "*@c.de"), ("amqps://u:p@h.example/q", "amqps://u:*/q"),
        ])
    func addresses(text: String, expected: String) { #expect(starred(text, .email) == expected) }

    @Test("what is no address is left alone", arguments: ["@angular/core", "a@b", "x @ y.z", "Object@1f2e3d", "50%40", "a@1.2.3.4", "@"])
    func noAddresses(text: String) { #expect(starred(text, .email) == text) }

    @Test("tokens are found")
    func tokens() {
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJkYW5hIn0.c2lnbmF0dXJl-_x"
        #expect(starred("Bearer \(token), x", .jwt) == "Bearer *, x")
        #expect(starred("eyJhbGciOiJIUzI1NiJ9.alone.", .jwt) == "*")
        #expect(starred("keyJob.run.at.once.and.then", .jwt) == "keyJob.run.at.once.and.then")
        #expect(starred("eyJhbGciOiJIUzI1NiJ9 alone is no token", .jwt) == "eyJhbGciOiJIUzI1NiJ9 alone is no token")
    }

    @Test("of random numbers of sixteen digits fewer than one in thirty is taken for a card's")
    func falsePositives() {
        var state: UInt64 = 42
        var found = 0
        for _ in 0..<10_000 {
            var digits = ""
            for _ in 0..<16 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                digits += String(state >> 33 % 10)
            }
            if starred(digits, .card) != digits { found += 1 }
        }
        #expect(found < 330, "\(found) of 10,000")
        #expect(found > 0)
    }
}
