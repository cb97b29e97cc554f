extension Namespace {
    /// Takes exactly one active message of a queue or subscription without sessions under a lock, gives back what stands before it, and lends it to `body`:
    /// others can have everything else meanwhile. What `body` does not settle is given back at the end.
    ///
    /// The lock is the caller's to renew.
    /// - Parameters:
    ///   - number: its sequence number.
    ///   - path: the entity and sub-queue it is in.
    ///   - limits: how far looking for it may go.
    /// - Throws: ``ServiceBusError``, with ``ServiceBusError/Code/messageNotFound`` when it is not there to be had; what `body` throws.
    public nonisolated func withExactly<R: Sendable>(
        _ number: SequenceNumber, in path: EntityPath, limits: ExactLimits = ExactLimits(),
        _ body: (MessageReceiver, ReceivedMessage) async throws -> R
    ) async throws -> R {
        guard let target = try await peek(path, from: number, count: 1, headersOnly: true).first, target.sequenceNumber == number,
            target.state == .active
        else { throw ServiceBusError(.messageNotFound, "There is no active message \(number).", entity: path) }
        let receiver = MessageReceiver(connection, path: path, mode: .peekLock, prefetch: 0, logger: logger)
        var search = ExactSearch(target, receiver, self, limits)
        do {
            let result = try await search.lend(body)
            await receiver.close(releasing: true)
            return result
        } catch {
            await receiver.close(releasing: true)
            throw error
        }
    }
}
