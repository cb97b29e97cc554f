import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Masking: texts and documents")
struct DocumentMaskingTests {
    private static let masker = masker()

    private static func masker(_ paths: [String] = [], patterns: [String] = []) -> Masker {
        Masker(
            MaskingSettings(
                paths: paths.compactMap { try? MaskingPath($0) }, patterns: patterns.compactMap { try? MaskingPattern(name: $0, $0) }))
    }

    private func body(_ text: String, _ contentType: String? = nil, masker: Masker = Self.masker) -> String {
        body(Array(text.utf8), contentType, masker)
    }

    private func body(_ bytes: [UInt8], _ contentType: String? = nil, _ masker: Masker = Self.masker) -> String {
        let outcome = bytes.withUnsafeBytes { masker.redacted(body: $0, contentType: contentType, contentEncoding: nil) }
        return switch outcome {
        case .unchanged: "unchanged"
        case .withheld: "withheld"
        case .replaced(let bytes, let fields): "\(fields): \(String(decoding: bytes, as: UTF8.self))"
        case .decoded(let bytes, let fields, let format): "\(format): \(fields): \(String(decoding: bytes, as: UTF8.self))"
        }
    }

    // MARK: Texts

    @Test(
        "in a text the values of hidden names are masked, and what is recognised",
        arguments: [
            ("password=hunter2&x=1", "password=‹masked›&x=1"),
            ("login failed: pwd = 'hun ter', user=bob", "login failed: pwd = '‹masked›', user=bob"),
            ("Authorization: Bearer abc.def; x", "Authorization: ‹masked›; x"), ("Authorization: Basic Zm9v", "Authorization: ‹masked›"),
            (#"got "apiKey": "k-1", "tier": "gold""#, #"got "apiKey": "‹masked›", "tier": "gold""#),
            (#"body was {\"secret\":\"s3\",\"n\":1}"#, #"body was {\"secret\":\"‹masked›\",\"n\":1}"#),
            ("Endpoint=sb://h/;SharedAccessKey=abc+/=;EntityPath=q", "Endpoint=sb://h/;SharedAccessKey=‹masked›;EntityPath=q"),
            ("x <pin>1234</pin> y", "x <pin>‹masked›</pin> y"), ("headers['X-Api-Key'] = 'k'", "headers['X-Api-Key'] = '‹masked›'"),
            ("pay 4111111111111111 by a@b.de", "pay ‹masked› by ‹masked›"), ("token := abc", "token := ‹masked›"),
            ("order 88213 of tenant emea failed: timeout after 30s", nil), ("at Foo.Bar(String token) in F.cs:line 12", nil),
            ("password=", nil), ("2026-11-26T01:00:00Z: done", nil), ("", nil), ("5", nil), ("email", nil),
        ])
    func texts(text: String, expected: String?) { #expect(Self.masker.masked(text) == expected ?? text) }

    @Test("a value under a hidden name is hidden whole, also where a part of it is recognised by itself")
    func wholeValues() {
        #expect(!body(#"{"name":"password","value":"hunter2 bob@example.com"}"#).contains("hunter2"))
        #expect(!body(#"<a><property name="password" value="">hunter2</property></a>"#).contains("hunter2"))
    }

    @Test("a document inside a text is looked through, also in base64")
    func documentsInTexts() {
        #expect(Self.masker.masked(#"{"password": "x", "a": 1}"#) == #"{"password": "‹masked›", "a": 1}"#)
        #expect(Self.masker.masked(#"{"password": "x", "a":"#) == "‹masked›")
        #expect(Self.masker.masked(#"<a password="x"/>"#) == #"<a password="‹masked›"/>"#)
        #expect(Self.masker.masked("{0} failed") == "{0} failed")
        #expect(Self.masker.masked("eyJwYXNzd29yZCI6ICJ4In0=") == "‹masked›")
        #expect(Self.masker.masked("eyJvcmRlciI6ICJ4MTIifQ==") == "eyJvcmRlciI6ICJ4MTIifQ==")
        #expect(Self.masker.masked("0af7651916cd43dd8448eb211c80319c") == "0af7651916cd43dd8448eb211c80319c")
    }

    @Test("a pattern hides what it fits")
    func patterns() {
        #expect(Self.masker(patterns: ["ORD-[0-9]+"]).masked("see ORD-1 and ORD-22") == "see ‹masked› and ‹masked›")
    }

    // MARK: JSON

    @Test("in JSON values are masked where they stand; everything else keeps its bytes, and it is JSON still")
    func json() throws {
        let text =
            #"{ "orderId": 88213, "customer": {"e-mail":"a@b.de", "tier" : "gold"}, "pin":[1,{"x":2}], "total": 129.90, "ssn": null,"n":1e3}"#
        let masked = body(text)
        #expect(
            masked
                == #"3: { "orderId": 88213, "customer": {"e-mail":"‹masked›", "tier" : "gold"}, "pin":"‹masked›", "total": 129.90, "ssn": "‹masked›","n":1e3}"#
        )
        _ = try PositionedJSON(parsing: Array(masked.dropFirst(3).utf8))
    }

    @Test(
        "what is hidden in JSON is found in whatever form it stands",
        arguments: [
            (#"{"a":"card 4111111111111111"}"#, #"1: {"a":"card ‹masked›"}"#), (#"{"a":4111111111111111}"#, #"1: {"a":"‹masked›"}"#),
            ("[4111111111111111,1]", #"1: ["‹masked›",1]"#), (#"{"p\u0061ssword":"x"}"#, #"1: {"p\u0061ssword":"‹masked›"}"#),
            (#"{"a":"\u0034111111111111111"}"#, #"1: {"a":"‹masked›"}"#),
            (#"{"a":"{\"password\":\"x\",\"b\":1}"}"#, #"1: {"a":"{\"password\":\"‹masked›\",\"b\":1}"}"#),
            (#"{"a":"eyJwYXNzd29yZCI6ICJ4In0="}"#, #"1: {"a":"‹masked›"}"#),
            (#"{"a@b.de":{"x":1}}"#, #"1: {"‹masked›":{"x":1}}"#),
            (
                #"[{"name":"Password","value":"x"},{"name":"n","value":"y"}]"#,
                #"1: [{"name":"Password","value":"‹masked›"},{"name":"n","value":"y"}]"#
            ),
            (#"{"value":{"b":[1]},"key":"secret"}"#, #"1: {"value":"‹masked›","key":"secret"}"#),
            (
                #"{"name":"secret","value":"x","val":[1],"value":"y"}"#,
                #"3: {"name":"secret","value":"‹masked›","val":"‹masked›","value":"‹masked›"}"#
            ),
            (#"{"key":"\tpassword\n","value":"x"}"#, #"1: {"key":"\tpassword\n","value":"‹masked›"}"#),
            (#"{"type":"email","v":"x"}"#, #"1: {"type":"email","v":"‹masked›"}"#),
            ("{\"password\":1}\n{\"password\":2}", "2: {\"password\":\"‹masked›\"}\n{\"password\":\"‹masked›\"}"),
            ("\u{feff}{\"pwd\":true}", "1: \u{feff}{\"pwd\":\"‹masked›\"}"),
            (#"{"a":"line\nmail a@b.de\"q\""}"#, #"1: {"a":"line\nmail ‹masked›\"q\""}"#),
            (#"{"a":[{"b":"x"}],"orderId":"8f0e21bc-a21c"}"#, "unchanged"), (#"  {}  "#, "unchanged"), ("[]", "unchanged"),
        ])
    func jsonForms(text: String, expected: String) { #expect(body(text) == expected) }

    @Test("paths lead into JSON; where they lead to an object or a list, all of it is hidden")
    func jsonPaths() {
        let masker = Self.masker(["$.customer.name", "$.lines[*].note", "$..deep", "$.all"])
        let text =
            #"{"customer":{"name":"N","name2":"M"},"lines":[{"note":"a"},{"note":2,"x":3}],"x":{"y":[{"deep":{"z":1}}]},"all":[1,{"b":2}]}"#
        #expect(
            body(text, masker: masker)
                == #"5: {"customer":{"name":"‹masked›","name2":"M"},"lines":[{"note":"‹masked›"},{"note":"‹masked›","x":3}],"x":{"y":[{"deep":"‹masked›"}]},"all":"‹masked›"}"#
        )
    }

    @Test(
        "JSON that cannot be read to its end is withheld",
        arguments: [
            #"{"password": "hunt"#, #"{"a": 1,}"#, #"{"a" 1}"#, #"{'password': 'x'}"#, #"{"a": 01}"#, #"{"a": "\q"}"#, "{\"a\": \"\n\"}",
            #"[{"a":1}"#,
            #"{"a":1} trailing"#, #"{"a":tru}"#, "{", #"{"a":}"#, #"["1" 2]"#, #"{"a":"\u12"}"#,
        ])
    func truncated(text: String) { #expect(body(text) == "withheld") }

    @Test("what is called JSON and is none is withheld; nesting beyond the limit too")
    func calledJSON() {
        #expect(body("hunter2", "application/json") == "withheld")
        #expect(body(#""a@b.de""#, "application/json") == #"1: "‹masked›""#)
        #expect(body(String(repeating: "[[", count: 300) + String(repeating: "]]", count: 300)) == "withheld")
        #expect(body("[2026-11-26] ERROR password=x") == "1: [2026-11-26] ERROR password=‹masked›")
    }

    // MARK: XML

    @Test(
        "in XML the contents of elements and the values of attributes are masked",
        arguments: [
            ("<o><Password>x&amp;y</Password><n>1</n></o>", "1: <o><Password>‹masked›</Password><n>1</n></o>"),
            (#"<o password='x' n="1"/>"#, #"1: <o password='‹masked›' n="1"/>"#),
            ("<a:o xmlns:a='u'><a:pin><b/>1</a:pin></a:o>", "1: <a:o xmlns:a='u'><a:pin>‹masked›</a:pin></a:o>"),
            ("<o>mail a&#64;b.de &lt;now&gt;</o>", "1: <o>mail ‹masked› &lt;now&gt;</o>"),
            ("<o><![CDATA[a@b.de]]></o>", "1: <o><![CDATA[‹masked›]]></o>"),
            ("<!-- password=x --><o/>", "1: <!-- password=‹masked› --><o/>"),
            (#"<c><add key="Password" value="x"/></c>"#, #"1: <c><add key="Password" value="‹masked›"/></c>"#),
            (
                #"<c xmlns:b="u"><b:add b:key="Password" b:value="x" value="y"/></c>"#,
                #"2: <c xmlns:b="u"><b:add b:key="Password" b:value="‹masked›" value="‹masked›"/></c>"#
            ),
            (
                "<h><e><key>token</key><value>x</value><val>y</val></e></h>",
                "2: <h><e><key>token</key><value>‹masked›</value><val>‹masked›</val></e></h>"
            ),
            (#"<o><password value="x" n="y"/></o>"#, #"2: <o><password value="‹masked›" n="‹masked›"/></o>"#),
            (#"<o><pin a="x">y</pin></o>"#, #"2: <o><pin a="‹masked›">‹masked›</pin></o>"#),
            (#"<p name="secret">x</p>"#, #"1: <p name="secret">‹masked›</p>"#),
            (
                "<e><key>\n  pass<!-- n -->word\n </key><value>x</value></e>",
                "1: <e><key>\n  pass<!-- n -->word\n </key><value>‹masked›</value></e>"
            ),
            ("<e><key> <![CDATA[ token ]]></key><value>x</value></e>", "1: <e><key> <![CDATA[ token ]]></key><value>‹masked›</value></e>"),
            ("<e><key>&#10;pi&#110;&#x9;</key><value>x</value></e>", "1: <e><key>&#10;pi&#110;&#x9;</key><value>‹masked›</value></e>"),
            (
                "<e><key><string>token</string></key><value><string>x</string></value></e>",
                "1: <e><key><string>token</string></key><value>‹masked›</value></e>"
            ),
            ("<c><add key='\n pin&#10;' value='x'/></c>", "1: <c><add key='\n pin&#10;' value='‹masked›'/></c>"),
            ("<e><key>\n n <!-- token --> </key><value>x</value></e>", "unchanged"),
            ("<h><e><key>token</key><value>x</value></e></h>", "1: <h><e><key>token</key><value>‹masked›</value></e></h>"),
            (#"<?xml version="1.0"?><o><orderId>5</orderId></o>"#, "unchanged"),
        ])
    func xml(text: String, expected: String) { #expect(body(text) == expected) }

    @Test("paths lead into XML")
    func xmlPaths() {
        let masker = Self.masker(["order.customer.name", "$..@note"])
        #expect(
            body("<order><customer><name>N</name></customer><line note='x'/></order>", masker: masker)
                == "2: <order><customer><name>‹masked›</name></customer><line note='‹masked›'/></order>")
        #expect(
            body("<order><customer a='x'><name b='y'>N</name></customer></order>", masker: masker)
                == "2: <order><customer a='x'><name b='‹masked›'>‹masked›</name></customer></order>")
    }

    @Test(
        "XML that is not well-formed is withheld",
        arguments: [
            "<a>", "<a></b>", "<a x=1/>", "<a x='1/>", "<!DOCTYPE a><a/>", "<a>&x;</a>", "<a/><b/>", "<a/>text", "<", "<a><![CDATA[x</a>",
            "<1/>", "< a/>",
        ])
    func brokenXML(text: String) { #expect(body(text) == "withheld") }

    // MARK: Other bodies

    @Test("text is shown, masked; what is no text is withheld")
    func otherBodies() {
        #expect(body("hello") == "unchanged")
        #expect(body([]) == "unchanged")
        #expect(body("email=x@y.zz, ok") == "1: email=‹masked›, ok")
        #expect(body([0x1f, 0x8b, 8, 0]) == "withheld")
        #expect(body([0xff, 0xfe, 0x41, 0]) == "UTF-16LE › text: 0: A")
        #expect(body([0x41, 0, 0x42, 0]) == "UTF-16LE › text: 0: AB")
        #expect(body("iVBORw0KGgoAAAANSUhEUgAAAAUA") == "withheld")
        #expect(body("eyJwYXNzd29yZCI6ICJ4In0=") == "1: ‹masked›")
        #expect(body("aGVsbG8gd29ybGQsIGhlbGxv") == "unchanged")
    }
}
