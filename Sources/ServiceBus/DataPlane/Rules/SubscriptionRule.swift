/// A rule of a subscription, as the AMQP interface knows it: which messages it takes, and what it changes in them.
public struct SubscriptionRule: Hashable, Sendable {
    /// Which messages a rule takes.
    public enum Filter: Hashable, Sendable {
        /// All.
        case all
        /// None.
        case none
        /// Those for which an expression of the SQL filter language is true.
        case sql(String)
        /// Those whose properties equal the given ones.
        case correlation(Correlation)
    }

    /// Properties that a message must have; nil ones are not compared.
    public struct Correlation: Hashable, Sendable {
        /// The correlation id.
        public var correlationID: String?
        /// The message id.
        public var messageID: String?
        /// Whom it is addressed to.
        public var to: String?
        /// Where answers go.
        public var replyTo: String?
        /// What it is about.
        public var subject: String?
        /// The session.
        public var sessionID: String?
        /// The session answers belong to.
        public var replyToSessionID: String?
        /// The MIME type of the body.
        public var contentType: String?
        /// Application properties.
        public var properties: [OutgoingMessage.Property] = []

        /// Compares nothing yet.
        public init() {}
    }

    /// Its name.
    public var name: String
    /// Which messages it takes.
    public var filter: Filter
    /// The SQL statements that change what it takes; nil when it changes nothing.
    public var action: String?
    /// When it was created; nil where the service does not say.
    public var createdAt: Timestamp?

    /// Creates a rule.
    public init(name: String, filter: Filter, action: String? = nil) {
        self.name = name
        self.filter = filter
        self.action = action
    }
}
