/// Something on which the caller could activate a role (eligibleChildResources).
public struct EligibleResource: Hashable, Sendable {
    /// Its id.
    public let id: ResourceID
    /// Its name.
    public let name: String?
    /// What it is: `resourcegroup`, `Microsoft.ServiceBus/namespaces/queues`.
    public let kind: String?
}

extension EligibleResource: Decodable {
    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        id = try fields.id("id")
        name = try fields.optionalText("name")
        kind = try fields.optionalText("type")
    }
}
