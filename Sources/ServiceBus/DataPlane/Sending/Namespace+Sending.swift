internal import AMQP
internal import AMQPTransport

extension Namespace {
    /// Sends messages in order and waits until the service has accepted each.
    /// - Throws: ``ServiceBusError`` for the first that was not accepted; others may have been. ``send(each:to:)`` tells them apart.
    public func send(_ messages: [OutgoingMessage], to path: EntityPath) async throws(ServiceBusError) {
        for result in await send(each: messages, to: path) { try result.get() }
    }

    /// Sends a message and waits until the service has accepted it.
    /// - Throws: ``ServiceBusError``.
    public func send(_ message: OutgoingMessage, to path: EntityPath) async throws(ServiceBusError) {
        try await send([message], to: path)
    }

    /// Sends messages one after another, without waiting in between, and waits for each one's outcome.
    ///
    /// When the service was too busy for every one of them, they are sent again after a pause; nothing else is sent twice.
    /// - Returns: in the order of the messages, whether each was accepted. ``ServiceBusError/outcome`` tells those that certainly were
    ///   not from those that nobody knows about.
    public func send(each messages: [OutgoingMessage], to path: EntityPath) async -> [Result<Void, ServiceBusError>] {
        await connection.send(messages.map { OutboundMessage($0.encoded()) }, to: path)
    }

    /// Sends exact copies of received messages: bytes, types and kind of body are the ones received.
    /// - Returns: in the order of the messages, whether each was accepted.
    public func send(each copies: [ForwardedMessage], to path: EntityPath) async -> [Result<Void, ServiceBusError>] {
        await connection.send(copies.map { OutboundMessage($0.encoded) }, to: path)
    }

    /// Sends a batch in one transfer: the service takes all of its messages or none.
    /// - Throws: ``ServiceBusError``.
    public func send(_ batch: MessageBatch, to path: EntityPath) async throws(ServiceBusError) {
        if batch.isEmpty { return }
        for result in await connection.send([batch.outbound], to: path) { try result.get() }
    }

    /// An empty batch that is filled up to what the entity takes in one transfer.
    /// - Parameter maximumBytes: a lower limit of the caller's own.
    /// - Throws: ``ServiceBusError`` when the link that knows the limit cannot be opened.
    public func makeBatch(for path: EntityPath, maximumBytes: Int = .max) async throws(ServiceBusError) -> MessageBatch {
        let connection = connection
        let limit = try await connection.attempting(path, isRepeatable: true) {
            try await connection.sender(for: path).maxMessageSize
        }
        return MessageBatch(maximumBytes: min(maximumBytes, MessageBatch.limit(linkLimit: limit)))
    }
}
