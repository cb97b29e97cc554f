public import Identity

/// A key that may use one entity.
public struct AuthorizationRule: Sendable {
    /// What a key allows.
    public enum Right: String, Hashable, Sendable, CaseIterable {
        /// To receive and peek.
        case listen = "Listen"
        /// To send.
        case send = "Send"
        /// To administer; needs the other two.
        case manage = "Manage"
    }

    /// The key's name.
    public var keyName: String
    /// What it allows.
    public var rights: Set<Right>
    /// The first key; nil leaves it to the service to make one.
    public var primaryKey: Secret?
    /// The second key, so that one can be replaced while the other works.
    public var secondaryKey: Secret?

    /// A rule.
    public init(keyName: String, rights: Set<Right>, primaryKey: Secret? = nil, secondaryKey: Secret? = nil) {
        self.keyName = keyName
        self.rights = rights
        self.primaryKey = primaryKey
        self.secondaryKey = secondaryKey
    }

    init?(_ element: XMLElement) {
        guard let name = element.first("KeyName")?.text else { return nil }
        keyName = name
        rights = Set((element.first("Rights")?.children ?? []).compactMap { Right(rawValue: $0.text) })
        primaryKey = element.first("PrimaryKey").map { Secret($0.text) }
        secondaryKey = element.first("SecondaryKey").map { Secret($0.text) }
    }

    private static let schemaInstance = "http://www.w3.org/2001/XMLSchema-instance"

    /// The rule as an element, with what an older one has besides.
    func element(changing old: XMLElement?) -> XMLElement {
        func part(_ name: String, _ text: String) -> XMLElement { XMLElement(XMLName(name, in: AtomNamespace.serviceBus), text: text) }
        var parts = [part("ClaimType", "SharedAccessKey"), part("ClaimValue", "None")]
        let rights = Right.allCases.filter { self.rights.contains($0) }.map { part("AccessRights", $0.rawValue) }
        parts.append(XMLElement(XMLName("Rights", in: AtomNamespace.serviceBus), children: rights))
        for name in ["CreatedTime", "ModifiedTime"] { if let kept = old?.first(name) { parts.append(kept) } }
        parts.append(part("KeyName", keyName))
        primaryKey?.withRevealedText { parts.append(part("PrimaryKey", $0)) }
        secondaryKey?.withRevealedText { parts.append(part("SecondaryKey", $0)) }
        let known = Set(parts.map(\.name.local))
        parts += (old?.children ?? []).filter {
            !known.contains($0.name.local) && $0.name.local != "PrimaryKey" && $0.name.local != "SecondaryKey"
        }
        return XMLElement(
            XMLName("AuthorizationRule", in: AtomNamespace.serviceBus),
            attributes: [XMLAttribute(name: XMLName("type", in: Self.schemaInstance), value: "SharedAccessAuthorizationRule")],
            children: parts)
    }
}
