internal import AMQP

extension NamespaceConnection {
    /// Settles by lock token, several requests under way at once.
    func settle(
        _ tokens: [UUIDBytes], _ disposition: MessageDisposition, on path: EntityPath, sessionID: String?, link: String?
    ) async -> [Result<Void, ServiceBusError>] {
        // One request a message: an answer to several would not say which of them failed.
        await withTaskGroup(of: (Int, Result<Void, ServiceBusError>).self) { group in
            for (position, token) in tokens.enumerated() {
                group.addTask {
                    guard let request = disposition.request([token], sessionID: sessionID, link: link) else {
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
