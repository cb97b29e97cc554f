internal import ServiceBus

/// Reads XML into a tree: elements with their attributes and texts. Comments and blanks between elements are left out; the text has them.
enum XMLBody {
    /// Reads a document.
    ///
    /// - Parameter bytes: UTF-8; what an XML declaration says of the encoding was heeded before.
    static func read(_ bytes: [UInt8], isWhole: Bool, into builder: inout BodyTreeBuilder) throws(BodyFault) {
        var limits = XMLLimits()
        limits.bytes = max(bytes.count, 1)
        limits.depth = builder.limits.depth
        limits.textBytes = max(bytes.count, 1)
        limits.elements = builder.limits.values
        let content = Array(bytes.dropFirst(declarationLength(bytes)))
        var reader = XMLReader(content.span.bytes, limits: limits)
        var open: [(declared: Int, hasElements: Bool)] = []
        // What was declared in the tree so far, the innermost last: a declaration stands where it is first needed.
        var declared = [(prefix: "", namespace: "")]
        var pending = ""
        while let event = try next(&reader, isWhole: isWhole, limits) {
            if case .text(let text) = event {
                pending += text
                continue
            }
            // Blanks are content only where there is nothing else.
            let isBlank = pending.utf8.allSatisfy { $0 <= 0x20 }
            var isEnd = false
            if case .end = event { isEnd = true }
            if !pending.isEmpty, !isBlank || (isEnd && open.last?.hasElements == false) { try builder.leaf(.content, .text(pending)) }
            pending = ""
            switch event {
            case .text: break
            case .end:
                builder.close()
                if let element = open.popLast() { declared.removeLast(declared.count - element.declared) }
            case .start(let name, let attributes):
                let written = reader.openName
                try builder.open(open.isEmpty ? .root : .member(written), .element, type: open.isEmpty ? written : "")
                let outer = declared.count
                let before = written.prefix { $0 != ":" }
                let prefix = before.count < written.count ? String(before) : ""
                if prefix != "xml", declared.last(where: { $0.prefix == prefix })?.namespace != name.namespace {
                    try builder.leaf(.attribute(prefix.isEmpty ? "xmlns" : "xmlns:\(prefix)"), .text(name.namespace))
                    declared.append((prefix, name.namespace))
                }
                for attribute in attributes {
                    let prefix = attribute.name.namespace.isEmpty ? nil : reader.prefix(of: attribute.name.namespace)
                    try builder.leaf(.attribute((prefix.map { $0 + ":" } ?? "") + attribute.name.local), .text(attribute.value))
                }
                if !open.isEmpty { open[open.count - 1].hasElements = true }
                open.append((outer, false))
            }
        }
    }

    private static func next(_ reader: inout XMLReader, isWhole: Bool, _ limits: XMLLimits) throws(BodyFault) -> XMLEvent? {
        do throws(XMLError) {
            return try reader.next()
        } catch {
            switch error.code {
            case .unexpectedEnd where !isWhole: throw .full(.window)
            case .limitExceeded:
                throw .refused("nested deeper than \(limits.depth) elements, or with more names than are read (limit): not laid out")
            case .documentType: throw .refused("XML with a document type, whose entities are not resolved: not laid out")
            default: throw .malformed(error.description, at: error.offset)
            }
        }
    }

    /// The bytes of the XML declaration and what may stand before it.
    private static func declarationLength(_ bytes: [UInt8]) -> Int {
        guard bytes.starts(with: "<?xml".utf8), bytes.count > 5, bytes[5] <= 0x20 else { return 0 }
        guard let end = bytes.prefix(1024).firstIndex(of: UInt8(ascii: ">")) else { return 0 }
        return end + 1
    }

    /// The encoding that an XML declaration names, in lower case.
    static func declaredEncoding(_ bytes: [UInt8]) -> String? {
        guard bytes.starts(with: "<?xml".utf8) else { return nil }
        let declaration = String(decoding: bytes.prefix(declarationLength(bytes)), as: UTF8.self)
        let words = declaration.split(whereSeparator: { $0.isWhitespace || $0 == "=" || $0 == "\"" || $0 == "'" || $0 == "?" })
        guard let place = words.firstIndex(of: "encoding"), place + 1 < words.count else { return nil }
        return words[place + 1].lowercased()
    }
}
