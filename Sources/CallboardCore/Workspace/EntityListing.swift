public import ServiceBus

/// The entities of a namespace and when that was so.
public struct EntityListing: Hashable, Sendable {
    /// Queues, topics and subscriptions, in order of path.
    public var entities: [EntityDescription]
    /// When the service answered.
    public var asOf: Timestamp

    /// Whether Azure Resource Manager gave it, since the namespace itself may not be asked.
    public var isByResourceManager: Bool { entities.first?.isByResourceManager ?? false }

    /// Creates a listing.
    public init(entities: [EntityDescription], asOf: Timestamp) {
        self.entities = entities
        self.asOf = asOf
    }
}

extension EntityDescription {
    /// What is said of figures that are Azure Resource Manager's.
    public static let resourceManagerNote = "counts by Azure Resource Manager, may be minutes old"

    /// Whether settings and counts are Azure Resource Manager's.
    public var isByResourceManager: Bool { if case .resourceManager = self.source { true } else { false } }

    /// When its counts were so.
    /// - Parameter now: when it came, if it came at once.
    public func asOf(_ now: Timestamp) -> Timestamp {
        if case .resourceManager(let moment) = self.source { moment } else { now }
    }
}
