import ServiceBus

@testable import CallboardCore

/// Sessions in memory: those of the messages that are not scheduled, and those that have a state.
extension MemoryGateway {
    func sessionIDs(of path: EntityPath) async throws(OperatorError) -> [String] {
        with { state in
            let messages = (state.messages[path] ?? []).filter { $0.state != .scheduled }
            return Array(Set(messages.compactMap(\.sessionID) + state.sessionStates.keys))
        }
    }

    func sessionState(of id: String, in path: EntityPath) async throws(OperatorError) -> SessionState {
        with { state in
            if state.heldSessions.contains(id) { return .heldElsewhere }
            return state.sessionStates[id].map { .bytes($0) } ?? .none
        }
    }

    func setSessionState(_ bytes: [UInt8]?, of id: String, in path: EntityPath) async throws(OperatorError) {
        with { $0.sessionStates[id] = bytes }
    }
}
