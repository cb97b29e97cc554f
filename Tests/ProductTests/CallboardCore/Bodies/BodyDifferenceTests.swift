import ServiceBus
import Testing

@testable import CallboardCore

@Suite struct BodyDifferenceTests {
    private func message(_ number: Int64, _ body: String, headers: [(String, String)] = [], properties: [(String, String)] = [])
        -> ComparedMessage
    {
        ComparedMessage(
            sequenceNumber: SequenceNumber(number), headers: headers.map { .init(name: $0.0, value: $0.1) },
            properties: properties.map { .init(name: $0.0, value: $0.1) }, body: BodyDecoder().decode(Array(body.utf8)))
    }

    private func changes(_ left: String, _ right: String) -> [String] {
        MessageDifference(message(1, left), message(2, right)).body.map { "\($0.place): \($0.before ?? "–") → \($0.after ?? "–")" }
    }

    @Test("values are compared by their paths: added, removed, changed")
    func values() {
        #expect(
            changes(#"{"a":1,"b":{"c":"x","d":true},"e":[1,2]}"#, #"{"b":{"c":"y","d":true},"e":[1,2],"f":null,"a":1}"#) == [
                "body.b.c: x → y", "body.f: – → null",
            ])
        #expect(changes(#"{"a":{"b":1}}"#, #"{"a":[1]}"#) == [#"body.a: { "b": 1 } → [ 1 ]"#])
    }

    @Test("an element that was put in between does not make those behind it different")
    func elements() {
        #expect(changes("[1,2,3,4]", "[1,9,2,3,4]") == ["body[1]: – → 9"])
        #expect(changes("[1,2,3]", "[1,3]") == ["body[1]: 2 → –"])
        #expect(changes(#"[{"k":1},{"k":2}]"#, #"[{"k":1},{"k":3}]"#) == ["body[1].k: 2 → 3"])
    }

    @Test("texts are compared line by line, and bodies of different formats say so")
    func texts() {
        #expect(changes("a\nb\nc", "a\nx\nc") == ["line 2: b → x"])
        #expect(changes(#"{"a":1}"#, "hello").first == "format of the body: JSON → text")
    }

    @Test("the paths of all nodes at once are those of each, also where 40,000 members have one name")
    func paths() {
        let small = BodyDecoder().decode(Array("<r><a k='1'/><b/>x<a>y</a>z<a><c/><c/></a></r>".utf8)).tree
        if let small {
            let index = BodyPathIndex(small)
            for node in small.nodes.indices { #expect(index.path(of: node) == small.path(of: node)) }
            #expect(small.nodes.indices.contains { index.path(of: $0) == "body.a[2].c[1]" })
        } else {
            Issue.record("no tree")
        }
        let rows = { (value: String) in "<r>" + String(repeating: "<a>\(value)</a>", count: 19_000) + "</r>" }
        let (left, right) = (message(1, rows("1")), message(2, rows("2")))
        var difference: MessageDifference?
        let time = ContinuousClock().measure { difference = MessageDifference(left, right) }
        #expect(difference?.body.count == MessageDifference.most)
        #expect(difference?.body.last?.place == "body.a[4999].#text")
        #expect(time < .seconds(10), "\(time)")
    }

    @Test("headers and properties, those that are missing too")
    func headers() {
        let difference = MessageDifference(
            message(1, "{}", headers: [("subject", "A"), ("to", "x")], properties: [("tenant", "emea")]),
            message(2, "{}", headers: [("subject", "B")], properties: [("tenant", "emea"), ("attempt", "3")]))
        #expect(difference.headers == [.init(place: "subject", before: "A", after: "B"), .init(place: "to", before: "x", after: nil)])
        #expect(difference.properties == [.init(place: "attempt", before: nil, after: "3")])
        #expect(difference.body.isEmpty)
    }

    @Test("no more than 5,000 differences are told")
    func bound() {
        let numbers = { (value: Int) in "[" + Array(repeating: String(value), count: 6000).joined(separator: ",") + "]" }
        let difference = MessageDifference(message(1, numbers(1)), message(2, numbers(2)))
        #expect(difference.body.count == 5000)
        #expect(difference.isCut)
    }
}
