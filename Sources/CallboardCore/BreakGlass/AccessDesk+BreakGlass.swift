public import ServiceBus

/// Access in an emergency: announced before it is asked for, short, and reviewed afterwards.
extension AccessDesk {
    /// What asking in an emergency brought.
    public struct BreakGlassOutcome: Hashable, Sendable {
        /// The request as it is then.
        public var request: AccessRequest
        /// Where it was told beforehand.
        public var announced: [BreakGlassPlace]
        /// Where it could not be told: each place with the reason. Sanitise.
        public var silent: [String]
        /// Until when it is to be reviewed; nil where the policy does not say.
        public var reviewBy: Timestamp?
    }

    /// Announces and asks. Where nobody could be told, nothing is asked for.
    /// - Parameter proposal: of ``propose(_:isEmergency:)``, in an emergency.
    /// - Throws: ``OperatorError``: no rule of `break_glass` allows it, a role for a service may not be given
    ///   (`access.grant`), nobody could be told and why, or Azure refused.
    public func breakGlass(_ proposal: AccessProposal) async throws(OperatorError) -> BreakGlassOutcome {
        let draft = proposal.draft
        let backend = try backend(proposal.backend)
        let reason = try AccessDecision.checked(draft.reason, of: "an emergency")
        var asking = question(.requestAccess, draft.scope, .serviceBus(draft.role), draft.duration)
        asking.isBreakGlass = true
        let id = AccessRequest.ID.random()
        let access = access(id, draft, proposal.backend)
        let asked = asking
        let leave = try await guarded.authorize(asked, entity: draft.scope.entity, access: access) { guardrails throws(Denial) in
            try guardrails.authorize(breakingGlass: asked, reason: reason, ticket: draft.ticket)
        }
        // A rule for emergencies lets somebody ask; what gives a role at once takes leave to give as well.
        if proposal.limits.way == .assignment { _ = try await leaveToGive(draft, access) }
        if let obstacle = proposal.obstacles.first {
            throw OperatorError(.refused, obstacle, hint: proposal.obstacles.dropFirst().joined(separator: " "), entity: draft.scope.entity)
        }
        let begin = now()
        let reviewBy = leave.limits.reviewWithin.map { begin.advanced(by: $0) }
        let announcement = BreakGlassAnnouncement(
            request: id, who: me, role: .serviceBus(draft.role), scope: draft.scope, namespace: guarded.guardrails.place.host,
            duration: draft.duration, reason: reason, ticket: draft.ticket, rule: leave.rule, announcedAt: begin, reviewBy: reviewBy)
        let places = announcer?.places(leave.limits.notify) ?? []
        var event = AuditEvent(leave, .intended, by: guarded.actor, in: guarded.guardrails.place, entity: draft.scope.entity)
        event.access = access
        event.emergency = AuditEvent.Emergency(notAnnounced: places.map(\.description), reviewBy: reviewBy)
        var outcome: BreakGlassAnnouncer.Outcome?
        let change = try await guarded.carryOut(event) { () throws(OperatorError) in
            let heard = await announcer?.announce(announcement, at: places) ?? BreakGlassAnnouncer.Outcome()
            outcome = heard
            guard !heard.isUnheard else { throw Self.unheard(heard, draft.scope.entity) }
            return try await backend.submit(draft, within: proposal.limits, as: id, with: leave)
        } done: { change, event in
            event.correlationRequestIDs = change.correlationIDs
        } ended: { event in
            // Who was told, they were told, whatever became of the request.
            guard let outcome else { return }
            event.emergency?.announced = outcome.told.map(\.description)
            event.emergency?.notAnnounced = outcome.silent.map(\.place.description)
        }
        let heard = outcome ?? BreakGlassAnnouncer.Outcome()
        return BreakGlassOutcome(
            request: change.value, announced: heard.told, silent: heard.silent.map { "\($0.place): \($0.reason)" }, reviewBy: reviewBy)
    }

    private static func unheard(_ outcome: BreakGlassAnnouncer.Outcome, _ entity: EntityPath?) -> OperatorError {
        guard !outcome.silent.isEmpty else {
            return OperatorError(
                .refused, "Nothing was asked for: nobody would be told of the emergency.",
                hint: "Name queues or topics under 'notify' of the rule, or configure a Backstage.", entity: entity)
        }
        let places = outcome.silent.map { "\($0.place) (\($0.reason))" }.joined(separator: "; ")
        return OperatorError(
            .refused, "Nothing was asked for: the emergency could be announced nowhere: \(places)",
            hint: "Whoever breaks the glass needs Data Sender on one of them beforehand.", entity: entity)
    }
}

extension Guardrails {
    /// Leave to ask for a role in an emergency: by a rule of `break_glass` and no other.
    /// - Throws: ``Denial``; also where only rules for quiet times are about it.
    public func authorize(breakingGlass question: PolicyQuestion, reason: String?, ticket: String?) throws(Denial) -> Authorization {
        let leave = try authorize(asking: question, reason: reason, ticket: ticket)
        guard case .policy(let policy) = rules, policy.rules.contains(where: { $0.id == leave.rule && $0.section == .breakGlass }) else {
            throw Denial(
                .default,
                "\(question.action.rawValue) on \(question.scope) is denied as an emergency: no rule of 'break_glass' is about it.",
                remedy: "Ask for it without --break-glass, or have a rule added to 'break_glass' of the policy.")
        }
        return leave
    }
}
