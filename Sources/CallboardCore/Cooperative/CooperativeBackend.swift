internal import AzureResources
package import Identity
package import ServiceBus

/// Requests and approvals by a Service Bus queue, as one person: ``AccessBackend`` on a ``CooperativeDesk``.
///
/// It is labelled cooperative wherever it is shown: that several have to agree, and that nobody decides about their own request, is kept to by those who use
/// this program. Azure enforces who may assign roles, under which conditions, and nothing else of it.
package struct CooperativeBackend: AccessBackend {
    /// How long a request waits for somebody to decide.
    package static let patience = Duration.seconds(86_400)

    let desk: CooperativeDesk
    let account: Account

    /// - Parameters:
    ///   - desk: the queue, as whoever acts.
    ///   - account: who that is.
    package init(_ desk: CooperativeDesk, as account: Account) {
        self.desk = desk
        self.account = account
    }

    package var kind: AccessRequest.Backend { .cooperative }

    // MARK: Asking

    package func limits(for draft: AccessRequestDraft) async throws(OperatorError) -> AccessLimits {
        _ = try terms(of: draft)
        var limits = AccessLimits(way: .queue)
        limits.longest = .seconds(CooperativeTerms.longest)
        limits.shortest = .seconds(CooperativeTerms.shortest)
        limits.needsApproval = true
        return limits
    }

    private func terms(of draft: AccessRequestDraft) throws(OperatorError) -> CooperativeTerms {
        guard let role = CooperativeTerms.Role.allCases.first(where: { $0.policyRole == draft.role }) else {
            throw OperatorError(
                .refused, "\(draft.role.title) is not given by the queue of requests: it can change and remove what is there.",
                hint: "Ask for Data Sender or Data Receiver.")
        }
        guard let scope = CooperativeScope(draft.scope.id) else {
            throw OperatorError(
                .refused,
                "Roles are given on queues, topics and subscriptions by their ids in plain ASCII, and \(draft.scope.id.prefix(400)) is none.",
                hint: "Name the entity.")
        }
        guard desk.rules.isHere(scope) else {
            throw CooperativeFlaw.otherNamespace(theirs: scope.namespace, ours: desk.rules.namespace).operatorError
        }
        guard let terms = CooperativeTerms(role: role, scope: scope, seconds: Int(clamping: draft.duration.components.seconds)) else {
            throw OperatorError(
                .usage,
                "\(DurationText.text(draft.duration)) is no time that can be asked for: it is between \(DurationText.text(.seconds(CooperativeTerms.shortest))) and \(DurationText.text(.seconds(CooperativeTerms.longest)))."
            )
        }
        return terms
    }

    package func submit(
        _ draft: AccessRequestDraft, within limits: AccessLimits, as id: AccessRequest.ID, with leave: Authorization
    ) async throws(OperatorError) -> AccessChange<AccessRequest> {
        try check(leave, .requestAccess)
        let type: CooperativeRequest.PrincipalType
        switch draft.principal.kind {
        case .person: type = .user
        case .service: type = .servicePrincipal
        case .unknown where draft.principal.id == account.objectID: type = .user
        case .group, .unknown:
            throw OperatorError(
                .refused, "\(draft.principal.title) is no person and no service: whatever a group has, all of its members have.",
                hint: "Ask for the person, or for the service's managed identity.")
        }
        let request: CooperativeRequest
        do throws(CooperativeFlaw) {
            request = try CooperativeRequest(
                id: GUID(id.text), tenant: GUID(account.tenantID), requester: GUID(account.objectID), principal: GUID(draft.principal.id),
                principalType: type, terms: try terms(of: draft, flaw: ()), reason: draft.reason, ticket: draft.ticket,
                environment: desk.rules.environment, policyHash: desk.rules.hash, issuedAt: desk.clock.now)
        } catch { throw error.operatorError }
        try await desk.submit(request, timeToLive: Self.patience)
        let until = desk.clock.now.advanced(by: Self.patience)
        return AccessChange(
            described(
                request, name: account.displayName, askedAt: request.issuedAt, standing: .waiting(until: until),
                sentence: "It waits in the queue for somebody who may assign roles there; nobody decides about their own.", reference: ""))
    }

    private func terms(of draft: AccessRequestDraft, flaw: Void) throws(CooperativeFlaw) -> CooperativeTerms {
        do throws(OperatorError) { return try terms(of: draft) } catch { throw .malformed(error.message) }
    }

    private func check(_ leave: Authorization, _ actions: PolicyAction...) throws(OperatorError) {
        guard actions.contains(leave.action) else {
            throw OperatorError(.refused, "What was allowed is \(leave.action.rawValue), and that is not what is to be done.")
        }
    }

    // MARK: Deciding

    package func decide(
        _ decision: AccessDecision, on request: AccessRequest, with leave: Authorization
    ) async throws(OperatorError) -> AccessChange<AccessRequest> {
        try check(leave, .approveAccess, .grantAccess)
        guard let number = Int64(request.reference).map({ SequenceNumber($0) }) else {
            throw OperatorError(
                .notFound, "The request \(request.id.short) names no message of the queue.", hint: "List the requests again.")
        }
        return try await desk.review(number) { review throws(OperatorError) in
            let now = described(review.checked)
            guard now.id == request.id, now.principal.isSame(as: request.principal), now.role == request.role, now.scope == request.scope,
                now.duration == request.duration, now.isForgery == request.isForgery
            else {
                throw OperatorError(
                    .conflict, "The message \(number) is not the request that you saw: nothing was decided.",
                    hint: "List the requests again.")
            }
            if decision.answer == .deny, case .flawed(_, _, let flaw) = review.checked, flaw.isForgery {
                try await desk.putAside(review)
                return told(.denied, now, decision)
            }
            if decision.answer == .deny, request.isLeftBehind, now.isLeftBehind, case .settled = review.checked {
                try await review.held.complete()
                return AccessChange(Self.removed(now))
            }
            let ruling: CooperativeRuling
            switch decision.answer {
            case .deny: ruling = try await desk.deny(review, reason: decision.reason)
            case .approve: ruling = try await desk.approve(review, reason: decision.reason)
            case .narrow(let narrowing):
                ruling = try await desk.approve(review, terms: try narrowed(review, narrowing), reason: decision.reason)
            }
            return told(ruling, now, decision)
        }
    }

    private func narrowed(_ review: CooperativeReview, _ narrowing: AccessNarrowing) throws(OperatorError) -> CooperativeTerms {
        guard let asked = review.checked.request?.terms, let scope = CooperativeScope(narrowing.scope.id), let place = asked.within(scope),
            place.role.policyRole == narrowing.role
        else {
            throw OperatorError(
                .usage, "\(narrowing.description) is not within what was asked: a request can be narrowed and never widened.")
        }
        guard narrowing.duration >= .seconds(CooperativeTerms.shortest) else {
            throw OperatorError(
                .usage,
                "\(DurationText.text(narrowing.duration)) is no time that can be given: the shortest is \(DurationText.text(.seconds(CooperativeTerms.shortest)))."
            )
        }
        return place.lasting(atMost: narrowing.duration)
    }

    private func told(_ ruling: CooperativeRuling, _ request: AccessRequest, _ decision: AccessDecision) -> AccessChange<AccessRequest> {
        var request = request
        let me = AccessParty(id: account.objectID, name: account.displayName, kind: .person)
        var correlationIDs: [String] = []
        switch ruling {
        case .denied:
            request.standing = .denied(by: me, reason: decision.reason)
            request.sentence = "It is denied, and gone from the queue."
        case .agreed(let missing):
            request.sentence = "Your agreement counts; it takes \(missing.map(\.description).joined(separator: " and ")) besides."
        case .granted(let grant):
            request.standing = .granted(until: grant.end, by: me)
            request.scope = AccessScope(id: grant.terms.scope.id.text, entity: grant.terms.scope.kind.path)
            request.duration = grant.terms.duration
            request.sentence =
                "\(grant.terms.title) is given until \(grant.end.rfc3339); it counts in some minutes, and is taken away by a sweep."
            correlationIDs = grant.correlationIDs
        case .lapsed(let end):
            request.standing = .ended
            request.sentence = "It was approved, and its time was over at \(end.rfc3339) before the role could be given."
        }
        return AccessChange(request, correlationIDs: correlationIDs)
    }

    package func cancel(_ request: AccessRequest, with leave: Authorization) async throws(OperatorError) -> AccessChange<AccessRequest> {
        try check(leave, .requestAccess, .revokeAccess)
        guard request.requester.id == account.objectID else {
            throw OperatorError(.refused, "Only whoever asked can take a request back.", hint: "Deny it instead.")
        }
        let checked = try await desk.list().first { $0.request.map { $0.id.canonical == request.id.text } ?? false }
        guard case .valid(let verified)? = checked else {
            throw OperatorError(.conflict, "The request \(request.id.short) is not open: there is nothing to take back.")
        }
        try await desk.withdraw(verified)
        var cancelled = request
        cancelled.standing = .cancelled
        cancelled.sentence = "It is taken back. It goes from the queue when an approver denies it, or when its time is over."
        return AccessChange(cancelled)
    }

    // MARK: Grants

    package func active() async throws(OperatorError) -> AccessListing<ActiveGrant> {
        guard !desk.grants.isBlind else { throw blind }
        let grants = try await desk.grants.assignments().compactMap { assignment in
            RevocationSweeper.grant(assignment).map { active(assignment, $0) }
        }
        return AccessListing(grants.sorted { ($0.endsAt, $0.id) < ($1.endsAt, $1.id) }, gaps: gaps)
    }

    private var blind: OperatorError {
        OperatorError(
            .notPermitted, "Azure shows you nothing of the namespace \(desk.rules.namespace): what was granted there is not known.",
            hint: "It takes Reader on the namespace.")
    }

    private func active(_ assignment: RoleAssignment, _ grant: CooperativeSweep.Grant) -> ActiveGrant {
        let kind: AccessParty.Kind =
            assignment.principalKind == .user ? .person : assignment.principalKind == .servicePrincipal ? .service : .unknown
        return ActiveGrant(
            id: assignment.id.text, backend: .cooperative, request: .init(grant.request.canonical),
            principal: AccessParty(id: assignment.principal.canonical, kind: kind), role: AccessRole(id: assignment.role.canonical),
            scope: AccessScope(id: assignment.scope.text), beganAt: assignment.createdAt.map { Timestamp($0) }, endsAt: grant.end,
            keeper: .note, grantedBy: assignment.createdBy.map { AccessParty(id: $0.canonical) }, assignment: assignment.id.text)
    }

    package func end(
        _ grant: ActiveGrant, reason: String, with leave: Authorization
    ) async throws(OperatorError) -> AccessChange<Bool> {
        try check(leave, .revokeAccess)
        guard let id = grant.assignment.map({ ResourceID($0) }) else {
            throw OperatorError(.notFound, "The grant \(grant.id) names no role assignment.")
        }
        let ended = try await desk.end(id, reason: reason)
        return AccessChange(ended.value, correlationIDs: ended.correlationID.map { [$0] } ?? [])
    }

    package var serviceTime: Timestamp? { desk.clock.isSeen ? desk.clock.now : nil }

    /// Takes away what has ended; see ``RevocationSweeper``. What is over is told by the service's clock. What somebody approved and nobody gave is said: it
    /// takes an approver to go on.
    package func sweep(at moment: Timestamp, _ remove: GrantRemoval) async throws(OperatorError) -> AccessListing<SweptGrant> {
        let sweeper = RevocationSweeper(
            desk.transport, path: desk.entities.revocations, grants: desk.grants, clock: desk.clock, namespace: desk.rules.namespace)
        var swept = AccessListing<SweptGrant>()
        let result = try await sweeper.sweep { assignment, grant throws(OperatorError) in
            let active = active(assignment, grant)
            let outcome = await remove(active) { leave throws(OperatorError) in
                try check(leave, .revokeAccess)
                let removed = try await desk.grants.remove(grant.assignment)
                return AccessChange(removed.value, correlationIDs: removed.correlationID.map { [$0] } ?? [])
            }
            if case .failed(let error) = outcome { throw error }
            swept.elements.append(SweptGrant(grant: active, outcome: outcome))
            return Correlated(outcome == .removed, correlationID: nil)
        }
        swept.elements += result.remaining.map { grant, error in
            SweptGrant(
                grant: ActiveGrant(
                    id: grant.assignment.text, backend: .cooperative, request: .init(grant.request.canonical),
                    principal: AccessParty(id: "", name: "somebody"), role: .other(id: "", name: "a role"),
                    scope: AccessScope(id: grant.scope.text), beganAt: nil, endsAt: grant.end, keeper: .note,
                    assignment: grant.assignment.text),
                outcome: .failed(error))
        }
        swept.gaps = result.failures.map { RequestGap(backend: .cooperative, error: $0) } + (try await leftOver()) + gaps
        if desk.grants.isBlind { swept.gaps.append(RequestGap(backend: .cooperative, error: blind)) }
        return swept
    }
}
