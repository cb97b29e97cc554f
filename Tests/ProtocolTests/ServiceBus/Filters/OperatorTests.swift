import Testing

@testable import ServiceBus

@Suite("An operator") struct FilterOperatorTests {
    static let arithmetic: [FilterCase] = [
        FilterCase("quantity + 1 = 11", .yes), FilterCase("quantity - 1 = 9", .yes), FilterCase("quantity * 2 = 20", .yes),
        FilterCase("quantity / 2 = 5", .yes), FilterCase("quantity % 3 = 1", .yes), FilterCase("quantity / 3 = 3", .yes),
        FilterCase("7 / 2 = 3", .yes), FilterCase("-7 / 2 = -3", .yes), FilterCase("-7 % 2 = -1", .yes), FilterCase("7 % -2 = 1", .yes),
        FilterCase("7 / 2.0 = 3.5", .yes), FilterCase("7.5 % 2 = 1.5", .yes), FilterCase("price * 2 = 5", .yes),
        FilterCase("price + half = 3", .yes),
        FilterCase("quantity + price = 12.5", .yes), FilterCase("-quantity = -10", .yes), FilterCase("- -1 = 1", .yes),
        FilterCase("+quantity = 10", .yes),
        FilterCase("-price = -2.5", .yes), FilterCase("2 - -3 = 5", .yes), FilterCase("2--3 = 5", .yes), FilterCase("1+1=2", .yes),
        FilterCase("10-3-2 = 5", .yes), FilterCase("10-(3-2) = 9", .yes), FilterCase("100/10/2 = 5", .yes), FilterCase("2+3*4 = 14", .yes),
        FilterCase("(2+3)*4 = 20", .yes), FilterCase("2*3+4 = 10", .yes), FilterCase("10 % 4 * 3 = 6", .yes), FilterCase("-2*3 = -6", .yes),
        FilterCase("((((quantity)))) = 10", .yes), FilterCase("quantity = 5 + 5", .yes), FilterCase("quantity + zero = quantity", .yes),
        // Overflow and division by zero are errors of whole numbers; doubles know infinity.
        FilterCase("largest + 1 > 0", .fails(.overflow)), FilterCase("smallest - 1 < 0", .fails(.overflow)),
        FilterCase("largest * 2 > 0", .fails(.overflow)),
        FilterCase("-smallest > 0", .fails(.overflow)), FilterCase("smallest / -1 > 0", .fails(.overflow)),
        FilterCase("smallest % -1 = 0", .fails(.overflow)),
        FilterCase("quantity / 0 = 1", .fails(.divisionByZero)), FilterCase("quantity % zero = 1", .fails(.divisionByZero)),
        FilterCase("quantity / 0.0 > largest", .yes), FilterCase("largest + 1.0 = 9223372036854775808.0", .yes),
        FilterCase("1E308 * 10 = infinite", .yes),
        FilterCase("huge + 1 > huge", .yes), FilterCase("huge - 1 = largest", .yes), FilterCase("huge * 2 > 0", .fails(.overflow)),
        FilterCase("huge / 2 = 4611686018427387904", .yes), FilterCase("-huge = 1", .fails(.typeMismatch)),
        FilterCase("minus + huge = 1", .fails(.typeMismatch)),
        // `+` joins as soon as one side is text.
        FilterCase("color + 's' = 'blues'", .yes), FilterCase("'a' + 1 = 'a1'", .yes), FilterCase("1 + 'a' = '1a'", .yes),
        FilterCase("1 + 2 + 'a' = '3a'", .yes), FilterCase("'a' + 1 + 2 = 'a12'", .yes), FilterCase("'a' + 2.5 = 'a2.5'", .yes),
        FilterCase("'' + ok = 'True'", .yes), FilterCase("color + color = 'blueblue'", .yes), FilterCase("'' + 2.0 = '2'", .yes),
        FilterCase("color - 'b' = 'lue'", .fails(.typeMismatch)), FilterCase("color * 2 = 'x'", .fails(.typeMismatch)),
        FilterCase("-color = 'x'", .fails(.typeMismatch)),
        FilterCase("ok + 1 = 2", .fails(.typeMismatch)), FilterCase("raw + 'x' = 'x'", .fails(.typeMismatch)),
        // Times and durations.
        FilterCase("later - when = hour", .yes), FilterCase("(later-when) <= hour", .yes), FilterCase("later - when < hour", .no),
        FilterCase("when + hour = later", .yes), FilterCase("later - hour = when", .yes), FilterCase("hour + hour > hour", .yes),
        FilterCase("hour - hour < hour", .yes), FilterCase("-hour < hour", .yes), FilterCase("when + later = when", .fails(.typeMismatch)),
        FilterCase("when + 1 = when", .fails(.typeMismatch)), FilterCase("hour * 2 = hour", .fails(.typeMismatch)),
    ]

