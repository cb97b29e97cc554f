/// Writes the XML of the administration interface, element by element in the order they are called for, in the form the service uses:
/// no declaration, no white space, `<a></a>` or `<a/>` as the service has it.
struct AtomWriter {
    private(set) var text = ""

    /// An element around what `content` writes.
    mutating func element(_ name: String, _ attributes: KeyValuePairs<String, String> = [:], content: (inout AtomWriter) -> Void) {
        startTag(name, attributes, end: ">")
        content(&self)
        text += "</\(name)>"
    }

    /// An element with a text.
    mutating func element(_ name: String, _ value: String) {
        element(name, [:], value)
    }

    /// An element with attributes and a text.
    mutating func element(_ name: String, _ attributes: KeyValuePairs<String, String>, _ value: String) {
        startTag(name, attributes, end: ">")
        text += Self.escaped(value, inAttribute: false)
        text += "</\(name)>"
    }

    /// An element with a truth value.
    mutating func element(_ name: String, _ value: Bool) {
        element(name, value ? "true" : "false")
    }

    /// An element with a number.
    mutating func element(_ name: String, _ value: some BinaryInteger) {
        element(name, String(value))
    }

    /// An empty-element tag.
    mutating func emptyElement(_ name: String, _ attributes: KeyValuePairs<String, String> = [:]) {
        startTag(name, attributes, end: "/>")
    }

    private mutating func startTag(_ name: String, _ attributes: KeyValuePairs<String, String>, end: String) {
        text += "<\(name)"
        for (name, value) in attributes {
            text += " \(name)=\"\(Self.escaped(value, inAttribute: true))\""
        }
        text += end
    }

    /// `value` with everything replaced that would end the text or be changed by a reader. What XML cannot say becomes U+FFFD.
    static func escaped(_ value: String, inAttribute: Bool) -> String {
        let isPlain = value.utf8.allSatisfy { byte in
            byte >= 0x20 && byte != UInt8(ascii: "&") && byte != UInt8(ascii: "<") && byte != UInt8(ascii: ">")
                && byte != UInt8(ascii: "\"") && byte != 0xEF
        }
        if isPlain { return value }
        var result = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += inAttribute ? "&quot;" : "\""
            case "\r": result += "&#xD;"
            case "\n": result += inAttribute ? "&#xA;" : "\n"
            case "\t": result += inAttribute ? "&#x9;" : "\t"
            case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
