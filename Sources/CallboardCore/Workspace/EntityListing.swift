public import ServiceBus

/// The entities of a namespace and when that was so.
public struct EntityListing: Hashable, Sendable {
    /// Queues, topics and subscriptions, in order of path.
    public var entities: [EntityDescription]
    /// When the service answered.
    public var asOf: Timestamp

    /// Creates a listing.
    public init(entities: [EntityDescription], asOf: Timestamp) {
        self.entities = entities
        self.asOf = asOf
    }
}
