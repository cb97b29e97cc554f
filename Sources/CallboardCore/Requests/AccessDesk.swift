internal import AzureResources
internal import Identity
public import ServiceBus

/// The one door to requests for roles: what is asked, decided, given and ended goes through it, and so past the policy and into the ledger.
///
/// It acts with the own token of whoever is signed in and with no rights of its own: a request that was forged costs a look, and an approval that Azure does
/// not agree with gives nothing.
///
/// ```swift
/// let desk = try await workspace.accessDesk(environment: environment)
/// let proposal = try await desk.propose(AccessWish(entity: orders, role: .receiver, duration: .seconds(1800), reason: "INC-4711"))
/// let request = try await desk.ask(proposal)
/// ```
public struct AccessDesk: Sendable {
    /// Whose token it acts with.
    public let me: AccessParty
    /// Where we are.
    public let title: ContextTitle
    let guarded: GuardedChange
    let backends: [any AccessBackend]
    let facts: any AccessFacts
    let now: @Sendable () -> Timestamp
    /// Who tells of emergencies; nil where nobody can.
    let announcer: BreakGlassAnnouncer?

    /// A desk.
    /// - Parameters:
    ///   - me: whose token the backends act with.
    ///   - backends: where requests are kept; the first is asked first.
    ///   - facts: what else Azure knows.
    ///   - title: where we are.
    ///   - announcer: tells of emergencies; nil where nobody can, so that there are none.
    package init(
        me: AccessParty, guarded: GuardedChange, backends: [any AccessBackend], facts: any AccessFacts, title: ContextTitle,
        announcer: BreakGlassAnnouncer? = nil,
        now: @escaping @Sendable () -> Timestamp = { .now }
    ) {
        self.me = me
        self.title = title
        self.guarded = guarded
        self.backends = backends
        self.facts = facts
        self.now = now
        self.announcer = announcer
    }

    // MARK: Asking

    /// Works out what would be asked for: the entity's own scope, the limits of whoever would grant it, and what the policy says. Nothing is changed.
    /// - Throws: ``OperatorError``: the entity does not exist, nobody could grant it, or Azure cannot be asked.
    /// - Parameter isEmergency: whether the glass is to be broken (``breakGlass(_:)``).
    public func propose(_ wish: AccessWish, isEmergency: Bool = false) async throws(OperatorError) -> AccessProposal {
        let scope = try await facts.scope(of: wish.entity, for: wish.role)
        let draft = AccessRequestDraft(
            principal: try await principal(wish.principal), role: wish.role, scope: scope, duration: wish.duration,
            reason: wish.reason.trimmed,
            ticket: wish.ticket?.trimmed)
        var asking = question(.requestAccess, draft.scope, .serviceBus(draft.role), draft.duration)
        asking.isBreakGlass = isEmergency
        let verdict = guarded.guardrails.verdict(on: asking)
        var failure: OperatorError?
        for backend in backends where wish.backend.map({ $0 == backend.kind }) ?? true {
            do throws(OperatorError) {
                let limits = try await backend.limits(for: draft)
                return AccessProposal(draft: draft, backend: backend.kind, limits: limits, verdict: verdict)
            } catch {
                // The first says best why; the next is asked only where this one has no say at all.
                failure = failure ?? error
                guard error.serviceCode == "AadPremiumLicenseRequired" else { break }
            }
        }
        throw failure
            ?? OperatorError(.usage, "'\(title.name)' keeps no \(wish.backend?.label ?? "") requests.", hint: "Leave --backend out.")
    }

    /// Who would have the role: whoever asks, whatever their id was typed like, or somebody else as the directory knows them.
    private func principal(_ named: AccessParty?) async throws(OperatorError) -> AccessParty {
        guard let named, !named.isSame(as: me) else { return me }
        var checked = try AccessParty(objectID: named.id)
        checked.kind = named.kind
        return named.name == nil ? await facts.party(checked) : named
    }

    /// Holds a proposal against Azure without asking for anything.
    /// - Throws: ``OperatorError`` that says what is in the way.
    public func check(_ proposal: AccessProposal, isEmergency: Bool = false) async throws(OperatorError) {
        try checkObstacles(proposal)
        let draft = proposal.draft
        var question = question(.requestAccess, draft.scope, .serviceBus(draft.role), draft.duration)
        question.isBreakGlass = isEmergency
        let guardrails = guarded.guardrails
        do throws(Denial) {
            _ =
                isEmergency
                ? try guardrails.authorize(breakingGlass: question, reason: draft.reason, ticket: draft.ticket)
                : try guardrails.authorize(asking: question, reason: draft.reason, ticket: draft.ticket)
            if proposal.limits.way == .assignment { _ = try leave(giving: draft, with: guardrails) }
        } catch { throw error.operatorError }
        try await backend(proposal.backend).check(draft, within: proposal.limits)
    }

