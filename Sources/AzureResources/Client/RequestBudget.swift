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

    /// So many reads of a subscription are left to others who act as the same identity: a pipeline, the portal.
    static let spared = 100
    /// What one of ``ResourceManagerClient/mostRequestsAtOnce`` rests before a read once no more than ``spared`` are left: together they begin
    /// 20 reads a second, fewer than the 25 that Azure Resource Manager gives back (Azure documentation, "Throttling Resource Manager requests",
    /// subscription reads: 250, and 25 a second).
    static let rest: Duration = .milliseconds(400)

    /// How long to wait before a request; nil: it may go at once.
    func rest(before method: RESTRequest.Method) -> Duration? {
        guard method == .get, let subscriptionReads, subscriptionReads <= Self.spared else { return nil }
        return Self.rest
    }

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
    let texts = SharedTexts()
}
