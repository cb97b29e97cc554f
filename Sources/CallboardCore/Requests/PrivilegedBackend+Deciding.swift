internal import AzureResources
internal import Identity
internal import ServiceBus

/// Decisions in Privileged Identity Management, and ends.
///
/// An approver there says yes or no to what was asked: there is no yes to less. Narrowing is therefore a no whose reason says what would be agreed to, and
/// then, where the approver may assign roles, an assignment of that with an end. Azure is asked first whether it would take the assignment: what it would not
/// leaves the request as it was. Then the no comes before the assignment: after it nobody can agree to all of it.
extension PrivilegedBackend {
    package func decide(
        _ decision: AccessDecision, on request: AccessRequest, with leave: Authorization
    ) async throws(OperatorError) -> AccessChange<AccessRequest> {
        let stage = try await openStage(of: request)
        switch decision.answer {
        case .approve: return try await decide(.approve, decision.reason, stage, request)
        case .deny: return try await decide(.deny, decision.reason, stage, request)
        case .narrow(let less):
            let draft = assignment(of: less, decision.reason, request)
            try await check(draft, less, request)
            let reason = "\(decision.reason) [agreed to: \(less.description)]"
            let denied = try await decide(.deny, reason, stage, request)
            return try await assign(draft, less, request, after: denied)
        }
    }

    /// The stage that waits for whoever is signed in.
    /// - Throws: ``OperatorError``: somebody else decided, or it is not theirs to decide.
    private func openStage(of request: AccessRequest) async throws(OperatorError) -> ResourceID {
        guard let approval = request.approvalReference else {
            throw OperatorError(
                .conflict, "The request \(request.id.short) waits for nobody: \(request.sentence)", entity: request.scope.entity)
        }
        let stages = try await asked("Looking at the request \(request.id.short)") { () throws(AzureError) in
            try await manager.approvalStages(of: ResourceID(approval))
        }
        if let done = stages.first(where: { $0.reviewer != nil && $0.result != .notReviewed }) { throw Self.decided(request, done) }
        guard let open = stages.first(where: { $0.isAssignedToMe }) else {
            throw OperatorError(
                .notPermitted, "The request \(request.id.short) is not yours to decide: you are not among its approvers.",
                hint: "'callboard access show \(request.id.short)' says who is.", entity: request.scope.entity)
        }
        return open.id
    }

    private static func decided(_ request: AccessRequest, _ stage: RoleAssignmentApproval.Stage) -> OperatorError {
        let answer = stage.result == .approve ? "approved" : "denied"
        let who = stage.party?.title ?? "somebody"
        return OperatorError(
            .conflict,
            "The request \(request.id.short) is already decided: \(answer) by \(who)\(stage.justification.map { ", who said: \($0)" } ?? "").",
            hint: "Nothing was changed.", entity: request.scope.entity)
    }

    /// Decides one stage. Where somebody was faster, or the answer was lost, the stage itself says what holds.
    private func decide(
        _ result: RoleAssignmentApproval.ReviewResult, _ reason: String, _ stage: ResourceID, _ request: AccessRequest
    ) async throws(OperatorError) -> AccessChange<AccessRequest> {
        let failure: AzureError
        do throws(AzureError) {
            let decided = try await manager.decide(stage, result, justification: reason)
            return AccessChange(changed(request, result, decided.value), correlationIDs: decided.correlationID)
        } catch { failure = error }
        if let now = try? await manager.approvalStage(stage), let reviewer = now.party, now.result != .notReviewed {
            // An answer to our own decision that was lost is no loss: also where the request was repeated, and that was refused since it is decided. By the reason
            // it is this one, and none that we made elsewhere.
            let wasLost = failure.code == .unreachable || failure.code == .serviceFailed
            if reviewer.isSame(as: me), now.result == result, now.justification.map({ $0 == reason }) ?? wasLost {
                return AccessChange(changed(request, result, now), correlationIDs: failure.correlationID)
            }
            var error = Self.decided(request, now)
            error.correlationIDs = [failure.correlationID].compactMap { $0 }
            throw error
        }
        throw OperatorError(privileged: failure, doing: "Deciding about the request \(request.id.short)")
    }

    private func changed(
        _ request: AccessRequest, _ result: RoleAssignmentApproval.ReviewResult, _ stage: RoleAssignmentApproval.Stage
    ) -> AccessRequest {
        var request = request
        let who = stage.party ?? me
        if result == .approve {
            request.standing = .granted(until: request.duration.map { now().advanced(by: $0) }, by: who)
            request.sentence = PrivilegedSentence.of(.granted)
        } else {
            request.standing = .denied(by: who, reason: stage.justification)
            request.sentence = "\(who.title) said no: \(stage.justification ?? "")"
        }
        return request
    }

    private func assignment(of less: AccessNarrowing, _ reason: String, _ request: AccessRequest) -> RoleScheduleRequestDraft {
        RoleScheduleRequestDraft(
            .adminAssign, principal: GUID(request.principal.id),
            roleDefinitionID: ResourceID(less.scope.id).roleDefinition(GUID(less.role.definitionID)),
            justification: "\(reason) [instead of the request \(request.id.text)]",
            ticket: request.ticket.map { TicketInfo(number: $0, system: nil) },
            schedule: ScheduleInfo(start: WallTime(now()), expiration: .after(less.duration)))
    }

