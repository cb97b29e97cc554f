/// What somebody is about to ask for.
public struct AccessRequestDraft: Hashable, Sendable {
    /// Who would have the role: whoever asks, or the identity of a service.
    public var principal: AccessParty
    /// The role.
    public var role: PolicyRole
    /// Where.
    public var scope: AccessScope
    /// For how long, counted from the grant.
    public var duration: Duration
    /// Why.
    public var reason: String
    /// The ticket it is for.
    public var ticket: String?

    /// A draft.
    public init(
        principal: AccessParty, role: PolicyRole, scope: AccessScope, duration: Duration, reason: String, ticket: String? = nil
    ) {
        self.principal = principal
        self.role = role
        self.scope = scope
        self.duration = duration
        self.reason = reason
        self.ticket = ticket
    }
}

/// What a request has to keep to, as the place that would grant it says before anything is asked.
public struct AccessLimits: Hashable, Sendable {
    /// How it would be granted.
    public enum Way: Hashable, Sendable {
        /// Whoever asks is eligible and activates the role, by the schedule of this id.
        case activation(eligibility: String)
        /// Somebody with the right to gives the role, with an end that Azure keeps.
        case assignment
        /// A signed request waits in a queue for somebody with the right to give the role.
        case queue
    }

    /// How it would be granted.
    public var way: Way
    /// The longest time; nil: none is said.
    public var longest: Duration?
    /// The shortest time; nil: none is said.
    public var shortest: Duration?
    /// Whether a reason must be given.
    public var needsReason = true
    /// Whether a ticket must be given.
    public var needsTicket = false
    /// Whether the sign-in must have been with more than one factor.
    public var needsMultiFactor = false
    /// The authentication context that the sign-in must have; nil when none.
    public var authenticationContext: String?
    /// Whether somebody must agree.
    public var needsApproval = false
    /// Who may agree, as far as the place says; empty: it does not say.
    public var approvers: [AccessParty] = []

    /// Limits.
    public init(way: Way) { self.way = way }

    /// The limits in words, for a form or a table.
    public var sentences: [String] {
        var texts: [String] = []
        if let longest { texts.append("for at most \(DurationText.text(longest))") }
        if let shortest { texts.append("for at least \(DurationText.text(shortest))") }
        if needsReason { texts.append("with a reason") }
        if needsTicket { texts.append("with a ticket") }
        if needsMultiFactor { texts.append("after a sign-in with more than one factor") }
        if let authenticationContext { texts.append("after a sign-in with the authentication context \(authenticationContext)") }
        if needsApproval {
            let who = approvers.map(\.title)
            texts.append("once one of \(who.isEmpty ? "its approvers" : who.joined(separator: ", ")) agrees")
        } else {
            texts.append("without anybody's agreement")
        }
        return texts
    }
}
