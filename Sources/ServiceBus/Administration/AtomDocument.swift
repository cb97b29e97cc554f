/// The XML namespaces of the administration interface.
enum AtomNamespace {
    /// RFC 4287.
    static let atom = "http://www.w3.org/2005/Atom"
    /// Descriptions.
    static let serviceBus = "http://schemas.microsoft.com/netservices/2010/10/servicebus/connect"
    /// Message counts.
    static let counts = "http://schemas.microsoft.com/netservices/2011/06/servicebus"
}

/// What the administration interface answers with: one entry, or a feed of them (RFC 4287, protocol reference 1.17).
struct AtomDocument: Hashable, Sendable {
    /// An entry: one description and what the feed format says about it.
    struct Entry: Hashable, Sendable {
        /// The entity's name.
        let title: String
        /// The namespace's name, where the service gives one.
        let author: String?
        /// The description.
        let content: XMLElement
    }

    /// Whether it was a feed. A feed where an entry was asked for means that there is no such entity.
    let isFeed: Bool
    /// The title: `Queues`, `Topics`, an entity's name, or `Publicly Listed Services`.
    let title: String
    /// Whether this is the list of public services, which is empty, that the service sends in place of something it does not have.
    var isPublicList: Bool { isFeed && entryCount == 0 && title == "Publicly Listed Services" }
    /// The entries, one unless it is a feed.
    let entries: [Entry]
    /// How many entries a feed had, readable or not: the number that paging goes by.
    let entryCount: Int

    /// Finds the entries in a parsed answer.
    /// - Returns: `nil` if this is neither a feed nor an entry.
    init?(_ root: XMLElement) {
        guard root.name.namespace == AtomNamespace.atom else { return nil }
        title = root.first("title", in: AtomNamespace.atom)?.text ?? ""
        switch root.name.local {
        case "feed":
            let elements = root.children.filter { $0.name == XMLName("entry", in: AtomNamespace.atom) }
            isFeed = true
            entries = elements.compactMap(Self.entry)
            entryCount = elements.count
        case "entry":
            guard let entry = Self.entry(root) else { return nil }
            isFeed = false
            entries = [entry]
            entryCount = 1
        default:
            return nil
        }
    }

    private static func entry(_ element: XMLElement) -> Entry? {
        guard let content = element.first("content", in: AtomNamespace.atom)?.children.first else { return nil }
        return Entry(
            title: element.first("title", in: AtomNamespace.atom)?.text ?? "",
            author: element.first("author", in: AtomNamespace.atom)?.first("name", in: AtomNamespace.atom)?.text, content: content)
    }
}
