/// Reads expressions: recursive descent, each nesting counted against ``FilterDialect/maximumDepth``.
///
///     condition  = conjunction { OR conjunction }
///     conjunction = negation { AND negation }
///     negation   = NOT negation | predicate
///     predicate  = EXISTS ( property ) | sum [ comparison sum | IS [NOT] NULL | [NOT] IN ( sum {, sum} ) | [NOT] LIKE sum [ESCAPE sum] ]
///     sum        = product { (+|-) product }
///     product    = factor { (*|/|%) factor }
///     factor     = (+|-) factor | ( condition ) | constant | property | @parameter | newid() | property ( sum ) | p ( sum )
struct FilterParser {
    let expression: String
    let dialect: FilterDialect
    private let tokens: [FilterToken]
    private var index = 0
    private var depth = 0

    init(_ expression: String, _ dialect: FilterDialect) throws(FilterSyntaxError) {
        self.expression = expression
        self.dialect = dialect
        let length = expression.utf16.count
        guard length <= dialect.maximumLength else {
            throw FilterSyntaxError(
                "the expression has \(length) characters; at most \(dialect.maximumLength) are allowed", at: SourceRange(0, 0),
                of: expression)
        }
        tokens = try FilterLexer.tokens(of: expression)
    }

    // MARK: Tokens

    var current: FilterToken { tokens[index] }

    private var previousRange: SourceRange { index > 0 ? tokens[index - 1].range : SourceRange(0, 0) }

    mutating func advance() { if index < tokens.count - 1 { index += 1 } }

    mutating func take(_ symbol: FilterToken.Symbol) -> Bool {
        guard current.kind == .symbol(symbol) else { return false }
        advance()
        return true
    }

    mutating func take(_ keyword: FilterToken.Keyword) -> Bool {
        guard current.kind == .keyword(keyword) else { return false }
        advance()
        return true
    }

    private mutating func require(_ symbol: FilterToken.Symbol, _ purpose: String) throws(FilterSyntaxError) {
        if !take(symbol) { throw unexpected("'\(symbol.rawValue)' \(purpose)") }
    }

    /// "expected X, found Y" at the current word.
    func unexpected(_ expected: String, hint: String? = nil) -> FilterSyntaxError {
        let found = current.kind == .end ? "the expression ends here" : "found \(current.range.text(in: expression))"
        let range = current.kind == .end ? SourceRange(current.range.start, current.range.start) : current.range
        return FilterSyntaxError("expected \(expected), but \(found)", at: range, of: expression, hint: hint)
    }

    private func error(_ problem: String, at range: SourceRange, hint: String? = nil) -> FilterSyntaxError {
        FilterSyntaxError(problem, at: range, of: expression, hint: hint)
    }

    private mutating func nested<Result>(
        _ body: (inout FilterParser) throws(FilterSyntaxError) -> Result
    ) throws(FilterSyntaxError) -> Result {
        guard depth < FilterDialect.maximumDepth else {
            throw error("this is nested more than \(FilterDialect.maximumDepth) deep", at: current.range)
        }
        depth += 1
        defer { depth -= 1 }
        return try body(&self)
    }

    // MARK: Conditions

    /// A whole filter.
    mutating func filter() throws(FilterSyntaxError) -> FilterExpression {
        if current.kind == .end { throw unexpected("a condition", hint: "1=1 is true for every message") }
        let parsed = try disjunction()
        let result = try condition(parsed)
        if current.kind != .end {
            let hint: String? =
                switch current.kind {
                case .symbol(.equal), .symbol(.notEqual), .symbol(.less), .symbol(.greater), .symbol(.lessOrEqual),
                    .symbol(.greaterOrEqual):
                    "Comparisons do not chain; join two with AND"
                case .name, .delimitedName, .text: "Text stands in single quotation marks, a name with spaces in brackets"
                default: nil
                }
            throw unexpected("AND, OR or the end of the expression", hint: hint)
        }
        return result
    }

