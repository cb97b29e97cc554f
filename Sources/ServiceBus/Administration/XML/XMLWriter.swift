internal import NIOCore

/// Writes XML, its text and attribute values escaped.
struct XMLWriter {
    private(set) var text = ""

    /// The bytes of the document.
    var bytes: ByteBuffer { ByteBuffer(string: text) }

    /// An element with elements inside; written as an empty tag when there are none.
    mutating func element(_ name: String, _ attributes: [(name: String, value: String)] = [], _ content: (inout XMLWriter) -> Void) {
        open(name, attributes)
        let start = text.utf8.count
        content(&self)
        close(name, isEmpty: text.utf8.count == start)
    }

    /// An element with text inside.
    mutating func element(_ name: String, _ attributes: [(name: String, value: String)] = [], text value: String) {
        element(name, attributes) { $0.text += Self.escaped(value) }
    }

    /// A parsed element as it was, namespaces included; prefixes are not kept.
    /// - Parameter inherited: the namespace that elements without a prefix are in here.
    mutating func element(_ element: XMLElement, in inherited: String) {
        var attributes: [(name: String, value: String)] = []
        if element.name.namespace != inherited { attributes.append(("xmlns", element.name.namespace)) }
        for (index, attribute) in element.attributes.enumerated() {
            switch attribute.name.namespace {
            case "": attributes.append((attribute.name.local, attribute.value))
            // The one prefix that is never declared.
            case "http://www.w3.org/XML/1998/namespace": attributes.append(("xml:\(attribute.name.local)", attribute.value))
            case let namespace:
                attributes.append(("xmlns:a\(index)", namespace))
                attributes.append(("a\(index):\(attribute.name.local)", attribute.value))
            }
        }
        self.element(element.name.local, attributes) { writer in
            writer.text += Self.escaped(element.text)
            for child in element.children { writer.element(child, in: element.name.namespace) }
        }
    }

    private mutating func open(_ name: String, _ attributes: [(name: String, value: String)]) {
        text += "<\(name)"
        for attribute in attributes { text += " \(attribute.name)=\"\(Self.escaped(attribute.value))\"" }
        text += ">"
    }

    private mutating func close(_ name: String, isEmpty: Bool) {
        if isEmpty {
            text.removeLast()
            text += "/>"
        } else {
            text += "</\(name)>"
        }
    }

    /// Text without characters that mean something, and without those that XML cannot hold at all (XML 1.0, section 2.2).
    static func escaped(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": result.append(contentsOf: "&lt;".unicodeScalars)
            case ">": result.append(contentsOf: "&gt;".unicodeScalars)
            case "&": result.append(contentsOf: "&amp;".unicodeScalars)
            case "\"": result.append(contentsOf: "&quot;".unicodeScalars)
            // A bare one would be read as a line feed, or as a space in an attribute.
            case "\r": result.append(contentsOf: "&#xD;".unicodeScalars)
            case "\n", "\t": result.append(scalar)
            case "\u{0}"..."\u{1f}", "\u{fffe}", "\u{ffff}": result.append("\u{fffd}")
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}
