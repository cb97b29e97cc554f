import Testing

@testable import CallboardCore

@Suite("Canonical JSON")
struct JSONValueTests {
    private func canonical(_ text: String) throws -> String {
        String(decoding: try JSONValueReader.value(of: Array(text.utf8)).canonical, as: UTF8.self)
    }

    @Test(
        "the canonical form of RFC 8785",
        arguments: [
            (#" { "b" : [ 1 , true , null , false ] , "a" : { } , "" : [ ] } "#, #"{"":[],"a":{},"b":[1,true,null,false]}"#),
            (#"{"peach":1,"péché":2,"pêche":3,"sin":4}"#, #"{"peach":1,"péché":2,"pêche":3,"sin":4}"#),
            // By UTF-16 code units: a character beyond the first 65,536 begins with a surrogate and comes before U+FB33.
            ("{\"\u{fb33}\":1,\"\u{1f600}\":2,\"\u{20ac}\":3,\"\\r\":4}", "{\"\\r\":4,\"\u{20ac}\":3,\"\u{1f600}\":2,\"\u{fb33}\":1}"),
            (#""\u0041\u00e9\ud83d\ude00\/\b\f\n\r\t\"\\\u001f\u007f""#, "\"A\u{e9}\u{1f600}/\\b\\f\\n\\r\\t\\\"\\\\\\u001f\u{7f}\""),
            ("-9223372036854775808", "-9223372036854775808"), ("0", "0"),
        ])
    func form(text: String, expected: String) throws { #expect(try canonical(text) == expected) }

    @Test(
        "what two readers could take for different things is refused",
        arguments: [
            (#"{"a":1,"a":2}"#, "the name 'a' occurs twice"), (#"{"a":1,"\u0061":2}"#, "the name 'a' occurs twice"),
            ("1.0", "numbers here are whole"), ("1e3", "numbers here are whole"), ("01", "a number cannot be read"),
            ("-0", "a number cannot be read"), ("9223372036854775808", "a number cannot be read"), ("-", "a number cannot be read"),
            (#""\ud800""#, "half a surrogate pair is no character"), (#""\ud800\u0041""#, "half a surrogate pair is no character"),
            (#""\udc00""#, "half a surrogate pair is no character"), (#""\x41""#, "an escape that JSON does not know"),
            ("\"\u{1}\"", "a control character stands in a text"), ("{} {}", "there is more after the end"), ("", "it ends too early"),
            ("[1,]", "a value is missing"), ("{\"a\":1,}", "a name in quotes is missing"), ("[1", "',' or ']' is missing"),
            ("truth", "a value is missing"), ("trueish", "there is more after the end"),
            (String(repeating: "[", count: 100), "it is nested too deeply"),
        ])
    func refused(text: String, message: String) {
        let fault = #expect(throws: JSONValueReader.Fault.self) { try JSONValueReader.value(of: Array(text.utf8)) }
        #expect(fault?.message == message)
    }

    @Test("bytes that are not UTF-8 are refused")
    func invalidText() {
        let fault = #expect(throws: JSONValueReader.Fault.self) { try JSONValueReader.value(of: [0x22, 0xc3, 0x28, 0x22]) }
        #expect(fault?.message == "it is not UTF-8")
    }

    @Test("what is written to be printed is the same value, and shows what a terminal would obey")
    func printed() throws {
        let value = JSONValue.object([.init("z", .text("a\u{1b}[31m\u{202e}b")), .init("a", .integer(-5))])
        var json = JSONWriter()
        value.write(to: &json)
        #expect(String(decoding: json.bytes, as: UTF8.self) == #"{"z":"a\u001b[31m\u202eb","a":-5}"#)
        #expect(try JSONValueReader.value(of: json.bytes) == value)
    }
}
