/// The estate of `callboard demo`: a retailer's namespace after a bad night, with a catalogue that says whose everything is.
///
/// Four teams, twelve services, thirty entities. Its content follows from a seed and the clock: the same seed gives the same messages, at
/// times counted back from now.
public enum DemoEstate {
    /// The namespace's name.
    public static let namespace = "sb-retail"

    /// Makes the entities and their messages in an empty namespace.
    ///
    /// - Throws: ``BrokerError`` when the namespace has such entities already or its quotas are too small for them.
    public static func populate(_ broker: Broker, seed: UInt64 = 1) throws(BrokerError) {
        try createEntities(in: broker)
        var writer = DemoWriter(broker: broker, seed: seed)
        try writer.writeOrders()
        try writer.writeFinance()
        try writer.writeLogistics()
        try writer.writeEngagement()
        try writer.writeUnowned()
    }

    // MARK: Entities

    private static func createEntities(in broker: Broker) throws(BrokerError) {
        for name in ["orders", "checkout-commands", "cart-abandoned", "price-updates"] {
            try broker.createQueue(name, settings(ttlDays: 14))
        }
        try broker.createQueue("invoices", settings(lockSeconds: 120))
        try broker.createQueue("payments", sessions())
        try broker.createQueue("refunds", duplicateDetection(minutes: 10))
        var shipments = settings()
        shipments.forwardTo = "carrier-outbox"
        try broker.createQueue("shipments", shipments)
        var outbox = settings()
        outbox.availability = .sendDisabled
        outbox.userMetadata = "closed for the carrier migration, see CHG-2210"
        try broker.createQueue("carrier-outbox", outbox)
        try broker.createQueue("stock-movements", sessions())
        try broker.createQueue("pick-lists", settings(lockSeconds: 300))
        for name in ["emails", "push"] { try broker.createQueue(name, settings()) }
        var sms = settings()
        sms.forwardDeadLetteredMessagesTo = "central-dead-letters"
        try broker.createQueue("sms", sms)
        try broker.createQueue("points", settings(maxDeliveryCount: 5))
        for name in ["central-dead-letters", "legacy-import", "tmp-replay"] { try broker.createQueue(name) }

        try broker.createTopic("order-events")
        try broker.createSubscription("billing", of: "order-events", settings(), rules: [subject("OrderPlaced")])
        try broker.createSubscription("shipping", of: "order-events", settings(), rules: [subject("OrderPaid")])
        try broker.createSubscription("loyalty", of: "order-events", sessions())
        try broker.createSubscription("search-index", of: "order-events", settings())
        try broker.createTopic("payment-events")
        for name in ["ledger", "refunds"] { try broker.createSubscription(name, of: "payment-events", settings()) }
        let suspicious = RuleSettings(
            name: "suspicious", filter: .sql("amount > 500 OR country NOT IN ('DE', 'AT', 'CH')"), action: "SET review = 'manual'")
        try broker.createSubscription("fraud", of: "payment-events", settings(), rules: [suspicious])
        try broker.createTopic("tracking-events")
        for name in ["customer-app", "notifications"] { try broker.createSubscription(name, of: "tracking-events", settings()) }
    }

    private static func settings(lockSeconds: Int64 = 60, maxDeliveryCount: Int = 10, ttlDays: Int64? = nil) -> QueueSettings {
        var settings = QueueSettings()
        settings.lockDuration = lockSeconds * 1000
        settings.maxDeliveryCount = maxDeliveryCount
        settings.defaultTimeToLive = ttlDays.map { $0 * 86_400_000 }
        settings.deadLetteringOnExpiration = ttlDays != nil
        return settings
    }

    private static func sessions() -> QueueSettings {
        var settings = settings()
        settings.requiresSession = true
        return settings
    }

    private static func duplicateDetection(minutes: Int64) -> QueueSettings {
        var settings = settings()
        settings.duplicateDetectionWindow = minutes * 60_000
        return settings
    }

    private static func subject(_ label: String) -> RuleSettings {
        var filter = CorrelationFilter()
        filter.label = label
        return RuleSettings(name: label, filter: .correlation(filter))
    }
}
