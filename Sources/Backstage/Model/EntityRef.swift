/// The name of a catalogue entity: `kind:namespace/name`. Compared without case; the spelling first given is kept for display.
public struct EntityRef: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The kind, for instance `Component`.
    public let kind: String
    /// The namespace; `default` unless something else was said.
    public let namespace: String
    /// The name.
    public let name: String
    /// All of it in lower case, made once: catalogues compare and hash references by the ten thousand.
    private let folded: String
    /// Where its parts end in `folded`: a name may hold what separates the parts.
    private let kindEnd: UInt32
    private let namespaceEnd: UInt32

    /// Creates a reference.
    public init(kind: String, namespace: String = "default", name: String) {
        self.kind = kind
        self.namespace = namespace
        self.name = name
        var folded = kind.lowercased()
        kindEnd = UInt32(truncatingIfNeeded: folded.utf8.count)
        folded += ":"
        folded += namespace.lowercased()
        namespaceEnd = UInt32(truncatingIfNeeded: folded.utf8.count)
        folded += "/"
        folded += name.lowercased()
        self.folded = folded
    }

    /// Reads `[kind:][namespace/]name`, with what the field it stands in leaves out.
    /// - Parameters:
    ///   - text: the reference; blanks around it are ignored.
    ///   - defaultKind: the kind when the text has none; without a default such a text is refused.
    ///   - defaultNamespace: the namespace when the text has none.
    /// - Returns: nil when the text is no reference.
    public init?(parsing text: String, defaultKind: String? = nil, defaultNamespace: String = "default") {
        let bytes = text.utf8
        func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || (0x09...0x0d).contains(byte) }
        guard let first = bytes.firstIndex(where: { !isBlank($0) }), let last = bytes.lastIndex(where: { !isBlank($0) }) else { return nil }
        var rest = text[first...last]
        var kind: String?
        var namespace: String?
        let slash = rest.utf8.firstIndex(of: UInt8(ascii: "/"))
        // A colon after the slash belongs to the name.
        if let colon = rest.utf8.firstIndex(of: UInt8(ascii: ":")), slash.map({ colon < $0 }) ?? true {
            kind = String(rest[..<colon])
            rest = rest[rest.utf8.index(after: colon)...]
        }
        if let slash {
            namespace = String(rest[..<slash])
            rest = rest[rest.utf8.index(after: slash)...]
        }
        guard let kind = kind ?? defaultKind, !kind.isEmpty, namespace?.isEmpty != true, !rest.isEmpty else { return nil }
        self.init(kind: kind, namespace: namespace ?? defaultNamespace, name: String(rest))
    }

    /// Compares without case.
    public static func == (a: Self, b: Self) -> Bool {
        a.kindEnd == b.kindEnd && a.namespaceEnd == b.namespaceEnd && a.folded == b.folded
    }
    /// Hashes without case.
    public func hash(into hasher: inout Hasher) { hasher.combine(folded) }
    /// Orders by kind, namespace and name, without case.
    public static func < (a: Self, b: Self) -> Bool {
        func key(_ ref: Self) -> (String, String, String) { (ref.kind.lowercased(), ref.namespace.lowercased(), ref.name.lowercased()) }
        return key(a) < key(b)
    }

    /// The whole reference in lower case, as Backstage writes it: `component:default/checkout`.
    public var description: String { folded }

    /// The shortest form that is still clear to people: the name, with its namespace where that is not `default`.
    public var shortName: String { namespace.lowercased() == "default" ? name : "\(namespace)/\(name)" }
}
