/// The parsed form of a filter: what the text says, with where each part stands in it.
///
/// Chains are held flat (`a AND b AND c` is one node, `a + b - c` is one node), so that a tree is never deeper than its text is nested, which
/// the parser bounds: no text can overflow the stack of whoever walks it.
public indirect enum FilterExpression: Hashable, Sendable {
    /// A constant; NULL is the unknown value.
    case constant(FilterValue, at: SourceRange)
    /// A property's value.
    case property(FilterProperty, at: SourceRange)
    /// The value given for `@name`; the name without the sign.
    case parameter(String, at: SourceRange)
    /// `newid()`.
    case newID(at: SourceRange)
    /// `property(name)`: an application property whose name is computed.
    case propertyNamed(FilterExpression, at: SourceRange)
    /// `+x` or `-x`.
    case sign(Sign, FilterExpression, at: SourceRange)
    /// Operators of one precedence, from left to right.
    case arithmetic(FilterExpression, [ArithmeticStep], at: SourceRange)
    /// Two values compared.
    case comparison(ComparisonOperator, FilterExpression, FilterExpression, at: SourceRange)
    /// All of several conditions.
    case and([FilterExpression], at: SourceRange)
    /// Any of several conditions.
    case or([FilterExpression], at: SourceRange)
    /// The opposite.
    case not(FilterExpression, at: SourceRange)
    /// `x IS [NOT] NULL`.
    case isNull(FilterProperty, isNegated: Bool, at: SourceRange)
    /// `x [NOT] IN (...)`.
    case isIn(FilterExpression, [FilterExpression], isNegated: Bool, at: SourceRange)
    /// `x [NOT] LIKE pattern [ESCAPE character]`.
    case like(FilterExpression, pattern: FilterExpression, escape: FilterExpression?, isNegated: Bool, at: SourceRange)
    /// `EXISTS(x)`.
    case exists(FilterProperty, at: SourceRange)

    /// The sign of a value.
    public enum Sign: String, Hashable, Sendable {
        case plus = "+"
        case minus = "-"
    }

    /// An operator on numbers; `+` also joins text and moves times.
    public enum ArithmeticOperator: String, Hashable, Sendable, CaseIterable {
        case plus = "+"
        case minus = "-"
        case times = "*"
        case divided = "/"
        case remainder = "%"

        /// Whether it binds tighter than `+` and `-`.
        var isMultiplicative: Bool { self == .times || self == .divided || self == .remainder }
    }

    /// An operator and its right operand.
    public struct ArithmeticStep: Hashable, Sendable {
        /// The operator.
        public var operation: ArithmeticOperator
        /// What it is applied to.
        public var operand: FilterExpression

        /// Creates a step.
        public init(_ operation: ArithmeticOperator, _ operand: FilterExpression) {
            self.operation = operation
            self.operand = operand
        }
    }

    /// An operator that compares.
    public enum ComparisonOperator: String, Hashable, Sendable, CaseIterable {
        case equal = "="
        case notEqual = "<>"
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
    }

    /// Where it stands in the text.
    public var range: SourceRange {
        switch self {
        case .constant(_, let range), .property(_, let range), .parameter(_, let range), .newID(let range), .propertyNamed(_, let range),
            .sign(_, _, let range), .arithmetic(_, _, let range), .comparison(_, _, _, let range), .and(_, let range), .or(_, let range),
            .not(_, let range), .isNull(_, _, let range), .isIn(_, _, _, let range), .like(_, _, _, _, let range), .exists(_, let range):
            range
        }
    }

    /// Whether it is true, false or unknown, rather than a value. TRUE and FALSE are both.
    public var isCondition: Bool {
        switch self {
        case .comparison, .and, .or, .not, .isNull, .isIn, .like, .exists, .constant(.boolean, _): true
        case .constant, .property, .parameter, .newID, .propertyNamed, .sign, .arithmetic: false
        }
    }

    /// Whether it has a value that can be compared.
    public var isValue: Bool {
        switch self {
        case .constant, .property, .parameter, .newID, .propertyNamed, .sign, .arithmetic: true
        case .comparison, .and, .or, .not, .isNull, .isIn, .like, .exists: false
        }
    }
}

/// One statement of an action.
public enum FilterStatement: Hashable, Sendable {
    /// `SET property = expression`.
    case set(FilterProperty, FilterExpression, at: SourceRange)
    /// `REMOVE property`.
    case remove(FilterProperty, at: SourceRange)

    /// Where it stands in the text.
    public var range: SourceRange {
        switch self {
        case .set(_, _, let range), .remove(_, let range): range
        }
    }
}
