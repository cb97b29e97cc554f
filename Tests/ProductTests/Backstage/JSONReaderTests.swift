import Testing

@testable import Backstage

@Suite("JSON")
struct JSONReaderTests {
    private func value(_ text: String) throws -> EntityValue { EntityValue(try JSONReader.read(Array(text.utf8))) }

    @Test("values keep their kind and their order")
    func values() throws {
        #expect(
            try value(#" {"b":[1,-2.5e3,true,false,null,"1","true",""],"a":{}, "n":9223372036854775808} "#)
                == .map([
                    .init(
                        key: "b",
                        value: .list([.integer(1), .number(-2500), .bool(true), .bool(false), .null, .text("1"), .text("true"), .text("")])),
                    .init(key: "a", value: .map([])), .init(key: "n", value: .number(9_223_372_036_854_775_808)),
                ]))
    }

    @Test("escapes are read; half a surrogate pair stands for nothing")
    func escapes() throws {
        #expect(try value(#""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é""#) == .text("a\"\\/\u{8}\u{c}\n\r\té😀é"))
        #expect(try value(#""\ud83dx\ude00\ud83d\n""#) == .text("\u{fffd}x\u{fffd}\u{fffd}\n"))
    }

    @Test(
        "what is no JSON is refused",
        arguments: [
            "", " ", "{", "[", "[1", "[1,", "[1,]", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{a:1}"#, #"{"a":1 "b":2}"#, #"{"a":1,"a":2}"#,
            "01", "-", "1.", "1e", "+1", ".5",
            "tru", "nul", "truee", "1 2", "\"", "\"\\", "\"\\u12", "\"\\u12g4\"", "\"\\x\"", "\"\n\"", "NaN", "'a'", "[1]]",
        ])
    func broken(text: String) {
        #expect(throws: JSONReader.Fault.self) { try JSONReader.read(Array(text.utf8)) }
    }

    @Test("every beginning of a text is refused, none traps")
    func truncated() {
        let text = Array(#"{"a":[1.5e-3,true,null,{"b":"\ud83d\ude00x\n"}],"c":-0}"#.utf8)
        for length in 0..<text.count { #expect(throws: JSONReader.Fault.self) { try JSONReader.read(Array(text[..<length])) } }
        #expect(throws: Never.self) { try JSONReader.read(text) }
    }

    @Test("nesting, the number of values and what is not UTF-8 are bounded")
    func limits() {
        #expect(throws: JSONReader.Fault.self) { try JSONReader.read(Array(repeating: UInt8(ascii: "["), count: 1_000_000)) }
        var limits = JSONReader.Limits()
        limits.values = 3
        #expect(throws: JSONReader.Fault.self) { try JSONReader.read(Array("[1,2,3]".utf8), limits: limits) }
        #expect(throws: Never.self) { try JSONReader.read(Array("[1,2]".utf8), limits: limits) }
        #expect(throws: JSONReader.Fault.self) { try JSONReader.read([0x22, 0xff, 0x22]) }
    }
}
