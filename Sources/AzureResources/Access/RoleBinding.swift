public import Identity

/// What a role assignment comes to on one entity: who can do what there, why, and for how long.
public struct RoleBinding: Hashable, Sendable {
    /// Where it was assigned.
    public enum Origin: Hashable, Sendable {
        /// At the entity itself.
        case direct
        /// At this scope above.
        case inherited(from: ResourceID)
    }

    /// For how long it holds.
    public enum Term: Hashable, Sendable {
        /// Until somebody removes it.
        case standing
        /// Azure ends it then.
        case until(WallTime)
    }

    /// Who else acts through it.
    public enum Members: Hashable, Sendable {
        /// Nobody: the principal is no group, or its members have bindings of their own here.
        case none
        /// The members of a group, whom nobody could name.
        case unknown
    }

    /// Who has it.
    public let principal: GUID
    /// What kind of identity that is.
    public let principalKind: PrincipalKind
    /// The group through which the principal has it; nil when it was assigned to the principal.
    public let group: GUID?
    /// Who else acts through it.
    public let members: Members
    /// The assignment's id.
    public let assignment: ResourceID
    /// The role's GUID.
    public let role: GUID
    /// The role's name; nil when the role could not be read, so that nobody knows what it allows.
    public let roleName: String?
    /// Where it was assigned, seen from the entity.
    public let origin: Origin
    /// For how long it holds.
    public let term: Term
    /// What it allows on the entity, deny assignments taken off.
    public let rights: Rights
    /// What the keys allow that the principal can get at, while the namespace takes keys. No deny assignment stops a key.
    public let rightsByKeys: Rights
    /// What the role would allow, and a deny assignment forbids.
    public let deniedRights: Rights
    /// What the role allows, or the keys it opens, unless a deny assignment forbids it: who is in its groups, or whether its condition is met, is
    /// not known.
    public let uncertainRights: Rights
    /// The condition under which all of it holds, as text; nil when there is none.
    public let condition: String?
    /// The note of whoever assigned it.
    public let note: String?

    /// What it says about a right.
    public func answer(for right: Right) -> AccessAnswer {
        AccessOutcome(
            rights: rights, byKeys: rightsByKeys, uncertain: uncertainRights, isRoleKnown: roleName != nil, isConditional: condition != nil
        )
        .answer(for: right)
    }
}

/// What an assignment comes to, without the words around it.
struct AccessOutcome {
    var rights: Rights = []
    var byKeys: Rights = []
    var denied: Rights = []
    var uncertain: Rights = []
    var isRoleKnown = true
    var isConditional = false

    func answer(for right: Right) -> AccessAnswer {
        if !isRoleKnown { return .unknown }
        if rights.contains(right) || byKeys.contains(right) { return isConditional ? .conditional : .yes }
        return uncertain.contains(right) ? .unknown : .no
    }
}

/// Whether somebody can do something. The order is that of how much it says for "yes".
public enum AccessAnswer: Int, Hashable, Sendable, Comparable {
    /// No.
    case no
    /// It cannot be told: a group's members, a role or a deny assignment's reach are not known.
    case unknown
    /// Under a condition that is not evaluated here.
    case conditional
    /// Yes.
    case yes

    /// Orders by how much it says for "yes".
    public static func < (left: AccessAnswer, right: AccessAnswer) -> Bool { left.rawValue < right.rawValue }
}

/// What several assignments come to together.
struct AnswerSum {
    private var yes: Rights = []
    private var conditional: Rights = []
    private var unknown: Rights = []

    /// - Parameter isCertain: whether the assignment is certainly one of the identity's.
    mutating func add(_ outcome: AccessOutcome, isCertain: Bool) {
        guard outcome.isRoleKnown else {
            unknown = Right.allCases.reduce(into: []) { $0.insert(Rights($1)) }
            return
        }
        let given = outcome.rights.union(outcome.byKeys)
        unknown.formUnion(outcome.uncertain)
        if !isCertain {
            unknown.formUnion(given)
        } else if outcome.isConditional {
            conditional.formUnion(given)
        } else {
            yes.formUnion(given)
        }
    }

    /// Every right of which the answer is not no.
    var answers: [Right: AccessAnswer] {
        var answers: [Right: AccessAnswer] = [:]
        for right in yes.union(conditional).union(unknown).all {
            answers[right] = yes.contains(right) ? .yes : conditional.contains(right) ? .conditional : .unknown
        }
        return answers
    }
}
