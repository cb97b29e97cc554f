/// Rules as they are sent: the elements and their order are those of the recorded requests (protocol reference 1.17).
extension RuleDescription {
    /// What the service's serializer says of a SQL expression: the version of the language, of which there is one.
    private static let compatibilityLevel = "20"
    private static let schema = "http://www.w3.org/2001/XMLSchema"

    /// The order of a correlation filter's conditions.
    private static let conditionOrder = [
        "CorrelationId", "MessageId", "To", "ReplyTo", "Label", "SessionId", "ReplyToSessionId", "ContentType",
    ]

    /// - Parameter element: `RuleDescription`, or `DefaultRuleDescription` inside a subscription.
    func write(to writer: inout XMLWriter, as element: String = "RuleDescription") {
        writer.element(element, ["xmlns": AtomNamespace.serviceBus, "xmlns:i": "http://www.w3.org/2001/XMLSchema-instance"]) {
            writer in
            writeFilter(to: &writer)
            writeAction(to: &writer)
            if let createdAt { writer.element("CreatedAt", text: createdAt.rfc3339) }
            writer.element("Name", text: name)
        }
    }

    private func writeFilter(to writer: inout XMLWriter) {
        switch filter {
        case .all: Self.writeSQL("Filter", "TrueFilter", "1=1", [], to: &writer)
        case .none: Self.writeSQL("Filter", "FalseFilter", "1=0", [], to: &writer)
        case .sql(let expression, let parameters): Self.writeSQL("Filter", "SqlFilter", expression, parameters, to: &writer)
        case .correlation(let conditions, let properties):
            writer.element("Filter", ["i:type": "CorrelationFilter"]) { writer in
                let known = Self.conditionOrder.compactMap { name in conditions.first { $0.name == name } }
                let others = conditions.filter { !Self.conditionOrder.contains($0.name) }
                for condition in known + others { writer.element(condition.name, text: condition.value) }
                Self.write(properties, in: "Properties", to: &writer)
            }
        case .other(let type): writer.element("Filter", ["i:type": type]) { _ in }
        }
    }

    private func writeAction(to writer: inout XMLWriter) {
        switch action {
        case .none: writer.element("Action", ["i:type": "EmptyRuleAction"]) { _ in }
        case .sql(let expression, let parameters): Self.writeSQL("Action", "SqlRuleAction", expression, parameters, to: &writer)
        case .other(let type): writer.element("Action", ["i:type": type]) { _ in }
        }
    }

    private static func writeSQL(
        _ element: String, _ type: String, _ expression: String, _ parameters: [Parameter], to writer: inout XMLWriter
    ) {
        writer.element(element, ["i:type": type]) { writer in
            writer.element("SqlExpression", text: expression)
            writer.element("CompatibilityLevel", text: compatibilityLevel)
            write(parameters, in: "Parameters", to: &writer)
            writer.element("RequiresPreprocessing", text: "true")
        }
    }

    private static func write(_ parameters: [Parameter], in name: String, to writer: inout XMLWriter) {
        guard !parameters.isEmpty else { return }
        writer.element(name) { writer in
            for parameter in parameters {
                writer.element("KeyValueOfstringanyType") { writer in
                    writer.element("Key", text: parameter.name)
                    writer.element("Value", ["xmlns:d6p1": schema, "i:type": "d6p1:\(parameter.type)"], text: parameter.value)
                }
            }
        }
    }
}
