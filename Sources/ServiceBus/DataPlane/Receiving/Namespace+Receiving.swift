internal import AMQP

/// What becomes of messages that were received in a scope and not settled when it ends.
public enum UnsettledMessages: Hashable, Sendable {
    /// They are given back: nothing stays locked.
    ///
    /// Whether a message whose settlement was rolled back with its transaction can still be released is left open by the service's
    /// documents. It is released, and in case that means nothing any more abandoned by its lock token: then its delivery count goes up by
    /// one, as it would when its lock ran out. In a session the session's end gives it back.
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
        await connection.settle(messages, disposition, on: path, sessionID: sessionID)
    }
}
