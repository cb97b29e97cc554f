import Testing

@testable import ServiceBus

@Suite("A filter that is no filter") struct FilterSyntaxErrorTests {
    /// An expression, the column of the mistake and the beginning of what is said about it.
    struct Mistake: CustomStringConvertible, Sendable {
        let expression: String
        let column: Int
        let problem: String
        init(_ expression: String, _ column: Int, _ problem: String) {
            self.expression = expression
            self.column = column
            self.problem = problem
        }
        var description: String { expression }
    }

    static let mistakes: [Mistake] = [
        Mistake("", 1, "expected a condition"), Mistake("   ", 4, "expected a condition"),
        Mistake("color", 1, "expected a condition, but color is a value"),
        Mistake("color =", 8, "expected a value, but the expression ends here"), Mistake("= 1", 1, "expected a value, but found ="),
        Mistake("color = 'blue", 9, "the string that starts here does not end"),
        Mistake("[color = 1", 1, "the name that starts here does not end"),
        Mistake("\"color = 1", 1, "the name that starts here does not end"), Mistake("[] = 1", 1, "a name must not be empty"),
        Mistake("\"\" = 1", 1, "a name must not be empty"),
        Mistake("color == 'blue'", 7, "there is no operator =="), Mistake("a = 1 && b = 2", 7, "there is no operator &&"),
        Mistake("a = 1 || b = 2", 7, "there is no operator ||"),
        Mistake("!a = 1", 1, "there is no operator !"), Mistake("a = 1 AND", 10, "expected a value, but the expression ends"),
        Mistake("AND a = 1", 1, "expected a value, but found AND"),
        Mistake("a = 1 b = 2", 7, "expected AND, OR or the end of the expression, but found b"),
        Mistake("a = 1 = 2", 7, "expected AND, OR or the end"),
        Mistake("a < b < c", 7, "expected AND, OR or the end"), Mistake("(a = 1", 7, "expected ')' that closes the parenthesis"),
        Mistake("a = 1)", 6, "expected AND, OR or the end"),
        Mistake("(a = 1) = 2", 2, "expected a value, but this is a condition"),
        Mistake("(a = 1) + 2 = 3", 2, "expected a value, but this is a condition"),
        Mistake("1 + (a = 1) = 3", 6, "expected a value, but this is a condition"),
        Mistake("NOT color", 5, "expected a condition, but color is a value"),
        Mistake("color AND ok", 1, "expected a condition, but color is a value"),
        Mistake("a = 1 OR color", 10, "expected a condition, but color is a value"),
        Mistake("color IS", 9, "expected NULL or NOT NULL after IS"), Mistake("color IS 1", 10, "expected NULL or NOT NULL after IS"),
        Mistake("color IS NOT 1", 14, "expected NULL after IS NOT"),
        Mistake("1 IS NULL", 1, "only a property can be tested"), Mistake("a + 1 IS NULL", 1, "only a property can be tested"),
        Mistake("p('a') IS NULL", 1, "only a property can be tested"),
        Mistake("color IN 'a'", 10, "expected '(' after IN"), Mistake("color IN ()", 11, "expected a value, but found )"),
        Mistake("color IN ('a'", 14, "expected ')' or ',' in the list"),
        Mistake("color IN ('a',)", 15, "expected a value"), Mistake("color NOT = 1", 11, "expected IN or LIKE after NOT"),
        Mistake("color LIKE", 11, "expected a value, but the expression ends"),
        Mistake("color LIKE 'a' ESCAPE", 22, "expected a value"), Mistake("EXISTS color", 8, "expected '(' after EXISTS"),
        Mistake("EXISTS()", 8, "expected the property whose existence"),
        Mistake("EXISTS('a')", 8, "expected the property whose existence"), Mistake("EXISTS(a", 9, "expected ')' after the property"),
        Mistake("foo(1) = 1", 1, "there is no function foo"),
        Mistake("newid(1) = 1", 7, "expected ')' after newid("), Mistake("property() = 1", 10, "expected a value"),
        Mistake("property('a' = 1", 14, "expected ')' after the name"),
        Mistake("foo.bar = 1", 1, "foo is no scope; the scopes are sys and user"), Mistake("[sys].Label = 1", 1, "[sys] is no scope"),
        Mistake("sys. = 1", 6, "expected a name after 'sys.'"),
        Mistake("user.in = 1", 6, "expected a name after 'user.'"), Mistake("in = 1", 1, "expected a value, but found in"),
        Mistake("sys.Label.x = 1", 10, "expected an operator after sys.Label, but found ."),
        Mistake("body.total = 1", 1, "body is no scope"), Mistake("1a = 1", 1, "this is neither a number nor a name"),
        Mistake("1. = 1", 1, "this is neither a number nor a name"),
        Mistake(".5 = 1", 1, "a number does not start with a point"), Mistake("1E = 1", 1, "expected digits after the E"),
        Mistake("1.2.3 = 1", 1, "this is neither a number nor a name"),
        Mistake("9223372036854775808 = 1", 1, "this whole number is too large"),
        Mistake("99999999999999999999 = 1", 1, "this whole number is too large"), Mistake("1E999 = 1", 1, "this number is too large"),
        Mistake("@ = 1", 1, "expected a name after @"), Mistake("$x = 1", 1, "a name does not start with $"),
        Mistake("_x = 1", 1, "a name does not start with _"), Mistake("a # 1", 3, "the character '#' has no meaning"),
        Mistake("a = 1;", 6, "expected AND, OR or the end"), Mistake("a = \u{202e}1", 5, "the character U+202E has no meaning"),
        Mistake("größe = 'ü' x", 13, "expected AND, OR or the end"),
        Mistake("a = ]", 5, "there is no [ before this ]"), Mistake("a = 1 AND\n  b == 2", 5, "there is no operator =="),
        Mistake("SET a = 1", 1, "expected a value, but found SET"),
        Mistake("a BETWEEN 1 AND 2", 3, "expected an operator after a, but found BETWEEN"),
        Mistake("a = \"b\" \"c\"", 9, "expected AND, OR or the end"),
    ]

