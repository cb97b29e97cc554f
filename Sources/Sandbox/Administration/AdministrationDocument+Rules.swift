internal import ServiceBus

/// Rules with their filters and actions.
extension AdministrationDocument {
    func write(_ rule: AdministeredRule, id: String, link: String, isListed: Bool, to writer: inout XMLWriter) {
        writer.element("id", id)
        writer.element("title", ["type": "text"], text: rule.name)
        writer.element("published", AtomValues.wholeSeconds(rule.createdAt))
        writer.element("updated", AtomValues.wholeSeconds(rule.createdAt))
        writer.emptyElement("link", ["rel": "self", "href": link])
        writer.element("content", ["type": "application/xml"]) { writer in
            writer.element("RuleDescription", ["xmlns": Self.serviceBus, "xmlns:i": Self.schemaInstance]) { writer in
                write(rule.filter, isListed: isListed, to: &writer)
                if let action = rule.action {
                    writer.element("Action", ["i:type": "SqlRuleAction"]) { writer in
                        write(action, to: &writer)
                    }
                } else {
                    writer.emptyElement("Action", ["i:type": "EmptyRuleAction"])
                }
                writer.element("CreatedAt", AtomValues.moment(rule.createdAt))
                writer.element("Name", rule.name)
            }
        }
    }

    private func write(_ filter: AdministeredRule.Filter, isListed: Bool, to writer: inout XMLWriter) {
        func writeConstant(_ type: String, _ expression: String) {
            writer.element("Filter", ["i:type": type]) { writer in
                writer.element("SqlExpression", expression)
                writer.element("CompatibilityLevel", 20)
                // Only lists have it, empty; nobody knows why.
                if isListed { writer.emptyElement("Parameters") }
            }
        }
        switch filter {
        case .all: writeConstant("TrueFilter", "1=1")
        case .none: writeConstant("FalseFilter", "1=0")
        case .sql(let expression):
            writer.element("Filter", ["i:type": "SqlFilter"]) { writer in
                write(expression, to: &writer)
                if isListed, expression.parameters.isEmpty { writer.emptyElement("Parameters") }
            }
        case .correlation(let correlation):
            writer.element("Filter", ["i:type": "CorrelationFilter"]) { write(correlation, to: &$0) }
        }
    }

    private func write(_ correlation: AdministeredRule.Correlation, to writer: inout XMLWriter) {
        let conditions: [(String, String?)] = [
            ("CorrelationId", correlation.correlationID), ("MessageId", correlation.messageID), ("To", correlation.to),
            ("ReplyTo", correlation.replyTo), ("Label", correlation.label), ("SessionId", correlation.sessionID),
            ("ReplyToSessionId", correlation.replyToSessionID), ("ContentType", correlation.contentType),
        ]
        for (name, value) in conditions {
            if let value { writer.element(name, value) }
        }
        guard !correlation.properties.isEmpty else { return }
        writer.element("Properties") { write(correlation.properties, to: &$0) }
    }

    private func write(_ expression: AdministeredRule.Expression, to writer: inout XMLWriter) {
        writer.element("SqlExpression", expression.text)
        writer.element("CompatibilityLevel", 20)
        if !expression.parameters.isEmpty {
            writer.element("Parameters") { write(expression.parameters, to: &$0) }
        }
        writer.element("RequiresPreprocessing", true)
    }

    private func write(_ properties: [AdministeredRule.Property], to writer: inout XMLWriter) {
        for property in properties {
            writer.element("KeyValueOfstringanyType") { writer in
                writer.element("Key", property.key)
                // Durations are not of XML Schema's namespace but of the serializer's own.
                let schema =
                    property.type == .duration ? "http://schemas.microsoft.com/2003/10/Serialization/" : "http://www.w3.org/2001/XMLSchema"
                writer.element("Value", ["i:type": "d6p1:\(property.type.rawValue)", "xmlns:d6p1": schema], text: property.value)
            }
        }
    }
}
