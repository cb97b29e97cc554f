/// What the words and errors of Privileged Identity Management mean, each as one sentence that an admin can act on: what is, and what to do.
public enum PrivilegedSentence {
    // MARK: Statuses

    /// What the status of a request means.
    public static func of(_ status: ScheduleStatus) -> String {
        statuses[status.rawValue.lowercased()]
            ?? (status.outcome == .pending
                ? "It waits for a step of Azure's that is not known here (\(status.rawValue)): look again in a minute."
                : "Azure calls it '\(status.rawValue)', which is not known here: look at it in the Azure portal.")
    }

    /// What it means that a request to end a role stands so, where the role is there still (``ScheduleStatus/keepsRole``).
    public static func ofEnd(_ status: ScheduleStatus) -> String { ends[status.rawValue.lowercased()] ?? of(status) }

    private static let ends = [
        "failed": "Azure could not take the role away: try again, and quote the request's id to support when it fails again.",
        "failedasresourceislocked":
            "A lock on the resource forbids changes of roles: have somebody with the right remove the lock, then end the role again.",
        "invalid": "Azure finds the request to end the role wrong in itself: end it in the Azure portal.",
        "denied": "Ending the role was refused: ask somebody who can assign roles there.",
        "admindenied": "Ending the role was refused: ask somebody who can assign roles there.",
        "canceled": "Somebody took the request to end the role back: end it again if it is still to be ended.",
        "timedout": "Nobody decided within 24 hours that the role ends: end it again.",
    ]

    /// The statuses that have a sentence of their own, as the service writes them.
    public static let knownStatuses: [String] = table.map(\.0)

    private static let statuses = Dictionary(table.map { ($0.0.lowercased(), $0.1) }, uniquingKeysWith: { first, _ in first })

    private static let table: [(String, String)] = [
        ("Accepted", "Azure took the request and is about to give the role: look again in a minute."),
        ("AdminApproved", "It is approved, and Azure is about to give the role: look again in a minute."),
        ("Granted", "It is granted; it counts everywhere in some minutes."),
        ("Provisioned", "The role is in force; it counts everywhere in some minutes."),
        ("ProvisioningStarted", "Azure is giving the role: look again in a minute."),
        ("ScheduleCreated", "It is granted for later: the role begins at the time that was asked for."),
        ("PendingApproval", "It waits for one of its approvers, who have 24 hours."),
        ("PendingApprovalProvisioning", "Azure is asking the approvers: look again in a minute."),
        ("PendingAdminDecision", "It waits for an administrator of the role: ask one of them to decide."),
        ("PendingEvaluation", "Azure is holding it against the role's settings: look again in a minute."),
        ("PendingExternalProvisioning", "It is approved and waits for another system to carry it out: ask who runs that one."),
        ("PendingProvisioning", "It is approved, and Azure is about to give the role: look again in a minute."),
        ("PendingRevocation", "The role is being taken away: look again in a minute."),
        ("PendingScheduleCreation", "Azure is writing down when the role begins and ends: look again in a minute."),
        ("AdminDenied", "An approver said no: read why, and ask for what they would agree to."),
        ("Denied", "It was refused: read why, and ask for what would be agreed to."),
        ("Canceled", "Whoever asked took it back: ask anew if it is still needed."),
        ("Failed", "Azure could not give the role: ask again, and quote the request's id to support when it fails again."),
        (
            "FailedAsResourceIsLocked",
            "A lock on the resource forbids changes of roles: have somebody with the right remove the lock, then ask again."
        ),
        ("Invalid", "Azure finds the request wrong in itself: check role, scope and time, then ask anew."),
        ("Revoked", "The role was given up or taken away: ask anew if it is still needed."),
        ("TimedOut", "Nobody decided within 24 hours: ask anew, and tell an approver."),
    ]

    // MARK: Errors

    /// What a refusal means; nil for one that says nothing of its own here.
    public static func of(_ error: AzureError) -> String? {
        if error.serviceCode == "RoleAssignmentRequestPolicyValidationFailed" { return ofRules(error.failedPolicyRules) }
        if let code = error.serviceCode, let sentence = errors[code.lowercased()] { return sentence }
        switch error.code {
        case .forbidden:
            let right = error.missingRight.map { "the action \($0.action) at \($0.scope)" } ?? "a right that you do not have"
            return "It takes \(right): ask somebody who can assign roles there, or for a role that has it."
        case .throttled:
            let wait = error.retryAfter.map { "\($0.components.seconds) seconds" } ?? "a minute"
            return "Azure takes no more requests at the moment: try again in \(wait); other tools of the same identity count as well."
        case .notSignedIn where error.identity == nil:
            return "Azure does not take the sign-in any more: sign in again (callboard login), then repeat it."
        default: return nil
        }
    }

