/// The canonical text of an expression: keywords in capitals, single spaces, parentheses only where they are needed.
///
/// Reading it again gives the same expression.
extension FilterExpression: CustomStringConvertible {
    /// The canonical text.
    public var description: String { FilterPrinter.text(of: self, within: .disjunction) }
}

extension FilterStatement: CustomStringConvertible {
    /// The canonical text.
    public var description: String {
        switch self {
        case .set(let property, let value, _): "SET \(property) = \(value)"
        case .remove(let property, _): "REMOVE \(property)"
        }
    }
}

extension FilterProperty: CustomStringConvertible {
    /// The property with its scope, as an expression names it.
    public var description: String {
        switch scope {
        case .user: name.lowercased() == "body" ? "[\(name)]" : FilterPrinter.name(name)
        case .system(let property): "sys.\(property.map { $0.rawValue } ?? FilterPrinter.name(name))"
        case .body(let path): "body" + path.map { ".\(FilterPrinter.name($0))" }.joined()
        }
    }
}

enum FilterPrinter {
    /// What an expression stands in, from loose to tight.
    enum Place: Int {
        case disjunction, conjunction, negation, sum, product, factor
    }

    static func text(of expression: FilterExpression, within place: Place) -> String {
        let (text, tightness) = plain(expression)
        return tightness.rawValue < place.rawValue ? "(\(text))" : text
    }

    /// The text without parentheses around it, and the tightest place where it needs none.
    private static func plain(_ expression: FilterExpression) -> (String, Place) {
        switch expression {
        case .constant(let value, _): return (constant(value), .factor)
        case .property(let property, _): return (property.description, .factor)
        case .parameter(let name, _): return ("@\(name)", .factor)
        case .newID: return ("newid()", .factor)
        case .propertyNamed(let name, _): return ("property(\(text(of: name, within: .sum)))", .factor)
        case .sign(let sign, let operand, _): return (sign.rawValue + text(of: operand, within: .factor), .factor)
        case .arithmetic(let first, let steps, _):
            let isProduct = steps.first?.operation.isMultiplicative ?? false
            let place: Place = isProduct ? .factor : .product
            let rest = steps.map { " \($0.operation.rawValue) \(text(of: $0.operand, within: place))" }.joined()
            return (text(of: first, within: place) + rest, isProduct ? .product : .sum)
        case .comparison(let operation, let left, let right, _):
            return ("\(text(of: left, within: .sum)) \(operation.rawValue) \(text(of: right, within: .sum))", .negation)
        case .and(let parts, _): return (parts.map { text(of: $0, within: .negation) }.joined(separator: " AND "), .conjunction)
        case .or(let parts, _): return (parts.map { text(of: $0, within: .conjunction) }.joined(separator: " OR "), .disjunction)
        case .not(let operand, _): return ("NOT \(text(of: operand, within: .negation))", .negation)
        case .isNull(let property, let isNegated, _): return ("\(property) IS \(isNegated ? "NOT " : "")NULL", .negation)
        case .isIn(let left, let elements, let isNegated, _):
            let list = elements.map { text(of: $0, within: .sum) }.joined(separator: ", ")
            return ("\(text(of: left, within: .sum)) \(isNegated ? "NOT " : "")IN (\(list))", .negation)
        case .like(let left, let pattern, let escape, let isNegated, _):
            let tail = escape.map { " ESCAPE \(text(of: $0, within: .sum))" } ?? ""
            let operation = isNegated ? "NOT LIKE" : "LIKE"
            return ("\(text(of: left, within: .sum)) \(operation) \(text(of: pattern, within: .sum))\(tail)", .negation)
        case .exists(let property, _): return ("EXISTS(\(property))", .negation)
        }
    }

    private static func constant(_ value: FilterValue) -> String {
        switch value {
        case .boolean(let value): value ? "TRUE" : "FALSE"
        case .integer(let value): String(value)
        case .double(let value): value.description
        case .text(let text): quoted(text.string)
        default: "NULL"
        }
    }

    /// A text as a constant.
    static func quoted(_ text: String) -> String { "'" + escaped(text, "'") + "'" }

    static func name(_ name: String) -> String { FilterLexer.isRegularName(name) ? name : "[" + escaped(name, "]") + "]" }

    private static func escaped(_ text: String, _ mark: Unicode.Scalar) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            result.append(scalar)
            if scalar == mark { result.append(scalar) }
        }
        return String(result)
    }
}
