package import NIOCore

/// Writes XML, element by element in the order they are called for, its text and attribute values escaped; no declaration, no white space.
///
/// The service writes an element without content as `<a></a>` or as `<a/>`, by rules of its own. Who answers like it says which.
package struct XMLWriter {
    /// How an element is written whose content turned out to be empty.
    package enum EmptyElements {
        /// `<a/>`
        case collapsed
        /// `<a></a>`
        case paired
    }

    /// The document so far.
    package private(set) var text = ""
    private let emptyElements: EmptyElements

    /// An empty document.
    package init(emptyElements: EmptyElements = .collapsed) { self.emptyElements = emptyElements }

    /// The bytes of the document.
    package var bytes: ByteBuffer { ByteBuffer(string: text) }

    /// An element around what `content` writes.
    package mutating func element(
        _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ content: (inout XMLWriter) -> Void
    ) {
        element(name, Array(attributes), content)
    }

    /// An element around what `content` writes, with attributes that are worked out.
    mutating func element(_ name: String, _ attributes: [(key: String, value: String)], _ content: (inout XMLWriter) -> Void) {
        startTag(name, attributes, end: ">")
        let start = text.utf8.count
        content(&self)
        if emptyElements == .collapsed, text.utf8.count == start {
            text.removeLast()
            text += "/>"
        } else {
            text += "</\(name)>"
        }
    }

    /// An element with a text.
    package mutating func element(_ name: String, _ attributes: KeyValuePairs<String, String> = [:], text value: String) {
        element(name, attributes) { $0.text += Self.escaped(value, inAttribute: false) }
    }

    /// An element with a text.
    package mutating func element(_ name: String, _ value: String) { element(name, text: value) }

    /// An element with a truth value.
    package mutating func element(_ name: String, _ value: Bool) { element(name, text: value ? "true" : "false") }

    /// An element with a number.
    package mutating func element(_ name: String, _ value: some BinaryInteger) { element(name, text: String(value)) }

    /// An empty-element tag.
    package mutating func emptyElement(_ name: String, _ attributes: KeyValuePairs<String, String> = [:]) {
        startTag(name, Array(attributes), end: "/>")
    }

    /// A parsed element as it was, namespaces included; prefixes are not kept.
    /// - Parameter inherited: the namespace that elements without a prefix are in here.
    mutating func element(_ element: XMLElement, in inherited: String) {
        var attributes: [(key: String, value: String)] = []
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
            writer.text += Self.escaped(element.text, inAttribute: false)
            for child in element.children { writer.element(child, in: element.name.namespace) }
        }
    }

    private mutating func startTag(_ name: String, _ attributes: [(key: String, value: String)], end: String) {
        text += "<\(name)"
        for attribute in attributes { text += " \(attribute.key)=\"\(Self.escaped(attribute.value, inAttribute: true))\"" }
        text += end
    }

    /// `value` with everything replaced that would end the text or be changed by a reader. What XML cannot hold at all (XML 1.0, section
    /// 2.2) becomes U+FFFD.
    package static func escaped(_ value: String, inAttribute: Bool) -> String {
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
            // A bare one would be read as a line feed, or as a space in an attribute.
            case "\r": result += "&#xD;"
            case "\n": result += inAttribute ? "&#xA;" : "\n"
            case "\t": result += inAttribute ? "&#x9;" : "\t"
            case "\u{0}"..."\u{1f}", "\u{fffe}", "\u{ffff}": result += "\u{fffd}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
