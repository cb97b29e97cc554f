internal import ServiceBus

/// Decisions and ends.
extension AccessDesk {
    /// Decides about a request, as it was seen.
    /// - Returns: the request as it is then.
    /// - Throws: ``OperatorError``: refused by the policy or by Azure; of kind conflict when somebody was faster, with who that was, or when the
    ///   request is not what was seen any more; partly done when a narrowed request was denied and could not be given.
    ///
    /// A no to what is settled and lies in the queue of requests still decides nothing: it removes it.
    ///
    /// Agreeing to less in Entra PIM is a no and then a role that is given: it takes leave to give one as well.
    public func decide(_ decision: AccessDecision, on seen: AccessRequest) async throws(OperatorError) -> AccessRequest {
        let backend = try backend(seen.backend)
        // Several messages of a queue may claim to be one request: it is the one that was seen that is decided about.
        let request = try await backend.latest(of: seen)
        guard request.asksTheSame(as: seen) else {
            throw OperatorError(
                .conflict, "The request \(seen.id.short) is not what was looked at any more: nothing was decided.",
                hint: "Look at it again.", entity: seen.scope.entity)
        }
        let isRemoval = decision.answer == .deny && request.isLeftBehind
        guard request.standing.isOpen || isRemoval else { throw Self.closed(request) }
        var (scope, role, duration) = (request.scope, request.role, request.duration)
        if case .narrow(let less) = decision.answer { (scope, role, duration) = (less.scope, .serviceBus(less.role), less.duration) }
        var access = AuditEvent.Access(
            request: request.id.text, principal: request.principal.id, role: role.policyRole?.rawValue ?? role.id, scope: scope.id,
            duration: duration)
        access.answer = isRemoval ? "remove" : decision.answer.word
        access.backend = request.backend.rawValue
        let asked = question(.approveAccess, scope, role, duration)
        let leave = try await guarded.authorize(asked, entity: scope.entity, access: access) { guardrails throws(Denial) in
            try self.leave(
                deciding: request, narrowedTo: asked, isAgreeing: decision.answer != .deny, reason: decision.reason, with: guardrails)
        }
        if case .narrow = decision.answer, request.backend == .pim {
            let giving = question(.grantAccess, scope, role, duration)
            _ = try await guarded.authorize(giving, entity: scope.entity, access: access) { guardrails throws(Denial) in
                try checkRecipient(request.principal, of: giving)
                return try guardrails.authorize(giving, reason: decision.reason, ticket: request.ticket)
            }
        }
        return try await carryOut(leave, access, scope.entity) { () throws(OperatorError) in
            try await backend.decide(decision, on: request, with: leave)
        }
    }

    /// Leave to decide, by the policy.
    func leave(
        deciding request: AccessRequest, narrowedTo narrowed: PolicyQuestion? = nil, isAgreeing: Bool, reason: String,
        with guardrails: Guardrails
    ) throws(Denial) -> Authorization {
        if request.isForgery, !isAgreeing {
            return try guardrails.authorize(
                puttingAside: question(.approveAccess, request.scope, request.role, request.duration), reason: reason)
        }
        let question = narrowed ?? question(.approveAccess, request.scope, request.role, request.duration)
        let parties = [request.requester.id, request.principal.id]
        // Signing in as somebody and being called by that name need not be one: the token decides in Azure, so its owner counts here too.
        guard !parties.contains(me.id) else {
            throw Denial(
                .ownRequest, "access.approve on \(question.scope) is denied: nobody decides about their own request.",
                remedy: "Somebody else has to.")
        }
        let leave = try guardrails.authorize(
            deciding: question, of: request.requester.id, parties: parties, isAgreeing: isAgreeing, reason: reason)
        guard isAgreeing, request.backend == .pim else { return leave }
        // There the first who agrees decides: what takes several cannot be had.
        var tally = ApprovalTally(leave.approvals, without: parties)
        tally.add(me.id, as: guardrails.caller.subjects)
        guard leave.approvals.isEmpty || tally.isMet else {
            let who = leave.approvals.map(\.description).joined(separator: " and ")
            throw Denial(
                .approvalMissing(leave.rule),
                "access.approve on \(question.scope) is denied: it takes \(who), and in Entra PIM the first who agrees decides.",
                remedy: "Have it asked for as a cooperative request, which counts them all.")
        }
        return leave
    }

    private static func closed(_ request: AccessRequest) -> OperatorError {
        let how =
            switch request.standing {
            case .granted(_, let by): "approved by \(by?.title ?? "somebody")"
            case .denied(let by, _): "denied by \(by?.title ?? "somebody")"
            case .cancelled: "taken back by \(request.requester.title)"
            case .expired: "over: nobody decided in time"
            default: request.standing.word
            }
        return OperatorError(
            .conflict, "The request \(request.id.short) is already decided: \(how).", hint: "Nothing was changed.",
            entity: request.scope.entity)
    }

    // MARK: Ends

