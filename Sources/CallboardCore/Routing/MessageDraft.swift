public import ServiceBus

extension OutgoingMessage {
    /// A message like one that was peeked, without its body: what rules look at, to be tried and changed.
    public init(headersOf message: PeekedMessage) {
        self.init()
        messageID = message.messageID
        correlationID = message.correlationID
        sessionID = message.sessionID
        partitionKey = message.partitionKey
        subject = message.subject
        to = message.to
        replyTo = message.replyTo
        replyToSessionID = message.replyToSessionID
        contentType = message.contentType
        contentEncoding = message.contentEncoding
        timeToLive = message.timeToLive
        applicationProperties = message.applicationProperties.map { Property(name: $0.name, value: $0.value) }
    }
}
