internal import AMQP

/// What becomes of messages that were received in a scope and not settled when it ends.
public enum UnsettledMessages: Hashable, Sendable {
    /// They are given back: nothing stays locked.
    case areReleased
    /// They stay locked until their locks run out, and can be settled by ``Namespace/settle(_:_:on:sessionID:)`` until then.
    case stayLocked
}

extension Namespace {
    /// Runs `body` with a receiver, whose link ends with the scope: unused credit goes back, and what arrived unseen is released.
    /// - Parameters:
    ///   - path: the entity and sub-queue.
    ///   - mode: whether messages stay until they are settled.
    ///   - prefetch: how many messages the service may send before they are asked for. None unless told: they are locked meanwhile.
    ///   - atEnd: what becomes of messages that `body` received and did not settle.
    /// - Throws: what `body` throws. The link is attached by the first call that receives.
    public nonisolated func withReceiver<R: Sendable>(
        for path: EntityPath, mode: ReceiveMode = .peekLock, prefetch: Int = 0, atEnd: UnsettledMessages = .areReleased,
        _ body: (MessageReceiver) async throws -> R
    ) async throws -> R {
        let receiver = MessageReceiver(connection, path: path, mode: mode, prefetch: prefetch, logger: logger)
        do {
            let result = try await body(receiver)
            await receiver.close(releasing: atEnd == .areReleased)
            return result
        } catch {
            await receiver.close(releasing: atEnd == .areReleased)
            throw error
        }
    }

    /// Settles messages by their lock tokens, after the link they came on is gone and while their locks live.
    /// - Returns: in the order of the messages, whether it held. A release is not possible: locks run out by themselves.
    public nonisolated func settle(
        _ messages: [ReceivedMessage], _ disposition: MessageDisposition, on path: EntityPath, sessionID: String? = nil
    ) async -> [Result<Void, ServiceBusError>] {
        let locked = messages.compactMap { $0.lock?.token }
        guard locked.count == messages.count else {
            let error = ServiceBusError(.invalidRequest, "A message was deleted when it was received.", entity: path)
            return messages.map { _ in .failure(error) }
        }
        return await connection.settle(locked, disposition, on: path, sessionID: sessionID, link: nil)
    }
}
