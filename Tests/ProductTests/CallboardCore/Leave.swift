import ServiceBus

@testable import CallboardCore

/// Leave to change, as the built-in rules give it to a read-write context: for tests of what comes after the door.
extension Workspace {
    nonisolated func leave(for action: PolicyAction, on entity: EntityPath) throws -> ChangePermission {
        let place = Guardrails.Place(context: title.name, host: title.endpoint, mode: .readWrite, isEmulator: title.isEmulator)
        let guardrails = Guardrails(rules: .builtIn, place: place, caller: PolicyCaller([.user("test")]))
        return ChangePermission(try guardrails.authorize(guardrails.question(action, on: entity)), title)
    }

    func carryOut(_ plan: TopologyPlan) async throws {
        try await carryOut(plan) { change throws(OperatorError) in
            let permission: ChangePermission
            do { permission = try leave(for: change.policyAction, on: change.target.path) } catch {
                throw OperatorError(.internal, "\(error)")
            }
            try await carryOut(change, with: permission)
        }
    }

    nonisolated func exportWithLeave(
        _ path: EntityPath, _ options: ExportOptions = ExportOptions(), to file: String, progress: (ExportProgress) -> Void = { _ in }
    ) async throws -> ExportSummary {
        try await export(path, options, to: file, with: leave(for: .exportMessage, on: path), progress: progress)
    }
}
