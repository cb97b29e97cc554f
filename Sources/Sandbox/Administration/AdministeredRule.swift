internal import ServiceBus

/// A rule of a subscription as its administration shows it.
///
/// Filter and action are kept on disk as JSON (``StoredRule``): the names of cases and properties are a file format.
struct AdministeredRule: Hashable, Sendable {
    /// Which messages it takes.
    enum Filter: Hashable, Sendable, Codable {
        /// All.
        case all
        /// None.
        case none
        /// Those for which the expression is true.
        case sql(Expression)
        /// Those whose properties equal the given ones.
        case correlation(Correlation)
    }

    /// A text of the SQL language with the values of its parameters.
    struct Expression: Hashable, Sendable, Codable {
        /// The text.
        var text: String
        /// The values of what the text calls `@name`.
        var parameters: [Property]

        /// An expression.
        init(_ text: String, parameters: [Property] = []) {
            self.text = text
            self.parameters = parameters
        }
    }

    /// The conditions of a correlation filter; `nil` is no condition.
    struct Correlation: Hashable, Sendable, Codable {
        /// The correlation id.
        var correlationID: String?
        /// The message id.
        var messageID: String?
        /// The address sent to.
        var to: String?
        /// The address to answer to.
        var replyTo: String?
        /// The subject.
        var label: String?
        /// The session id.
        var sessionID: String?
        /// The session to answer to.
        var replyToSessionID: String?
        /// The content type.
        var contentType: String?
        /// Application properties.
        var properties: [Property] = []

        /// No conditions.
        init() {}
    }

    /// A typed value of an application property.
    struct Property: Hashable, Sendable, Codable {
        /// The types a filter may compare with.
        enum ValueType: String, Hashable, Sendable, Codable {
            case string, int, long, boolean, double, dateTime, duration
        }
        /// The property's name.
        var key: String
        /// The value's XML Schema type.
        var type: ValueType
        /// The value in that type's XML form.
        var value: String

        /// A property.
        init(key: String, type: ValueType, value: String) {
            self.key = key
            self.type = type
            self.value = value
        }
    }

    /// The name.
    var name: String
    /// Which messages it takes.
    var filter: Filter
    /// The SQL action, `nil` for none.
    var action: Expression?
    /// When it was created.
    var createdAt: Timestamp

    /// A rule.
    init(name: String, filter: Filter, action: Expression? = nil, createdAt: Timestamp) {
        self.name = name
        self.filter = filter
        self.action = action
        self.createdAt = createdAt
    }
}