    /// Asks whether less could be given, without giving it.
    /// - Throws: ``OperatorError`` that says why not; nothing was decided then.
    private func check(
        _ draft: RoleScheduleRequestDraft, _ less: AccessNarrowing, _ request: AccessRequest
    ) async throws(OperatorError) {
        let what = "Giving \(less.description) instead"
        let hint = "The request \(request.id.short) is not decided: agree to all of it, or deny it with what you would agree to."
        guard less.duration >= Self.shortest else {
            throw OperatorError(
                .refused, "\(what) is not possible: Azure gives a role for at least \(DurationText.text(Self.shortest)).", hint: hint,
                entity: less.scope.entity)
        }
        let outcome: RoleScheduleRequest
        do throws(AzureError) {
            outcome = try await manager.validateRoleScheduleRequest(
                draft, at: ResourceID(less.scope.id), name: GUID(AccessRequest.ID.random().text))
        } catch {
            // What waits is what is going to be denied.
            guard error.serviceCode != "PendingRoleAssignmentRequest" else { return }
            var told = OperatorError(privileged: error, doing: what)
            told.hint = hint
            told.entity = less.scope.entity
            throw told
        }
        guard outcome.status.outcome == .failed else { return }
        throw OperatorError(
            .service, "\(what): Azure would not take it: \(PrivilegedSentence.of(outcome.status))", hint: hint, entity: less.scope.entity,
            serviceCode: outcome.status.rawValue)
    }

    private func assign(
        _ draft: RoleScheduleRequestDraft, _ less: AccessNarrowing, _ request: AccessRequest, after denied: AccessChange<AccessRequest>
    ) async throws(OperatorError) -> AccessChange<AccessRequest> {
        let scope = ResourceID(less.scope.id)
        var failure: OperatorError
        do throws(AzureError) {
            // A GUID that follows from the request's: repeating it gives the role once.
            let made = try await manager.createRoleScheduleRequest(draft, at: scope, name: GUID(Self.narrowedID(request.id)))
            let (status, ids) = (made.value.status, denied.correlationIDs + [made.correlationID].compactMap { $0 })
            guard status.outcome == .failed else {
                var changed = self.request(made.value)
                changed.sentence = "Denied as it was asked, and given instead: \(less.description). \(PrivilegedSentence.of(status))"
                return AccessChange(changed, correlationIDs: ids)
            }
            // Azure took the request and will not carry it out.
            failure = OperatorError(
                .service, "Giving \(less.description): \(PrivilegedSentence.of(status))", entity: less.scope.entity,
                serviceCode: status.rawValue)
            failure.correlationIDs = ids
        } catch {
            failure = OperatorError(privileged: error, doing: "Giving \(less.description)")
            // Without an answer the role may be there: what joins the try to Azure's log is kept beside what joins the no.
            failure.correlationIDs = denied.correlationIDs + failure.correlationIDs
        }
        failure.message =
            "The request \(request.id.short) is denied with a reason that says what would be agreed to, and giving that was not possible: \(failure.message)"
        failure.code = .partlyDone
        failure.hint = "\(request.principal.title) can ask for \(less.description)."
        throw failure
    }

    /// The id of what is given instead of a request.
    static func narrowedID(_ id: AccessRequest.ID) -> String { NameBasedID.of("callboard:narrowed:\(id.text)").canonical }

    // MARK: Ending

    package func end(_ grant: ActiveGrant, reason: String, with leave: Authorization) async throws(OperatorError) -> AccessChange<Bool> {
        let what = "Ending \(grant.role.title) of \(grant.principal.title) on \(grant.scope.title)"
        let made: Correlated<RoleScheduleRequest>
        do throws(AzureError) {
            switch grant.keeper {
            case .note:
                guard let assignment = grant.assignment else { return AccessChange(false) }
                return try await removeNoted(ResourceID(assignment), grant)
            case .azure(let isActivation):
                let kind: ScheduleRequestKind = isActivation && grant.principal.isSame(as: me) ? .selfDeactivate : .adminRemove
                let scope = ResourceID(grant.scope.id)
                let draft = RoleScheduleRequestDraft(
                    kind, principal: GUID(grant.principal.id), roleDefinitionID: scope.roleDefinition(GUID(grant.role.id)),
                    justification: reason)
                made = try await manager.createRoleScheduleRequest(draft, at: scope, name: GUID(AccessRequest.ID.random().text))
            }
        } catch {
            // Gone is gone, whoever was faster.
            if error.serviceCode == "RoleAssignmentDoesNotExist" || error.code == .notFound {
                return AccessChange(false, correlationIDs: error.correlationID)
            }
            throw OperatorError(privileged: error, doing: what)
        }
        let status = made.value.status
        guard !status.keepsRole else {
            var refusal = OperatorError(
                .service, "\(what): the role is there still. \(PrivilegedSentence.ofEnd(status))", entity: grant.scope.entity,
                serviceCode: status.rawValue)
            refusal.correlationIDs = [made.correlationID].compactMap { $0 }
            throw refusal
        }
        return AccessChange(true, correlationIDs: made.correlationID)
    }

    /// Removes an assignment only while its note says what the grant says: a GUID may have been used again.
    private func removeNoted(_ id: ResourceID, _ grant: ActiveGrant) async throws(AzureError) -> AccessChange<Bool> {
        let assignment = try await manager.roleAssignment(id)
        guard let note = assignment.note.flatMap({ GrantNote($0) }), AccessRequest.ID(note.request) == grant.request,
            Timestamp(note.expires) == grant.endsAt, AccessParty(id: assignment.principal.canonical).isSame(as: grant.principal)
        else { return AccessChange(false) }
        let removed = try await manager.deleteRoleAssignment(id)
        return AccessChange(removed.value, correlationIDs: removed.correlationID)
    }
}
