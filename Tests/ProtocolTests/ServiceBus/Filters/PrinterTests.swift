import Testing

@testable import ServiceBus

@Suite("The canonical text of a filter") struct FilterPrinterTests {
    @Test(
        "has capitals, single spaces and no needless parentheses",
        arguments: [
            ("a=1", "a = 1"), ("( a=1 )and((b!=2))", "a = 1 AND b <> 2"), ("a=1 or b=2 and not c=3", "a = 1 OR b = 2 AND NOT c = 3"),
            ("(a=1 or b=2) and c=3", "(a = 1 OR b = 2) AND c = 3"), ("not(a=1 and b=2)", "NOT (a = 1 AND b = 2)"),
            ("a = 1 AND (b = 2 AND c = 3)", "a = 1 AND (b = 2 AND c = 3)"),
            ("a+(b-c)*d = 1", "a + (b - c) * d = 1"), ("(a+b)-c=1", "(a + b) - c = 1"), ("a+(b*c)=1", "a + b * c = 1"),
            ("-(a+b)=--1", "-(a + b) = --1"),
            ("x in(1,2.50,'it''s')", "x IN (1, 2.5, 'it''s')"), ("x not in (NULL)", "x NOT IN (NULL)"),
            ("x not like 'a' escape '!'", "x NOT LIKE 'a' ESCAPE '!'"),
            ("[x] is not null", "x IS NOT NULL"), ("exists( user . \"a b\" )", "EXISTS([a b])"), ("SYS.subject=@P", "sys.Label = @P"),
            ("p('a')=newid( )", "property('a') = newid()"),
            ("[in] = [a]]b]", "[in] = [a]]b]"), ("true", "TRUE"), ("x = -9223372036854775808", "x = -9223372036854775808"),
            ("1E20 = x", "1e+20 = x"), ("sys.foo = 1", "sys.foo = 1"),
        ])
    func canonical(_ text: String, _ expected: String) throws {
        let printed = try SQLFilter(text, parameters: ["p": .unknown]).description
        #expect(printed == expected)
        #expect(try SQLFilter(printed, parameters: ["p": .unknown]).description == expected, "printing again changes nothing")
    }

    @Test("of any expression is read as that expression", arguments: [FilterDialect.rule, .operatorExpression]) func roundTrip(
        _ dialect: FilterDialect
    ) throws {
        var generator = ExpressionGenerator(seed: 7, readsBodies: dialect == .operatorExpression)
        var dialect = dialect
        dialect.maximumLength = .max
        for _ in 0..<3000 {
            let expression = generator.condition(depth: 4)
            let text = expression.description
            var parser = try FilterParser(text, dialect)
            let again = try parser.filter()
            #expect(again.withoutPlaces == expression.withoutPlaces, "\(text)")
        }
    }

    @Test("means the same as the text it was printed from") func sameMeaning() throws {
        var generator = ExpressionGenerator(seed: 11, readsBodies: false)
        for _ in 0..<1000 {
            let expression = generator.condition(depth: 3)
            guard let filter = try? SQLFilter(expression.description, parameters: ["limit": .integer(3)]) else { continue }
            let evaluator = FilterEvaluator(subject: WrittenSubject.order, parameters: ["limit": .integer(3)], dialect: .rule)
            let direct = Result { () throws(FilterEvaluationError) in try evaluator.holds(expression) }
            let printed = Result { () throws(FilterEvaluationError) in try filter.evaluate(WrittenSubject.order) }
            #expect(direct.verdict == printed.verdict, "\(filter.text)")
        }
    }
}

extension Result where Success == Bool?, Failure == FilterEvaluationError {
    var verdict: Verdict {
        switch self {
        case .success(let value): value.map { $0 ? .yes : .no } ?? .unknown
        case .failure(let error): .fails(error.reason)
        }
    }
}

/// Random expressions of the shapes the parser makes.
struct ExpressionGenerator {
    private var random: SeededNumbers
    private let readsBodies: Bool
    private let nowhere = SourceRange(0, 0)

    init(seed: UInt64, readsBodies: Bool) {
        random = SeededNumbers(seed: seed)
        self.readsBodies = readsBodies
    }

    private mutating func choose(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }

    private mutating func property() -> FilterProperty {
        let names = [
            "color", "quantity", "missing", "HR-EmployeeID", "a]b", "IN", "größe", "p", "sys", "user", "body", "x_1", "Label", "newid",
        ]
        switch choose(readsBodies ? 4 : 3) {
        case 0: return .system(SystemProperty.allCases[choose(SystemProperty.allCases.count)].rawValue)
        case 3: return .body((0..<choose(3)).map { _ in names[choose(names.count)] })
        default: return .user(names[choose(names.count)])
        }
    }

