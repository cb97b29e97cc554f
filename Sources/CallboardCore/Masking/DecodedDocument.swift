internal import ServiceBus

/// The document that a tree of decoded values is masked and shown as: XML of what is XML, JSON of everything else.
///
/// An element in JSON, as the file of an archive is, becomes a text that is an XML document: only as XML are its attributes, prefixes and pairs
/// what the rules know. Bytes, which could hold anything, are the placeholder.
struct DecodedDocument {
    let bytes: [UInt8]
    let isXML: Bool
    /// How many leaves of bytes were not written.
    let bytesLeftOut: Int

    /// Nil when something in the tree cannot be written as what it is, such as a name that XML does not allow.
    init?(_ tree: BodyTree) {
        guard let root = tree.nodes.first else { return nil }
        var writer = Writer(tree: tree)
        isXML = root.value == .element
        guard let bytes = isXML ? writer.xml(of: 0) : writer.json() else { return nil }
        self.bytes = bytes
        bytesLeftOut = writer.bytesLeftOut
    }
}

private struct Writer {
    let tree: BodyTree
    private(set) var bytesLeftOut = 0

    init(tree: BodyTree) { self.tree = tree }

    // MARK: JSON

    mutating func json() -> [UInt8]? {
        var json: [UInt8] = []
        var open: [Int] = []
        func close(before place: Int) {
            while let last = open.last, tree.nodes[last].end <= place {
                json.append(tree.nodes[last].value == .array ? UInt8(ascii: "]") : UInt8(ascii: "}"))
                open.removeLast()
            }
        }
        var place = 0
        while place < tree.nodes.count {
            let node = tree.nodes[place]
            close(before: place)
            if let parent = open.last {
                if place != parent + 1 { json.append(UInt8(ascii: ",")) }
                if tree.nodes[parent].value != .array {
                    json += JSONEscapes.quoted((BodyPath.label(of: node.step) ?? "").utf8)
                    json.append(UInt8(ascii: ":"))
                }
            }
            switch node.value {
            case .object, .array:
                json.append(node.value == .array ? UInt8(ascii: "[") : UInt8(ascii: "{"))
                open.append(place)
                place += 1
            case .element:
                guard let xml = xml(of: place) else { return nil }
                json += JSONEscapes.quoted(xml)
                place = node.end
            default:
                json += self.json(of: node.value)
                place += 1
            }
        }
        close(before: tree.nodes.count)
        return json
    }

    private mutating func json(of leaf: BodyTree.Value) -> [UInt8] {
        let text = text(of: leaf)
        switch leaf {
        case .number where Self.isNumber(text): return Array(text.utf8)
        case .word where ["true", "false", "null"].contains(text): return Array(text.utf8)
        default: return JSONEscapes.quoted(text.utf8)
        }
    }

    private mutating func text(of leaf: BodyTree.Value) -> String {
        switch leaf {
        case .text(let text, _), .number(let text), .word(let text): return text
        case .bytes:
            bytesLeftOut += 1
            return Redaction.placeholder
        case .object, .array, .element: return ""
        }
    }

    /// Whether it is a number as JSON writes one (RFC 8259, section 6).
    private static func isNumber(_ text: String) -> Bool {
        let parts = text.lowercased().split(separator: "e", omittingEmptySubsequences: false)
        guard parts.count <= 2, let mantissa = parts.first else { return false }
        let digits = (mantissa.hasPrefix("-") ? mantissa.dropFirst() : mantissa).split(separator: ".", omittingEmptySubsequences: false)
        guard digits.count <= 2, digits.allSatisfy(isDigits), let whole = digits.first, whole == "0" || !whole.hasPrefix("0") else {
            return false
        }
        guard parts.count == 2, let exponent = parts.last else { return true }
        return isDigits(exponent.first == "+" || exponent.first == "-" ? exponent.dropFirst() : exponent)
    }

    private static func isDigits(_ text: Substring) -> Bool { !text.isEmpty && text.utf8.allSatisfy(\.isASCIIDigit) }

    // MARK: XML

    /// An element with all that is in it.
    mutating func xml(of root: Int) -> [UInt8]? {
        var xml: [UInt8] = []
        var open: [(name: [UInt8], end: Int)] = []
        func close(before place: Int) {
            while let last = open.last, last.end <= place {
                xml += Array("</".utf8) + last.name
                xml.append(UInt8(ascii: ">"))
                open.removeLast()
            }
        }
        for place in root..<tree.nodes[root].end {
            let node = tree.nodes[place]
            close(before: place)
            switch (node.value, node.step) {
            case (.element, _):
                guard let name = name(of: node) else { return nil }
                xml.append(UInt8(ascii: "<"))
                xml += name
                for child in tree.children(of: place) {
                    guard case .attribute(let attribute) = tree.nodes[child].step else { continue }
                    guard XMLMasking.isName(attribute.utf8) else { return nil }
                    xml += Array(" \(attribute)=\"".utf8) + XMLMasking.escaped(Array(text(of: tree.nodes[child].value).utf8))
                    xml.append(UInt8(ascii: "\""))
                }
                xml.append(UInt8(ascii: ">"))
                open.append((name, node.end))
            case (.object, _), (.array, _): return nil
            // They stand in the tag.
            case (_, .attribute): continue
            default: xml += XMLMasking.escaped(Array(text(of: node.value).utf8))
            }
        }
        close(before: tree.nodes[root].end)
        return xml
    }

    /// The name of an element; of one that is the root of a document its type says it.
    private func name(of node: BodyTree.Node) -> [UInt8]? {
        var name = node.typeName
        if name.isEmpty, case .member(let member) = node.step { name = member }
        return XMLMasking.isName(name.utf8) ? Array(name.utf8) : nil
    }
}
