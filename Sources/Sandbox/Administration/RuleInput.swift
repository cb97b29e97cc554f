internal import ServiceBus

/// A rule as a client sends it.
struct RuleInput: Hashable, Sendable {
    /// The name inside the description. The one in the path counts, except for a subscription's first rule.
    var name: String?
    var filter = AdministeredRule.Filter.all
    var action: AdministeredRule.Expression?

    init() {}

    init(_ values: ElementValues) throws(AdministrationFault) {
        name = values.text("Name")
        if let filter = values.child("Filter") { self.filter = try Self.filter(filter) }
        if let action = values.child("Action") { self.action = try Self.action(action) }
    }

    private static func filter(_ element: XMLElement) throws(AdministrationFault) -> AdministeredRule.Filter {
        let values = ElementValues(element: element)
        let type = localName(element.attribute("type") ?? "")
        switch type {
        case "TrueFilter": return .all
        case "FalseFilter": return .none
        case "SqlFilter": return .sql(try expression(values))
        case "CorrelationFilter":
            var correlation = AdministeredRule.Correlation()
            correlation.correlationID = values.text("CorrelationId")
            correlation.messageID = values.text("MessageId")
            correlation.to = values.text("To")
            correlation.replyTo = values.text("ReplyTo")
            correlation.label = values.text("Label")
            correlation.sessionID = values.text("SessionId")
            correlation.replyToSessionID = values.text("ReplyToSessionId")
            correlation.contentType = values.text("ContentType")
            correlation.properties = try properties(values.child("Properties"))
            return .correlation(correlation)
        default: throw .invalid("Filter", type)
        }
    }

    private static func action(_ element: XMLElement) throws(AdministrationFault) -> AdministeredRule.Expression? {
        switch localName(element.attribute("type") ?? "EmptyRuleAction") {
        case "EmptyRuleAction": return nil
        case "SqlRuleAction": return try expression(ElementValues(element: element))
        case let type: throw .invalid("Action", type)
        }
    }

    private static func expression(_ values: ElementValues) throws(AdministrationFault) -> AdministeredRule.Expression {
        guard let text = values.text("SqlExpression") else { throw .unreadable("There is no SqlExpression.") }
        return AdministeredRule.Expression(text, parameters: try properties(values.child("Parameters")))
    }

    private static func properties(_ element: XMLElement?) throws(AdministrationFault) -> [AdministeredRule.Property] {
        var properties: [AdministeredRule.Property] = []
        for pair in element?.children ?? [] {
            guard let key = pair.first("Key")?.text, !key.isEmpty, let value = pair.first("Value") else {
                throw .unreadable("A property has no Key, or no Value.")
            }
            let typeName = localName(value.attribute("type") ?? "string")
            guard let type = AdministeredRule.Property.ValueType(rawValue: typeName) else { throw .invalid(key, typeName) }
            let property = AdministeredRule.Property(key: key, type: type, value: value.text)
            guard property.amqpValue != nil else { throw .invalid(key, value.text) }
            guard !properties.contains(where: { $0.key == key }) else { throw .unreadable("The property '\(key)' is there twice.") }
            properties.append(property)
        }
        return properties
    }

    /// A type's name without the prefix of its namespace.
    private static func localName(_ name: String) -> String {
        name.split(separator: ":").last.map(String.init) ?? name
    }
}
