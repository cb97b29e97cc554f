/// Cuts an expression into words. One pass, no recursion; an offset is always between two whole characters.
struct FilterLexer {
    private let expression: String
    private let scalars: [Unicode.Scalar]
    /// The position among the scalars.
    private var position = 0
    /// The same place as an offset into UTF-8.
    private var offset = 0

    init(_ expression: String) {
        self.expression = expression
        scalars = Array(expression.unicodeScalars)
    }

    /// The words of an expression; the last is the end.
    static func tokens(of expression: String) throws(FilterSyntaxError) -> [FilterToken] {
        var lexer = FilterLexer(expression)
        var tokens: [FilterToken] = []
        while true {
            let token = try lexer.next()
            tokens.append(token)
            if token.kind == .end { return tokens }
        }
    }

    private var current: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }
    private var following: Unicode.Scalar? { position + 1 < scalars.count ? scalars[position + 1] : nil }

    private mutating func advance() {
        guard let current else { return }
        offset += UTF8.width(current)
        position += 1
    }

    private mutating func next() throws(FilterSyntaxError) -> FilterToken {
        while let scalar = current, scalar.properties.isWhitespace { advance() }
        let start = offset
        guard let scalar = current else { return FilterToken(kind: .end, range: SourceRange(start, start)) }
        let kind: FilterToken.Kind
        switch scalar {
        case "'":
            let hint = "Close the string with another '; a ' inside it is written ''"
            kind = .text(try quoted(until: "'", "the string that starts here does not end", hint))
        case "[":
            let hint = "Close the name with ]; a ] inside it is written ]]"
            kind = .delimitedName(try name(quoted(until: "]", "the name that starts here does not end", hint), from: start))
        case "\"":
            let hint = "Close the name with another \"; a \" inside it is written \"\". Text stands in single quotation marks"
            kind = .delimitedName(try name(quoted(until: "\"", "the name that starts here does not end", hint), from: start))
        case "@": kind = try parameter()
        case "0"..."9": kind = try number()
        case _ where Self.isLetter(scalar): kind = word()
        default: kind = .symbol(try symbol())
        }
        return FilterToken(kind: kind, range: SourceRange(start, offset))
    }

    /// `System.Char.IsLetter`: the letter categories of Unicode.
    static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.properties.isAlphabetic }
        return switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: false
        }
    }

    /// What may follow the first letter of a name: `_`, letters and decimal digits.
    static func isNamePart(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || isLetter(scalar) || scalar.properties.generalCategory == .decimalNumber
    }

    /// Whether a text may stand as a name without brackets.
    static func isRegularName(_ name: String) -> Bool {
        guard let first = name.unicodeScalars.first, isLetter(first) else { return false }
        return name.unicodeScalars.allSatisfy { isNamePart($0) } && FilterToken.Keyword(spelling: name) == nil
    }

    private mutating func characters() -> String {
        var name = String.UnicodeScalarView()
        while let scalar = current, Self.isNamePart(scalar) {
            name.append(scalar)
            advance()
        }
        return String(name)
    }

    private mutating func word() -> FilterToken.Kind {
        let word = characters()
        return FilterToken.Keyword(spelling: word).map { .keyword($0) } ?? .name(word)
    }

    private mutating func parameter() throws(FilterSyntaxError) -> FilterToken.Kind {
        let start = offset
        advance()
        let name = characters()
        guard !name.isEmpty else { throw error("expected a name after @", from: start, hint: "Write a parameter like @limit") }
        return .parameter(name)
    }

    private mutating func quoted(
        until mark: Unicode.Scalar, _ problem: String, _ hint: String
    ) throws(FilterSyntaxError) -> String {
        let start = offset
        advance()
        var text = String.UnicodeScalarView()
        while let scalar = current {
            advance()
            if scalar == mark {
                guard current == mark else { return String(text) }
                advance()
            }
            text.append(scalar)
        }
        throw FilterSyntaxError(problem, at: SourceRange(start, start + 1), of: expression, hint: hint)
    }

    private func name(_ name: String, from start: Int) throws(FilterSyntaxError) -> String {
        guard !name.isEmpty else { throw error("a name must not be empty", from: start) }
        return name
    }

    private mutating func number() throws(FilterSyntaxError) -> FilterToken.Kind {
        let start = offset
        var digits = takeDigits()
        var isWhole = true
        if current == ".", let following, ("0"..."9").contains(following) {
            isWhole = false
            advance()
            digits += "." + takeDigits()
        }
        if current == "e" || current == "E" {
            isWhole = false
            advance()
            digits += "e"
            if let sign = current, sign == "+" || sign == "-" {
                digits.unicodeScalars.append(sign)
                advance()
            }
            let exponent = takeDigits()
            guard !exponent.isEmpty else { throw error("expected digits after the E of a number", from: start) }
            digits += exponent
        }
        if let scalar = current, Self.isNamePart(scalar) || scalar == "." {
            _ = characters()
            throw error(
                "this is neither a number nor a name", from: start,
                hint: "A name that starts with a digit stands in brackets: [\(SourceRange(start, offset).text(in: expression))]")
        }
        if isWhole {
            guard let value = UInt64(digits), value <= UInt64(Int64.max) + 1 else { throw tooLarge(from: start) }
            return .integer(value)
        }
        guard let value = Double(digits), value.isFinite else { throw error("this number is too large for a double", from: start) }
        return .double(value)
    }

    private func tooLarge(from start: Int) -> FilterSyntaxError {
        error(
            "this whole number is too large: at most \(Int64.max)", from: start,
            hint: "Write it with a decimal point to have it as a double")
    }

    private mutating func takeDigits() -> String {
        var digits = String.UnicodeScalarView()
        while let scalar = current, ("0"..."9").contains(scalar) {
            digits.append(scalar)
            advance()
        }
        return String(digits)
    }

    private mutating func symbol() throws(FilterSyntaxError) -> FilterToken.Symbol {
        let start = offset
        let first = current ?? " "
        advance()
        let second = current
        switch (first, second) {
        case ("<", ">"), ("!", "="):
            advance()
            return .notEqual
        case ("<", "="):
            advance()
            return .lessOrEqual
        case (">", "="):
            advance()
            return .greaterOrEqual
        case ("=", "="):
            advance()
            throw error("there is no operator ==", from: start, hint: "Write = to compare")
        case ("&", "&"):
            advance()
            throw error("there is no operator &&", from: start, hint: "Write AND")
        case ("|", "|"):
            advance()
            throw error("there is no operator ||", from: start, hint: "Write OR between conditions, + between texts")
        case ("!", _): throw error("there is no operator !", from: start, hint: "Write NOT before a condition, <> or != between values")
        case ("]", _): throw error("there is no [ before this ]", from: start)
        case ("$", _), ("_", _):
            throw error(
                "a name does not start with \(first)", from: start, hint: "Names with other characters stand in brackets: [\(first)name]")
        case (".", let digit?) where ("0"..."9").contains(digit):
            throw error("a number does not start with a point", from: start, hint: "Write 0 before the point")
        default: break
        }
        guard let symbol = FilterToken.Symbol(rawValue: String(first)) else {
            throw error("the character \(Self.display(first)) has no meaning here", from: start)
        }
        return symbol
    }

    private static func display(_ scalar: Unicode.Scalar) -> String {
        let code = String(scalar.value, radix: 16, uppercase: true)
        let padded = "U+" + String(repeating: "0", count: max(0, 4 - code.utf8.count)) + code
        return scalar.isASCII && scalar.value > 0x20 && scalar.value < 0x7f ? "'\(scalar)'" : padded
    }

    private func error(_ problem: String, from start: Int, hint: String? = nil) -> FilterSyntaxError {
        FilterSyntaxError(problem, at: SourceRange(start, max(offset, start + 1)), of: expression, hint: hint)
    }
}
