internal import CallboardCore
internal import ServiceBus

/// Changes, and what stands before them: all go through the one door.
extension WorkspaceSource {
    /// Why nothing may be changed here, as far as that is so for everything, and what decides about the rest.
    func changes(of workspace: Workspace) async -> Answer {
        do throws(OperatorError) {
            let door = try await openDoor()
            return .changes(refusal: missingLeave(workspace.title), door.guardrails)
        } catch {
            return .changes(refusal: error.description)
        }
    }

    /// Production asks for leave when the console is started.
    private func missingLeave(_ title: ContextTitle) -> String? {
        guard title.isProduction, !title.isEmulator, !allowsChanges else { return nil }
        return "'\(title.name)' is production; start with --allow-changes"
    }

    /// The door, where leave was given.
    /// - Throws: ``OperatorError`` with ``OperatorError/Code/refused`` in production without leave.
    func leave() async throws(OperatorError) -> Operator {
        let door = try await openDoor()
        try checkLeave(door.workspace.title)
        return door
    }

    /// - Throws: ``OperatorError`` with ``OperatorError/Code/refused`` in production without leave.
    func checkLeave(_ title: ContextTitle) throws(OperatorError) {
        if let missing = missingLeave(title) { throw OperatorError(.refused, "Nothing was done: \(missing).") }
    }

    /// Carries out what a person has agreed to.
    func carryOut(_ change: EntityChange) async throws(OperatorError) -> EntitySettings? {
        try await leave().carryOut(change)
    }

    /// Makes a plan. That one was refused is for the ledger too; what stands in the way is in the proposal.
    func propose(
        _ request: ActionRequest, progress: @escaping @Sendable (Int) -> Void
    ) async throws(OperatorError) -> Operator.Proposal {
        let door = try await openDoor()
        let proposal = try await door.propose(request, progress: progress)
        if !proposal.verdict.isAllowed {
            do throws(OperatorError) { try await door.checkAllowed(proposal) } catch { if error.code != .refused { throw error } }
        }
        return proposal
    }

    /// Writes messages to a file. It changes nothing, but what was in a queue is on a disk then: the policy is asked, also how many it may be,
    /// and the ledger knows.
    func export(
        _ path: EntityPath, _ numbers: SequenceNumberSet?, to file: String, _ why: Justification
    ) async throws(OperatorError) -> ExportSummary {
        let options = ExportOptions(selection: numbers.map { .numbers($0) } ?? .all)
        return try await openDoor().export(path, options, to: file, reason: why.reason, ticket: why.ticket)
    }

    /// What was done, by the ledger.
    func history() async throws(OperatorError) -> History {
        let path = try await openDoor().ledger.path
        let (records, verification) = try AuditQuery(count: History.most).records(in: path)
        return History(
            entries: records.map { HistoryEntry($0) }, problem: verification.isValid ? nil : verification.description)
    }
}