    static let precedence: [FilterCase] = [
        FilterCase("1=1 OR 1=0 AND 1=0", .yes), FilterCase("(1=1 OR 1=0) AND 1=0", .no), FilterCase("1=0 AND 1=0 OR 1=1", .yes),
        FilterCase("NOT 1=0 AND 1=0", .no), FilterCase("NOT (1=0 AND 1=0)", .yes), FilterCase("NOT 1=0 OR 1=1", .yes),
        FilterCase("NOT 1=1 OR 1=1", .yes), FilterCase("NOT (1=1 OR 1=1)", .no),
        FilterCase("quantity = 10 AND color = 'blue' AND ok = TRUE", .yes),
        FilterCase("quantity = 1 OR color = 'x' OR ok = TRUE", .yes), FilterCase("(quantity = 10)", .yes),
        FilterCase("((quantity) = (10))", .yes),
        FilterCase("quantity + 1 > 10 AND quantity - 1 < 10", .yes), FilterCase("TRUE", .yes), FilterCase("FALSE", .no),
        FilterCase("NOT FALSE", .yes),
        FilterCase("TRUE AND quantity = 10", .yes), FilterCase("FALSE OR quantity = 10", .yes),
        FilterCase("not quantity = 10 or color like 'b%'", .yes),
    ]

    static let membership: [FilterCase] = [
        FilterCase("StoreId IN('Store1', 'Store2', 'Store3')", .yes), FilterCase("StoreId IN ('Store1','Store3')", .no),
        FilterCase("StoreId NOT IN ('Store1','Store3')", .yes), FilterCase("StoreId NOT IN ('Store2')", .no),
        FilterCase("sys.To IN ('Store5','Store6','Store7') OR StoreId = 'Store8'", .yes),
        FilterCase(
            "sys.To NOT IN ('Store1','Store2','Store3','Store4','Store5','Store6','Store7','Store8') OR StoreId NOT IN ('Store1','Store2')",
            .no),
        FilterCase("quantity IN (1, 5, 10)", .yes), FilterCase("quantity IN (10.0)", .yes), FilterCase("quantity IN (5 + 5)", .yes),
        FilterCase("quantity + 1 IN (11)", .yes), FilterCase("quantity IN (zero, quantity)", .yes),
        FilterCase("color in ('BLUE', 'blue')", .yes),
        FilterCase("NOT quantity IN (10)", .no), FilterCase("quantity IN ('10')", .fails(.typeMismatch)),
        FilterCase("quantity IN (10, 'x')", .yes),
        FilterCase("ok IN (FALSE, TRUE)", .yes),
    ]

    @Test("of arithmetic", arguments: arithmetic) func computes(_ line: FilterCase) throws {
        #expect(try verdict(line.expression) == line.verdict)
    }
    @Test("binds as it should", arguments: precedence) func binds(_ line: FilterCase) throws {
        #expect(try verdict(line.expression) == line.verdict)
    }
    @Test("IN", arguments: membership) func contains(_ line: FilterCase) throws {
        #expect(try verdict(line.expression) == line.verdict)
    }

    @Test("joins texts only up to a bound") func boundedJoin() throws {
        let subject = WrittenSubject(user: [("t", .text(String(repeating: "x", count: 600_000)))])
        #expect(try verdict("t + t = 'x'", for: subject) == .fails(.overflow))
    }
}
