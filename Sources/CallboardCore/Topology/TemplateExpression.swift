/// The expressions of ARM templates that names are made of: `[concat(parameters('namespace'), '/orders')]`,
/// `[format('{0}/{1}', parameters('namespace'), 'orders')]`. (Template functions, of Microsoft's documentation.)
struct TemplateExpression {
    /// The default values of the template's parameters, by name in lower case.
    let parameters: [String: String]

    /// What a text of a template means; nil for an expression that is not understood here.
    func value(of text: String) -> String? {
        guard text.hasPrefix("["), text.hasSuffix("]") else { return text }
        if text.hasPrefix("[[") { return String(text.dropFirst()) }
        var rest = text.dropFirst().dropLast()
        guard let value = term(&rest, depth: 0), rest.allSatisfy(\.isWhitespace) else { return nil }
        return value
    }

    private func term(_ rest: inout Substring, depth: Int) -> String? {
        rest = rest.drop { $0.isWhitespace }
        if rest.first == "'" { return literal(&rest) }
        let function = rest.prefix { $0.isLetter }
        rest = rest[function.endIndex...].drop { $0.isWhitespace }
        guard depth < 8, rest.popFirst() == "(" else { return nil }
        var arguments: [String] = []
        while true {
            rest = rest.drop { $0.isWhitespace }
            if rest.first == ")" { break }
            guard let argument = term(&rest, depth: depth + 1) else { return nil }
            arguments.append(argument)
            rest = rest.drop { $0.isWhitespace }
            if rest.first == "," { rest.removeFirst() } else if rest.first != ")" { return nil }
        }
        rest.removeFirst()
        switch function.lowercased() {
        case "concat": return arguments.joined()
        case "parameters" where arguments.count == 1: return parameters[arguments[0].lowercased()]
        case "format": return format(arguments)
        default: return nil
        }
    }

    private func literal(_ rest: inout Substring) -> String? {
        rest.removeFirst()
        var text = ""
        while let character = rest.popFirst() {
            guard character == "'" else {
                text.append(character)
                continue
            }
            guard rest.first == "'" else { return text }
            text.append(rest.removeFirst())
        }
        return nil
    }

    private func format(_ arguments: [String]) -> String? {
        guard let pattern = arguments.first else { return nil }
        var text = ""
        var rest = pattern[...]
        while let character = rest.popFirst() {
            guard character == "{" else {
                text.append(character)
                continue
            }
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest[digits.endIndex...]
            guard let index = Int(digits), index < arguments.count - 1, rest.popFirst() == "}" else { return nil }
            text += arguments[index + 1]
        }
        return text
    }
}
