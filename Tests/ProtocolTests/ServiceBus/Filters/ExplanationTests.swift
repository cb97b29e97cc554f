import Testing

@testable import ServiceBus

@Suite("An explanation") struct FilterExplanationTests {
    private func explain(_ expression: String, _ parameters: [String: FilterValue] = [:]) throws -> FilterExplanation {
        try SQLFilter(expression, parameters: parameters).explanation(for: WrittenSubject.order)
    }

    private func lines(_ expression: String) throws -> [String] {
        try explain(expression).parts.map { "\($0.text): \($0.facts.joined(separator: "; "))" }
    }

    @Test("names the part that failed and what the message says") func failedPart() throws {
        let explanation = try explain("quantity = 10 AND color = 'red' AND ok = FALSE")
        #expect(explanation.outcome == .fails)
        #expect(explanation.parts == [.init(text: "color = 'red'", outcome: .fails, facts: ["color is 'blue'"])])
    }

    @Test("names every part of an OR that none holds of") func failedOr() throws {
        #expect(
            try lines("color = 'red' OR quantity > 20") == [
                "color = 'red': color is 'blue'", "quantity > 20: quantity is 10 (a whole number)",
            ])
    }

    @Test("names what is not there") func missing() throws {
        let explanation = try explain("quantity = 10 AND region = 'eu'")
        #expect(explanation.outcome == .unknown)
        #expect(!explanation.isSelected)
        #expect(explanation.parts.map(\.facts) == [["region is not there"]])
        #expect(try lines("nothing = 1") == ["nothing = 1: nothing is null"])
    }

    @Test("guesses what was meant") func hints() throws {
        #expect(
            try lines("color = \"red\"") == [
                "color = \"red\": color is 'blue'; red is not there (text stands in single quotation marks: 'red')"
            ])
        #expect(try lines("MessageId = 'm-1'") == ["MessageId = 'm-1': MessageId is not there (the service's own is sys.MessageId)"])
    }

    @Test("says why there is no answer") func error() throws {
        let explanation = try explain("ok = TRUE AND ten = 10 AND color = 'red'")
        #expect(explanation.outcome == .error("'=' does not take text and a whole number"))
        #expect(explanation.parts.first?.facts == ["ten is '10'"])
        #expect(try explain("sys.Foo = 1").outcome == .error("the service has no property sys.Foo"))
    }

    @Test("says why it holds") func holds() throws {
        let explanation = try explain("color = 'red' OR sys.Label LIKE 'inv%'")
        #expect(explanation.isSelected)
        #expect(explanation.parts.map(\.text) == ["sys.Label LIKE 'inv%'"])
        #expect(try explain("quantity = @n", ["n": .integer(10)]).parts.first?.facts == ["quantity is 10 (a whole number)", "@n is 10"])
    }

    @Test("never differs from the evaluation") func agrees() throws {
        var generator = ExpressionGenerator(seed: 3, readsBodies: false)
        let limit: [String: FilterValue] = ["limit": .integer(3)]
        var seen = Set<String>()
        for _ in 0..<3000 {
            guard let filter = try? SQLFilter(generator.condition(depth: 3).description, parameters: limit) else { continue }
            // Two GUIDs are never the same, so what compares them has no fixed answer.
            if filter.text.contains("newid") { continue }
            let outcome = filter.explanation(for: WrittenSubject.order).outcome
            switch Result(catching: { () throws(FilterEvaluationError) in try filter.evaluate(WrittenSubject.order) }) {
            case .success(let value): #expect(outcome == .init(value), "\(filter.text)")
            case .failure(let error): #expect(outcome == .error(error.description), "\(filter.text)")
            }
            seen.insert("\(outcome)")
        }
        #expect(seen.count > 5, "the expressions are of many kinds: \(seen)")
    }

    @Test("of a correlation filter names the properties that differ") func correlation() {
        var conditions = CorrelationConditions()
        conditions.require(.label, "invoice")
        conditions.require(.sessionID, "s")
        conditions.require(property: "quantity", .text("10"))
        let explanation = conditions.explanation(for: WrittenSubject.order)
        #expect(explanation.outcome == .fails)
        #expect(explanation.parts.map(\.text) == ["sys.SessionId = 's'", "quantity = '10'"])
        #expect(explanation.parts.map(\.facts) == [["sys.SessionId is null"], ["quantity is 10 (a whole number)"]])
    }
}
