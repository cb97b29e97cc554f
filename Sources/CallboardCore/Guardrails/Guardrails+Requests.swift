internal import ServiceBus

/// Requests for roles: what a rule of `request` says about asking, and about deciding.
extension Guardrails {
    /// Leave to ask for a role. That others have to agree first is no obstacle to asking: ``Authorization/approvals`` says who.
    /// - Parameter question: of ``PolicyAction/requestAccess``, with role and time.
    /// - Throws: ``Denial``.
    public func authorize(asking question: PolicyQuestion, reason: String?, ticket: String?) throws(Denial) -> Authorization {
        switch verdict(on: question) {
        case .denied(let denial): throw denial
        case .allowed(let rule, let limits): return try leave(question, rule, limits, [], reason, ticket)
        case .needsApproval(let rule, let approvals, let limits): return try leave(question, rule, limits, approvals, reason, ticket)
        }
    }

    /// Leave to decide about somebody's request.
    ///
    /// Whoever asked and whoever would have the role never decide, and no agent does. A rule that allows `access.approve` is leave, and so is being among those
    /// that a rule of `request` asks; what denies `access.grant` denies agreeing as well. What teams the requester is in is not known
    /// here: every rule of `request` that may be theirs counts, and the tightest of each limit holds.
    /// - Parameters:
    ///   - question: of ``PolicyAction/approveAccess``, with role and time.
    ///   - requester: the object id of who asked.
    ///   - parties: the object ids of who asked and of who would have the role.
    ///   - isAgreeing: whether the answer is yes; a no takes no limit into account.
    /// - Throws: ``Denial``.
    public func authorize(
        deciding question: PolicyQuestion, of requester: String, parties: [String], isAgreeing: Bool, reason: String?, ticket: String? = nil
    ) throws(Denial) -> Authorization {
        let parties = Set(parties.map { $0.lowercased() })
        let isParty = caller.subjects.contains { subject in
            if case .user(let id) = subject { parties.contains(id.lowercased()) } else { false }
        }
        guard !isParty else {
            throw Denial(
                .ownRequest, "access.approve on \(question.scope) is denied: nobody decides about their own request.",
                remedy: "Somebody else has to.")
        }
        var question = question
        if !isAgreeing { question.ttl = nil }
        let verdict = verdict(on: question)
        if isAgreeing, let denial = denialOfGrant(question) { throw denial }
        guard case .policy(let policy) = rules else {
            switch verdict {
            case .allowed(let rule, let limits): return try leave(question, rule, limits, [], reason, ticket)
            case .denied(let denial): throw denial
            case .needsApproval: throw Policy.denial(.default, question.action, rules: [])
            }
        }
        let asking = policy.requestRules(question, of: requester, place: place)
        let approvals = Set(asking.flatMap(\.approvals)).sorted()
        var limits = asking.reduce(PolicyLimits()) { $0.tightened(by: $1.limits) }
        // What the requester has to bring was asked of them.
        limits.tickets = []
        if isAgreeing, let excess = limits.excess(ofGrantFor: question.ttl) {
            throw Policy.denial(excess, question.action, rules: asking.map(\.id))
        }
        switch verdict {
        case .allowed(let rule, let own):
            if isAgreeing, let excess = own.excess(ofGrantFor: question.ttl) {
                throw Policy.denial(excess, question.action, rules: [rule])
            }
            return try leave(question, rule, limits.tightened(by: own), approvals, reason, ticket)
        case .needsApproval(let rule, _, _):
            throw Policy.denial(.approvalMissing(rule), question.action, rules: [rule])
        case .denied(let denial):
            guard denial.cause == .default, !caller.isAgent, caller.groups == .known, let first = asking.first,
                approvals.contains(where: { $0.anyOf.contains { caller.subjects.contains($0) } })
            else { throw denial }
            return try leave(question, first.id, limits, approvals, reason, ticket)
        }
    }

    /// Leave to give up what is one's own: a request that waits, or a role. No policy is in the way of having less.
    func authorize(givingUp question: PolicyQuestion, reason: String?) -> Authorization {
        Authorization(
            action: question.action, scope: question.scope, context: place.context, rule: "built-in:own access", limits: PolicyLimits(),
            reason: reason, ticket: nil)
    }

    /// Leave to put aside what only claims to be a request. It gives nothing and takes nothing from anybody, so that no policy has to name who may: any
    /// person who may change something here, whomever it names.
    /// - Throws: ``Denial`` for an agent, and in a read-only context.
    func authorize(puttingAside question: PolicyQuestion, reason: String?) throws(Denial) -> Authorization {
        if let denial = Policy.agentDenial(question) { throw denial }
        if case .denied(let denial) = verdict(on: question), denial.cause == .readOnly { throw denial }
        return Authorization(
            action: question.action, scope: question.scope, context: place.context, rule: "built-in:no request", limits: PolicyLimits(),
            reason: reason, ticket: nil)
    }

    /// What a rule says that denies giving such a role: agreeing gives it.
    private func denialOfGrant(_ question: PolicyQuestion) -> Denial? {
        var grant = question
        grant.action = .grantAccess
        if case .denied(let denial) = verdict(on: grant), case .rule = denial.cause { return denial }
        return nil
    }

    private func leave(
        _ question: PolicyQuestion, _ rule: String, _ limits: PolicyLimits, _ approvals: [PolicyRule.Approval], _ reason: String?,
        _ ticket: String?
    ) throws(Denial) -> Authorization {
        if let cause = limits.missing(reason: reason, ticket: ticket) { throw Policy.denial(cause, question.action, rules: [rule]) }
        return Authorization(
            action: question.action, scope: question.scope, context: place.context, rule: rule, limits: limits, reason: reason,
            ticket: ticket, approvals: approvals)
    }
}

extension Policy {
    /// The rules of `request` that may be those of a request, whoever is asked about it.
    /// - Parameters:
    ///   - question: with role, scope and time of the request.
    ///   - requester: the object id of who asked; of teams it is not known whether they are in them.
    func requestRules(_ question: PolicyQuestion, of requester: String, place: Guardrails.Place) -> [PolicyRule] {
        var asked = question
        asked.action = .requestAccess
        asked.environment = place.environment.isEmpty ? nil : place.environment
        let requester = requester.lowercased()
        return rules.filter { rule in
            guard rule.section == .request, rule.mismatches(asked).subtracting([.who]).isEmpty else { return false }
            return (rule.who ?? []).contains { subject in
                switch subject {
                case .anyone, .team: true
                case .user(let id): id.lowercased() == requester
                case .agent: false
                }
            }
        }.sorted { $0.id < $1.id }
    }
}
