/// A rule of a subscription as Azure Resource Manager describes it (Microsoft.ServiceBus/namespaces/topics/subscriptions/rules).
public struct RuleResource: Hashable, Sendable {
    /// What decides which messages pass.
    public enum Filter: Hashable, Sendable {
        /// An expression of the SQL filter language.
        case sql(expression: String, compatibilityLevel: Int?)
        /// Properties that must have these values.
        case correlation(Correlation)
        /// A kind that this product does not know; the service's word for it.
        case other(String)
    }

    /// Values that the properties of a message must have; nil where any will do.
    public struct Correlation: Hashable, Sendable {
        /// CorrelationId.
        public let correlationID: String?
        /// MessageId.
        public let messageID: String?
        /// To.
        public let to: String?
        /// ReplyTo.
        public let replyTo: String?
        /// Label, also called Subject.
        public let label: String?
        /// SessionId.
        public let sessionID: String?
        /// ReplyToSessionId.
        public let replyToSessionID: String?
        /// ContentType.
        public let contentType: String?
        /// Application properties, as texts.
        public let properties: [String: String]
    }

    /// Its id.
    public let id: ResourceID
    /// Its name.
    public let name: String
    /// Which messages pass.
    public let filter: Filter
    /// What is done to those that pass, as an SQL action; nil when nothing is.
    public let action: String?
}

extension RuleResource: Decodable {
    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        id = try fields.id("id")
        name = try fields.text("name")
        let properties = try fields.object("properties")
        action = try properties.optionalObject("action")?.optionalText("sqlExpression")
        let kind = try properties.text("filterType")
        switch kind.lowercased() {
        case "sqlfilter":
            let sql = try properties.optionalObject("sqlFilter")
            filter = .sql(
                expression: try sql?.optionalText("sqlExpression") ?? "", compatibilityLevel: try sql?.optional("compatibilityLevel"))
        case "correlationfilter": filter = .correlation(try properties.required("correlationFilter"))
        default: filter = .other(kind)
        }
    }
}

extension RuleResource.Correlation: Decodable {
    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        correlationID = try fields.optionalText("correlationId")
        messageID = try fields.optionalText("messageId")
        to = try fields.optionalText("to")
        replyTo = try fields.optionalText("replyTo")
        label = try fields.optionalText("label")
        sessionID = try fields.optionalText("sessionId")
        replyToSessionID = try fields.optionalText("replyToSessionId")
        contentType = try fields.optionalText("contentType")
        properties = try fields.optional("properties") ?? [:]
    }
}
