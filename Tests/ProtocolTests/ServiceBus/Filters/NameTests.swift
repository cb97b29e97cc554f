import Testing

@testable import ServiceBus

@Suite("A name") struct FilterNameTests {
    static let cases: [FilterCase] = [
        // Scopes; names have no case.
        FilterCase("color = 'blue'", .yes), FilterCase("user.color = 'blue'", .yes), FilterCase("USER.COLOR = 'blue'", .yes),
        FilterCase("Color = 'blue'", .yes), FilterCase("user . color = 'blue'", .yes), FilterCase("sys.Label = 'invoice'", .yes),
        FilterCase("SYS.LABEL = 'invoice'", .yes), FilterCase("sys.label = 'invoice'", .yes), FilterCase("sys.Subject = 'invoice'", .yes),
        FilterCase("Label = 'invoice'", .no), FilterCase("user.Label = 'not the system''s'", .yes),
        FilterCase("sys.[Label] = 'invoice'", .yes),
        FilterCase("sys.messageid = 'm-1'", .yes), FilterCase("sys.To = 'Store5'", .yes),
        FilterCase("sys.ContentType = 'application/json'", .yes),
        FilterCase("sys.DeliveryCount = 0", .yes), FilterCase("sys.SequenceNumber > 800", .yes),
        FilterCase("sys.EnqueuedTime = sys.EnqueuedTimeUtc", .yes),
        FilterCase("sys.color = 'blue'", .fails(.unknownSystemProperty)), FilterCase("sys.Foo IS NULL", .fails(.unknownSystemProperty)),
        FilterCase("EXISTS(sys.Foo)", .fails(.unknownSystemProperty)), FilterCase("sys.Foo = 1 OR 1=1", .fails(.unknownSystemProperty)),
        FilterCase("1=1 OR sys.Foo = 1", .yes), FilterCase("1=0 AND sys.Foo = 1", .no),
        // Delimited and quoted.
        FilterCase("[color] = 'blue'", .yes), FilterCase("\"color\" = 'blue'", .yes), FilterCase("user.[color] = 'blue'", .yes),
        FilterCase("user.\"color\" = 'blue'", .yes),
        FilterCase("[HR-EmployeeID] = 7", .yes), FilterCase("[Property With Space] = 'spaced'", .yes),
        FilterCase("\"Property With Space\" = 'spaced'", .yes),
        FilterCase("[property with space] = 'spaced'", .yes), FilterCase("[a]]b] = 'bracket'", .yes),
        FilterCase("\"a\"\"b\" = 'quote'", .yes),
        FilterCase("[IN] = 1", .yes), FilterCase("user.[in] = 1", .yes), FilterCase("\"EU\" = 'EU'", .unknown),
        FilterCase("[größe] = 42", .yes),
        FilterCase("größe = 42", .yes), FilterCase("GRÖßE = 42", .yes), FilterCase("HR-EmployeeID = 7", .unknown),
        // Names that are words elsewhere are names here.
        FilterCase("sys = 1", .unknown), FilterCase("user = 1", .unknown), FilterCase("p = 5", .yes), FilterCase("newid = 1", .unknown),
        FilterCase("property = 1", .unknown),
        FilterCase("body = 'mine'", .yes), FilterCase("a_1 = 1", .unknown), FilterCase("a1 = 1", .unknown),
        // Computed names.
        FilterCase("property('color') = 'blue'", .yes), FilterCase("p('color') = 'blue'", .yes), FilterCase("P('COLOR') = 'blue'", .yes),
        FilterCase("property(nameOfColor) = 'blue'", .yes), FilterCase("p('col' + 'or') = 'blue'", .yes),
        FilterCase("p('HR-EmployeeID') = 7", .yes),
        FilterCase("p('missing') = 1", .unknown), FilterCase("p(missing) = 1", .unknown), FilterCase("p(p('nameOfColor')) = 'blue'", .yes),
        FilterCase("p(1) = 1", .fails(.typeMismatch)), FilterCase("property('IN') IN (1)", .yes),
    ]

    @Test("is looked up", arguments: cases) func table(_ line: FilterCase) throws { #expect(try verdict(line.expression) == line.verdict) }

    static let literals: [FilterCase] = [
        FilterCase("'it''s' = 'it''s'", .yes), FilterCase("'' = ''", .yes), FilterCase("'''' = ''''", .yes), FilterCase("'''' <> ''", .yes),
        FilterCase("'line\nbreak' LIKE 'line_break'", .yes), FilterCase("'\u{1f600}' = '😀'", .yes), FilterCase("1894 = 1894.0", .yes),
        FilterCase("2 = 2.0", .yes),
        FilterCase("101.5E5 = 10150000", .yes), FilterCase("0.5E-2 = 0.005", .yes), FilterCase("1e3 = 1000", .yes),
        FilterCase("1E+3 = 1000", .yes), FilterCase("007 = 7", .yes),
        FilterCase("1894.1204 > 1894", .yes), FilterCase("true = TRUE", .yes), FilterCase("True = true", .yes),
        FilterCase("null = 1", .unknown),
        FilterCase("\tquantity\n=\r\n10 ", .yes),
    ]

    @Test("Constants are read", arguments: literals) func constants(_ line: FilterCase) throws {
        #expect(try verdict(line.expression) == line.verdict)
    }

    @Test("Parameters have the values they are given, in any case, with or without the sign") func parameters() throws {
        let values: [String: FilterValue] = [
            "@low": .integer(5), "HIGH": .integer(20), "t": .moment(Timestamp(milliseconds: 1_767_225_600_001)),
            "@span": .duration(ticks: 36_000_000_000),
            "name": .text("blue"), "none": .unknown,
        ]
        #expect(try verdict("quantity > @low AND quantity < @high", parameters: values) == .yes)
        #expect(try verdict("when < @t", parameters: values) == .yes)
        #expect(try verdict("(later-when) <= @span", parameters: values) == .yes)
        #expect(try verdict("color = @Name", parameters: values) == .yes)
        #expect(try verdict("color IN (@name) AND color LIKE @name + '%'", parameters: values) == .yes)
        #expect(try verdict("color = @none", parameters: values) == .unknown)
    }

    @Test("A parameter without a value is refused where it stands") func missingParameter() throws {
        let error = try #require(throws: FilterSyntaxError.self) { try SQLFilter("quantity > @low", parameters: ["high": .integer(1)]) }
        #expect(error.column == 12)
        #expect(error.problem == "the parameter @low has no value")
    }
}
