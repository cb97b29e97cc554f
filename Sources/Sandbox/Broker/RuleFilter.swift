public import AMQP

/// A rule of a subscription, kept as it was configured.
public struct RuleSettings: Sendable, Hashable {
    /// The rule's name, unique in its subscription.
    public var name: String
    /// Which messages it selects.
    public var filter: RuleFilter
    /// A SQL action, as text.
    public var action: String?
    /// Values for the `@names` of a SQL filter, with or without the sign.
    public var filterParameters: [String: AMQPValue] = [:]
    /// Values for the `@names` of the action.
    public var actionParameters: [String: AMQPValue] = [:]
    /// The rule as administration was given it: an order and a spelling that evaluation does not need, and that must come back as they were.
    var administered: AdministeredRule?

    /// Creates a rule.
    public init(name: String, filter: RuleFilter, action: String? = nil) {
        self.name = name
        self.filter = filter
        self.action = action
    }

    /// The rule a subscription has when none was given.
    public static let defaultRule = RuleSettings(name: "$Default", filter: .all)
}

/// Which messages of a topic a rule selects.
public enum RuleFilter: Sendable, Hashable {
    /// All.
    case all
    /// None.
    case none
    /// Those whose properties equal the given ones.
    case correlation(CorrelationFilter)
    /// Those for which an expression of the SQL filter language is true.
    case sql(String)
}

/// A filter by equality: every part that is given must match (reference: Microsoft's CorrelationRuleFilter).
public struct CorrelationFilter: Sendable, Hashable {
    /// The correlation id.
    public var correlationID: String?
    /// The message id.
    public var messageID: String?
    /// The to address.
    public var to: String?
    /// The reply-to address.
    public var replyTo: String?
    /// The subject, called label in rules.
    public var label: String?
    /// The session id.
    public var sessionID: String?
    /// The session answers go to.
    public var replyToSessionID: String?
    /// The content type.
    public var contentType: String?
    /// Application properties, in the order they were given.
    public var properties: [String: AMQPValue] = [:]

    /// An empty filter, which matches everything.
    public init() {}
}
