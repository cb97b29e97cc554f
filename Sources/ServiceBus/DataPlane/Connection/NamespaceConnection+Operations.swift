internal import AMQP
internal import AMQPTransport

/// Operations: what is repeated after a failure, and what never is.
extension NamespaceConnection {
    /// Runs an operation, naming its failure and letting go of what that has made useless.
    ///
    /// It runs again after a pause when `isRepeatable`, or when the service refused because it was busy and so has done nothing.
    func attempting<T: Sendable>(
        _ path: EntityPath, isRepeatable: Bool, _ operation: @Sendable () async throws -> T
    ) async throws(ServiceBusError) -> T {
        var attempt = 1
        while true {
            let failure: ServiceBusError
            do { return try await operation() } catch {
                failure = named(error, path)
            }
            await recover(from: failure, path)
            let mayRepeat = isRepeatable || (failure.code == .busy && failure.outcome == .notCarriedOut)
            guard mayRepeat, !Task.isCancelled,
                let pause = configuration.retry.pause(after: failure, attempt: attempt, random: configuration.pacing.random())
            else { throw failure }
            // Whoever stops the pause learns of the failure before it.
            guard (try? await configuration.pacing.sleep(pause)) != nil else { throw failure }
            attempt += 1
        }
    }

    private func named(_ error: any Error, _ path: EntityPath) -> ServiceBusError {
        var failure = ServiceBusError(error, entity: path)
        if failure.entity == nil { failure.entity = path }
        return failure
    }

    /// Sends a request to an entity's `$management` node, once unless it is repeatable.
    /// - Returns: the answer. That there is nothing it could be done to is a failure.
    func perform(_ request: ManagementRequest, on path: EntityPath) async throws(ServiceBusError) -> ManagementAnswer {
        try await attempting(path, isRepeatable: request.isRepeatable) {
            let answer = try await self.answer(to: request, on: path)
            if let failure = answer.failure { throw failure }
            return answer
        }
    }

    /// Sends a request that looks, lists, or takes whatever there is: an entity that exists and holds nothing of what was asked for is no
    /// error.
    /// - Returns: the answer; nil when there is nothing to give.
    func performIfAny(_ request: ManagementRequest, on path: EntityPath) async throws(ServiceBusError) -> ManagementAnswer? {
        try await attempting(path, isRepeatable: request.isRepeatable) {
            let answer = try await self.answer(to: request, on: path)
            if answer.isNothing { return nil }
            if let failure = answer.failure { throw failure }
            return answer
        }
    }

    private func answer(to request: ManagementRequest, on path: EntityPath) async throws -> ManagementAnswer {
        let timeout = configuration.requestTimeout
        let link = try await managementLink(for: path)
        do {
            let message = try await link.request(request.content(timeout: timeout), state: request.state, timeout: timeout)
            return ManagementAnswer(message, from: path, isRepeatable: request.isRepeatable)
        } catch {
            throw ServiceBusError(afterDispatch: error, entity: path)
        }
    }

    /// Sends messages on the link to an entity, one after another, and waits for each one's outcome.
    /// - Returns: for each message whether it was taken. When the link could not be had, the same failure for all.
    func send(
        _ messages: [OutboundMessage], to path: EntityPath, destination: EntityPath? = nil
    ) async -> [Result<Void, ServiceBusError>] {
        let timeout = configuration.requestTimeout
        do throws(ServiceBusError) {
            return try await attempting(path, isRepeatable: false) {
                let sender = try await self.sender(for: path, destination: destination)
                let outcomes: [Result<DeliveryState, TransportError>]
                do { outcomes = try await sender.send(messages, timeout: timeout) } catch {
                    throw ServiceBusError(afterDispatch: error, entity: path)
                }
                let results = outcomes.map { Self.result($0, path) }
                // Where nothing at all was taken because the service is busy, all may be sent again in their order.
                let failures = results.compactMap { if case .failure(let error) = $0 { error } else { nil } }
                // One of unknown outcome may have been taken, whatever the service says of being busy when it ends the link.
                if let first = failures.first, failures.count == results.count,
                    failures.allSatisfy({ $0.code == .busy && $0.outcome == .notCarriedOut })
                {
                    throw first
                }
                if let failure = failures.first(where: { $0.recovery != .none }) { await self.recover(from: failure, path) }
                return results
            }
        } catch {
            return messages.map { _ in .failure(error) }
        }
    }

    private static func result(
        _ outcome: Result<DeliveryState, TransportError>, _ path: EntityPath
    ) -> Result<Void, ServiceBusError> {
        switch outcome {
        case .success(.accepted), .success(.transactional(_, .accepted?)): .success(())
        case .success(.transactional(_, let state?)): .failure(ServiceBusError(afterDispatch: TransportError.outcome(state), entity: path))
        case .success(let state): .failure(ServiceBusError(afterDispatch: TransportError.outcome(state), entity: path))
        case .failure(let error): .failure(ServiceBusError(afterDispatch: error, entity: path))
        }
    }
}