    /// Asks. A role for a service is given at once, by whoever may: nobody else is asked then.
    /// - Returns: the request as it is then; one that takes nobody's agreement is granted already.
    /// - Throws: ``OperatorError``: refused by the policy or by Azure, with the sentence that says why.
    public func ask(_ proposal: AccessProposal) async throws(OperatorError) -> AccessRequest {
        try checkObstacles(proposal)
        let (draft, backend) = (proposal.draft, try backend(proposal.backend))
        _ = try AccessDecision.checked(draft.reason, of: "a request")
        let asking = question(.requestAccess, draft.scope, .serviceBus(draft.role), draft.duration)
        let id = AccessRequest.ID.random()
        let access = access(id, draft, proposal.backend)
        var leave = try await guarded.authorize(asking, entity: draft.scope.entity, access: access) { guardrails throws(Denial) in
            try guardrails.authorize(asking: asking, reason: draft.reason, ticket: draft.ticket)
        }
        if proposal.limits.way == .assignment { leave = try await leaveToGive(draft, access) }
        let authorization = leave
        return try await carryOut(authorization, access, draft.scope.entity) { () throws(OperatorError) in
            try await backend.submit(draft, within: proposal.limits, as: id, with: authorization)
        }
    }

    /// What the ledger says of what is asked for.
    func access(_ id: AccessRequest.ID, _ draft: AccessRequestDraft, _ backend: AccessRequest.Backend) -> AuditEvent.Access {
        var access = AuditEvent.Access(
            request: id.text, principal: draft.principal.id, role: draft.role.rawValue, scope: draft.scope.id, duration: draft.duration)
        access.backend = backend.rawValue
        return access
    }

    /// Leave to give a role at once, which is more than to ask for one: in quiet times and in an emergency.
    func leaveToGive(_ draft: AccessRequestDraft, _ access: AuditEvent.Access) async throws(OperatorError) -> Authorization {
        let giving = question(.grantAccess, draft.scope, .serviceBus(draft.role), draft.duration)
        return try await guarded.authorize(giving, entity: draft.scope.entity, access: access) { guardrails throws(Denial) in
            try leave(giving: draft, with: guardrails)
        }
    }

    private func leave(giving draft: AccessRequestDraft, with guardrails: Guardrails) throws(Denial) -> Authorization {
        let giving = question(.grantAccess, draft.scope, .serviceBus(draft.role), draft.duration)
        try checkRecipient(draft.principal, of: giving)
        return try guardrails.authorize(giving, reason: draft.reason, ticket: draft.ticket)
    }

    /// Nobody gives a role to themselves, nor to a group: they may be in it, and whatever it has all of its members have. Of whom the directory tells no kind,
    /// only the own id is known.
    func checkRecipient(_ party: AccessParty, of giving: PolicyQuestion) throws(Denial) {
        guard !party.isSame(as: me) else {
            throw Denial(
                .ownRequest, "access.grant on \(giving.scope) is denied: nobody gives a role to themselves.",
                remedy: "Ask for it: what you are eligible for is activated, and nothing else is.")
        }
        guard party.kind != .group else {
            throw Denial(
                .ownRequest,
                "access.grant on \(giving.scope) is denied: \(party.title) is a group, whose members would all have the role, you perhaps among them.",
                remedy: "Name the person, or the identity of the service.")
        }
    }

    private func checkObstacles(_ proposal: AccessProposal) throws(OperatorError) {
        guard let first = proposal.obstacles.first else { return }
        throw OperatorError(
            .refused, first, hint: proposal.obstacles.dropFirst().joined(separator: " "), entity: proposal.draft.scope.entity)
    }

    /// The narrowest scope of an entity at which a role can hold.
    /// - Throws: ``OperatorError`` when it does not exist, or is not for whoever is signed in to see.
    public func scope(of path: EntityPath, for role: PolicyRole) async throws(OperatorError) -> AccessScope {
        try await facts.scope(of: path, for: role)
    }

    // MARK: Looking

    /// What waits for the decision of whoever is signed in, the oldest first.
    /// - Throws: ``OperatorError`` when no place of requests could be asked.
    public func inbox() async throws(OperatorError) -> AccessListing<AccessRequest> {
        try await gathered { backend throws(OperatorError) in try await backend.inbox() }
    }

