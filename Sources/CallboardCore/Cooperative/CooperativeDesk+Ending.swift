package import AzureResources
internal import ServiceBus

extension CooperativeDesk {
    /// Takes a request back, as whoever made it. It takes the right to send to the topic of decisions, which whoever only asks may not have.
    /// - Throws: ``OperatorError``.
    package func withdraw(_ verified: VerifiedRequest) async throws(OperatorError) {
        guard verified.request.requester == person else {
            throw OperatorError(.refused, "Only whoever asked can take a request back.")
        }
        do throws(OperatorError) { _ = try await post(.withdraw, on: verified, reason: "taken back by whoever asked") } catch {
            guard error.code == .notPermitted else { throw error }
            throw OperatorError(
                .notPermitted, "Taking a request back takes the right to send to \(entities.decisions.displayName), which you do not have.",
                hint: "Ask an approver to deny it, or let its time pass.", entity: entities.decisions, neededRight: "Send")
        }
    }

    /// Ends a grant before its time. That it is over is on the topic first, and the role is taken away then: else whoever finds its request again, in the
    /// queue or sent anew, could give it again until its time is over. A role is taken away also where that cannot be written, and it is said.
    /// - Parameter id: the role assignment.
    /// - Returns: false when it was gone.
    /// - Throws: ``OperatorError`` of kind refused for an assignment that is no grant of a request; partly done when the role is gone and the topic does not
    ///   say so.
    package func end(_ id: ResourceID, reason: String) async throws(OperatorError) -> Correlated<Bool> {
        guard let assignment = try await grants.assignment(id) else { return Correlated(false, correlationID: nil) }
        guard let grant = RevocationSweeper.grant(assignment) else {
            throw OperatorError(
                .refused, "The role assignment \(assignment.name) does not say that it answers a request: it is not ended here.",
                hint: "Look at it with 'callboard bindings'.")
        }
        var unwritten: OperatorError?
        do throws(OperatorError) { try await writeEnd(of: grant, reason) } catch {
            guard error.code != .cancelled else { throw error }
            unwritten = error
        }
        let removed = try await grants.remove(id)
        if let unwritten {
            var partly = OperatorError(
                .partlyDone, "The role is taken away, and that could not be written to the topic: \(unwritten.message)",
                hint: "Until \(grant.end.rfc3339) its request, sent again, could be granted again: deny it where it turns up.",
                entity: entities.decisions)
            partly.correlationIDs = removed.correlationID.map { [$0] } ?? []
            throw partly
        }
        return removed
    }

    /// Puts on the topic that a grant is over, unless it is there or nothing on the topic would give it again.
    private func writeEnd(of grant: CooperativeSweep.Grant, _ reason: String) async throws(OperatorError) {
        guard clock.now < grant.end else { return }
        try await log.refresh()
        let decisions = await log.decisions(on: grant.request).map(\.decision)
        // An end that stands before what it would end does not count.
        guard let last = decisions.lastIndex(where: { if case .approve = $0.answer { true } else { false } }) else { return }
        let approval = decisions[last]
        guard !decisions[last...].contains(where: { $0.answer == .end && $0.digest == approval.digest }) else { return }
        let end: CooperativeDecision
        do throws(CooperativeFlaw) {
            end = try CooperativeDecision(ending: approval, by: person, reason: reason, policyHash: rules.hash, issuedAt: clock.now)
        } catch { throw error.operatorError }
        // The request is kept beside the decision that approved it.
        _ = try await post(end, archive: nil)
    }
}
