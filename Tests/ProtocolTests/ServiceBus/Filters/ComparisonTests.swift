import Testing

@testable import ServiceBus

@Suite("A comparison") struct FilterComparisonTests {
    static let numbers: [FilterCase] = [
        FilterCase("quantity = 10", .yes), FilterCase("quantity = 11", .no), FilterCase("quantity <> 10", .no),
        FilterCase("quantity != 11", .yes), FilterCase("quantity <> 11", .yes), FilterCase("quantity > 9", .yes),
        FilterCase("quantity > 10", .no), FilterCase("quantity >= 10", .yes), FilterCase("quantity >= 11", .no),
        FilterCase("quantity < 11", .yes), FilterCase("quantity < 10", .no), FilterCase("quantity <= 10", .yes),
        FilterCase("quantity <= 9", .no), FilterCase("10 = quantity", .yes), FilterCase("9 < quantity", .yes),
        FilterCase("minus < 0", .yes), FilterCase("minus = -3", .yes), FilterCase("minus >= -3", .yes),
        FilterCase("largest = 9223372036854775807", .yes), FilterCase("smallest = -9223372036854775808", .yes),
        FilterCase("smallest < largest", .yes), FilterCase("quantity = quantity", .yes),
        // A whole number and a double meet as doubles.
        FilterCase("quantity = 10.0", .yes), FilterCase("quantity < 10.5", .yes), FilterCase("price = 2.5", .yes),
        FilterCase("price > 2", .yes), FilterCase("price > 2.08", .yes), FilterCase("price < 3", .yes), FilterCase("price <> 2", .yes),
        FilterCase("half = 0.5E0", .yes), FilterCase("price >= 25E-1", .yes), FilterCase("1000 = 1E3", .yes),
        FilterCase("1E3 = 1000.0", .yes),
        FilterCase("9007199254740993 = 9007199254740992.0", .yes), FilterCase("9007199254740993 = 9007199254740992", .no),
        FilterCase("quantity < infinite", .yes), FilterCase("infinite > largest", .yes),
        FilterCase("nan = nan", .no), FilterCase("nan <> nan", .yes), FilterCase("nan < 1", .no), FilterCase("nan >= 1", .no),
        // Unsigned numbers beyond the signed range are larger than all signed ones.
        FilterCase("huge > largest", .yes), FilterCase("largest < huge", .yes), FilterCase("huge = largest", .no),
        FilterCase("huge = huge", .yes), FilterCase("huge <> 0", .yes), FilterCase("huge > -1", .yes),
        FilterCase("huge = 9223372036854775808.0", .yes),
    ]

    static let others: [FilterCase] = [
        FilterCase("color = 'blue'", .yes), FilterCase("color = 'Blue'", .no), FilterCase("color <> 'Blue'", .yes),
        FilterCase("color = 'blue '", .no), FilterCase("color != 'blue'", .no), FilterCase("empty = ''", .yes),
        FilterCase("color = empty", .no),
        FilterCase("city = 'Zürich'", .yes), FilterCase("city = 'Zu\u{308}rich'", .no), FilterCase("face = 'a😀b'", .yes),
        FilterCase("'blue' = color", .yes), FilterCase("'a' = 'a'", .yes), FilterCase("'a' = 'b'", .no),
        FilterCase("ok = TRUE", .yes), FilterCase("ok = true", .yes), FilterCase("no = FALSE", .yes), FilterCase("ok = FALSE", .no),
        FilterCase("ok <> no", .yes), FilterCase("TRUE = TRUE", .yes), FilterCase("TRUE <> FALSE", .yes),
        FilterCase("when = when", .yes), FilterCase("when < later", .yes), FilterCase("later > when", .yes),
        FilterCase("when <> later", .yes),
        FilterCase("when >= later", .no), FilterCase("later <= later", .yes), FilterCase("sys.EnqueuedTimeUtc = when", .yes),
        FilterCase("hour > sys.TimeToLive", .yes), FilterCase("hour = hour", .yes), FilterCase("hour <= sys.TimeToLive", .no),
        FilterCase("id = sameId", .yes), FilterCase("id = otherId", .no), FilterCase("id <> otherId", .yes),
        FilterCase("newid() <> newid()", .yes),
        FilterCase("1=1", .yes), FilterCase("1=0", .no), FilterCase("1 <> 1", .no),
    ]

    /// C# has no operator for these pairs; the service fails the filter.
    static let mismatches: [FilterCase] = [
        FilterCase("ten = 10", .fails(.typeMismatch)), FilterCase("10 = ten", .fails(.typeMismatch)),
        FilterCase("quantity = '10'", .fails(.typeMismatch)),
        FilterCase("ok = 1", .fails(.typeMismatch)), FilterCase("ok = 'true'", .fails(.typeMismatch)),
        FilterCase("color = TRUE", .fails(.typeMismatch)),
        FilterCase("when = '2026-01-01'", .fails(.typeMismatch)), FilterCase("when > 0", .fails(.typeMismatch)),
        FilterCase("hour > 60", .fails(.typeMismatch)), FilterCase("id = '00000000-0000-0001-0000-000000000002'", .fails(.typeMismatch)),
        FilterCase("raw = 1", .fails(.typeMismatch)), FilterCase("raw = raw", .fails(.typeMismatch)),
        FilterCase("when = hour", .fails(.typeMismatch)),
        // Text, truth values and GUIDs are equal or not, but in no order.
        FilterCase("color < 'c'", .fails(.typeMismatch)), FilterCase("color >= 'a'", .fails(.typeMismatch)),
        FilterCase("ok > no", .fails(.typeMismatch)), FilterCase("ok <= TRUE", .fails(.typeMismatch)),
        FilterCase("id < otherId", .fails(.typeMismatch)),
        // What is not reached does not fail.
        FilterCase("quantity = 11 AND ten = 10", .no), FilterCase("quantity = 10 OR ten = 10", .yes),
        FilterCase("quantity = 10 AND ten = 10", .fails(.typeMismatch)), FilterCase("ten = 10 OR quantity = 10", .fails(.typeMismatch)),
        FilterCase("missing = 1 AND ten = 10", .fails(.typeMismatch)),
    ]

    @Test("of numbers", arguments: numbers) func comparesNumbers(_ line: FilterCase) throws {
        #expect(try verdict(line.expression) == line.verdict)
    }
    @Test("of text, truth values, times and GUIDs", arguments: others) func comparesOthers(_ line: FilterCase) throws {
        #expect(try verdict(line.expression) == line.verdict)
    }
    @Test("of types that have nothing in common", arguments: mismatches) func failsOnMismatches(_ line: FilterCase) throws {
        #expect(try verdict(line.expression) == line.verdict)
    }

    @Test("that fails says which part and which types") func message() throws {
        let filter = try SQLFilter("color = 'blue' AND ten = 10")
        let error = try #require(throws: FilterEvaluationError.self) { try filter.evaluate(WrittenSubject.order) }
        #expect(error.range.text(in: filter.text) == "ten = 10")
        #expect(error.description == "'=' does not take text and a whole number")
    }
}
