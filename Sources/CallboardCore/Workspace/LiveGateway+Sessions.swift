package import ServiceBus

/// Sessions over the network.
extension LiveGateway {
    /// How long the service may take to hand a session over. One that is free comes at once.
    private static let acceptWait = Duration.seconds(5)

    package func sessionIDs(of path: EntityPath) async throws(OperatorError) -> [String] {
        do throws(ServiceBusError) { return try await namespace.sessionIDs(of: path) } catch {
            throw OperatorError(error, doing: "Listing the sessions of", at: endpoint)
        }
    }

    package func sessionState(of id: String, in path: EntityPath) async throws(OperatorError) -> SessionState {
        do {
            return try await namespace.withSession(.named(id), of: path, wait: Self.acceptWait) { session in
                try await session.state().map { .bytes($0) } ?? SessionState.none
            }
        } catch let error as ServiceBusError where error.code == .sessionTaken {
            return .heldElsewhere
        } catch {
            throw failure(error, "Reading the state of session '\(id)' of")
        }
    }

    package func setSessionState(_ state: [UInt8]?, of id: String, in path: EntityPath) async throws(OperatorError) {
        do {
            try await namespace.withSession(.named(id), of: path, wait: Self.acceptWait) { session in try await session.setState(state) }
        } catch {
            throw failure(error, "\(state == nil ? "Clearing" : "Setting") the state of session '\(id)' of")
        }
    }

    private func failure(_ error: any Error, _ action: String) -> OperatorError {
        guard let error = error as? ServiceBusError else { return OperatorError(.cancelled, "\(action) \(endpoint.host) was stopped.") }
        return OperatorError(error, doing: action, at: endpoint)
    }
}
