/// Which networks may reach a namespace (Microsoft.ServiceBus/namespaces/networkRuleSets); premium namespaces have one.
public struct NetworkRuleSet: Hashable, Sendable {
    /// A range of addresses.
    public struct AddressRule: Hashable, Sendable, Decodable {
        /// An address or a range in CIDR notation.
        public let ipMask: String
        /// What happens to it: `Allow`.
        public let action: String?
    }

    /// A subnet of a virtual network.
    public struct SubnetRule: Hashable, Sendable {
        /// The subnet; nil when the service does not name one.
        public let subnet: ResourceID?
        /// Whether it counts although the subnet has no service endpoint.
        public let ignoresMissingEndpoint: Bool?
    }

    /// Its id.
    public let id: ResourceID
    /// What happens to everything that no rule names: `Allow` or `Deny`.
    public let defaultAction: String?
    /// `Enabled` or `Disabled`; nil in older API versions.
    public let publicNetworkAccess: String?
    /// Whether Microsoft's own services pass.
    public let trustsServices: Bool?
    /// Addresses that pass.
    public let addresses: [AddressRule]
    /// Subnets that pass.
    public let subnets: [SubnetRule]
}

extension NetworkRuleSet: Decodable {
    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        id = try fields.id("id")
        let properties = try fields.object("properties")
        defaultAction = try properties.optionalText("defaultAction")
        publicNetworkAccess = try properties.optionalText("publicNetworkAccess")
        trustsServices = try properties.optional("trustedServiceAccessEnabled")
        addresses = try properties.list("ipRules")
        subnets = try properties.list("virtualNetworkRules")
    }
}

extension NetworkRuleSet.SubnetRule: Decodable {
    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        subnet = try fields.optionalObject("subnet")?.optionalID("id")
        ignoresMissingEndpoint = try fields.optional("ignoreMissingVnetServiceEndpoint")
    }
}
