internal import ServiceBus

/// Typed names and values on one line: `region=eu; quantity:long=3; since:dateTime='2026-11-25T00:00:00Z'`.
///
/// `name=text` is a string, `name:type=value` a value of an XML Schema type, `name:=value` a number, truth value or text by its looks.
/// A value that contains a semicolon, a line end or an apostrophe, or begins or ends with a space, stands in apostrophes; one inside is doubled.
enum PropertyList {
    /// What is wrong with a text.
    struct Problem: Error {
        var message: String
    }

    /// The types a value may have.
    static let types = ["string", "int", "long", "double", "boolean", "dateTime", "duration"]

    static func parse(_ text: String) throws(Problem) -> [RuleDescription.Parameter] {
        var result: [RuleDescription.Parameter] = []
        var rest = Substring(text)
        while true {
            rest = rest.drop { $0.isWhitespace || $0 == ";" }
            guard !rest.isEmpty else { return result }
            guard let equals = rest.firstIndex(of: "="), !rest[..<equals].contains(where: { $0 == ";" || $0.isNewline }) else {
                throw Problem(message: "'\(rest.prefix { $0 != ";" })' is not of the form name=value")
            }
            let name = rest[..<equals]
            rest = rest[rest.index(after: equals)...]
            let value = try value(&rest)
            let parameter = try parameter(String(name), value)
            guard !result.contains(where: { $0.name == parameter.name }) else {
                throw Problem(message: "'\(parameter.name)' is there twice")
            }
            result.append(parameter)
        }
    }

    /// Takes a value with what ends it.
    private static func value(_ rest: inout Substring) throws(Problem) -> String {
        guard rest.first == "'" else {
            let value = rest.prefix { $0 != ";" && !$0.isNewline }
            rest = rest[value.endIndex...]
            return String(value.reversed().drop { $0.isWhitespace }.reversed())
        }
        rest.removeFirst()
        var value = ""
        while let character = rest.popFirst() {
            guard character == "'" else {
                value.append(character)
                continue
            }
            guard rest.first == "'" else {
                rest = rest.drop { $0 == " " }
                guard rest.isEmpty || rest.first == ";" || rest.first?.isNewline == true else {
                    throw Problem(message: "after '\(value)' there must be a semicolon")
                }
                return value
            }
            value.append(rest.removeFirst())
        }
        throw Problem(message: "the apostrophe before '\(value)' is never closed")
    }

    private static func parameter(_ name: String, _ value: String) throws(Problem) -> RuleDescription.Parameter {
        guard let colon = name.lastIndex(of: ":") else {
            guard !name.isEmpty else { throw Problem(message: "a value has no name") }
            return .init(name: name, value: value)
        }
        let plain = String(name[..<colon])
        guard !plain.isEmpty else { throw Problem(message: "a value has no name") }
        let typeName = name[name.index(after: colon)...]
        guard !typeName.isEmpty else { return .init(name: plain, type: guess(value), value: value) }
        guard let type = types.first(where: { $0.lowercased() == typeName.lowercased() }) else {
            throw Problem(message: "'\(typeName)' is no type: there is \(types.joined(separator: ", "))")
        }
        guard isOfType(value, type) else { throw Problem(message: "'\(value)' is no value of type \(type)") }
        return .init(name: plain, type: type, value: value)
    }

    private static func guess(_ value: String) -> String {
        if Int64(value) != nil { return "long" }
        if value == "true" || value == "false" { return "boolean" }
        return Double(value) == nil ? "string" : "double"
    }

    private static func isOfType(_ value: String, _ type: String) -> Bool {
        switch type {
        case "int": Int32(value) != nil
        case "long": Int64(value) != nil
        case "double": Double(value) != nil
        case "boolean": value == "true" || value == "false"
        case "dateTime": Timestamp(rfc3339: value) != nil
        case "duration": XMLDuration.parse(value) != nil
        default: true
        }
    }

    static func text(_ parameters: [RuleDescription.Parameter]) -> String {
        parameters.map { parameter in
            let name = parameter.type == "string" ? parameter.name : "\(parameter.name):\(parameter.type)"
            return "\(name)=\(quoted(parameter.value))"
        }.joined(separator: "; ")
    }

    private static func quoted(_ value: String) -> String {
        let isPlain =
            !value.contains { $0 == ";" || $0 == "'" || $0.isNewline } && value.first?.isWhitespace != true
            && value.last?.isWhitespace != true
        return isPlain ? value : "'" + value.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }
}