    mutating func value(depth: Int) -> FilterExpression {
        switch choose(depth > 0 ? 10 : 6) {
        case 0: return .constant(.integer(choose(5) == 0 ? .min : Int64(choose(1000))), at: nowhere)
        case 1: return .constant([.text("it's"), .text(""), .text("ü%_"), .text("a\"]b")][choose(4)], at: nowhere)
        case 2: return .constant([.double(2.5), .double(1e300), .double(1e-7), .double(0)][choose(4)], at: nowhere)
        case 3: return .constant([.boolean(true), .boolean(false), .unknown][choose(3)], at: nowhere)
        case 4: return .property(property(), at: nowhere)
        case 5: return choose(2) == 0 ? .parameter("limit", at: nowhere) : .newID(at: nowhere)
        case 6: return .propertyNamed(value(depth: depth - 1), at: nowhere)
        case 7: return .sign(choose(2) == 0 ? .plus : .minus, value(depth: depth - 1), at: nowhere)
        default:
            let isProduct = choose(2) == 0
            let operations = FilterExpression.ArithmeticOperator.allCases.filter { $0.isMultiplicative == isProduct }
            // A chain's first operand is never a chain of the same precedence without parentheses; with them it may be.
            let steps = (0...choose(2)).map { _ in
                FilterExpression.ArithmeticStep(operations[choose(operations.count)], value(depth: depth - 1))
            }
            return .arithmetic(value(depth: depth - 1), steps, at: nowhere)
        }
    }

    mutating func condition(depth: Int) -> FilterExpression {
        switch choose(depth > 0 ? 9 : 5) {
        case 0: return .isNull(property(), isNegated: choose(2) == 0, at: nowhere)
        case 1: return .exists(property(), at: nowhere)
        case 2:
            return .isIn(value(depth: depth), (0...choose(3)).map { _ in value(depth: depth - 1) }, isNegated: choose(2) == 0, at: nowhere)
        case 3:
            let escape = choose(2) == 0 ? value(depth: 0) : nil
            return .like(value(depth: depth), pattern: value(depth: depth), escape: escape, isNegated: choose(2) == 0, at: nowhere)
        case 5: return .and((0...1 + choose(2)).map { _ in condition(depth: depth - 1) }, at: nowhere)
        case 6: return .or((0...1 + choose(2)).map { _ in condition(depth: depth - 1) }, at: nowhere)
        case 7: return .not(condition(depth: depth - 1), at: nowhere)
        default:
            let operations = FilterExpression.ComparisonOperator.allCases
            return .comparison(operations[choose(operations.count)], value(depth: depth), value(depth: depth), at: nowhere)
        }
    }
}

extension FilterExpression {
    /// The same expression as if it stood nowhere, so that two texts of it can be compared.
    var withoutPlaces: FilterExpression {
        let nowhere = SourceRange(0, 0)
        return switch self {
        case .constant(let value, _): .constant(value, at: nowhere)
        case .property(let property, _): .property(property, at: nowhere)
        case .parameter(let name, _): .parameter(name, at: nowhere)
        case .newID: .newID(at: nowhere)
        case .propertyNamed(let name, _): .propertyNamed(name.withoutPlaces, at: nowhere)
        case .sign(let sign, let operand, _): .sign(sign, operand.withoutPlaces, at: nowhere)
        case .arithmetic(let first, let steps, _):
            .arithmetic(first.withoutPlaces, steps.map { ArithmeticStep($0.operation, $0.operand.withoutPlaces) }, at: nowhere)
        case .comparison(let operation, let left, let right, _):
            .comparison(operation, left.withoutPlaces, right.withoutPlaces, at: nowhere)
        case .and(let parts, _): .and(parts.map(\.withoutPlaces), at: nowhere)
        case .or(let parts, _): .or(parts.map(\.withoutPlaces), at: nowhere)
        case .not(let operand, _): .not(operand.withoutPlaces, at: nowhere)
        case .isNull(let property, let isNegated, _): .isNull(property, isNegated: isNegated, at: nowhere)
        case .isIn(let left, let elements, let isNegated, _):
            .isIn(left.withoutPlaces, elements.map(\.withoutPlaces), isNegated: isNegated, at: nowhere)
        case .like(let left, let pattern, let escape, let isNegated, _):
            .like(left.withoutPlaces, pattern: pattern.withoutPlaces, escape: escape?.withoutPlaces, isNegated: isNegated, at: nowhere)
        case .exists(let property, _): .exists(property, at: nowhere)
        }
    }
}