    /// Takes a request back that nobody decided about.
    /// - Throws: ``OperatorError``: it is somebody else's, or decided.
    public func cancel(_ request: AccessRequest, reason: String) async throws(OperatorError) -> AccessRequest {
        guard request.requester.isSame(as: me) else {
            throw OperatorError(
                .refused, "The request \(request.id.short) is \(request.requester.title)'s: only who asked takes a request back.",
                hint: "Deny it instead.", entity: request.scope.entity)
        }
        guard request.standing.isOpen else { throw Self.closed(request) }
        let backend = try backend(request.backend)
        let asked = question(.revokeAccess, request.scope, request.role, request.duration)
        let leave = guarded.guardrails.authorize(givingUp: asked, reason: reason)
        var access = AuditEvent.Access(
            request: request.id.text, principal: request.principal.id, role: request.role.policyRole?.rawValue ?? request.role.id,
            scope: request.scope.id, duration: request.duration)
        access.backend = request.backend.rawValue
        return try await carryOut(leave, access, request.scope.entity) { () throws(OperatorError) in
            try await backend.cancel(request, with: leave)
        }
    }

    /// Ends a role now. Links that are open already keep what their token allowed until it is renewed, up to about an hour.
    /// - Returns: false when it was gone already.
    /// - Throws: ``OperatorError``: refused by the policy or by Azure.
    public func end(_ grant: ActiveGrant, reason: String) async throws(OperatorError) -> Bool {
        let reason = try AccessDecision.checked(reason, of: "an end")
        let backend = try backend(grant.backend)
        return try await end(grant, reason) { leave throws(OperatorError) in try await backend.end(grant, reason: reason, with: leave) }
    }

    /// Asks the policy about an end, and writes it down before and after.
    private func end(
        _ grant: ActiveGrant, _ reason: String, _ change: (Authorization) async throws(OperatorError) -> AccessChange<Bool>
    ) async throws(OperatorError) -> Bool {
        let asked = question(.revokeAccess, grant.scope, grant.role, nil)
        var access = AuditEvent.Access(
            request: grant.request?.text, principal: grant.principal.id, role: grant.role.policyRole?.rawValue ?? grant.role.id,
            scope: grant.scope.id, duration: nil)
        access.backend = grant.backend.rawValue
        let leave: Authorization
        if grant.principal.isSame(as: me) {
            leave = guarded.guardrails.authorize(givingUp: asked, reason: reason)
        } else {
            leave = try await guarded.authorize(asked, entity: grant.scope.entity, access: access) { guardrails throws(Denial) in
                try guardrails.authorize(asked, reason: reason)
            }
        }
        return try await carryOut(leave, access, grant.scope.entity) { () throws(OperatorError) in try await change(leave) }
    }

    /// Ends everything that is there after its end and that nobody but a sweeper ends: assignments of ours, by their notes and by the messages that come due.
    /// What is over is told by the service's clock where a place of requests has seen it. Doing it again changes nothing.
    /// - Returns: what came of each, and the places that could not be swept.
    /// - Throws: ``OperatorError`` when none could be.
    public func sweep() async throws(OperatorError) -> AccessListing<SweptGrant> {
        var seen: Set<String> = []
        // The queue of requests first: it knows its own roles best, and the service's time.
        let ordered = backends.filter { $0.kind == .cooperative } + backends.filter { $0.kind != .cooperative }
        var swept = try await gathered(ordered) { backend throws(OperatorError) in
            let moment = backends.lazy.compactMap(\.serviceTime).first ?? now()
            return try await backend.sweep(at: moment) { grant, change in
                do throws(OperatorError) {
                    return try await end(grant, SweptGrant.reason(for: grant), change) ? .removed : .gone
                } catch { return .failed(error) }
            }
        }
        // What one could not take away and another one could is gone.
        let done = Set(swept.elements.filter(\.isOver).map(\.key))
        swept.elements = swept.elements.filter { ($0.isOver || !done.contains($0.key)) && seen.insert($0.key).inserted }
        return swept
    }
}

/// What a sweep made of a role that was there after its end.
public struct SweptGrant: Hashable, Sendable {
    /// What came of it.
    public enum Outcome: Hashable, Sendable {
        /// It is removed.
        case removed
        /// It was gone, or is another one by now.
        case gone
        /// It is there still.
        case failed(OperatorError)

        /// The stable name.
        public var word: String {
            switch self {
            case .removed: "removed"
            case .gone: "gone"
            case .failed: "failed"
            }
        }
    }

    /// The role.
    public let grant: ActiveGrant
    /// What came of it.
    public let outcome: Outcome

    /// Why a sweep takes a role away, for the ledger.
    static func reason(for grant: ActiveGrant) -> String { "its time was over at \(grant.endsAt.rfc3339)" }

    fileprivate var key: String { (grant.assignment ?? grant.id).lowercased() }
    fileprivate var isOver: Bool { if case .failed = outcome { false } else { true } }
}

extension AccessRequest {
    /// Whether it is settled and lies in the queue of requests still: whoever settled it could not remove it.
    var isLeftBehind: Bool {
        guard backend == .cooperative, !reference.isEmpty else { return false }
        switch standing {
        case .denied, .cancelled, .ended: return true
        case .waiting, .reviewed, .granted, .expired, .failed: return false
        }
    }

    /// Whether both ask for the same: what an approver agrees to. Of a queue they are one message, unless one of them is gone from there: a forged copy asks for
    /// the same as the request that it was made from.
    func asksTheSame(as other: AccessRequest) -> Bool {
        guard isForgery == other.isForgery else { return false }
        if backend == .cooperative, !reference.isEmpty, !other.reference.isEmpty, reference != other.reference { return false }
        return id == other.id && requester.isSame(as: other.requester) && principal.isSame(as: other.principal) && role == other.role
            && scope == other.scope && duration == other.duration && reason == other.reason && ticket == other.ticket
    }
}
