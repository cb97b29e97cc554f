/// What a request of Privileged Identity Management asks for.
public struct ScheduleRequestKind: ServiceWord {
    /// As the service wrote it.
    public let rawValue: String
    /// A word as the service wrote it.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// An administrator gives a role, or eligibility for it.
    public static let adminAssign = ScheduleRequestKind(rawValue: "AdminAssign")
    /// An administrator takes it away.
    public static let adminRemove = ScheduleRequestKind(rawValue: "AdminRemove")
    /// An administrator changes it.
    public static let adminUpdate = ScheduleRequestKind(rawValue: "AdminUpdate")
    /// An administrator prolongs it.
    public static let adminExtend = ScheduleRequestKind(rawValue: "AdminExtend")
    /// An administrator gives it again.
    public static let adminRenew = ScheduleRequestKind(rawValue: "AdminRenew")
    /// Somebody eligible activates the role.
    public static let selfActivate = ScheduleRequestKind(rawValue: "SelfActivate")
    /// They end it.
    public static let selfDeactivate = ScheduleRequestKind(rawValue: "SelfDeactivate")
    /// They ask for more time.
    public static let selfExtend = ScheduleRequestKind(rawValue: "SelfExtend")
    /// They ask for it again.
    public static let selfRenew = ScheduleRequestKind(rawValue: "SelfRenew")
    /// The words that have names.
    public static let known: [ScheduleRequestKind] = [
        adminAssign, adminRemove, adminUpdate, adminExtend, adminRenew, selfActivate, selfDeactivate, selfExtend, selfRenew,
    ]
}

/// Where a request or a schedule of Privileged Identity Management stands, in the service's word.
public struct ScheduleStatus: ServiceWord {
    /// As the service wrote it.
    public let rawValue: String
    /// A word as the service wrote it.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// It waits for an approver.
    public static let pendingApproval = ScheduleStatus(rawValue: "PendingApproval")
    /// It is in force.
    public static let provisioned = ScheduleStatus(rawValue: "Provisioned")
    /// An approver said no.
    public static let denied = ScheduleStatus(rawValue: "Denied")
    /// It was taken back.
    public static let canceled = ScheduleStatus(rawValue: "Canceled")
    /// It was granted.
    public static let granted = ScheduleStatus(rawValue: "Granted")
    /// Nobody answered in time.
    public static let timedOut = ScheduleStatus(rawValue: "TimedOut")
    /// It was ended.
    public static let revoked = ScheduleStatus(rawValue: "Revoked")
    private static let successful: [ScheduleStatus] = [
        granted, provisioned, .init(rawValue: "Accepted"), .init(rawValue: "AdminApproved"), .init(rawValue: "ProvisioningStarted"),
        .init(rawValue: "ScheduleCreated"),
    ]
    private static let failed: [ScheduleStatus] = [
        denied, canceled, timedOut, revoked, .init(rawValue: "AdminDenied"), .init(rawValue: "Failed"),
        .init(rawValue: "FailedAsResourceIsLocked"), .init(rawValue: "Invalid"),
    ]
    /// The words that have names.
    public static let known: [ScheduleStatus] = [pendingApproval] + successful + failed

    /// What a status means to who waits for it.
    public enum Outcome: Hashable, Sendable {
        /// It is, or will be, as asked.
        case succeeded
        /// It is not decided.
        case pending
        /// It will not be.
        case failed
        /// A word that this product does not know.
        case unknown
    }

    /// Whether a request that ends a role, and stands so, has not ended it and will not. `Revoked` is how one stands that has.
    public var keepsRole: Bool { outcome == .failed && self != .revoked }

    /// What it means.
    public var outcome: Outcome {
        if Self.successful.contains(self) { return .succeeded }
        if Self.failed.contains(self) { return .failed }
        return rawValue.lowercased().hasPrefix("pending") ? .pending : .unknown
    }
}

/// How somebody comes to what a schedule gives.
public struct ScheduleMembership: ServiceWord {
    /// As the service wrote it.
    public let rawValue: String
    /// A word as the service wrote it.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// By themselves, at this scope.
    public static let direct = ScheduleMembership(rawValue: "Direct")
    /// Through a group.
    public static let group = ScheduleMembership(rawValue: "Group")
    /// At a scope above.
    public static let inherited = ScheduleMembership(rawValue: "Inherited")
    /// The words that have names.
    public static let known: [ScheduleMembership] = [direct, group, inherited]
}
