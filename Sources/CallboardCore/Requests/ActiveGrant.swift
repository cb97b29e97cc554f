public import ServiceBus

/// A role that somebody has for a while.
public struct ActiveGrant: Hashable, Sendable {
    /// Who ends it.
    public enum Keeper: Hashable, Sendable {
        /// Azure, when its time comes: an activation, or an assignment with an end.
        case azure(isActivation: Bool)
        /// Nobody but a sweeper: a note on the assignment says when it is to be gone.
        case note
    }

    /// Its id at Azure: of the schedule instance or of the role assignment.
    public var id: String
    /// The backend it came through.
    public var backend: AccessRequest.Backend
    /// The request it answers; nil where that is not said.
    public var request: AccessRequest.ID?
    /// Who has the role.
    public var principal: AccessParty
    /// The role.
    public var role: AccessRole
    /// Where.
    public var scope: AccessScope
    /// When it began; nil where nobody says.
    public var beganAt: Timestamp?
    /// When it ends, or was to.
    public var endsAt: Timestamp
    /// Who ends it.
    public var keeper: Keeper
    /// Who granted it; nil where nobody says.
    public var grantedBy: AccessParty?
    /// The role assignment that stands behind it.
    public var assignment: String?

    /// A grant.
    public init(
        id: String, backend: AccessRequest.Backend, request: AccessRequest.ID?, principal: AccessParty, role: AccessRole,
        scope: AccessScope,
        beganAt: Timestamp?, endsAt: Timestamp, keeper: Keeper, grantedBy: AccessParty? = nil, assignment: String? = nil
    ) {
        self.id = id
        self.backend = backend
        self.request = request
        self.principal = principal
        self.role = role
        self.scope = scope
        self.beganAt = beganAt
        self.endsAt = endsAt
        self.keeper = keeper
        self.grantedBy = grantedBy
        self.assignment = assignment
    }

    /// Whether it is what a request came to. What Azure keeps does not say which request it answers: there it is the same role of the same identity in the same
    /// place, and only of a request that was granted.
    public func answers(_ request: AccessRequest) -> Bool {
        if let own = self.request { return own == request.id }
        guard backend == .pim, request.backend == .pim, case .granted = request.standing else { return false }
        return principal.isSame(as: request.principal) && role == request.role && scope == request.scope
    }

    /// What is left of it at a moment; nil when its time is over: it is present and should not be.
    public func remaining(at now: Timestamp) -> Duration? {
        guard now < endsAt else { return nil }
        let (left, overflow) = endsAt.milliseconds.subtractingReportingOverflow(now.milliseconds)
        return .milliseconds(overflow ? .max : left)
    }

    /// Whether it is there after its end.
    public func isPastEnd(at now: Timestamp) -> Bool { remaining(at: now) == nil }
}
