internal import AzureResources
internal import ServiceBus

/// Gives what was decided: the role under the request's name, its end, and the request out of the queue.
extension CooperativeDesk {
    func carryOut(
        _ verified: VerifiedRequest, _ terms: CooperativeTerms, at moment: Timestamp, by approvers: [GUID], _ review: CooperativeReview
    ) async throws(OperatorError) -> CooperativeRuling {
        let end = moment.advanced(by: terms.duration)
        let name = NameBasedID.assignment(for: verified.request.id)
        let id = terms.scope.assignment(named: name)
        var correlationIDs: [String] = []
        if let existing = try await grants.assignment(id) {
            try check(existing, is: verified.request, terms)
        } else {
            guard clock.now < end else {
                await finish(review)
                return .lapsed(at: end)
            }
            correlationIDs = try await grant(verified.request, terms, until: end, name: name, id: id)
        }
        do throws(OperatorError) { try await scheduleEnd(of: id, verified.request, terms, at: end) } catch {
            throw OperatorError(
                .partlyDone, "The role is given until \(end.rfc3339), and its end could not be scheduled: \(error.message)",
                hint: "Open the request again to go on; 'callboard access sweep' finds the role when its time is over.",
                entity: entities.revocations)
        }
        await finish(review)
        return .granted(CooperativeGrant(assignment: id, terms: terms, end: end, correlationIDs: correlationIDs))
    }

    private func grant(
        _ request: CooperativeRequest, _ terms: CooperativeTerms, until end: Timestamp, name: GUID, id: ResourceID
    ) async throws(OperatorError) -> [String] {
        let note = GrantNote(request: request.id.canonical, expires: end.wallTime, grantedBy: person.canonical)
        let draft = RoleAssignmentDraft(
            roleDefinitionID: terms.roleDefinitionID, principal: request.principal,
            principalKind: PrincipalKind(rawValue: request.principalType.rawValue), note: note.text)
        do throws(OperatorError) {
            let made = try await grants.assign(draft, at: terms.scope, name: name)
            try check(made.value, is: request, terms)
            return made.correlationID.map { [$0] } ?? []
        } catch {
            // Without an answer it may be there; and somebody may have been faster.
            guard error.code != .refused, let existing = try await grants.assignment(id) else { throw error }
            try check(existing, is: request, terms)
            return error.correlationIDs
        }
    }

    /// That an assignment of the request's name is the one that was decided, and not something older under the same name.
    private func check(
        _ assignment: RoleAssignment, is request: CooperativeRequest, _ terms: CooperativeTerms
    ) throws(OperatorError) {
        let isRight =
            assignment.principal == request.principal && assignment.role == terms.role.definition && assignment.scope == terms.scope.id
            && assignment.note.flatMap(GrantNote.init).map { GUID($0.request) == request.id } ?? false
        guard isRight else {
            throw OperatorError(
                .conflict,
                "There is a role assignment \(assignment.name) that answers another request than \(request.id): nothing was granted.",
                hint: "Look at it with 'callboard bindings'; remove it if nobody needs it, and open the request again.")
        }
    }

    private func scheduleEnd(
        of id: ResourceID, _ request: CooperativeRequest, _ terms: CooperativeTerms, at end: Timestamp
    ) async throws(OperatorError) {
        let revocation = CooperativeRevocation(request: request.id, scope: terms.scope, end: end)
        let body = revocation.value.canonical
        let digest = StatementDigest(body).hexadecimal
        var attempt = 1
        while true {
            // An id of its own: of a second one that the service drops it gives no number, which cannot be told from a failure. One too many does no harm.
            let posting = CooperativePosting(
                id: "\(digest)-\(clock.localNow.milliseconds)-\(attempt)", subject: "revoke", request: request.id.canonical, body: body)
            do throws(OperatorError) { return try await transport.schedule(posting, at: end, on: entities.revocations) } catch {
                guard attempt < Self.mostSendings, error.code != .notPermitted, error.code != .cancelled,
                    await pause(.milliseconds(200 * attempt))
                else { throw error }
                attempt += 1
            }
        }
    }
}