    /// Refuses a value where a condition must stand. What was read is given, so that the current word is the one behind it.
    private func condition(_ expression: FilterExpression) throws(FilterSyntaxError) -> FilterExpression {
        guard !expression.isCondition else { return expression }
        let text = expression.range.text(in: self.expression)
        switch current.kind {
        case .end, .symbol(.close), .keyword(.and), .keyword(.or): break
        case .symbol(.dot):
            throw unexpected("an operator after \(text)", hint: "A property with a dot in its name stands in brackets: [name.with.dots]")
        default: throw unexpected("an operator after \(text)", hint: "The operators are = <> < <= > >= + - * / % LIKE, IN and IS NULL")
        }
        throw error(
            "expected a condition, but \(text) is a value", at: expression.range,
            hint: "Compare it with something, such as \(text) = TRUE")
    }

    private func value(_ expression: FilterExpression) throws(FilterSyntaxError) -> FilterExpression {
        guard !expression.isValue else { return expression }
        throw error("expected a value, but this is a condition", at: expression.range, hint: "Conditions are joined with AND and OR")
    }

    private mutating func disjunction() throws(FilterSyntaxError) -> FilterExpression {
        let first = try conjunction()
        guard current.kind == .keyword(.or) else { return first }
        var parts = [try condition(first)]
        while take(.or) {
            let part = try conjunction()
            parts.append(try condition(part))
        }
        return .or(parts, at: first.range.through(previousRange))
    }

    private mutating func conjunction() throws(FilterSyntaxError) -> FilterExpression {
        let first = try negation()
        guard current.kind == .keyword(.and) else { return first }
        var parts = [try condition(first)]
        while take(.and) {
            let part = try negation()
            parts.append(try condition(part))
        }
        return .and(parts, at: first.range.through(previousRange))
    }

    private mutating func negation() throws(FilterSyntaxError) -> FilterExpression {
        let start = current.range
        guard take(.not) else { return try predicate() }
        return try nested { parser throws(FilterSyntaxError) in
            let operand = try parser.negation()
            return .not(try parser.condition(operand), at: start.through(parser.previousRange))
        }
    }

    private mutating func predicate() throws(FilterSyntaxError) -> FilterExpression {
        let start = current.range
        if take(.exists) {
            try require(.open, "after EXISTS")
            let property = try property("the property whose existence is asked for")
            try require(.close, "after the property")
            return .exists(property.property, at: start.through(previousRange))
        }
        let left = try sum()
        if let operation = comparisonOperator {
            advance()
            _ = try value(left)
            let right = try value(sum())
            return .comparison(operation, left, right, at: start.through(previousRange))
        }
        switch current.kind {
        case .keyword(.is): return try nullTest(left)
        case .keyword(.in), .keyword(.like): return try membershipOrPattern(left, isNegated: false)
        case .keyword(.not):
            advance()
            guard current.kind == .keyword(.in) || current.kind == .keyword(.like) else { throw unexpected("IN or LIKE after NOT") }
            return try membershipOrPattern(left, isNegated: true)
        default: return left
        }
    }

    private var comparisonOperator: FilterExpression.ComparisonOperator? {
        switch current.kind {
        case .symbol(let symbol): FilterExpression.ComparisonOperator(rawValue: symbol.rawValue)
        default: nil
        }
    }

    private mutating func nullTest(_ left: FilterExpression) throws(FilterSyntaxError) -> FilterExpression {
        guard case .property(let property, _) = left else {
            throw error("only a property can be tested with IS NULL", at: left.range)
        }
        advance()
        let isNegated = take(.not)
        guard take(.null) else { throw unexpected(isNegated ? "NULL after IS NOT" : "NULL or NOT NULL after IS") }
        return .isNull(property, isNegated: isNegated, at: left.range.through(previousRange))
    }