    /// The codes of errors that have a sentence of their own.
    public static let knownCodes: [String] = codes.map(\.0) + ["RoleAssignmentRequestPolicyValidationFailed"]

    private static let errors = Dictionary(codes.map { ($0.0.lowercased(), $0.1) }, uniquingKeysWith: { first, _ in first })

    private static let codes: [(String, String)] = [
        (
            "RoleAssignmentRequestAcrsValidationFailed",
            "The role wants a stronger sign-in (authentication context): sign in again (callboard login), then repeat it."
        ),
        ("RoleAssignmentExists", "The role is there already: 'callboard access active' shows until when."),
        (
            "PendingRoleAssignmentRequest",
            "The same was asked for and is not decided: wait for it, or take it back (callboard access revoke)."
        ),
        ("ActiveDurationTooShort", "An activation lasts at least five minutes before it can be given back: try again when they are over."),
        (
            "InvalidRoleAssignmentRequestSchedule",
            "Azure does not take the time that was asked for: ask for a whole number of minutes within the role's limit."
        ),
        (
            "InvalidRoleAssignmentRequest",
            "Azure does not take the request as it is: ask for yourself (not for a group), with a role and a time."
        ),
        ("RoleAssignmentDoesNotExist", "The role is not there (any more): 'callboard access active' shows what is."),
        ("RoleAssignmentRequestExists", "Somebody used the same id for another request: repeat it, which takes a new one."),
        (
            "RoleAssignmentScheduleRequestNotFound",
            "There is no such request, or it is not for your eyes: check the id with 'callboard access list'."
        ),
        (
            "RoleAssignmentRequestCannotBeCanceled",
            "It is decided, so it cannot be taken back: end what was granted with 'callboard access revoke'."
        ),
        (
            "AadPremiumLicenseRequired",
            "The tenant has no Privileged Identity Management (Entra ID P2 or Governance): use cooperative approvals, or have an admin assign the role."
        ),
        ("AuthorizationFailedForPIM", "Privileged Identity Management does not manage this scope: have an admin onboard the subscription."),
        (
            "PrincipalNotFound",
            "The directory does not know the identity: check its object id; a new one takes minutes to be known everywhere."
        ),
        ("InvalidPrincipalId", "That is no object id of the directory: check it."),
        (
            "RoleAssignmentLimitExceeded",
            "The subscription has as many role assignments as it may have: remove some that are orphaned (callboard drift), or assign to groups."
        ),
        ("RoleDefinitionDoesNotExist", "There is no such role in this subscription: check the role."),
        ("ScopeLocked", "A lock on the resource forbids changes of roles: have somebody with the right remove the lock, then try again."),
        ("SelfApprovalNotAllowed", "Nobody decides about their own request: another approver has to."),
        ("ApprovalAlreadyCompleted", "It is decided already: 'callboard access show' says by whom."),
        ("ApprovalNotFound", "There is no such approval, or it is not for your eyes: refresh the list."),
        ("ApprovalStageNotFound", "The approval has no such stage any more: refresh the list."),
        ("JustificationRequired", "A decision needs a reason: give one."),
        ("ResourceNotFound", "The resource does not exist (any more): check its name."),
        ("SubscriptionRequestsThrottled", "Azure takes no more requests of this subscription at the moment: try again in a minute."),
        ("InvalidAuthenticationToken", "Azure does not take the sign-in any more: sign in again (callboard login), then repeat it."),
    ]

    private static func ofRules(_ rules: [String]) -> String {
        let parts = rules.map { rule in
            switch rule.lowercased() {
            case "expirationrule": "ask for a time within its limit"
            case "justificationrule": "give a reason"
            case "ticketingrule": "give a ticket"
            case "mfarule": "sign in with more than one factor"
            case "eligibilityrule": "be eligible for it first, which an admin sees to"
            case "authenticationcontextrule", "acrsrule": "sign in with the authentication context it names"
            case "approvalrule": "have it approved"
            default: "keep to \(rule)"
            }
        }
        guard let last = parts.last else { return "The role's settings ask for more than was given: look at its limits, then ask again." }
        let all = parts.count == 1 ? last : parts.dropLast().joined(separator: ", ") + " and " + last
        return "The role's settings ask for more: \(all)."
    }
}
