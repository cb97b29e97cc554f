public import ServiceBus

/// An application property as an operator types it: `name=text`, or `name:=value` for a number, a truth value or null.
public enum PropertyText {
    /// Why a text is no property.
    public struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
        /// What is wrong, as the end of a sentence that names the text.
        public var description: String

        /// Says what is wrong.
        public init(description: String) { self.description = description }
    }

    /// Reads a property.
    public static func parse(_ text: String) throws(Problem) -> OutgoingMessage.Property {
        guard let equals = text.firstIndex(of: "=") else { throw Problem(description: "is not of the form name=value") }
        let value = String(text[text.index(after: equals)...])
        let name = text[..<equals]
        guard name.hasSuffix(":") else {
            guard !name.isEmpty else { throw Problem(description: "has no name before the =") }
            return .init(name: String(name), value: PropertyValue(typeName: "string", content: .text(value)))
        }
        guard name.count > 1 else { throw Problem(description: "has no name before the :=") }
        let content: (String, PropertyValue.Content)
        if let number = Int64(value) {
            content = ("long", .integer(number))
        } else if let number = Double(value) {
            content = ("double", .number(number))
        } else if let truth = Bool(value) {
            content = ("boolean", .boolean(truth))
        } else if value == "null" {
            content = ("null", .null)
        } else {
            throw Problem(description: "has no number, true, false or null after the :=; text is written name=text")
        }
        return .init(name: String(name.dropLast()), value: PropertyValue(typeName: content.0, content: content.1))
    }

    /// A property as it would be typed.
    public static func text(_ property: OutgoingMessage.Property) -> String {
        switch property.value.content {
        case .integer, .unsigned, .number, .boolean, .null: "\(property.name):=\(property.value.text)"
        default: "\(property.name)=\(property.value.text)"
        }
    }
}
