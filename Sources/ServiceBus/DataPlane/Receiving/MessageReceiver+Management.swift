internal import AMQP
internal import NIOCore

/// Locks and deferred messages: what is asked of `$management`.
extension MessageReceiver {
    /// Makes the locks of messages last a full lock duration from now.
    /// - Returns: in the order of the messages, when each lock ends now.
    /// - Throws: ``ServiceBusError``, with ``ServiceBusError/Code/lockLost`` when one of them is gone.
    public func renewLocks(of messages: [ReceivedMessage]) async throws(ServiceBusError) -> [Timestamp] {
        try await renewLocks(of: messages.map(\.handle))
    }

    func renewLocks(of messages: [MessageHandle]) async throws(ServiceBusError) -> [Timestamp] {
        let tokens = messages.compactMap { $0.lock?.token }
        if tokens.isEmpty { return [] }
        var request = ManagementRequest("renew-lock", isRepeatable: true, ["lock-tokens": .array(.uuids(tokens))])
        request.associatedLink = linkName
        let answer = try await connection.perform(request, on: path)
        let times = try answer.body()["expirations"]?.elements?.compactMap(\.integer) ?? []
        guard times.count == tokens.count else { throw answer.malformed("it has \(times.count) 'expirations' for \(tokens.count) locks") }
        return times.map { Timestamp(milliseconds: $0) }
    }

    /// Receives deferred messages by their numbers, in the receiver's mode.
    /// - Returns: those that are there; a number that names no deferred message gives none.
    /// - Throws: ``ServiceBusError``. With an unknown outcome, some may be locked, or received and deleted.
    public func receiveDeferred(_ numbers: [SequenceNumber]) async throws(ServiceBusError) -> [ReceivedMessage] {
        if numbers.isEmpty { return [] }
        var request = ManagementRequest(
            "receive-by-sequence-number", isRepeatable: false,
            [
                "sequence-numbers": .array(.longs(numbers.map(\.rawValue))),
                "receiver-settle-mode": .uint(mode == .peekLock ? 1 : 0), "session-id": session.map { .string($0) },
            ])
        request.associatedLink = linkName
        guard let answer = try await connection.performIfAny(request, on: path) else { return [] }
        guard let entries = try answer.body()["messages"]?.elements else { throw answer.malformed("it has no 'messages'") }
        var messages: [ReceivedMessage] = []
        for entry in entries {
            var token: UUIDBytes?
            if mode == .peekLock, case .uuid(let uuid)? = entry.mapValue?["lock-token"] { token = uuid }
            guard case .binary(let bytes)? = entry.mapValue?["message"], let content = try? Message(bytes),
                let message = ReceivedMessage(content, lockToken: token)
            else { throw answer.malformed("an entry of 'messages' holds no message") }
            messages.append(message)
        }
        return messages
    }
}
