/// Where one of Microsoft's clouds answers: the base URLs of its services, none with a slash at its end.
///
/// Every one can be overridden, for a proxy, a private cloud or a sandbox on loopback.
public struct AzureCloud: Hashable, Sendable {
    /// What configuration calls it: `public`, `usgovernment` or `china`.
    public var name: String
    /// Entra ID, such as `https://login.microsoftonline.com`.
    public var login: String
    /// Azure Resource Manager, such as `https://management.azure.com`.
    public var resourceManager: String
    /// Microsoft Graph, such as `https://graph.microsoft.com`.
    public var graph: String
    /// The resource that tokens for Azure Resource Manager are for: the cloud's, whatever URL it is reached at.
    public let resourceManagerResource: String
    /// The resource that tokens for Microsoft Graph are for: the cloud's, whatever URL it is reached at.
    public let graphResource: String
    /// What follows a namespace's name, such as `servicebus.windows.net`.
    public var serviceBusSuffix: String
    /// What follows the name of a Key Vault, such as `vault.azure.net`.
    public let keyVaultSuffix: String
    /// The base URL at which a vault answers, whatever its name; nil where each has a host of its own. For a sandbox, which has one vault.
    public var keyVault: String?
    /// The resource that tokens for Service Bus are for: the same in all clouds.
    public var serviceBusResource = "https://servicebus.azure.net"

    /// A cloud.
    public init(
        name: String, login: String, resourceManager: String, graph: String, serviceBusSuffix: String,
        keyVaultSuffix: String = "vault.azure.net"
    ) {
        self.name = name
        self.login = login
        self.resourceManager = resourceManager
        self.resourceManagerResource = resourceManager
        self.graphResource = graph
        self.graph = graph
        self.serviceBusSuffix = serviceBusSuffix
        self.keyVaultSuffix = keyVaultSuffix
    }

    /// Azure as most people know it.
    public static let global = AzureCloud(
        name: "public", login: "https://login.microsoftonline.com", resourceManager: "https://management.azure.com",
        graph: "https://graph.microsoft.com", serviceBusSuffix: "servicebus.windows.net")
    /// Azure for the government of the United States.
    public static let usGovernment = AzureCloud(
        name: "usgovernment", login: "https://login.microsoftonline.us", resourceManager: "https://management.usgovcloudapi.net",
        graph: "https://graph.microsoft.us", serviceBusSuffix: "servicebus.usgovcloudapi.net", keyVaultSuffix: "vault.usgovcloudapi.net")
    /// Azure in China, run by 21Vianet.
    public static let china = AzureCloud(
        name: "china", login: "https://login.chinacloudapi.cn", resourceManager: "https://management.chinacloudapi.cn",
        graph: "https://microsoftgraph.chinacloudapi.cn", serviceBusSuffix: "servicebus.chinacloudapi.cn", keyVaultSuffix: "vault.azure.cn")
    /// Where a Key Vault answers: the base URL, without a slash at its end.
    public func keyVaultURL(_ vault: String) -> String { keyVault ?? "https://\(vault).\(keyVaultSuffix)" }

    /// The clouds there are.
    public static let all = [global, usGovernment, china]

    /// The cloud of a name as configuration has it; nil when there is none.
    public init?(named name: String) {
        guard let cloud = Self.all.first(where: { $0.name == name }) else { return nil }
        self = cloud
    }
}
