package import AzureResources
package import ServiceBus

/// A queue, a topic or a subscription as a scope of roles, by an id that can be taken for no other.
///
/// Two spellings of one id would be two scopes to a reader and one to Azure, and two names that look alike the other way round. So there is one
/// spelling: lower case, ASCII, names of Service Bus's own characters, nothing before or behind. Namespaces, groups and subscriptions of Azure are no scopes
/// here: nothing is granted on them.
package struct CooperativeScope: Hashable, Sendable, CustomStringConvertible {
    /// What it is.
    package enum Kind: Hashable, Sendable {
        /// A queue.
        case queue(EntityPath)
        /// A topic.
        case topic(EntityPath)
        /// A subscription of a topic.
        case subscription(EntityPath)

        /// The entity.
        package var path: EntityPath {
            switch self {
            case .queue(let path), .topic(let path), .subscription(let path): path
            }
        }
    }

    /// The longest id that is read, in bytes.
    static let longest = 800

    /// The id, in lower case.
    package let id: ResourceID
    /// What it is the id of.
    package let kind: Kind
    /// The GUID of the Azure subscription.
    package let subscription: GUID
    /// The namespace's name.
    package let namespace: String

    /// The id, in lower case.
    package var description: String { id.text }

    /// The scope of an id that is written as ids are kept here; nil for every other.
    package init?(canonical text: String) {
        guard text.utf8.count <= Self.longest, text.utf8.allSatisfy(Self.isPlain), text.utf8.first == UInt8(ascii: "/") else { return nil }
        let parts = text.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map {
            String(Substring($0))
        }
        guard parts.count >= 10, parts[0] == "subscriptions", parts[2] == "resourcegroups", parts[4] == "providers",
            parts[5] == "microsoft.servicebus", parts[6] == "namespaces",
            [parts[3], parts[7], parts[9]].allSatisfy(Self.isName)
        else { return nil }
        let subscription = GUID(parts[1])
        guard subscription.isWellFormed, subscription.canonical == parts[1] else { return nil }
        // Azure Resource Manager writes the slashes of a name as tildes.
        let name = String(parts[9].map { $0 == "~" ? "/" : $0 })
        switch (parts.count, parts[8], parts.dropFirst(10).first) {
        case (10, "queues", nil):
            guard let path = try? EntityPath.queue(name) else { return nil }
            kind = .queue(path)
        case (10, "topics", nil):
            guard let path = try? EntityPath.topic(name) else { return nil }
            kind = .topic(path)
        case (12, "topics", "subscriptions"):
            guard Self.isName(parts[11]), let path = try? EntityPath.subscription(topic: name, name: parts[11]) else { return nil }
            kind = .subscription(path)
        default: return nil
        }
        id = ResourceID(text)
        self.subscription = subscription
        namespace = parts[7]
    }

    /// The scope of an id as Azure or an operator writes it; nil for what is no entity or cannot be spelled here.
    package init?(_ text: String) {
        var text = text
        text = String(decoding: text.utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
        self.init(canonical: text)
    }

    /// Whether this is `other` or lies within it: a topic has its subscriptions within it.
    package func isWithin(_ other: CooperativeScope) -> Bool { other.id.contains(id) }

    /// The place in the words of policies.
    package var policyScope: PolicyScope {
        switch kind {
        case .queue(let path): PolicyScope(namespace: namespace, entity: path, kind: .queue)
        case .topic(let path): PolicyScope(namespace: namespace, entity: path, kind: .topic)
        case .subscription(let path): PolicyScope(namespace: namespace, entity: path, kind: .unknown)
        }
    }

    /// Letters in lower case, digits, and what stands in names and between them.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "("), UInt8(ascii: ")"),
            UInt8(ascii: "/"):
            true
        default: false
        }
    }

    /// Whether a part is a name and leads nowhere else.
    private static func isName(_ text: String) -> Bool { !text.isEmpty && text.utf8.count <= 260 && text != "." && text != ".." }
}