    @Test("is refused where it goes wrong", arguments: mistakes) func refused(_ mistake: Mistake) throws {
        let error = try #require(throws: FilterSyntaxError.self) { try SQLFilter(mistake.expression) }
        #expect(error.column == mistake.column, "\(error)")
        #expect(error.problem.hasPrefix(mistake.problem), "\(error)")
    }

    @Test("says the line of an expression of several") func lines() throws {
        let error = try #require(throws: FilterSyntaxError.self) { try SQLFilter("a = 1 AND\n  b == 2") }
        #expect(error.line == 2)
        #expect(error.description == "line 2, column 5: there is no operator ==. Write = to compare")
        #expect(error.excerpt == "  b == 2\n    ^^")
    }

    @Test("is shown with a mark under the mistake") func excerpt() throws {
        let error = try #require(throws: FilterSyntaxError.self) { try SQLFilter("region = 'eu' AND tries => 3") }
        #expect(error.excerpt == "region = 'eu' AND tries => 3\n                         ^")
    }

    @Test("is shown in part when it is long") func longExcerpt() throws {
        let error = try #require(throws: FilterSyntaxError.self) { try SQLFilter(String(repeating: "a = 1 AND ", count: 30) + "b # 2") }
        let lines = error.excerpt.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.first?.count ?? 0 <= 78)
        #expect(lines.first?.hasPrefix("…") == true)
        #expect(lines.last?.hasSuffix("^") == true)
        let mark = try #require(lines.last?.count)
        #expect(lines.first.map { Array($0)[mark - 1] } == "#")
    }

    @Test("names a reserved word and how to write it") func reservedWord() throws {
        let error = try #require(throws: FilterSyntaxError.self) { try SQLFilter("set = 1") }
        #expect(error.hint == "SET is a reserved word; a property of that name stands in brackets: [SET]")
    }

    @Test("may be 1,024 characters long and no longer") func length() throws {
        let longest = "a = '" + String(repeating: "x", count: 1018) + "'"
        #expect(longest.utf16.count == 1024)
        _ = try SQLFilter(longest)
        let error = try #require(throws: FilterSyntaxError.self) { try SQLFilter(longest + " ") }
        #expect(error.problem == "the expression has 1025 characters; at most 1024 are allowed")
        // The service counts UTF-16 units.
        #expect(throws: FilterSyntaxError.self) { try SQLFilter("a = '" + String(repeating: "😀", count: 510) + "'") }
    }

    @Test("nests 64 deep and no deeper", arguments: [("(", "1=1", ")"), ("NOT ", "1=1", ""), ("-", "1", ""), ("p(", "'a'", ")")])
    func nesting(_ open: String, _ inner: String, _ close: String) throws {
        let tail = inner == "1=1" ? "" : " = 1"
        func nested(_ depth: Int) -> String {
            String(repeating: open, count: depth) + inner + String(repeating: close, count: depth) + tail
        }
        _ = try SQLFilter(nested(64))
        let error = try #require(throws: FilterSyntaxError.self) { try SQLFilter(nested(65)) }
        #expect(error.problem == "this is nested more than 64 deep")
    }

    @Test("may chain as long as it fits") func chains() throws {
        let sum = "1" + String(repeating: "+1", count: 500)
        #expect(try verdict("\(sum) = 501") == .yes)
        let conditions = Array(repeating: "a=1", count: 127).joined(separator: " OR ")
        #expect(try verdict(conditions) == .unknown)
        let long = Array(repeating: "color = 'x'", count: 900).joined(separator: " OR ")
        #expect(try verdict(long, dialect: .operatorExpression) == .no)
    }
}
