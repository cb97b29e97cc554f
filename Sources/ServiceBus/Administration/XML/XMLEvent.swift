/// The name of an element or attribute: what counts is the namespace, not the prefix it was written with.
public struct XMLName: Hashable, Sendable, CustomStringConvertible {
    /// The namespace's URI; empty for none.
    public let namespace: String
    /// The name without its prefix.
    public let local: String

    /// A name in a namespace.
    public init(_ local: String, in namespace: String = "") {
        self.namespace = namespace
        self.local = local
    }

    /// `{namespace}local`.
    public var description: String { namespace.isEmpty ? local : "{\(namespace)}\(local)" }
}

/// An attribute, its value with references resolved. Namespace declarations are not attributes.
public struct XMLAttribute: Hashable, Sendable {
    /// Its name.
    public let name: XMLName
    /// Its value.
    public let value: String
}

/// What ``XMLReader`` finds, in document order.
public enum XMLEvent: Hashable, Sendable {
    /// A start tag. An empty-element tag is a start and an end.
    case start(XMLName, attributes: [XMLAttribute])
    /// A piece of text, references resolved. One text may come in several pieces (CDATA and comments divide it).
    case text(String)
    /// An end tag.
    case end(XMLName)
}
