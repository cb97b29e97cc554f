import Testing

@testable import CallboardCore

@Suite("Masking: names, paths and patterns")
struct MaskingRulesTests {
    // MARK: Names

    @Test(
        "a built-in name is known however it is written",
        arguments: [
            "password", "Password", "PASSWORD", "user_password", "dbPassword", "pass-word", "passwordHash", "api_key", "X-Api-Key",
            "ApiKey",
            "Authorization", "proxy-authorization", "accessToken", "refresh_token", "client.secret", "SharedAccessKey", "email",
            "customerEmail",
            "E-Mail", "phone", "phone_number", "ssn", "iban", "cardNumber", "cvv2", "dob", "Set-Cookie", "connection-string",
        ])
    func builtIn(name: String) { #expect(NameRules(NameRules.builtIn).hides(name)) }

    @Test(
        "names that only contain such words are left alone",
        arguments: [
            "tokenCount", "orderId", "author", "authorised", "mailbox", "phonetic", "span", "spinning", "DeadLetterReason", "signal", "",
        ])
    func otherNames(name: String) { #expect(!NameRules(NameRules.builtIn).hides(name)) }

    @Test("stars and question marks stand for characters, case and joints do not count")
    func wildcards() {
        let rules = NameRules(["x-cust*", "*suffix", "*mid*", "a?c", "a*b*c", "ÄRGER"])
        for name in ["X_Customer", "xcust", "has-suffix", "amidst", "abc", "a.b.c", "aXbXc", "a b c", "ärger"] {
            #expect(rules.hides(name), "\(name)")
        }
        for name in ["custx", "suffixed", "mi", "ac", "acb", "arger"] { #expect(!rules.hides(name), "\(name)") }
    }

    @Test("an exception is stronger than a rule")
    func exceptions() {
        let rules = NameRules(NameRules.builtIn, except: ["lock-token"])
        #expect(!rules.hides("LockToken"))
        #expect(rules.hides("accessToken"))
    }

    // MARK: Paths

    private func leads(_ path: String, to steps: [Any]) throws -> Bool {
        let paths = MaskingPaths([try MaskingPath(path)])
        var place = paths.root
        for step in steps {
            if let name = step as? String { place = paths.member(name, of: place) }
            if let index = step as? Int { place = paths.element(index, of: place) }
        }
        return place.isHidden
    }

    @Test("a path leads to its place and to no other")
    func paths() throws {
        #expect(try leads("$.customer.email", to: ["customer", "email"]))
        #expect(try leads("customer.email", to: ["Customer", "EMAIL"]))
        #expect(try !leads("$.customer.email", to: ["customer"]))
        #expect(try !leads("$.customer.email", to: ["order", "customer", "email"]))
        #expect(try leads("$.lines[*].card", to: ["lines", 3, "card"]))
        #expect(try leads("$.lines[1].card", to: ["lines", 1, "card"]))
        #expect(try !leads("$.lines[1].card", to: ["lines", 2, "card"]))
        #expect(try leads("$.*.card", to: ["any", "card"]))
        #expect(try !leads("$.*.card", to: ["any", "other", "card"]))
        #expect(try leads("$..card", to: ["card"]))
        #expect(try leads("$..card", to: ["a", 0, "b", "card"]))
        #expect(try leads("a.**.card", to: ["a", "b", 4, "card"]))
        #expect(try !leads("a.**.card", to: ["b", "card"]))
        #expect(try leads("$['a.b'][\"c\"]", to: ["a.b", "c"]))
        #expect(try leads("$..[0]", to: ["a", 0]))
        #expect(try leads("$.a..b..c", to: ["a", "x", "b", "y", "z", "c"]))
    }

    @Test(
        "what is no path says why",
        arguments: [
            ("$", "a path names at least one step, as in $.customer.email"), ("", "a path names at least one step, as in $.customer.email"),
            ("$.", "a name is missing at the end"), ("a..", "a name is missing at the end"),
            ("a.**", "a path ends with a name: which fields does '..' or '**' lead to?"),
            ("a[x]", "'[x]' is neither [*], [0] nor ['name']"), ("a[-1]", "'[-1]' is neither [*], [0] nor ['name']"),
            ("a[0", "']' is missing"), ("a['b", "a name in brackets ends with ']"), ("a['']", "a name in brackets is empty"),
            ("a[0]b", "'.' or '[' is missing before 'b'"), ("a]b", "'.' or '[' is missing before ']b'"),
            (String(repeating: "a.", count: 60) + "b", "a path has at most 60 steps"),
        ])
    func badPaths(text: String, message: String) {
        #expect(throws: MaskingPath.Problem(message: message)) { try MaskingPath(text) }
    }

    // MARK: Patterns

    private func hidden(_ pattern: String, _ text: String) throws -> [String] {
        let pattern = try MaskingPattern(name: "p", pattern)
        return Array(text.utf8).withUnsafeBufferPointer { bytes in
            var found: [String] = []
            pattern.find(in: bytes) { found.append(String(decoding: bytes[$0], as: UTF8.self)) }
            return found
        }
    }

    @Test("a pattern finds every character of every match")
    func patterns() throws {
        #expect(try hidden(#"\bORD-\d{6}\b"#, "ORD-123456 ORD-1234567 xORD-123456") == ["ORD-123456"])
        #expect(try hidden("ab|cd+", "ab cddd abcd") == ["ab", "cddd", "abcd"])
        #expect(try hidden("[a-c]{2,3}", "abcabcab a") == ["abcabcab"])
        #expect(try hidden("(?i)müller", "Müller MÜLLER muller") == ["Müller", "MÜLLER"])
        #expect(try hidden("^x.$", "xy\nxyz\nxz") == ["xy", "xz"])
        #expect(try hidden(#"[^\s,]+@"#, "a b@, c@") == ["b@", "c@"])
        #expect(try hidden("é+", "caféé") == ["éé"])
        #expect(try hidden(#"\u00e9\x41"#, "éA") == ["éA"])
        #expect(try hidden("a.c", "abc a\nc aéc") == ["abc", "aéc"])
        #expect(try hidden("(?:ab)*c", "ababc xc") == ["ababc", "c"])
        #expect(try hidden("a{0,2}b", "aaab b") == ["aab", "b"])
        #expect(try hidden(#"\Bb"#, "ab b") == ["b"])
        #expect(try hidden("[]x]", "]x") == ["]x"])
        #expect(try hidden(#"[\d-]+"#, "a1-2b") == ["1-2"])
        #expect(try hidden("ab", "").isEmpty)
    }

    @Test("bytes that are no UTF-8 are characters like others")
    func malformedText() throws {
        let pattern = try MaskingPattern(name: "p", "a.b")
        let text: [UInt8] = [0x61, 0xff, 0x62, 0xc3]
        var found: [Range<Int>] = []
        text.withUnsafeBufferPointer { pattern.find(in: $0) { found.append($0) } }
        #expect(found == [0..<3])
    }

    @Test(
        "no text makes a pattern slow", .timeLimit(.minutes(3)),
        arguments: ["(a+)+b", "(a|a)*b", "(a*)*c", "(.*)(.*)(.*)x", "(a?){60}a{60}b", "((a|b)+)+c$"])
    func hostile(pattern: String) throws { #expect(try hidden(pattern, String(repeating: "a", count: 20_000)).isEmpty) }

    @Test(
        "what cannot be matched in one pass, or is no pattern, is refused with its place",
        arguments: [
            ("a*", "it also fits where there is nothing, so that it hides nothing in particular"),
            ("", "it also fits where there is nothing, so that it hides nothing in particular"),
            (#"\b"#, "it also fits where there is nothing, so that it hides nothing in particular"),
            ("(a", "')' is missing"), ("a)", "')' closes nothing, at character 2"), ("[a", "']' is missing"),
            ("*a", "'*' has nothing to repeat"),
            ("a+?", "lazy and possessive quantifiers say nothing here: every character of any match is hidden, at character 3"),
            ("(?=a)b", "of groups that begin with '(?' there is only '(?:', and '(?i)' at the beginning"),
            (#"(a)\1"#, #"'\1' is not known; references to groups cannot be matched in one pass, at character 4"#),
            (#"\p{L}"#, #"'\p' is not known"#), ("a{2", "'}' is missing, at character 2"),
            ("a{3,2}", "the repetition is of nothing, at character 2"),
            ("a{1001}", "at most 1000 repetitions, at character 2"),
            ("[z-a]", "a range goes from one character to a later one, at character 2"),
            ("(a{1000}){1000}", "with its repetitions written out the pattern is too large"),
            ("a(((((){1000}){1000}){1000}){1000}){1000}", "with its repetitions written out the pattern is too large"),
            (#"a\"#, #"a character is missing behind '\', at character 2"#),
            ("[[:alpha:]]", #"classes like [:alpha:] are not known; there is \d, \w and \s, at character 2"#),
            (String(repeating: "(", count: 40), "groups are nested too deeply, at character 33"),
            (String(repeating: "a", count: 501), "a pattern has at most 500 characters, at character 501"),
        ])
    func badPatterns(pattern: String, message: String) {
        do throws(MaskingPattern.Problem) {
            _ = try MaskingPattern(name: "p", pattern)
            Issue.record("\(pattern) is taken")
        } catch { #expect(error.description == message) }
    }
}
