public import Identity

/// An approval of Privileged Identity Management: the stages in which somebody decides about a request (roleAssignmentApprovals).
public struct RoleAssignmentApproval: Hashable, Sendable {
    /// A stage: any one of its approvers decides it.
    public struct Stage: Hashable, Sendable {
        /// Its id, which names it in requests. (Its `name` may differ.)
        public let id: ResourceID
        /// What it is called.
        public let displayName: String?
        /// `InProgress`, `Completed`, `NotStarted`, `Escalating`...
        public let status: String
        /// Whether the caller may decide it.
        public let isAssignedToMe: Bool
        /// Who decided.
        public let reviewer: Reviewer?
        /// When.
        public let reviewedAt: WallTime?
        /// What they decided.
        public let result: ReviewResult?
        /// Why.
        public let justification: String?
    }

    /// Who decided a stage.
    public struct Reviewer: Hashable, Sendable {
        /// The object id.
        public let id: GUID?
        /// The name.
        public let name: String?
        /// The name they sign in with.
        public let userPrincipalName: String?
    }

    /// What an approver decided.
    public struct ReviewResult: ServiceWord {
        /// As the service wrote it.
        public let rawValue: String
        /// A word as the service wrote it.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// Yes.
        public static let approve = ReviewResult(rawValue: "Approve")
        /// No.
        public static let deny = ReviewResult(rawValue: "Deny")
        /// Nothing so far.
        public static let notReviewed = ReviewResult(rawValue: "NotReviewed")
        /// The words that have names.
        public static let known: [ReviewResult] = [approve, deny, notReviewed]
    }

    /// Its id.
    public let id: ResourceID
    /// Its stages.
    public let stages: [Stage]
}

extension RoleAssignmentApproval: Decodable {
    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        id = try fields.id("id")
        stages = try fields.object("properties").list("stages")
    }
}

extension RoleAssignmentApproval.Stage: Decodable {
    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        id = try fields.id("id")
        let properties = try fields.object("properties")
        displayName = try properties.optionalText("displayName")
        status = try properties.text("status")
        isAssignedToMe = try properties.optional("assignedToMe") ?? false
        reviewer = try properties.optionalObject("reviewedBy").map { reviewer in
            RoleAssignmentApproval.Reviewer(
                id: try reviewer.optionalGUID("principalId"), name: try reviewer.optionalText("principalName"),
                userPrincipalName: try reviewer.optionalText("userPrincipalName"))
        }
        reviewedAt = try properties.time("reviewedDateTime")
        result = try properties.optional("reviewResult")
        justification = try properties.optionalText("justification").flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The body of the request that decides a stage.
    package static func decision(_ result: RoleAssignmentApproval.ReviewResult, justification: String) -> JSONValue {
        ["properties": ["reviewResult": .text(result.rawValue), "justification": .text(justification)]]
    }
}
