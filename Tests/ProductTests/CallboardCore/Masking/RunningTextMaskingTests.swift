import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Masking: values in running text, and what is encoded in it")
struct RunningTextMaskingTests {
    private static let masker = Masker(MaskingSettings())

    private func masked(_ text: String) -> String { Self.masker.masked(text) }

    @Test(
        "a value is hidden to its end, whatever it is enclosed in",
        arguments: [
            (#"got "password":["x","y]z"], "n":1"#, #"got "password":‹masked›, "n":1"#),
            (#"got "password":{"v":"x}"} end"#, #"got "password":‹masked› end"#),
            (#"got {\"password\":{\"v\":[\"x\"]},\"n\":1}"#, #"got {\"password\":‹masked›,\"n\":1}"#),
            ("password=<x> then", "password=‹masked› then"), ("password: <a>x</a> y", "password: ‹masked›</a> y"),
            (#"set "password":"a\"b" ok"#, #"set "password":"‹masked›" ok"#),
            (#"set \"password\":\"a\\\"b\" ok"#, #"set \"password\":\"‹masked›\" ok"#),
            (#"set \\\"password\\\":\\\"a\\\\\\\"b\\\" ok"#, #"set \\\"password\\\":\\\"‹masked›\\\" ok"#),
            ("password='it''s' ok", "password='‹masked›' ok"), ("password=b'x y' ok", "password=‹masked› ok"),
            (#"password=Optional("x y") ok"#, "password=‹masked› ok"), ("(password=a)b) ok", "(password=‹masked›) ok"),
            ("f(password=a), g", "f(password=‹masked›), g"), (#"password=a"b c"#, "password=‹masked› c"),
            ("<b>Password:</b> hunter2 ok", "<b>Password:</b> ‹masked› ok"), ("**Password:** hunter2 ok", "**Password:** ‹masked› ok"),
            ("password -> hunter2 ok", "password -> ‹masked› ok"), ("api key: k-1 ok", "api key: ‹masked› ok"),
            ("date of birth = 1970-01-01 ok", "date of birth = ‹masked› ok"), ("password check: passed", "password check: passed"),
            ("Cookie: a=b; sid=c\nx", "Cookie: ‹masked›\nx"),
            ("Authorization: Digest username=\"m\", response=\"r\"\nx", "Authorization: ‹masked›\nx"),
            (#"Authorization: Bearer "a b" ok"#, "Authorization: ‹masked› ok"),
        ])
    func extents(text: String, expected: String) { #expect(masked("x " + text) == "x " + expected) }

    @Test("a value may stand in the lines behind its name")
    func lines() {
        #expect(masked("password:\n x y\n z\nuser: u") == "password:\n ‹masked›\nuser: u")
        #expect(masked("a:\n  secret: |-\n    x\n\n    y\n  b: 1") == "a:\n  secret: |-\n    ‹masked›\n  b: 1")
        #expect(masked("passwords:\n- x\n- y\nn: 1") == "passwords:\n‹masked›\nn: 1")
        #expect(masked("password:\nx y") == "password:\n‹masked› y")
        #expect(masked(#"log "password:\n  x" end"#) == #"log "password:‹masked›" end"#)
        #expect(masked("invalid token:\n   at A.B()\n   at C.D()") == "invalid token:\n   at A.B()\n   at C.D()")
    }

    @Test(
        "elements with a prefix, attributes, or others in them are hidden as a whole",
        arguments: [
            ("<wsse:Password>x</wsse:Password> y", "<wsse:Password>‹masked›</wsse:Password> y"),
            ("<password type=\"x>\">y</password> z", "<password ‹masked›>‹masked›</password> z"),
            ("<pin><![CDATA[x]]></pin> z", "<pin>‹masked›</pin> z"), ("<pin><v>x</v></pin> z", "<pin>‹masked›</pin> z"),
            ("<pin>a<pin>b</pin>c</pin> z", "<pin>‹masked›</pin> z"), ("<pin>cut", "<pin>‹masked›"),
            (#"<add key="Password" value="x"/> z"#, "<add ‹masked›/> z"),
            ("<p name=secret a='password'>x</p>", "<p name=secret a='password'>x</p>"),
            (#"<p name=\"secret\">x<\/p> z"#, #"<p ‹masked›>‹masked›<\/p> z"#), ("<pin/> z", "<pin/> z"),
        ])
    func elements(text: String, expected: String) { #expect(masked("got " + text) == "got " + expected) }

    @Test("a name and its value that stand side by side are a pair, in either order")
    func pairs() {
        #expect(masked(#"got {"name":"password","value":"x","n":1}"#) == #"got {"name":"password","value":"‹masked›","n":1}"#)
        #expect(masked(#"got {"value":"x","val":"y","key":"password"}"#) == #"got {"value":"‹masked›","val":"‹masked›","key":"password"}"#)
        #expect(masked(#"got [{"name":"password"},{"value":"x"}]"#) == #"got [{"name":"password"},{"value":"x"}]"#)
    }

    @Test("a document that is not well-formed is hidden where it stands alone, be it JSON or XML")
    func unreadable() {
        #expect(masked("<a><v>x</v>") == Redaction.placeholder)
        #expect(masked("<!DOCTYPE a><a>x</a>") == Redaction.placeholder)
        #expect(masked("<unknown> failed") == "<unknown> failed")
    }

    @Test("a private key is hidden between its labels")
    func keys() {
        #expect(
            masked("key -----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\nAAAA\n-----END RSA PRIVATE KEY----- x")
                == "key -----BEGIN RSA PRIVATE KEY-----‹masked›-----END RSA PRIVATE KEY----- x")
        #expect(masked("-----BEGIN NOTE-----\nabc\n-----END NOTE-----") == "-----BEGIN NOTE-----\nabc\n-----END NOTE-----")
    }

    @Test("base64 is looked through over several lines, and in the midst of a text")
    func base64() {
        let encoded = Base64Text.of(Array(#"{"order": 5, "note": "as ever, and longer than one line of it", "password": "hunter2"}"#.utf8))
        let lines = stride(from: 0, to: encoded.utf8.count, by: 64).map {
            String(decoding: Array(encoded.utf8)[$0..<min($0 + 64, encoded.utf8.count)], as: UTF8.self)
        }
        for end in ["\n", "\r\n", "\n  "] {
            let folded = lines.joined(separator: end)
            #expect(masked(folded) == Redaction.placeholder)
            #expect(masked("body:\n\n\(folded)\n\nend") == "body:\n\n‹masked›\n\nend")
            let body = Array(folded.utf8).withUnsafeBytes { Self.masker.redacted(body: $0, contentType: nil, contentEncoding: nil) }
            #expect(body == .replaced(Array(Redaction.placeholder.utf8), fields: 1))
        }
        #expect(masked("got \(encoded) from x") == "got ‹masked› from x")
        #expect(masked(#"{"a":"\#(lines.joined(separator: #"\r\n"#))"}"#) == #"{"a":"‹masked›"}"#)
        #expect(masked("got aGVsbG8gd29ybGQsIGhlbGxv from x") == "got aGVsbG8gd29ybGQsIGhlbGxv from x")
    }

    @Test("hexadecimal text is looked through; ids and hashes are left alone")
    func hexadecimal() {
        let hex = Array("password=hunter2".utf8).map { String($0, radix: 16) }.joined()
        #expect(masked(hex) == Redaction.placeholder)
        #expect(masked("x \(hex) y") == "x ‹masked› y")
        for id in [
            "0af7651916cd43dd8448eb211c80319c", "8f0e21bc-a21c-4d1e-9f3a-2b7c5d9e1f00", String(repeating: "0af7651916cd43dd", count: 8),
        ] { #expect(masked("trace \(id) of x") == "trace \(id) of x") }
    }

    @Test("what is compressed, UTF-16 or long and binary is hidden in base64 too")
    func encodedBytes() {
        let utf16 = Base64Text.of(Array("password=x".utf8).flatMap { byte -> [UInt8] in [byte, 0] })
        let blob = Base64Text.of((0..<90).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ 7) })
        for hidden in [
            utf16, blob, "H4sIAAAAAAAAA6tWKkktLlGyUlAqLU4tUqoFAO2sCgwWAAAA", "UEsDBBQAAAAIAAAAIQAAAAAA", "eJyrVipJLS5RslJQKi1OLVKqBQAq1wWa",
        ] {
            #expect(masked("blob \(hidden) end") == "blob ‹masked› end")
            #expect(masked(#"{"blob":"\#(hidden)"}"#) == #"{"blob":"‹masked›"}"#)
        }
    }

    @Test("what is hidden is found behind the escapes of URLs, markup and programming languages")
    func escapes() {
        for text in [
            "to=https%3A%2F%2Fh%3Ftoken%3Dhunter2", "&lt;pin&gt;1234&lt;/pin&gt;", "&quot;password&quot;:&quot;x&quot;",
            "&amp;quot;password&amp;quot;:&amp;quot;x", #"{\"note\":\"a\u0040b.de\"}"#, #"p\x61ssword=x"#, "mail a&#64;b.de now",
        ] { #expect(masked("x \(text)") == Redaction.placeholder, "\(text)") }
        #expect(masked("100%25 of R&amp;D, \\u0041") == "100%25 of R&amp;D, \\u0041")
    }

    @Test("a name is held against the rules to its end, however long it is")
    func longNames() {
        let long = String(repeating: "x", count: 300)
        #expect(NameRules(NameRules.builtIn).hides(long + "password" + long))
        #expect(!NameRules(NameRules.builtIn).hides(long))
        #expect(NameRules(["\(long)*end"]).hides(long + "ä" + "END"))
        #expect(masked("got \(long)password\(long)=hunter2") == "got \(long)password\(long)=‹masked›")
        #expect(masked(#"{"\#(long)token":"hunter2"}"#) == #"{"\#(long)token":"‹masked›"}"#)
    }

    // MARK: Joined to something else

    private static let encoded = [
        Base64Text.of(Array(#"{"password":"hunter2"}"#.utf8)), Base64Text.of(Array("password=hunter2 of".utf8)),
        "H4sIAAAAAAAAA6tWKkktLlGyUlAqLU4tUqoFAO2sCgwWAAAA",
        Base64Text.of((0..<90).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ 7) }),
        Base64Text.of(Array("password=x".utf8).flatMap { byte -> [UInt8] in [byte, 0] }),
    ]

    @Test(
        "what is encoded is found where it is joined to something else",
        arguments: ["https://h/p/", "/p/", "state_", "key-", "a+", "x=", "a.b.", "/abc/d-e_", "v1-"], ["", "/next", "-2", "_x.y", "--"])
    func joined(before: String, after: String) {
        for encoded in Self.encoded {
            let bare = encoded.filter { $0 != "=" }
            for text in ["got \(before)\(encoded)\(after) ok", "got \(before)\(bare)\(after) ok", before + bare + after] {
                let shown = masked(text)
                #expect(shown.contains(Redaction.placeholder), "\(text) is \(shown)")
                for skipped in 0..<3 {
                    let piece = bare.dropFirst(skipped).prefix(12)
                    #expect(!shown.contains(piece), "\(text) is \(shown)")
                }
                if text.hasPrefix("got") { #expect(shown.hasPrefix("got ") && shown.hasSuffix(" ok"), "\(text) is \(shown)") }
            }
        }
    }

    @Test("what is encoded directly behind letters is found too, and so are hexadecimal digits behind 0x")
    func joinedToLetters() {
        for before in ["x", "ab", "abc", "abcd"] {
            for encoded in Self.encoded.prefix(2) {
                #expect(!masked("got \(before)\(encoded) ok").contains(encoded.dropFirst(4).prefix(12)))
            }
        }
        let hex = Array(#"{"password":"hunter2"}"#.utf8).map { String($0, radix: 16) }.joined()
        for before in ["0x", "0X", "\\x", "key-", "/p/", "a", "ab", "id_0x"] {
            for after in ["", "/next", "z", "0"] {
                let shown = masked("got \(before)\(hex)\(after) ok")
                #expect(shown.hasPrefix("got ") && shown.hasSuffix(" ok") && shown.contains(Redaction.placeholder), "\(shown)")
                #expect(!shown.contains(hex.dropFirst(2).prefix(12)), "\(shown)")
            }
        }
        #expect(masked("0x" + hex) == "0x" + Redaction.placeholder || masked("0x" + hex) == Redaction.placeholder)
    }

    @Test(
        "addresses, ids and words are left alone",
        arguments: [
            "https://h/p/aGVsbG8gd29ybGQsIGhlbGxv", "state_aGVsbG8gd29ybGQsIGhlbGxv", "0x68656c6c6f20776f726c642c2068656c6c6f",
            "/subscriptions/8f0e21bc-a21c-4d1e-9f3a-2b7c5d9e1f00/resourceGroups/sales", "0x0af7651916cd43dd8448eb211c80319c",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "sha256-0af7651916cd43dd8448eb211c80319c0af7651916cd43dd8448eb211c80319c",
            "internationalisation_of_everything", "-----BEGIN NOTE-----",
        ])
    func unjoined(text: String) { #expect(masked("got \(text) ok") == "got \(text) ok") }

    @Test("elements that say a name and its value side by side are a pair, in either order")
    func markupPairs() {
        #expect(masked("got <Key>password</Key><Value>x y</Value> z") == "got <Key>password</Key><Value>‹masked›</Value> z")
        #expect(masked("got <a:value>x</a:value><a:name>\n pin </a:name> z") == "got <a:value>‹masked›</a:value><a:name>\n pin </a:name> z")
        let two = "<key>pin</key><value>x</value><key>n</key><value>y</value>"
        #expect(masked("got \(two) z") == "got " + two.replacing("x", with: Redaction.placeholder) + " z")
        // Other members of the same pair may stand between.
        for between in ["<type>string</type>", "<id>7</id>\n<label>l</label>"] {
            for pair in ["<key>pin</key>\(between)<value>hunter2</value>", "<value>hunter2</value>\(between)<key>pin</key>"] {
                #expect(masked("got \(pair) z") == "got " + pair.replacing("hunter2", with: Redaction.placeholder) + " z")
            }
        }
    }

    // MARK: Time

    private func time(_ text: String) -> Duration {
        (0..<2).map { _ in ContinuousClock().measure { _ = masked(text) } }.min() ?? .zero
    }

    /// How many times longer something four times as long takes; the best of some tries, since others use the machine too.
    private func ratio(_ short: String, _ long: String) -> Double {
        var best = Double.infinity
        for _ in 0..<4 where best >= 12 { best = min(best, time(long) / time(short)) }
        return best
    }

    @Test(
        "nothing takes longer than in proportion to its length",
        arguments: [
            "password=<a>", "<pin ", "<a x=\"", "<a x='", "key:(", "value:(", "{value:(key:password}", "(((", "\\\"", "a \"b", "]]]",
            "</b>", "token:\n", "AAAAAAAAAAAAAAAAAAAA\n", "-----BEGIN ", "%3D", "&lt;", "\\u0041", "password='", "<pin></pin",
            "secret: |\n",
            "- ", "x=\"<a \" ", "password=<a ", "</b>->", "<value>", "<key>", "<value><key>pin</key>", "<key>n</key>", "AAAA/", "a/", "0x",
            "ab-",
            "eyJ/", "YWJj", "61", "<a k=\"v\" ", "H4s_",
        ])
    func linear(unit: String) {
        // An open tag before them makes those that look like attributes what they look like.
        for start in ["x ", "x <a "] {
            let texts = [5000, 20_000].map { start + String(repeating: unit, count: $0 / unit.utf8.count) }
            let ratio = ratio(texts[0], texts[1])
            #expect(ratio < 12, "\(start)\(unit)… takes \(ratio) times as long")
        }
    }

    @Test("the names of pairs within each other are not read again for each of them")
    func nestedNames() {
        let texts = ["koy", "key"].map {
            String(repeating: "<\($0)>", count: 250) + String(repeating: "x", count: 16_000) + String(repeating: "</\($0)>", count: 250)
        }
        let ratio = ratio(texts[0], texts[1])
        #expect(ratio < 12, "names take \(ratio) times as long as others")
    }
}