    private mutating func membershipOrPattern(_ left: FilterExpression, isNegated: Bool) throws(FilterSyntaxError) -> FilterExpression {
        _ = try value(left)
        if take(.like) {
            let pattern = try value(sum())
            let escape = take(.escape) ? try value(sum()) : nil
            return .like(left, pattern: pattern, escape: escape, isNegated: isNegated, at: left.range.through(previousRange))
        }
        advance()
        try require(.open, "after IN")
        var elements = [try value(sum())]
        while take(.comma) { elements.append(try value(sum())) }
        try require(.close, "or ',' in the list after IN")
        return .isIn(left, elements, isNegated: isNegated, at: left.range.through(previousRange))
    }

    // MARK: Values

    /// The right side of a SET.
    mutating func assignedValue() throws(FilterSyntaxError) -> FilterExpression { try value(sum()) }

    private mutating func sum() throws(FilterSyntaxError) -> FilterExpression {
        try chain(isMultiplicative: false) { parser throws(FilterSyntaxError) in
            try parser.chain(isMultiplicative: true) { parser throws(FilterSyntaxError) in try parser.factor() }
        }
    }

    private mutating func chain(
        isMultiplicative: Bool, _ operand: (inout FilterParser) throws(FilterSyntaxError) -> FilterExpression
    ) throws(FilterSyntaxError) -> FilterExpression {
        let first = try operand(&self)
        var steps: [FilterExpression.ArithmeticStep] = []
        while case .symbol(let symbol) = current.kind,
            let operation = FilterExpression.ArithmeticOperator(rawValue: symbol.rawValue), operation.isMultiplicative == isMultiplicative
        {
            advance()
            if steps.isEmpty { _ = try value(first) }
            steps.append(.init(operation, try value(operand(&self))))
        }
        return steps.isEmpty ? first : .arithmetic(first, steps, at: first.range.through(previousRange))
    }

    private mutating func factor() throws(FilterSyntaxError) -> FilterExpression {
        let token = current
        switch token.kind {
        case .symbol(.minus), .symbol(.plus): return try signed()
        case .symbol(.open):
            advance()
            return try nested { parser throws(FilterSyntaxError) in
                let inner = try parser.disjunction()
                try parser.require(.close, "that closes the parenthesis")
                return inner
            }
        case .text(let text):
            advance()
            return .constant(.text(text), at: token.range)
        case .integer(let magnitude):
            guard let value = Int64(exactly: magnitude) else {
                throw error("this whole number is too large: at most \(Int64.max)", at: token.range)
            }
            advance()
            return .constant(.integer(value), at: token.range)
        case .double(let value):
            advance()
            return .constant(.double(value), at: token.range)
        case .keyword(.true), .keyword(.false):
            advance()
            return .constant(.boolean(token.kind == .keyword(.true)), at: token.range)
        case .keyword(.null):
            advance()
            return .constant(.unknown, at: token.range)
        case .parameter(let name):
            advance()
            return .parameter(name, at: token.range)
        case .name(let name):
            if tokens[index + 1].kind == .symbol(.open), let call = try call(name) { return call }
            return try propertyValue()
        case .delimitedName: return try propertyValue()
        case .keyword(let keyword):
            throw unexpected(
                "a value", hint: "\(keyword.rawValue) is a reserved word; a property of that name stands in brackets: [\(keyword.rawValue)]"
            )
        case .symbol, .end: throw unexpected("a value", hint: valueHint)
        }
    }

    private var valueHint: String? {
        guard case .symbol = current.kind else { return nil }
        return "A value is a property, a number, a text in single quotation marks, TRUE, FALSE, NULL or @parameter"
    }

    private mutating func propertyValue() throws(FilterSyntaxError) -> FilterExpression {
        let found = try property("a property")
        return .property(found.property, at: found.range)
    }

    private mutating func signed() throws(FilterSyntaxError) -> FilterExpression {
        let start = current.range
        let sign: FilterExpression.Sign = current.kind == .symbol(.minus) ? .minus : .plus
        advance()
        // The smallest whole number has no positive counterpart to be the negative of.
        if sign == .minus, case .integer(let magnitude) = current.kind, magnitude == Int64.min.magnitude {
            advance()
            return .constant(.integer(.min), at: start.through(previousRange))
        }
        return try nested { parser throws(FilterSyntaxError) in
            let operand = try parser.value(parser.factor())
            return .sign(sign, operand, at: start.through(parser.previousRange))
        }
    }

