/// A subscription of Azure: what is billed together, and what roles are often assigned at.
public struct AzureSubscription: Hashable, Sendable, Decodable {
    /// Its id: `/subscriptions/{GUID}`.
    public let id: ResourceID
    /// Its name.
    public let displayName: String
    /// `Enabled`, `Warned`, `PastDue`, `Disabled`, `Deleted`.
    public let state: String?
    /// The tenant it belongs to.
    public let tenant: GUID?

    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        id = try fields.id("id")
        displayName = try fields.optionalText("displayName") ?? ""
        state = try fields.optionalText("state")
        tenant = try fields.optionalGUID("tenantId")
    }
}

/// What came of asking a subscription for its namespaces.
public struct SubscriptionNamespaces: Sendable {
    /// The subscription.
    public let subscription: AzureSubscription
    /// Its namespaces, or why they could not be listed.
    public let namespaces: Result<[NamespaceResource], AzureError>
}
