internal import RESTClient
internal import Synchronization

/// How many requests Azure Resource Manager still takes, as its last answers said (`x-ms-ratelimit-remaining-…`). Nil where none has said so.
public struct RequestBudget: Hashable, Sendable {
    /// Reads of a subscription.
    public internal(set) var subscriptionReads: Int?
    /// Writes to a subscription. Listing keys counts here.
    public internal(set) var subscriptionWrites: Int?
    /// Removals in a subscription.
    public internal(set) var subscriptionDeletes: Int?
    /// Reads outside of subscriptions.
    public internal(set) var tenantReads: Int?
    /// Writes outside of subscriptions.
    public internal(set) var tenantWrites: Int?

    /// Nothing is known.
    public init() {}

    private static let prefix = "x-ms-ratelimit-remaining-"

    mutating func read(_ headers: HeaderFields) {
        func remaining(_ name: String) -> Int? { headers[Self.prefix + name].flatMap { Int($0) } }
        subscriptionReads = remaining("subscription-reads") ?? subscriptionReads
        subscriptionWrites = remaining("subscription-writes") ?? subscriptionWrites
        subscriptionDeletes = remaining("subscription-deletes") ?? subscriptionDeletes
        tenantReads = remaining("tenant-reads") ?? tenantReads
        tenantWrites = remaining("tenant-writes") ?? tenantWrites
    }
}

/// The budget, and which API version of Service Bus is in use, shared by all copies of a client.
final class ClientMemory: Sendable {
    let budget = Mutex(RequestBudget())
    let serviceBusVersion = Mutex(APIVersion.serviceBus)
}
