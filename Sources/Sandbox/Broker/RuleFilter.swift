public import AMQP

/// A rule of a subscription, kept as it was configured.
public struct RuleSettings: Sendable, Hashable {
    /// The rule's name, unique in its subscription.
    public var name: String
    /// Which messages it selects.
    public var filter: RuleFilter
    /// A SQL action, as text.
    public var action: String?

    /// Creates a rule.
    public init(name: String, filter: RuleFilter, action: String? = nil) {
        self.name = name
        self.filter = filter
        self.action = action
    }

    /// The rule a subscription has when none was given.
    public static let defaultRule = RuleSettings(name: "$Default", filter: .sql("1=1"))
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

/// What a rule's evaluator looks at: the decoded parts of one published message.
struct FilterSubject {
    let properties: Properties
    let applicationProperties: AMQPMap

    init(_ incoming: IncomingMessage) {
        // Accepted bytes decode; a message without those sections has empty ones.
        let message = try? Message(incoming.envelope.content)
        properties = message?.properties ?? Properties()
        applicationProperties = message?.applicationProperties ?? AMQPMap()
    }
}

extension RuleFilter {
    /// Whether this filter selects every message, so that none needs decoding.
    var selectsEverything: Bool {
        switch self {
        case .all: true
        case .sql(let expression): Self.constant(of: expression) == true
        case .none, .correlation: false
        }
    }

    /// Whether the sandbox can evaluate it. SQL other than the constants `1=1` and `1=0` cannot be, and is refused when a rule is made:
    /// a filter that silently matched everything would be worse than none.
    var isSupported: Bool {
        if case .sql(let expression) = self { Self.constant(of: expression) != nil } else { true }
    }

    func selects(_ subject: FilterSubject) -> Bool {
        switch self {
        case .all: true
        case .none: false
        case .correlation(let filter): filter.matches(subject)
        case .sql(let expression): Self.constant(of: expression) ?? false
        }
    }

    /// The value of the SQL expressions that mean "all" and "none": `1=1`, `1=0` and what SDKs write for the true and false filters.
    static func constant(of expression: String) -> Bool? {
        let words = expression.lowercased().filter { !$0.isWhitespace && $0 != "(" && $0 != ")" }
        return switch words {
        case "1=1", "0=0", "true", "1<>0", "1!=0": true
        case "1=0", "0=1", "false", "1<>1", "1!=1": false
        default: nil
        }
    }
}

extension CorrelationFilter {
    func matches(_ subject: FilterSubject) -> Bool {
        let properties = subject.properties
        return Self.equal(correlationID, properties.correlationID?.plainText)
            && Self.equal(messageID, properties.messageID?.plainText)
            && Self.equal(to, properties.to)
            && Self.equal(replyTo, properties.replyTo)
            && Self.equal(label, properties.subject)
            && Self.equal(sessionID, properties.groupID)
            && Self.equal(replyToSessionID, properties.replyToGroupID)
            && Self.equal(contentType, properties.contentType?.name)
            && self.properties.allSatisfy { name, wanted in
                subject.applicationProperties.value(ignoringCaseOf: name).map { Self.equal(wanted, $0) } ?? false
            }
    }

    private static func equal(_ wanted: String?, _ found: String?) -> Bool {
        guard let wanted, !wanted.isEmpty else { return true }
        return wanted == found
    }

    /// Values are equal when they are of one kind: a number never equals the text that spells it.
    private static func equal(_ wanted: AMQPValue, _ found: AMQPValue) -> Bool {
        if wanted == found { return true }
        if let a = wanted.number, let b = found.number { return a == b }
        if let a = wanted.text, let b = found.text { return a == b }
        return false
    }
}

extension AMQPMap {
    /// Property names are compared without regard to case in rules.
    fileprivate func value(ignoringCaseOf name: String) -> AMQPValue? {
        self[name] ?? pairs.first { $0.key.text?.lowercased() == name.lowercased() }?.value
    }
}

extension AMQPValue {
    /// A number of any numeric type. Timestamps are no numbers.
    fileprivate var number: Double? {
        switch self {
        case .timestamp: nil
        case .float(let value): Double(value)
        case .double(let value): value
        default: integer.map(Double.init)
        }
    }

    /// An id as a rule spells it.
    fileprivate var plainText: String? {
        switch self {
        case .uuid(let uuid): uuid.description
        default: text ?? integer.map(String.init)
        }
    }
}