    /// What whoever is signed in asked for or would have, the newest first.
    /// - Throws: ``OperatorError`` when no place of requests could be asked.
    public func own() async throws(OperatorError) -> AccessListing<AccessRequest> {
        try await gathered { backend throws(OperatorError) in try await backend.own() }
    }

    /// The roles in force that have an end, the first to end first; those that are there after their end among them.
    /// - Throws: ``OperatorError`` when no place of requests could be asked.
    public func active() async throws(OperatorError) -> AccessListing<ActiveGrant> {
        Self.merged(try await gathered { backend throws(OperatorError) in try await backend.active() })
    }

    /// The roles in force with an end that whoever is signed in has themselves: a few readings, however many roles a namespace has.
    /// - Throws: ``OperatorError`` when no place of requests could be asked.
    public func ownActive() async throws(OperatorError) -> AccessListing<ActiveGrant> {
        var mayQueueHaveGiven = true
        let listing = try await gathered { backend throws(OperatorError) -> AccessListing<ActiveGrant> in
            // The queue gives roles as assignments with a note. Where Azure lists one's own and none has one, it is not asked to go through all there are.
            guard backend.kind == .pim || mayQueueHaveGiven else { return AccessListing() }
            var found = try await backend.ownActive()
            found.elements.removeAll { !$0.principal.isSame(as: me) }
            if backend.kind == .pim { mayQueueHaveGiven = !found.gaps.isEmpty || found.elements.contains { $0.keeper == .note } }
            return found
        }
        return Self.merged(listing)
    }

    /// What several places list once, the first to end first.
    private static func merged(_ gathered: AccessListing<ActiveGrant>) -> AccessListing<ActiveGrant> {
        var (listing, seen) = (gathered, Set<String>())
        // A role that answers a request of the queue has a note, which Entra PIM's list shows too: it is the queue's to end, with a statement that it is over.
        let queue = listing.elements.filter { $0.backend == .cooperative }
        listing.elements = (queue + listing.elements.filter { $0.backend != .cooperative })
            .filter { seen.insert(($0.assignment ?? $0.id).lowercased()).inserted }.sorted { ($0.endsAt, $0.id) < ($1.endsAt, $1.id) }
        return listing
    }

    /// The roles in force that answer the request of an id, or of the beginning of one: Azure's note says so where nobody can say any more what was asked.
    /// - Throws: ``OperatorError``: several requests begin so, or no place of requests could be asked.
    public func grants(answering id: String) async throws(OperatorError) -> AccessListing<ActiveGrant> {
        let wanted = AccessRequest.ID(id.trimmed).text
        guard wanted.utf8.count >= 4 else { return AccessListing() }
        var grants = try await active()
        grants.elements = grants.elements.filter { $0.request?.text.hasPrefix(wanted) ?? false }
        guard Set(grants.elements.map(\.request)).count <= 1 else { throw Self.ambiguous(wanted) }
        return grants
    }

    private static func ambiguous(_ start: String) -> OperatorError {
        OperatorError(.usage, "Several requests begin with '\(start)'.", hint: "Give more of the id.")
    }

    /// The request that an id, or the beginning of one, names, as it is now.
    /// - Throws: ``OperatorError``: there is none, or several begin so.
    public func request(_ id: String) async throws(OperatorError) -> AccessRequest {
        let wanted = AccessRequest.ID(id.trimmed)
        if wanted.text.utf8.count >= 36 {
            return try await first { backend throws(OperatorError) in try await backend.request(wanted) }
        }
        guard wanted.text.utf8.count >= 4 else {
            throw OperatorError(.usage, "'\(id.prefix(40))' is too short for an id.", hint: "Give at least four characters of it.")
        }
        let known = try await inbox().elements + own().elements
        let found = known.filter { $0.id.text.hasPrefix(wanted.text) }
        guard let only = found.first else {
            return try await first { backend throws(OperatorError) in try await backend.request(wanted) }
        }
        guard found.allSatisfy({ $0.id == only.id }) else { throw Self.ambiguous(wanted.text) }
        // The place that lists it is the one to ask.
        return try await backend(only.backend).request(only.id)
    }

