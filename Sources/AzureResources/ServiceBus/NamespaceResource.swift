public import Identity

/// A Service Bus namespace as Azure Resource Manager describes it (Microsoft.ServiceBus/namespaces).
public struct NamespaceResource: Hashable, Sendable {
    /// What it costs and can do.
    public struct SKU: Hashable, Sendable {
        /// `Basic`, `Standard` or `Premium`.
        public let name: String
        /// The billing tier; as a rule the same word.
        public let tier: String?
        /// Messaging units, of a premium namespace.
        public let capacity: Int?
    }

    /// Whether shared access keys are accepted (`disableLocalAuth` turned round).
    public enum LocalAuthentication: Hashable, Sendable {
        /// Keys are accepted.
        case on
        /// Only tokens of Entra ID are.
        case off
        /// The service does not say: older API versions leave it out.
        case unknown
    }

    /// Its id.
    public let id: ResourceID
    /// Its name: the first label of its host.
    public let name: String
    /// The region, as the service writes it: `East US`, `eastus`.
    public let location: String
    /// Its tags.
    public let tags: [String: String]
    /// What it costs and can do.
    public let sku: SKU?
    /// Where an operation on it stands: `Succeeded` when none is under way.
    public let provisioningState: ProvisioningState
    /// `Active`, `Activating`, `Disabled`...
    public let status: String?
    /// When it was made.
    public let createdAt: WallTime?
    /// When it was last changed.
    public let updatedAt: WallTime?
    /// Where it answers: `https://contoso.servicebus.windows.net:443/`.
    public let endpoint: String?
    /// What Azure Monitor calls it.
    public let metricID: String?
    /// Whether shared access keys are accepted.
    public let localAuthentication: LocalAuthentication
    /// Whether it is spread over availability zones.
    public let isZoneRedundant: Bool?
    /// The oldest TLS it accepts: `1.2`.
    public let minimumTLSVersion: String?
    /// `Enabled`, `Disabled` or `SecuredByPerimeter`.
    public let publicNetworkAccess: String?
    /// Its name beside a geo-disaster recovery alias that took over its own.
    public let alternateName: String?
    /// The object id of its own managed identity.
    public let identity: GUID?
}

/// Where an operation of Azure on a resource stands.
public struct ProvisioningState: ServiceWord {
    /// As the service wrote it.
    public let rawValue: String
    /// A word as the service wrote it.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Done.
    public static let succeeded = ProvisioningState(rawValue: "Succeeded")
    /// It did not work.
    public static let failed = ProvisioningState(rawValue: "Failed")
    /// It was stopped.
    public static let canceled = ProvisioningState(rawValue: "Canceled")
    /// Made, and being set up.
    public static let created = ProvisioningState(rawValue: "Created")
    /// Being changed.
    public static let updating = ProvisioningState(rawValue: "Updating")
    /// Being removed.
    public static let deleting = ProvisioningState(rawValue: "Deleting")
    /// The words that have names.
    public static let known: [ProvisioningState] = [succeeded, failed, canceled, created, updating, deleting]

    /// Whether nothing more will happen.
    public var isFinal: Bool { [Self.succeeded, .failed, .canceled].contains(self) }
}

extension NamespaceResource: Decodable {
    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        id = try fields.id("id")
        name = try fields.text("name")
        location = try fields.optionalText("location") ?? ""
        tags = try fields.optional("tags") ?? [:]
        sku = try fields.optionalObject("sku").map { sku in
            SKU(name: try sku.text("name"), tier: try sku.optionalText("tier"), capacity: try sku.optional("capacity"))
        }
        identity = try fields.optionalObject("identity").flatMap { try $0.optionalGUID("principalId") }
        let properties = try fields.object("properties")
        provisioningState = try properties.optional("provisioningState") ?? .succeeded
        status = try properties.optionalText("status")
        createdAt = try properties.time("createdAt")
        updatedAt = try properties.time("updatedAt")
        endpoint = try properties.optionalText("serviceBusEndpoint")
        metricID = try properties.optionalText("metricId")
        localAuthentication = try properties.optional("disableLocalAuth").map { $0 ? .off : .on } ?? .unknown
        isZoneRedundant = try properties.optional("zoneRedundant")
        minimumTLSVersion = try properties.optionalText("minimumTlsVersion")
        publicNetworkAccess = try properties.optionalText("publicNetworkAccess")
        alternateName = try properties.optionalText("alternateName")
    }
}
