/// A pull parser for the XML that the administration interface speaks: UTF-8, namespaces, CDATA, comments, character references, no DTD.
///
/// It checks well-formedness as it goes and holds no more than the names that are open; see ``XMLLimits``. No input traps.
///
///     var reader = XMLReader(bytes)
///     while let event = try reader.next() { … }
package struct XMLReader: ~Escapable {
    private var cursor: XMLCursor
    private let limits: XMLLimits
    private var open: [OpenElement] = []
    private var bindings: [Binding] = [Binding(prefix: "xml", namespace: "http://www.w3.org/XML/1998/namespace")]
    /// The end of an empty-element tag, to be reported next.
    private var pendingEnd = false
    private var elements = 0
    private var isStarted = false

    private struct OpenElement {
        let name: XMLName
        /// The name as written, which the end tag must repeat.
        let written: Range<Int>
        /// How many bindings there were before this element's own.
        let bindings: Int
    }

    private struct Binding {
        let prefix: String
        let namespace: String
    }

    /// A reader at the start of `bytes`.
    @_lifetime(copy bytes)
    package init(_ bytes: RawSpan, limits: XMLLimits = .standard) {
        cursor = XMLCursor(bytes, limits: limits)
        self.limits = limits
    }

    /// The next event; `nil` at the end of a complete document.
    package mutating func next() throws(XMLError) -> XMLEvent? {
        if !isStarted {
            isStarted = true
            guard cursor.bytes.byteCount <= limits.bytes else { throw cursor.error(.limitExceeded) }
            cursor.skipByteOrderMark()
            try skipXMLDeclaration()
        }
        if pendingEnd {
            pendingEnd = false
            return closeElement()
        }
        while true {
            guard let byte = cursor.peek() else {
                guard open.isEmpty else { throw cursor.error(.unexpectedEnd) }
                guard elements > 0 else { throw cursor.error(.notOneRoot) }
                return nil
            }
            if byte != UInt8(ascii: "<") {
                if let text = try readText() { return .text(text) }
            } else if cursor.starts(with: "<!--") {
                try skipComment()
            } else if cursor.starts(with: "<![CDATA[") {
                return .text(try readCharacterData())
            } else if cursor.starts(with: "<?") {
                try skipProcessingInstruction()
            } else if cursor.starts(with: "<!") {
                throw cursor.error(cursor.starts(with: "<!DOCTYPE") ? .documentType : .unexpectedCharacter)
            } else if cursor.starts(with: "</") {
                return try readEndTag()
            } else {
                return try readStartTag()
            }
        }
    }

    /// The name of the innermost element that is open, with the prefix it was written with.
    package var openName: String { open.last.map { cursor.string(in: $0.written) } ?? "" }

    /// The innermost prefix that stands for a namespace here; nil where there is none.
    package func prefix(of namespace: String) -> String? { bindings.last { $0.namespace == namespace && !$0.prefix.isEmpty }?.prefix }

    // MARK: Text

    private mutating func readText() throws(XMLError) -> String? {
        let start = cursor.offset
        let text = try cursor.readText(until: UInt8(ascii: "<"), limit: limits.textBytes, normalizesWhitespace: false)
        guard open.isEmpty else { return text }
        // Between and around the top element there may be white space, nothing else.
        guard text.utf8.allSatisfy(XMLCursor.isSpace) else {
            throw cursor.error(elements == 0 ? .unexpectedCharacter : .notOneRoot, at: start)
        }
        return nil
    }

    private mutating func readCharacterData() throws(XMLError) -> String {
        guard !open.isEmpty else { throw cursor.error(.unexpectedCharacter) }
        cursor.offset += 9
        let range = try cursor.skip(past: "]]>")
        return try cursor.literalText(in: range, limit: limits.textBytes)
    }

    private mutating func skipComment() throws(XMLError) {
        cursor.offset += 4
        let range = try cursor.skip(past: "-->")
        try cursor.checkCharacters(in: range)
        // "--" may not occur in a comment, nor may it end in "--->".
        if let dashes = cursor.firstIndex(of: "--", in: range.lowerBound..<min(range.upperBound + 1, cursor.bytes.byteCount)) {
            throw cursor.error(.unexpectedCharacter, at: dashes)
        }
    }

    private mutating func skipProcessingInstruction() throws(XMLError) {
        cursor.offset += 2
        let start = cursor.offset
        let target = try cursor.readName()
        guard cursor.string(in: target).lowercased() != "xml" else { throw cursor.error(.unexpectedCharacter, at: start) }
        try cursor.checkCharacters(in: try cursor.skip(past: "?>"))
    }

    private mutating func skipXMLDeclaration() throws(XMLError) {
        guard cursor.starts(with: "<?xml"), let next = cursor.peek(5), XMLCursor.isSpace(next) else { return }
        let start = cursor.offset
        cursor.offset += 5
        let declaration = cursor.string(in: try cursor.skip(past: "?>"))
        guard let encoding = declaration.firstRange(of: "encoding") else { return }
        let value = declaration[encoding.upperBound...].drop { $0 == " " || $0 == "=" || $0 == "'" || $0 == "\"" }
        let name = value.prefix { $0 != "'" && $0 != "\"" }.lowercased()
        guard name == "utf-8" || name == "utf8" || name == "us-ascii" else { throw cursor.error(.unsupportedEncoding, at: start) }
    }

    // MARK: Tags

    private mutating func readEndTag() throws(XMLError) -> XMLEvent {
        let start = cursor.offset
        cursor.offset += 2
        let written = try cursor.readName()
        guard let element = open.last, cursor.isSame(element.written, written) else { throw cursor.error(.mismatchedEndTag, at: start) }
        cursor.skipSpace()
        try cursor.take(UInt8(ascii: ">"))
        return closeElement()
    }

    private mutating func closeElement() -> XMLEvent? {
        guard let element = open.popLast() else { return nil }
        bindings.removeLast(bindings.count - element.bindings)
        return .end(element.name)
    }

    private mutating func closeElement() -> XMLEvent {
        // Only called with an element open.
        closeElement() ?? .text("")
    }

    private mutating func readStartTag() throws(XMLError) -> XMLEvent {
        let start = cursor.offset
        guard !open.isEmpty || elements == 0 else { throw cursor.error(.notOneRoot) }
        guard open.count < limits.depth, elements < limits.elements else { throw cursor.error(.limitExceeded) }
        elements += 1
        cursor.offset += 1
        let written = try cursor.readName()
        let outer = bindings.count
        let (attributes, isEmpty) = try readAttributes()
        let name = try resolve(written, isAttribute: false, at: start)
        var resolved: [XMLAttribute] = []
        resolved.reserveCapacity(attributes.count)
        for attribute in attributes {
            let name = try resolve(attribute.name, isAttribute: true, at: attribute.name.lowerBound)
            guard !resolved.contains(where: { $0.name == name }) else {
                throw cursor.error(.duplicateAttribute, at: attribute.name.lowerBound)
            }
            resolved.append(XMLAttribute(name: name, value: attribute.value))
        }
        open.append(OpenElement(name: name, written: written, bindings: outer))
        pendingEnd = isEmpty
        return .start(name, attributes: resolved)
    }

    /// Reads the attributes up to the end of the tag. Namespace declarations take effect at once and are not returned.
    private mutating func readAttributes() throws(XMLError) -> (attributes: [(name: Range<Int>, value: String)], isEmpty: Bool) {
        var attributes: [(name: Range<Int>, value: String)] = []
        let outer = bindings.count
        var count = 0
        while true {
            let hadSpace = cursor.skipSpace()
            guard let byte = cursor.peek() else { throw cursor.error(.unexpectedEnd) }
            if byte == UInt8(ascii: ">") {
                cursor.offset += 1
                return (attributes, false)
            }
            if byte == UInt8(ascii: "/") {
                cursor.offset += 1
                try cursor.take(UInt8(ascii: ">"))
                return (attributes, true)
            }
            guard hadSpace else { throw cursor.error(.unexpectedCharacter) }
            count += 1
            guard count <= limits.attributes else { throw cursor.error(.limitExceeded) }
            let name = try cursor.readName()
            cursor.skipSpace()
            try cursor.take(UInt8(ascii: "="))
            cursor.skipSpace()
            let value = try readAttributeValue()
            guard let prefix = declaredPrefix(name) else {
                attributes.append((name, value))
                continue
            }
            guard !bindings[outer...].contains(where: { $0.prefix == prefix }) else {
                throw cursor.error(.duplicateAttribute, at: name.lowerBound)
            }
            // A prefix cannot be undeclared in XML 1.0 namespaces, and "xml" and "xmlns" are not for sale.
            guard prefix.isEmpty || !(value.isEmpty || prefix == "xml" || prefix == "xmlns") else {
                throw cursor.error(.undeclaredPrefix, at: name.lowerBound)
            }
            // Every name is looked up among the bindings in scope, so their number bounds the work as well as the memory.
            guard bindings.count < 128 else { throw cursor.error(.limitExceeded, at: name.lowerBound) }
            bindings.append(Binding(prefix: prefix, namespace: value))
        }
    }

    private mutating func readAttributeValue() throws(XMLError) -> String {
        guard let quote = cursor.peek() else { throw cursor.error(.unexpectedEnd) }
        guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { throw cursor.error(.unexpectedCharacter) }
        cursor.offset += 1
        let value = try cursor.readText(until: quote, limit: limits.textBytes, normalizesWhitespace: true)
        try cursor.take(quote)
        return value
    }

    /// The prefix that an attribute of this name declares: "" for `xmlns`, `nil` if it declares none.
    private func declaredPrefix(_ name: Range<Int>) -> String? {
        guard cursor.starts(with: "xmlns", at: name.lowerBound) else { return nil }
        if name.count == 5 { return "" }
        guard name.count > 6, cursor.byte(at: name.lowerBound + 5) == UInt8(ascii: ":") else { return nil }
        return cursor.string(in: name.lowerBound + 6..<name.upperBound)
    }

    private func resolve(_ written: Range<Int>, isAttribute: Bool, at offset: Int) throws(XMLError) -> XMLName {
        let text = cursor.string(in: written)
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else {
            // An attribute without a prefix is in no namespace; an element is in the default one.
            return XMLName(text, in: isAttribute ? "" : namespace(of: "") ?? "")
        }
        let local = text[text.utf8.index(after: colon)...]
        guard let namespace = namespace(of: text[..<colon]), !local.isEmpty, !local.utf8.contains(UInt8(ascii: ":")) else {
            throw cursor.error(.undeclaredPrefix, at: offset)
        }
        return XMLName(String(local), in: namespace)
    }

    private func namespace(of prefix: some StringProtocol) -> String? {
        bindings.last { $0.prefix == prefix }?.namespace
    }
}