    /// A function's call; nil when the name is no function's.
    private mutating func call(_ name: String) throws(FilterSyntaxError) -> FilterExpression? {
        let start = current.range
        switch name.lowercased() {
        case "newid":
            advance()
            advance()
            try require(.close, "after newid(")
            return .newID(at: start.through(previousRange))
        case "property", "p":
            advance()
            advance()
            return try nested { parser throws(FilterSyntaxError) in
                let name = try parser.value(parser.sum())
                try parser.require(.close, "after the name of the property")
                return .propertyNamed(name, at: start.through(parser.previousRange))
            }
        default:
            throw error("there is no function \(name)", at: start, hint: "The functions are newid(), property(name) and p(name)")
        }
    }

    // MARK: Properties

    /// A property with its scope.
    mutating func property(_ what: String) throws(FilterSyntaxError) -> (property: FilterProperty, range: SourceRange) {
        let first = current
        switch first.kind {
        case .delimitedName(let name):
            advance()
            if current.kind == .symbol(.dot) { throw scopeError(first) }
            return (.user(name), first.range)
        case .name(let name):
            advance()
            let scope = name.lowercased()
            if dialect.readsBodies, scope == "body" { return try body(from: first.range) }
            guard current.kind == .symbol(.dot) else { return (.user(name), first.range) }
            guard scope == "sys" || scope == "user" else { throw scopeError(first) }
            advance()
            let (name, range) = try nameAfterDot(scope)
            let whole = first.range.through(range)
            if scope == "user" { return (.user(name), whole) }
            let property = FilterProperty.system(name)
            if dialect.refusesUnknownSystemProperties, property.scope == .system(nil) { throw unknownSystemProperty(name, range) }
            return (property, whole)
        default: throw unexpected(what)
        }
    }

    private mutating func nameAfterDot(_ scope: String) throws(FilterSyntaxError) -> (String, SourceRange) {
        let token = current
        switch token.kind {
        case .name(let name), .delimitedName(let name):
            advance()
            return (name, token.range)
        case .keyword(let keyword):
            throw unexpected("a name after '\(scope).'", hint: "\(keyword.rawValue) is a reserved word; write [\(keyword.rawValue)]")
        default: throw unexpected("a name after '\(scope).'")
        }
    }

    private mutating func body(from start: SourceRange) throws(FilterSyntaxError) -> (property: FilterProperty, range: SourceRange) {
        var path: [String] = []
        var end = start
        while true {
            if take(.dot) {
                let (name, range) = try nameAfterDot("body")
                path.append(name)
                end = range
            } else if !path.isEmpty, case .delimitedName(let element) = current.kind, current.range.start == end.end {
                // `items[0]`: an element of an array, written without a dot.
                path.append(element)
                end = current.range
                advance()
            } else {
                return (.body(path), start.through(end))
            }
        }
    }

    private func scopeError(_ token: FilterToken) -> FilterSyntaxError {
        let text = token.range.text(in: expression)
        let scopes = dialect.readsBodies ? "sys, user and body" : "sys and user"
        return error(
            "\(text) is no scope; the scopes are \(scopes)", at: token.range,
            hint: "A property with a dot in its name stands in brackets: [name.with.dots]")
    }

    private func unknownSystemProperty(_ name: String, _ range: SourceRange) -> FilterSyntaxError {
        let wanted = name.lowercased()
        let close = SystemProperty.allCases.first { $0.rawValue.lowercased().hasPrefix(wanted.prefix(3)) }
        return error(
            "the service has no property sys.\(name)", at: range,
            hint: close.map { "Did you mean sys.\($0.rawValue)? Application properties are written without sys." }
                ?? "Application properties are written without sys.")
    }
}