    /// The same for a no. Where somebody put a copy beside a request, its id does not say which of them is meant.
    /// - Throws: ``OperatorError``: there is none, or several are called so.
    public func requestToDeny(_ id: String) async throws(OperatorError) -> AccessRequest {
        let found = try await request(id)
        let copies = try await inbox().elements.filter { $0.id == found.id && $0.isForgery }
        guard found.isForgery || copies.isEmpty else {
            throw OperatorError(
                .conflict, "Beside the request \(found.id.short) lies a copy with its id that is not what it claims.",
                hint: "The console shows both (g a), and X there is a no to the one that is selected.")
        }
        return found
    }

    /// What an approver has to see of a request. Asks Azure what the principal has, and changes nothing.
    public func review(_ request: AccessRequest) async -> AccessReview {
        var denial: Denial?
        var approvals: [PolicyRule.Approval] = []
        do throws(Denial) {
            let leave = try leave(deciding: request, isAgreeing: true, reason: "·", with: guarded.guardrails)
            approvals = leave.approvals
        } catch { denial = error }
        let subject = request
        async let holdings = facts.holdings(of: subject.principal)
        async let approvers = facts.approvers(of: subject)
        return AccessReview(request: request, verdict: denial, approvals: approvals, holdings: await holdings, approvers: await approvers)
    }

    // MARK: Helpers

    func backend(_ kind: AccessRequest.Backend) throws(OperatorError) -> any AccessBackend {
        guard let backend = backends.first(where: { $0.kind == kind }) else {
            throw OperatorError(.usage, "'\(title.name)' keeps no \(kind.label) requests.")
        }
        return backend
    }

    /// Everything of all places. One that cannot be asked is no reason to hide what the others say, and is named beside it.
    /// - Throws: ``OperatorError`` when nothing is left.
    func gathered<Element: Sendable>(
        _ places: [any AccessBackend]? = nil, _ ask: (any AccessBackend) async throws(OperatorError) -> AccessListing<Element>
    ) async throws(OperatorError) -> AccessListing<Element> {
        var (listing, failure, answers) = (AccessListing<Element>(), OperatorError?.none, 0)
        for backend in places ?? backends {
            do throws(OperatorError) {
                let found = try await ask(backend)
                listing.elements += found.elements
                listing.gaps += found.gaps
                answers += 1
            } catch {
                failure = failure ?? error
                // What is not licensed keeps nothing: that is known.
                guard error.serviceCode != "AadPremiumLicenseRequired" else { continue }
                listing.gaps.append(RequestGap(backend: backend.kind, error: error))
            }
        }
        if answers == 0, let failure { throw failure }
        return listing
    }

    /// What the first place has that has it. One that cannot be asked keeps nobody from what another has; where none has it, that one says why it is not known.
    private func first(
        _ ask: (any AccessBackend) async throws(OperatorError) -> AccessRequest
    ) async throws(OperatorError) -> AccessRequest {
        var (missing, failure) = (OperatorError?.none, OperatorError?.none)
        for backend in backends {
            do throws(OperatorError) { return try await ask(backend) } catch {
                if error.code == .cancelled { throw error }
                if error.code == .notFound || error.serviceCode == "AadPremiumLicenseRequired" {
                    missing = missing ?? error
                } else {
                    failure = failure ?? error
                }
            }
        }
        throw failure ?? missing ?? OperatorError(.notFound, "There is no such request.")
    }

    func question(_ action: PolicyAction, _ scope: AccessScope, _ role: AccessRole, _ duration: Duration?) -> PolicyQuestion {
        let kind: PolicyScope.Kind =
            switch AccessTarget(ResourceID(scope.id)) {
            case .queue: .queue
            case .topic, .subscription: .topic
            case .namespace, .elsewhere: .unknown
            }
        // The policy is asked about the namespace that the id names, and not about an entity of the same name here.
        let host = ResourceID(scope.id).serviceBusNamespace?.name ?? guarded.guardrails.place.host
        var question = guarded.guardrails.question(
            action, on: scope.entity.map { PolicyScope(namespace: host, entity: $0, kind: kind) } ?? PolicyScope(namespace: host))
        question.role = role.policyRole
        question.ttl = duration
        return question
    }

    func carryOut<Value: Sendable>(
        _ leave: Authorization, _ access: AuditEvent.Access, _ entity: EntityPath?,
        _ change: () async throws(OperatorError) -> AccessChange<Value>
    ) async throws(OperatorError) -> Value {
        var event = AuditEvent(leave, .intended, by: guarded.actor, in: guarded.guardrails.place, entity: entity)
        event.access = access
        return try await guarded.carryOut(event, change) { result, event in
            event.correlationRequestIDs = result.correlationIDs
        }.value
    }
}
