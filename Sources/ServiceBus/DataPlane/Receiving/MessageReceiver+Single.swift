/// Settling one message.
extension MessageReceiver {
    /// Removes a message that was processed.
    /// - Throws: ``ServiceBusError``; see ``settle(_:_:in:)``.
    public func complete(_ message: ReceivedMessage) async throws(ServiceBusError) { try await settle(message, .complete) }

    /// Gives a message back and counts the delivery as failed.
    /// - Parameter properties: application properties to set.
    /// - Throws: ``ServiceBusError``; see ``settle(_:_:in:)``.
    public func abandon(_ message: ReceivedMessage, properties: [OutgoingMessage.Property] = []) async throws(ServiceBusError) {
        try await settle(message, .abandon(properties: properties))
    }

    /// Sets a message aside, to be had by its sequence number only.
    /// - Parameter properties: application properties to set.
    /// - Throws: ``ServiceBusError``; see ``settle(_:_:in:)``.
    public func `defer`(_ message: ReceivedMessage, properties: [OutgoingMessage.Property] = []) async throws(ServiceBusError) {
        try await settle(message, .defer(properties: properties))
    }

    /// Moves a message to the dead-letter queue.
    /// - Throws: ``ServiceBusError``; see ``settle(_:_:in:)``.
    public func deadLetter(
        _ message: ReceivedMessage, reason: String? = nil, description: String? = nil, properties: [OutgoingMessage.Property] = []
    ) async throws(ServiceBusError) {
        try await settle(message, .deadLetter(reason: reason, description: description, properties: properties))
    }

    /// Gives a message back as if it had not been delivered.
    /// - Throws: ``ServiceBusError``; see ``settle(_:_:in:)``.
    public func release(_ message: ReceivedMessage) async throws(ServiceBusError) { try await settle(message, .release) }

    private func settle(_ message: ReceivedMessage, _ disposition: MessageDisposition) async throws(ServiceBusError) {
        for result in await settle([message], disposition) { try result.get() }
    }
}
