import ServiceBus
import Testing

@testable import Sandbox

@Suite struct PositionedJSONTests {
    private func parse(_ text: String) throws -> PositionedJSON { try PositionedJSON(parsing: Array(text.utf8)) }

    /// A value written back without comments or space.
    private func plain(_ json: PositionedJSON) -> String {
        switch json.value {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(_, let text): text
        case .string(let text): "'\(text)'"
        case .array(let elements): "[" + elements.map(plain).joined(separator: ",") + "]"
        case .object(let pairs): "{" + pairs.map { "\($0.key):\(plain($0.value))" }.joined(separator: ",") + "}"
        }
    }

    @Test(arguments: [
        ("1", "1"), (" -1.5e3 ", "-1.5e3"), ("true", "true"), ("[false,null]", "[false,null]"), ("{}", "{}"), ("[]", "[]"),
        (#"{"a":{"b":["c",1]}}"#, "{a:{b:['c',1]}}"), (#""é\u00e9\ud83d\ude00\n\/""#, "'éé😀\n/'"), ("\u{feff}1", "1"),
        ("// a\n1 // b", "1"), ("/* a\n b */ [1, /* two */ 2]", "[1,2]"), ("[1 /**/ , 2 // x\n]", "[1,2]"),
        (#"["http://x/*y*/", "a // b"]"#, "['http://x/*y*/','a // b']"),
    ])
    func readsJSONWithComments(text: String, value: String) throws { #expect(try plain(parse(text)) == value) }

    @Test(arguments: [
        "", "  ", "{", "[1", "[1,", "[1,]", #"{"a":1,}"#, #"{"a" 1}"#, #"{a:1}"#, "tru", "01", "1.", "-", "+1", ".5", "1e", "\"a",
        "\"\\x\"",
        "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\u{1}\"", "1 2", "/* a", "/ a", "[1] ]", "'a'", #"{"a":1,"A":2}"#, "nan",
    ])
    func refusesWhatIsNot(text: String) {
        #expect(throws: PositionedJSON.SyntaxError.self) { try parse(text) }
    }

    @Test func invalidUTF8IsRefused() {
        #expect(throws: PositionedJSON.SyntaxError.self) { try PositionedJSON(parsing: [0x22, 0xff, 0x22]) }
    }

    @Test func nestingIsBounded() throws {
        let text = String(repeating: "[", count: 100_000)
        let error = try #require(throws: PositionedJSON.SyntaxError.self) { try parse(text) }
        #expect(error.message.contains("too deeply"))
    }

    @Test func valuesKnowTheirLine() throws {
        let json = try parse("// first\n{\n  \"a\": /*\n */ 1,\n\"b\": [\n2]}")
        guard case .object(let pairs) = json.value, case .array(let elements) = pairs[1].value.value else {
            throw BrokerError(.invalidArgument, "")
        }
        #expect([json.line, pairs[0].value.line, pairs[1].value.line, elements[0].line] == [2, 4, 5, 6])
    }

    @Test func errorsKnowTheirLine() throws {
        let error = try #require(throws: PositionedJSON.SyntaxError.self) { try parse("{\n\"a\": 1\n\"b\": 2}") }
        #expect(error.line == 3)
        #expect(error.message == "found '\"' where ',' or '}' should be")
    }
}

@Suite struct ISODurationTests {
    @Test(
        arguments: [
            ("PT1M", 60_000), ("PT5M30S", 330_000), ("P14D", 1_209_600_000), ("PT0.5S", 500), ("P1DT2H3M4.25S", 93_784_250),
            ("P1W", 604_800_000),
            ("P1Y2M", 36_720_000_000), ("PT0S", 0),
        ] as [(String, Int64)])
    func readsISO8601(text: String, milliseconds: Int64) { #expect(ISODuration.parse(text) == .milliseconds(milliseconds)) }

    @Test(arguments: ["P10675199DT2H48M5.4775807S", "P10675199DT2H48M5.477539S", "P99999999D"])
    func theLongestTimeSpanIsForEver(text: String) { #expect(ISODuration.parse(text) == .unlimited) }

    @Test(arguments: [
        "", "P", "PT", "1M", "PT1", "PT1X", "P1H", "PT1S1M", "PT1M1M", "P1.5D", "PT.5S", "PT5.S", "-PT1S", "PTT1S", "00:01:00", "PT१S",
    ])
    func refusesEverythingElse(text: String) { #expect(ISODuration.parse(text) == nil) }
}
