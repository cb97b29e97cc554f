import AMQP
import NIOCore
import Testing

@testable import ServiceBus

/// How an expression being typed could go on.
@Suite struct CompletionTests {
    private static func vocabulary() throws -> FilterVocabulary {
        var content = MessageContent(
            body: .data([ByteBuffer(string: #"{"orderId":1,"customer":{"email":"x"},"lines":[{"sku":"A"}],"odd name":null}"#)]))
        content.messageAnnotations = AMQPMap([.init(key: .symbol("x-opt-sequence-number"), value: .long(1))])
        var properties = Properties()
        properties.subject = "OrderPlaced"
        content.properties = properties
        content.applicationProperties = AMQPMap([
            .init(key: .string("tenant"), value: .string("emea")), .init(key: .string("trace-id"), value: .string("x")),
            .init(key: .string("DeadLetterReason"), value: .string("Can't deliver")),
        ])
        var vocabulary = FilterVocabulary()
        vocabulary.add(try #require(PeekedMessage(Message(content.encoded))), body: true)
        return vocabulary
    }

    private func suggestions(_ head: String) throws -> [String] {
        FilterCompletion(head, vocabulary: try Self.vocabulary()).suggestions.map(\.text)
    }

    @Test("a vocabulary has names, fields of bodies as expressions name them, and values that sort messages")
    func vocabulary() throws {
        let vocabulary = try Self.vocabulary()
        #expect(vocabulary.properties == ["tenant", "trace-id", "DeadLetterReason"])
        #expect(vocabulary.bodyPaths == ["body.orderId", "body.customer.email", "body.lines[0].sku", "body.[odd name]"])
        #expect(vocabulary.values == ["DeadLetterReason": ["Can't deliver"], "sys.Label": ["OrderPlaced"]])
        for path in vocabulary.bodyPaths { #expect(throws: Never.self) { try SQLFilter("\(path) IS NULL", dialect: .operatorExpression) } }
        var other = FilterVocabulary()
        other.formUnion(vocabulary)
        other.formUnion(vocabulary)
        #expect(other.properties == vocabulary.properties && other.bodyPaths == vocabulary.bodyPaths && other.values == vocabulary.values)
    }

    @Test("a condition begins with a property: the application's first, then the service's, then fields of bodies")
    func start() throws {
        let all = try suggestions("")
        #expect(all.prefix(3) == ["tenant", "[trace-id]", "DeadLetterReason"])
        #expect(all.contains("sys.MessageId") && all.contains("body.customer.email") && all.contains("NOT") && !all.contains("AND"))
        #expect(!all.contains("sys.LockToken"))
        for head in ["NOT ", "(", "tenant = 'x' AND ", "tenant = 'x' or not ("] { #expect(try suggestions(head) == all) }
    }

    @Test(
        "a word is completed from its beginning, in any case",
        arguments: [
            ("ten", ["tenant"]), ("TEN", ["tenant"]), ("trace", ["[trace-id]"]), ("[tr", ["[trace-id]"]),
            ("sys.del", ["sys.DeliveryCount"]), ("sys.Enq", ["sys.EnqueuedSequenceNumber", "sys.EnqueuedTimeUtc"]),
            ("body.cus", ["body.customer.email"]), ("body.lines[0].", ["body.lines[0].sku"]), ("body.[odd", ["body.[odd name]"]),
            ("tenant = 'x' AND dead", ["DeadLetterReason"]), ("exists(ten", ["tenant"]), ("xyz", []),
        ] as [(String, [String])])
    func words(_ head: String, _ expected: [String]) throws {
        #expect(try suggestions(head) == expected)
    }

    @Test("the word that is replaced is all of the name")
    func wordStart() throws {
        func word(_ head: String) throws -> String {
            let start = FilterCompletion(head, vocabulary: try Self.vocabulary()).wordStart
            return String(decoding: head.utf8.dropFirst(start), as: UTF8.self)
        }
        #expect(try word("tenant = 'é' AND sys.De") == "sys.De")
        #expect(try word("body.lines[0].s") == "body.lines[0].s")
        #expect(try word("body.[odd n") == "body.[odd n")
        #expect(try word("DeadLetterReason = 'Can") == "'Can")
        #expect(try word("tenant ") == "")
    }

    @Test("after a property comes a comparison, after a condition a connector")
    func operators() throws {
        #expect(
            try suggestions("tenant ") == [
                "=", "<>", "<", "<=", ">", ">=", "LIKE", "NOT LIKE", "IN (", "NOT IN (", "IS NULL", "IS NOT NULL",
            ])
        #expect(try suggestions("tenant LI") == ["LIKE"])
        #expect(try suggestions("tenant IS ") == ["NULL", "NOT NULL"])
        #expect(try suggestions("tenant IS NOT ") == ["NULL", "NOT NULL"])
        #expect(try suggestions("tenant NOT ") == ["LIKE", "IN ("])
        for head in ["tenant = 'x' ", "tenant IS NULL ", "sys.DeliveryCount > 3 ", "tenant IN ('a') ", "EXISTS(tenant) ", "a + 1 = 2 "] {
            #expect(try suggestions(head) == ["AND", "OR"], "\(head)")
        }
        #expect(try suggestions("(tenant = 'x' ") == ["AND", "OR", ")"])
        #expect(try suggestions("tenant IN ('a' ") == [",", ")"])
        #expect(try suggestions("tenant = 'x' a") == ["AND"])
    }

    @Test("values that were seen come as constants, with their quotation marks doubled")
    func values() throws {
        #expect(try suggestions("DeadLetterReason = ").first == "'Can''t deliver'")
        #expect(try suggestions("deadletterreason <> 'Ca") == ["'Can''t deliver'"])
        #expect(try suggestions("sys.Subject = '") == ["'OrderPlaced'"])
        #expect(try suggestions("sys.Label IN ('x', ").first == "'OrderPlaced'")
        #expect(try suggestions("sys.State = ").prefix(3) == ["'active'", "'deferred'", "'scheduled'"])
        #expect(try suggestions("tenant = '").isEmpty)
    }

    @Test("whatever is chosen at each step, what is there stays readable up to its end")
    func closed() throws {
        let vocabulary = try Self.vocabulary()
        var heads = [""]
        for _ in 0..<3 {
            var next: [String] = []
            for head in heads {
                let completion = FilterCompletion(head, vocabulary: vocabulary)
                for suggestion in completion.suggestions.prefix(14) {
                    let text = String(decoding: head.utf8.prefix(completion.wordStart), as: UTF8.self) + suggestion.text + " "
                    do throws(FilterSyntaxError) { _ = try SQLFilter(text, dialect: .operatorExpression) } catch {
                        // What is wrong may only be that it ends, or that a value is no condition yet.
                        let isAtEnd = error.range.start >= text.utf8.count - 1 || error.problem.contains("is a value")
                        #expect(isAtEnd, "\(text): \(error)")
                    }
                    next.append(text)
                }
            }
            heads = Array(next.prefix(120))
        }
    }

    @Test("nothing makes it trap", arguments: ["'", "[", "\"", "@", "a == b", "((((", ")", "1.", "é", "sys.", ".", "x IN", "🙂", "a.b.c."])
    func odd(_ head: String) throws {
        let completion = FilterCompletion(head, vocabulary: try Self.vocabulary())
        #expect((0...head.utf8.count).contains(completion.wordStart))
    }
}
