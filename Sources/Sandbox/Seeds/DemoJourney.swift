import AMQP

extension DemoEstate {
    /// The order to follow through the estate: it lies dead in `orders`, and what it set off waits in four other places.
    public enum FollowedOrder {
        /// The correlation id that all of its messages bear.
        public static let correlationID = "5d0c3f0e-2b41-4c8a-9e57-088000a1f3b2"
        /// The message id of the event that two subscriptions have a copy of.
        public static let eventID = "e7a1b9c4-6f35-4d12-8b0a-3c5d7e9f1a20"
        /// The trace that all of its messages belong to.
        public static let traceID = "7c1d52e08fb94a3d9a60c2f81e5b7d34"
        /// Its number, as bodies have it.
        static let number = 88_000
    }
}

extension MessageContent {
    /// The message as one that the followed order set off.
    func following(span: UInt8, messageID: String? = nil) -> MessageContent {
        typealias Order = DemoEstate.FollowedOrder
        var content = self
        content.properties?.correlationID = .string(Order.correlationID)
        if let messageID { content.properties?.messageID = .string(messageID) }
        content.applicationProperties["Diagnostic-Id"] = .string("00-\(Order.traceID)-00f067aa0ba90\(100 + Int(span))-01")
        return content
    }
}
