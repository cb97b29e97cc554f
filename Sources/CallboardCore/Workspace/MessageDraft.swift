public import ServiceBus

/// A message to be sent, as an operator describes it.
public struct MessageDraft: Hashable, Sendable {
    /// One application property.
    public struct Property: Hashable, Sendable {
        /// Its name.
        public var name: String
        /// Its value and wire type.
        public var value: PropertyValue

        /// Creates a property.
        public init(name: String, value: PropertyValue) {
            self.name = name
            self.value = value
        }
    }

    /// What the body is made of.
    public enum Body: Hashable, Sendable {
        /// Bytes, sent as one data section.
        case data([UInt8])
        /// One typed value.
        case value(PropertyValue)
    }

    /// The message id; nil lets the client make one.
    public var messageID: String?
    /// The correlation id.
    public var correlationID: String?
    /// The session it belongs to.
    public var sessionID: String?
    /// The partition key.
    public var partitionKey: String?
    /// What it is about.
    public var subject: String?
    /// Whom it is addressed to.
    public var to: String?
    /// Where answers go.
    public var replyTo: String?
    /// The session answers belong to.
    public var replyToSessionID: String?
    /// The MIME type of the body.
    public var contentType: String?
    /// The encoding of the body.
    public var contentEncoding: String?
    /// How long it may live; nil for the entity's default.
    public var timeToLive: Duration?
    /// When it is to become active; nil for at once.
    public var scheduledEnqueueTime: Timestamp?
    /// The application's properties, in order.
    public var applicationProperties: [Property]
    /// The body.
    public var body: Body

    /// Creates a message with a body and nothing else.
    public init(body: Body = .data([]), applicationProperties: [Property] = []) {
        self.body = body
        self.applicationProperties = applicationProperties
    }
}
