internal import ServiceBus

/// A JSON document to be written for people: members in order, indented.
indirect enum JSONTree {
    case text(String)
    /// A number or truth value as it stands.
    case literal(String)
    case object([(String, JSONTree)])
    case array([JSONTree])

    static func flag(_ value: Bool) -> JSONTree { .literal(value ? "true" : "false") }

    /// A whole number or truth value as the service wrote it; a text when it is neither, so that the document is JSON whatever came.
    static func word(_ value: String) -> JSONTree {
        if let number = Int64(value) { return .literal("\(number)") }
        return value == "true" || value == "false" ? .literal(value) : .text(value)
    }

    /// The document's text, with a line end at its end.
    var document: String {
        var text = ""
        write(to: &text, indent: "")
        return text + "\n"
    }

    private func write(to text: inout String, indent: String) {
        let deeper = indent + "  "
        switch self {
        case .text(let value): text += Self.quoted(value)
        case .literal(let value): text += value
        case .object(let members) where members.isEmpty: text += "{}"
        case .array(let elements) where elements.isEmpty: text += "[]"
        case .object(let members):
            text += "{\n"
            for (index, member) in members.enumerated() {
                text += "\(deeper)\(Self.quoted(member.0)): "
                member.1.write(to: &text, indent: deeper)
                text += index == members.count - 1 ? "\n" : ",\n"
            }
            text += "\(indent)}"
        case .array(let elements):
            text += "[\n"
            for (index, element) in elements.enumerated() {
                text += deeper
                element.write(to: &text, indent: deeper)
                text += index == elements.count - 1 ? "\n" : ",\n"
            }
            text += "\(indent)]"
        }
    }

    private static func quoted(_ text: String) -> String {
        var writer = JSONWriter()
        writer.text(text)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
