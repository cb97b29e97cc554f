/// A subscription of a topic as Azure Resource Manager describes it (Microsoft.ServiceBus/namespaces/topics/subscriptions). What it shares with queues
/// are members of its own (``DeliveryProperties``).
@dynamicMemberLookup
public struct SubscriptionResource: Hashable, Sendable {
    /// Its id.
    public let id: ResourceID
    /// Its name.
    public let name: String
    /// What it shares with queues.
    public let delivery: DeliveryProperties
    /// Whether messages that a rule's filter has no answer for become dead letters.
    public let deadLetteringOnFilterEvaluationExceptions: Bool?
    /// Whether it belongs to one client id.
    public let isClientAffine: Bool?

    /// One of the properties that it shares with queues.
    public subscript<Value>(dynamicMember member: KeyPath<DeliveryProperties, Value>) -> Value { delivery[keyPath: member] }
}

extension SubscriptionResource: Decodable {
    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        id = try fields.id("id")
        name = try fields.text("name")
        let properties = try fields.object("properties")
        delivery = try DeliveryProperties(properties)
        deadLetteringOnFilterEvaluationExceptions = try properties.optional("deadLetteringOnFilterEvaluationExceptions")
        isClientAffine = try properties.optional("isClientAffine")
    }
}
