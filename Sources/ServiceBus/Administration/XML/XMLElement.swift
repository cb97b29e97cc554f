public import NIOCore

/// An element with everything in it, for documents small enough to hold: an ATOM entry, a page of them, an error.
public struct XMLElement: Hashable, Sendable {
    /// Its name.
    public var name: XMLName
    /// Its attributes in document order, namespace declarations excepted.
    public var attributes: [XMLAttribute]
    /// The elements directly inside, in document order.
    public var children: [XMLElement]
    /// The text directly inside, its pieces joined. In an element that has children too, white space between them is left out.
    public var text: String

    /// An element.
    public init(_ name: XMLName, attributes: [XMLAttribute] = [], children: [XMLElement] = [], text: String = "") {
        self.name = name
        self.attributes = attributes
        self.children = children
        self.text = text
    }

    /// Reads a whole document.
    /// - Returns: its top element.
    /// - Throws: ``XMLError`` with line and column.
    public init(parsing bytes: RawSpan, limits: XMLLimits = .standard) throws(XMLError) {
        var reader = XMLReader(bytes, limits: limits)
        var open: [XMLElement] = []
        var root: XMLElement?
        while let event = try reader.next() {
            switch event {
            case .start(let name, let attributes):
                open.append(XMLElement(name, attributes: attributes))
            case .text(let text):
                if let last = open.indices.last { open[last].text += text }
            case .end:
                guard var element = open.popLast() else { continue }
                if !element.children.isEmpty, element.text.utf8.allSatisfy(XMLCursor.isSpace) { element.text = "" }
                if let last = open.indices.last {
                    open[last].children.append(element)
                } else {
                    root = element
                }
            }
        }
        guard let root else { throw XMLError(.notOneRoot, at: 0, in: bytes) }
        self = root
    }

    /// Reads a whole document from a buffer's readable bytes.
    public init(parsing buffer: ByteBuffer, limits: XMLLimits = .standard) throws(XMLError) {
        try self.init(parsing: buffer.readableBytesSpan, limits: limits)
    }

    /// The first child of that name.
    public func first(_ local: String, in namespace: String) -> XMLElement? {
        children.first { $0.name.local == local && $0.name.namespace == namespace }
    }

    /// The first child of that name in any namespace. The service puts one and the same element into different ones.
    public func first(_ local: String) -> XMLElement? {
        children.first { $0.name.local == local }
    }

    /// The value of the first attribute of that name in any namespace.
    public func attribute(_ local: String) -> String? {
        attributes.first { $0.name.local == local }?.value
    }
}
