import AMQP
import NIOCore
import Testing

@testable import ServiceBus

@Suite("An operator's filter expression") struct OperatorExpressionTests {
    static let cases: [FilterCase] = [
        FilterCase("body LIKE '%customer%'", .yes), FilterCase("body.customer.name = 'Ada'", .yes),
        FilterCase("BODY.customer.name = 'Ada'", .yes),
        FilterCase("body.customer.name = 'ada'", .no), FilterCase("body.items[0].sku = 'x-1'", .yes),
        FilterCase("body.items.[0].sku LIKE 'x%'", .yes), FilterCase("body.total > 12", .yes),
        FilterCase("body.missing = 1", .unknown), FilterCase("body.missing IS NULL", .yes), FilterCase("EXISTS(body.total)", .yes),
        FilterCase("[body] = 'mine'", .yes), FilterCase("user.body = 'mine'", .yes),
        // Times, durations and GUIDs are written as text.
        FilterCase("sys.EnqueuedTimeUtc = '2026-01-01T00:00:00Z'", .yes), FilterCase("sys.EnqueuedTimeUtc >= '2026-01-01'", .yes),
        FilterCase("when > '2026-01-01T00:00:00.001Z'", .no),
        FilterCase("'2025-12-31T23:59:59+00:00' < when", .yes), FilterCase("sys.TimeToLive = 'PT5M'", .yes),
        FilterCase("hour > 'PT59M'", .yes),
        FilterCase("id = '00000000-0000-0001-0000-000000000002'", .yes), FilterCase("id = 'no GUID'", .unknown),
        FilterCase("when > 'yesterday'", .unknown),
        // What cannot be compared is unknown, not the end of the search.
        FilterCase("ten = 10", .unknown), FilterCase("ok = 1", .unknown), FilterCase("raw = raw", .unknown),
        FilterCase("color < 'c'", .yes), FilterCase("color >= 'c'", .no),
        FilterCase("ok > no", .unknown), FilterCase("quantity LIKE '1%'", .yes), FilterCase("raw LIKE '%'", .unknown),
        FilterCase("color - 1 = 1", .unknown), FilterCase("-color = 1", .unknown),
        FilterCase("quantity / 0 = 1", .fails(.divisionByZero)),
    ]

    @Test("looks into bodies and compares loosely", arguments: cases) func table(_ line: FilterCase) throws {
        #expect(try verdict(line.expression, dialect: .operatorExpression) == line.verdict)
    }

    @Test("names a property of the service that is misspelt") func misspelt() throws {
        let error = try #require(throws: FilterSyntaxError.self) {
            try SQLFilter("sys.EnqueuedAt > '2026-01-01'", dialect: .operatorExpression)
        }
        #expect(error.column == 5)
        #expect(error.hint?.hasPrefix("Did you mean sys.EnqueuedSequenceNumber?") == true)
    }

    @Test("knows whether it needs bodies") func readsBody() throws {
        #expect(try SQLFilter("body.a = 1 OR x = 1", dialect: .operatorExpression).readsBody)
        #expect(try SQLFilter("EXISTS(body)", dialect: .operatorExpression).readsBody)
        #expect(try !SQLFilter("[body] = 1 AND sys.Label = 'a'", dialect: .operatorExpression).readsBody)
    }

    private func message(_ body: Body, _ configure: (inout MessageContent) -> Void = { _ in }) throws -> MessageSubject {
        var content = MessageContent(body: body)
        configure(&content)
        return MessageSubject(try Message(content.encoded))
    }

    private func evaluate(_ expression: String, _ subject: MessageSubject) throws -> Bool? {
        try SQLFilter(expression, dialect: .operatorExpression).evaluate(subject)
    }

    private func json(_ text: String) throws -> MessageSubject { try message(.data([ByteBuffer(string: text)])) }

    @Test(
        "finds fields of JSON bodies",
        arguments: [
            ("{\"a\":1}", "body.a = 1"), (" { \"x\" : [ { } , {\"a\":{\"b\":\"c\"}} ] , \"a\" : -2.5e1 } ", "body.a = -25"),
            ("{\"x\":[{},{\"a\":{\"b\":\"c\"}}]}", "body.x[1].a.b = 'c'"),
            ("{\"a\":\"q\\\"u\\u00fc\\n\\ud83d\\ude00\"}", "body.a = 'q\"uü\n😀'"), ("{\"k\\u0065y\":true}", "body.[key] = TRUE"),
            ("{\"a\":null}", "body.a IS NULL"),
            ("[1,2,3]", "body IS NOT NULL"), ("{\"a\":{\"}\":\"]\"},\"b\":2}", "body.b = 2"),
            ("{\"a\":[1,[2,3],{\"c\":4}],\"b\":\"x\"}", "body.b = 'x'"), ("{\"a\":1,\"a\":2}", "body.a = 1"),
            ("{\"a b\":\"\"}", "body.[a b] = ''"), ("{\"n\":12345678901234567890}", "body.n > 1E19"), ("{\"a\":{}}", "EXISTS(body.a)"),
            ("{\"a\":[]}", "body.a[0] IS NULL"),
        ])
    func jsonFields(_ body: String, _ expression: String) throws {
        #expect(try evaluate(expression, json(body)) == true)
    }

    @Test(
        "finds nothing in what is no JSON, or not what it looks like",
        arguments: [
            "", "plain text", "{", "{\"b\":", "{\"b\":}", "{\"b\" 1,\"a\":1}", "{\"a\"", "[", "[1", "{\"b\":\"unclosed", "\"a\"",
            "{\"b\":[1,2", "{,\"a\":1}", "{\"a\":\"\\u12\"}", "{\"a\":x}", "\u{0}\u{1}",
            String(repeating: "[", count: 100_000), String(repeating: "{\"b\":", count: 100_000),
        ])
    func noJSON(_ body: String) throws {
        #expect(try evaluate("body.a = 1", json(body)) == nil)
    }

    @Test("reads bodies of several sections and of a text value, and none of other kinds") func bodyKinds() throws {
        let split = try message(.data([ByteBuffer(string: "{\"a\":"), ByteBuffer(string: "7}")]))
        #expect(try evaluate("body.a = 7", split) == true)
        #expect(try evaluate("body LIKE '{%7}'", split) == true)
        #expect(try evaluate("body.a = 1", message(.value(.string("{\"a\":1}")))) == true)
        #expect(try evaluate("body IS NULL", message(.value(.long(1)))) == true)
        #expect(try evaluate("body IS NULL", message(.sequence([[.long(1)]]))) == true)
        #expect(try evaluate("body IS NULL", message(.none)) == true)
    }
}
