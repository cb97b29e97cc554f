import Terminal
import Testing

@testable import Console

@Suite struct JSONPrinterTests {
    private func pretty(_ text: String, maximum: Int = 1000) -> [String]? {
        JSONPrinter.lines(of: Array(text.utf8), maximum: maximum)?.lines.map { $0.map(\.text).joined() }
    }

    @Test("lays out objects and arrays, empty ones on one line")
    func layout() {
        #expect(
            pretty(#"{"a":[1,2,{"b":null}],"c":{},"d":[ ]}"#) == [
                "{", #"  "a": ["#, "    1,", "    2,", "    {", #"      "b": null"#, "    }", "  ],", #"  "c": {},"#, #"  "d": []"#, "}",
            ])
    }

    @Test(
        "changes no character of strings and numbers",
        arguments: [#""\u0041\n\/""#, "1.0e+5", "-0", "12345678901234567890", #""é \ud83d\ude00""#])
    func verbatim(_ value: String) { #expect(pretty("[\(value)]")?[1] == "  \(value)") }

    @Test("names what is what")
    func roles() throws {
        let lines = try #require(JSONPrinter.lines(of: Array(#"{"k":"v","n":1,"t":true}"#.utf8), maximum: 10)).lines
        #expect(lines[1].map(\.role) == [.text, .jsonKey, .jsonPunctuation, .jsonString, .jsonPunctuation])
        #expect(lines[2].contains { $0.role == .jsonNumber })
        #expect(lines[3].contains { $0.role == .jsonWord })
    }

    @Test(
        "is not JSON",
        arguments: [
            "", "hello", "12", #""text""#, "{", "[1,]", #"{"a"}"#, "{'a':1}", "[01]", "[1.]", "[tru]", "[1] x", "[\"\u{1}\"]", #"["\x"]"#,
            #"["\u12"]"#, "[+1]", "[.5]", #"{"a":1,}"#, "<xml/>",
        ])
    func refused(_ text: String) { #expect(pretty(text) == nil) }

    @Test("accepts a byte order mark and blanks around it")
    func byteOrderMark() { #expect(pretty("\u{FEFF} [1] \r\n") == ["[", "  1", "]"]) }

    @Test("deep nesting is refused, not followed")
    func depth() {
        let deep = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
        #expect(pretty(deep) == nil)
    }

    @Test("stops laying out after as many lines as were asked for, and says so")
    func cut() throws {
        let long = "[" + Array(repeating: "0", count: 5000).joined(separator: ",") + "]"
        let result = try #require(JSONPrinter.lines(of: Array(long.utf8), maximum: 100))
        #expect(result.lines.count == 100)
        #expect(result.isCut)
    }

    @Test("no bytes make it trap")
    func noise() {
        var random = SystemRandomNumberGenerator()
        let alphabet = Array(#"{}[]",:0123456789.eE+-\utrfalsn "#.utf8)
        for _ in 0..<3000 {
            let bytes = (0..<Int.random(in: 0..<40, using: &random)).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            }
            _ = JSONPrinter.lines(of: [UInt8(ascii: "[")] + bytes, maximum: 50)
        }
    }
}
