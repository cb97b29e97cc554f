import Testing

@testable import ServiceBus

/// `missing` and `gone` are properties the message does not have; `nothing` is one that is null.
@Suite("Three-valued logic") struct NullLogicTests {
    static let cases: [FilterCase] = [
        // Comparisons with an unknown side.
        FilterCase("missing = 1", .unknown), FilterCase("missing <> 1", .unknown), FilterCase("1 = missing", .unknown),
        FilterCase("missing > 1", .unknown), FilterCase("missing < 'a'", .unknown), FilterCase("missing = gone", .unknown),
        FilterCase("missing = missing", .unknown), FilterCase("nothing = 1", .unknown), FilterCase("nothing = nothing", .unknown),
        FilterCase("color = NULL", .unknown), FilterCase("NULL = NULL", .unknown), FilterCase("NULL <> NULL", .unknown),
        FilterCase("sys.SessionId = 'a'", .unknown), FilterCase("sys.ReplyTo <> 'a'", .unknown),
        // The table of AND.
        FilterCase("1=1 AND 1=1", .yes), FilterCase("1=1 AND 1=0", .no), FilterCase("1=1 AND missing=1", .unknown),
        FilterCase("1=0 AND 1=1", .no), FilterCase("1=0 AND 1=0", .no), FilterCase("1=0 AND missing=1", .no),
        FilterCase("missing=1 AND 1=1", .unknown), FilterCase("missing=1 AND 1=0", .no), FilterCase("missing=1 AND gone=1", .unknown),
        // The table of OR.
        FilterCase("1=1 OR 1=1", .yes), FilterCase("1=1 OR 1=0", .yes), FilterCase("1=1 OR missing=1", .yes),
        FilterCase("1=0 OR 1=1", .yes), FilterCase("1=0 OR 1=0", .no), FilterCase("1=0 OR missing=1", .unknown),
        FilterCase("missing=1 OR 1=1", .yes), FilterCase("missing=1 OR 1=0", .unknown), FilterCase("missing=1 OR gone=1", .unknown),
        // NOT.
        FilterCase("NOT 1=1", .no), FilterCase("NOT 1=0", .yes), FilterCase("NOT missing=1", .unknown), FilterCase("NOT NOT 1=1", .yes),
        FilterCase("NOT NOT missing=1", .unknown), FilterCase("NOT (missing=1 OR 1=1)", .no), FilterCase("NOT (missing=1 AND 1=0)", .yes),
        // IS NULL and EXISTS are never unknown.
        FilterCase("missing IS NULL", .yes), FilterCase("missing IS NOT NULL", .no), FilterCase("nothing IS NULL", .yes),
        FilterCase("nothing IS NOT NULL", .no), FilterCase("color IS NULL", .no), FilterCase("color IS NOT NULL", .yes),
        FilterCase("empty IS NULL", .no), FilterCase("raw IS NULL", .no), FilterCase("sys.Label IS NULL", .no),
        FilterCase("sys.SessionId IS NULL", .yes), FilterCase("sys.SessionId IS NOT NULL", .no), FilterCase("NOT color IS NULL", .yes),
        FilterCase("EXISTS(color)", .yes), FilterCase("EXISTS (missing)", .no), FilterCase("EXISTS(nothing)", .yes),
        FilterCase("NOT EXISTS(missing)", .yes), FilterCase("exists(user.color)", .yes), FilterCase("EXISTS(sys.Label)", .yes),
        FilterCase("EXISTS(sys.SessionId)", .no), FilterCase("EXISTS([HR-EmployeeID])", .yes), FilterCase("EXISTS(raw)", .yes),
        // Arithmetic with an unknown side.
        FilterCase("missing + 1 = 1", .unknown), FilterCase("1 - missing = 1", .unknown), FilterCase("-missing = 1", .unknown),
        FilterCase("+missing = 1", .unknown), FilterCase("missing * 0 = 0", .unknown), FilterCase("missing / 0 = 0", .unknown),
        FilterCase("missing % 0 = 0", .unknown), FilterCase("'a' + missing = 'a'", .unknown), FilterCase("nothing + 1 = 1", .unknown),
        // LIKE and IN with an unknown operand.
        FilterCase("missing LIKE 'a%'", .unknown), FilterCase("missing NOT LIKE 'a%'", .unknown),
        FilterCase("color LIKE missing", .unknown),
        FilterCase("color LIKE 'a' ESCAPE missing", .unknown), FilterCase("missing IN (1, 2)", .unknown),
        FilterCase("missing NOT IN (1, 2)", .unknown),
        FilterCase("quantity IN (1, NULL)", .unknown), FilterCase("quantity IN (10, NULL)", .yes),
        FilterCase("quantity NOT IN (10, NULL)", .no),
        FilterCase("quantity NOT IN (1, NULL)", .unknown), FilterCase("NULL IN (NULL)", .unknown),
    ]

    @Test("as the documentation's tables have it", arguments: cases) func table(_ line: FilterCase) throws {
        #expect(try verdict(line.expression) == line.verdict)
    }

    @Test("A filter that is unknown selects nothing") func unknownSelectsNothing() throws {
        #expect(try SQLFilter("missing = 1").matches(WrittenSubject.order) == false)
        #expect(try SQLFilter("NOT missing = 1").matches(WrittenSubject.order) == false)
    }

    private static let atoms = ["1=1", "1=0", "missing=1"]

    @Test("obeys De Morgan, double negation and commutativity") func laws() throws {
        for a in Self.atoms {
            #expect(try verdict("NOT NOT \(a)") == verdict(a))
            for b in Self.atoms {
                #expect(try verdict("NOT (\(a) AND \(b))") == verdict("NOT \(a) OR NOT \(b)"), "\(a), \(b)")
                #expect(try verdict("NOT (\(a) OR \(b))") == verdict("NOT \(a) AND NOT \(b)"), "\(a), \(b)")
                #expect(try verdict("\(a) AND \(b)") == verdict("\(b) AND \(a)"), "\(a), \(b)")
                #expect(try verdict("\(a) OR \(b)") == verdict("\(b) OR \(a)"), "\(a), \(b)")
                #expect(try verdict("\(a) AND (\(a) OR \(b))") == verdict(a), "absorption: \(a), \(b)")
                for c in Self.atoms {
                    #expect(try verdict("\(a) AND (\(b) OR \(c))") == verdict("\(a) AND \(b) OR \(a) AND \(c)"), "\(a), \(b), \(c)")
                    #expect(try verdict("\(a) OR \(b) AND \(c)") == verdict("(\(a) OR \(b)) AND (\(a) OR \(c))"), "\(a), \(b), \(c)")
                }
            }
        }
    }
}
