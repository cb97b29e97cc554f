internal import AMQP

extension NamespaceConnection {
    /// Settles messages by their lock tokens, on no link.
    func settle(
        _ messages: [ReceivedMessage], _ disposition: MessageDisposition, on path: EntityPath, sessionID: String?,
        in transaction: Transaction? = nil
    ) async -> [Result<Void, ServiceBusError>] {
        let locked = messages.compactMap { $0.lock?.token }
        guard locked.count == messages.count else {
            let error = ServiceBusError(.invalidRequest, "A message was deleted when it was received.", entity: path)
            return messages.map { _ in .failure(error) }
        }
        return await settle(locked, disposition, on: path, sessionID: sessionID, link: nil, in: transaction)
    }

    /// Settles by lock token, several requests under way at once.
    func settle(
        _ tokens: [UUIDBytes], _ disposition: MessageDisposition, on path: EntityPath, sessionID: String?, link: String?,
        in transaction: Transaction? = nil
    ) async -> [Result<Void, ServiceBusError>] {
        // One request a message: an answer to several would not say which of them failed.
        await withTaskGroup(of: (Int, Result<Void, ServiceBusError>).self) { group in
            for (position, token) in tokens.enumerated() {
                group.addTask {
                    guard let request = disposition.request([token], sessionID: sessionID, link: link, in: transaction) else {
                        return (
                            position,
                            .failure(
                                ServiceBusError(
                                    .invalidRequest, "Without its link a message cannot be released; its lock runs out by itself.",
                                    entity: path))
                        )
                    }
                    do throws(ServiceBusError) {
                        _ = try await self.perform(request, on: path)
                        return (position, .success(()))
                    } catch {
                        return (position, .failure(error))
                    }
                }
            }
            var results = [Result<Void, ServiceBusError>](repeating: .success(()), count: tokens.count)
            for await (position, result) in group { results[position] = result }
            return results
        }
    }
}
