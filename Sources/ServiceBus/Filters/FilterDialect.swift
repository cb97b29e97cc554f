/// Whose language an expression is written in.
///
/// The grammar is the service's in both; an operator's expression may also look into bodies, and takes what it cannot compare as unknown
/// where a rule fails, so that one odd message does not end a search through a million.
public struct FilterDialect: Hashable, Sendable {
    /// Whether `body` and `body.path.to.field` name the body.
    var readsBodies: Bool
    /// Whether a name after `sys.` that the service does not have is refused when it is read, not when it is evaluated.
    var refusesUnknownSystemProperties: Bool
    /// Whether text is compared with times, durations and GUIDs by reading it, ordered, and values of types that do not fit are unknown.
    var comparesLoosely: Bool
    /// The longest text, in UTF-16 units as the service counts.
    var maximumLength: Int
    /// The most statements of an action.
    var maximumStatements: Int

    /// Deeper nesting is refused: parentheses, NOT, signs and calls.
    static let maximumDepth = 64

    /// A rule's filter or action: at most 1,024 characters and 32 statements (service-bus-quotas).
    public static let rule = FilterDialect(
        readsBodies: false, refusesUnknownSystemProperties: false, comparesLoosely: false, maximumLength: 1024, maximumStatements: 32)

    /// An operator's filter expression.
    public static let operatorExpression = FilterDialect(
        readsBodies: true, refusesUnknownSystemProperties: true, comparesLoosely: true, maximumLength: 16_384, maximumStatements: 0)
}
