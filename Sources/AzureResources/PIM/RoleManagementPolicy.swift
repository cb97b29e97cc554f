/// The rules that Privileged Identity Management applies to a role at a scope (roleManagementPolicyAssignments): what an activation must bring, how
/// long it may last, who must agree.
public struct RoleManagementPolicy: Hashable, Sendable {
    /// A rule in force. Rules about mails are kept as ``Content/other(kind:)``.
    public struct Rule: Hashable, Sendable {
        /// Its fixed id, such as `Expiration_EndUser_Assignment`.
        public let id: String
        /// What it says.
        public let content: Content
    }

    /// What a rule says.
    public enum Content: Hashable, Sendable {
        /// How long at most, and whether there must be an end.
        case expiration(isRequired: Bool, maximum: Duration?)
        /// What a request must bring: `MultiFactorAuthentication`, `Justification`, `Ticketing`.
        case enablement([String])
        /// Whether somebody must agree, and who may.
        case approval(Approval)
        /// Whether a step-up of the sign-in is needed, and which.
        case authenticationContext(isEnabled: Bool, claimValue: String?)
        /// Something else: the service's word for it.
        case other(kind: String)
    }

    /// Who must agree.
    public struct Approval: Hashable, Sendable {
        /// Whether anybody must.
        public let isRequired: Bool
        /// `SingleStage`, `Serial`, `Parallel`, `NoApproval`.
        public let mode: String?
        /// The stages, each with who may decide it.
        public let stages: [Stage]
    }

    /// A stage of an approval.
    public struct Stage: Hashable, Sendable {
        /// After how many days it ends undecided.
        public let timeOutInDays: Int?
        /// Whether the approver must say why.
        public let isJustificationRequired: Bool
        /// Who may decide it.
        public let approvers: [Approver]
    }

    /// Somebody who may decide.
    public struct Approver: Hashable, Sendable {
        /// The person or group.
        public let id: GUID
        /// Its name.
        public let name: String?
        /// Whether it is a person or a group.
        public let kind: PrincipalKind
    }

    /// Its id.
    public let id: ResourceID
    /// Where it holds.
    public let scope: ResourceID
    /// The role's full id.
    public let roleDefinitionID: ResourceID
    /// The id by which the rules are changed (roleManagementPolicies); nil where the service does not say.
    public let policy: ResourceID?
    /// The role's name.
    public let roleName: String?
    /// All rules in force, in the service's order.
    public let rules: [Rule]

    /// What an activation by the person themselves has to keep to.
    public var activation: ActivationLimits { ActivationLimits(rules) }
}

/// What somebody who activates a role has to keep to, read from the rules whose ids end in `EndUser_Assignment`.
public struct ActivationLimits: Hashable, Sendable {
    /// The longest time; nil when the rules do not say.
    public private(set) var maximumDuration: Duration?
    /// Whether the sign-in must have been with more than one factor.
    public private(set) var requiresMultiFactor = false
    /// Whether a reason must be given.
    public private(set) var requiresJustification = false
    /// Whether a ticket must be given.
    public private(set) var requiresTicket = false
    /// Who must agree; nil when nobody must.
    public private(set) var approval: RoleManagementPolicy.Approval?
    /// The authentication context that the sign-in must have; nil when none.
    public private(set) var authenticationContext: String?

    init(_ rules: [RoleManagementPolicy.Rule]) {
        for rule in rules where rule.id.hasSuffix("_EndUser_Assignment") {
            switch rule.content {
            case .expiration(_, let maximum): maximumDuration = maximum
            case .enablement(let words):
                requiresMultiFactor = words.contains("MultiFactorAuthentication")
                requiresJustification = words.contains("Justification")
                requiresTicket = words.contains("Ticketing")
            case .approval(let setting): approval = setting.isRequired ? setting : nil
            case .authenticationContext(let isEnabled, let claimValue): authenticationContext = isEnabled ? claimValue : nil
            case .other: break
            }
        }
    }
}
