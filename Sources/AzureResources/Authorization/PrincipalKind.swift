/// What kind of identity a role is assigned to.
public struct PrincipalKind: ServiceWord {
    /// As the service wrote it.
    public let rawValue: String
    /// A word as the service wrote it.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// A person.
    public static let user = PrincipalKind(rawValue: "User")
    /// A group of identities.
    public static let group = PrincipalKind(rawValue: "Group")
    /// An application or a managed identity.
    public static let servicePrincipal = PrincipalKind(rawValue: "ServicePrincipal")
    /// A group of another tenant.
    public static let foreignGroup = PrincipalKind(rawValue: "ForeignGroup")
    /// A device.
    public static let device = PrincipalKind(rawValue: "Device")
    /// Everybody, in deny assignments that Azure made.
    public static let systemDefined = PrincipalKind(rawValue: "SystemDefined")
    /// Not said.
    public static let unknown = PrincipalKind(rawValue: "")
    /// The words that have names.
    public static let known: [PrincipalKind] = [user, group, servicePrincipal, foreignGroup, device, systemDefined]

    /// Whether others act through it.
    public var isGroup: Bool { self == .group || self == .foreignGroup }
}
