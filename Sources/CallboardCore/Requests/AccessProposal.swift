public import ServiceBus

/// What somebody wants, before it is known what that takes.
public struct AccessWish: Hashable, Sendable {
    /// The queue, topic or subscription.
    public var entity: EntityPath
    /// What they want to do there.
    public var role: PolicyRole
    /// Who would have the role; nil: whoever asks.
    public var principal: AccessParty?
    /// For how long.
    public var duration: Duration
    /// Why.
    public var reason: String
    /// The ticket it is for.
    public var ticket: String?
    /// Where it is asked for; nil: where it can be.
    public var backend: AccessRequest.Backend?

    /// A wish.
    public init(
        entity: EntityPath, role: PolicyRole, principal: AccessParty? = nil, duration: Duration, reason: String, ticket: String? = nil,
        backend: AccessRequest.Backend? = nil
    ) {
        self.entity = entity
        self.role = role
        self.principal = principal
        self.duration = duration
        self.reason = reason
        self.ticket = ticket
        self.backend = backend
    }
}

/// What would be asked for: the narrowest role and scope that do, with the limits read first and what the policy says.
public struct AccessProposal: Hashable, Sendable {
    /// What would be asked for.
    public let draft: AccessRequestDraft
    /// Where.
    public let backend: AccessRequest.Backend
    /// What it has to keep to there.
    public let limits: AccessLimits
    /// What the policy file says.
    public let verdict: Verdict

    init(draft: AccessRequestDraft, backend: AccessRequest.Backend, limits: AccessLimits, verdict: Verdict) {
        self.draft = draft
        self.backend = backend
        self.limits = limits
        self.verdict = verdict
    }

    /// The longest time that both allow; nil: neither says.
    public var longest: Duration? {
        let own: Duration? =
            switch verdict {
            case .allowed(_, let limits), .needsApproval(_, _, let limits): limits.maxTTL
            case .denied: nil
            }
        return [own, limits.longest].compactMap { $0 }.min()
    }

    /// What stands in the way of asking, each as a sentence; empty when nothing does.
    public var obstacles: [String] {
        var texts: [String] = []
        if let longest = limits.longest, draft.duration > longest {
            texts.append(
                "\(DurationText.text(draft.duration)) is longer than the role's settings allow: ask for at most \(DurationText.text(longest))."
            )
        }
        if let shortest = limits.shortest, draft.duration < shortest {
            texts.append(
                "\(DurationText.text(draft.duration)) is shorter than Azure allows: ask for at least \(DurationText.text(shortest)).")
        }
        if limits.needsReason, draft.reason.isEmpty { texts.append("The role's settings ask for a reason: give one.") }
        if limits.needsTicket, draft.ticket?.isEmpty ?? true { texts.append("The role's settings ask for a ticket: give one.") }
        if case .needsApproval(let rule, let approvals, _) = verdict, backend == .pim {
            let who = approvals.map(\.description).joined(separator: " and ")
            switch limits.way {
            case .activation where !limits.needsApproval:
                texts.append(
                    "The policy wants the agreement of \(who) [\(rule)], and the role's settings in Azure ask nobody: have an admin set its approval there."
                )
            case .assignment:
                texts.append(
                    "The policy wants the agreement of \(who) [\(rule)], and Entra PIM keeps no request for a service: ask for it as a cooperative request."
                )
            default: break
            }
        }
        return texts
    }
}

/// A request as an approver has to see it before deciding.
public struct AccessReview: Hashable, Sendable {
    /// The request.
    public let request: AccessRequest
    /// What the policy says of agreeing to it, to whoever is signed in.
    public let verdict: Denial?
    /// Who else has to agree, by the policy.
    public let approvals: [PolicyRule.Approval]
    /// What the principal has in this namespace already.
    public let holdings: Reading<[String]>
    /// Who was asked, as far as the place says.
    public let approvers: [AccessParty]

    init(
        request: AccessRequest, verdict: Denial?, approvals: [PolicyRule.Approval], holdings: Reading<[String]>, approvers: [AccessParty]
    ) {
        self.request = request
        self.verdict = verdict
        self.approvals = approvals
        self.holdings = holdings
        self.approvers = approvers
    }
}
