/// What the service tells about a namespace.
public struct NamespaceInfo: Hashable, Sendable {
    /// Its name without the domain.
    public var name: String
    /// `Basic`, `Standard` or `Premium`.
    public var tier: String?
    /// The messaging units of a Premium namespace.
    public var messagingUnits: Int?
    /// The alias of a geo-recovery pair.
    public var alias: String?
    /// When it was created.
    public var createdAt: Timestamp?
    /// When it was last changed.
    public var modifiedAt: Timestamp?
    /// Everything the service sent, in its order.
    public var settings: [EntityDescription.Setting]

    init?(_ element: XMLElement) {
        guard element.name.local == "NamespaceInfo" else { return nil }
        func text(_ name: String) -> String? { element.first(name).map(\.text).flatMap { $0.isEmpty ? nil : $0 } }
        guard let name = text("Name") else { return nil }
        self.name = name
        tier = text("MessagingSKU")
        messagingUnits = text("MessagingUnits").flatMap { Int($0) }
        alias = text("Alias")
        createdAt = text("CreatedTime").flatMap(DescriptionReader.timestamp)
        modifiedAt = text("ModifiedTime").flatMap(DescriptionReader.timestamp)
        settings = DescriptionReader.settings(of: element)
    }
}
