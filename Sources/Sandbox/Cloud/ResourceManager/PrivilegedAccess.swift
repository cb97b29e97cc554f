/// Privileged Identity Management: roles that somebody may take for a while. Times are in milliseconds since 1970.
struct PrivilegedAccess: Sendable {
    static let maximumRequests = 1000
    static let maximumEligibilities = 1000
    /// A request that nobody decides on in this time is over; the service's own limit, which cannot be changed.
    static let approvalWindow: Int64 = 86_400_000
    /// An activation lasts at least so long before it can be given back.
    static let shortestActivation: Int64 = 300_000

    /// A role that somebody may take.
    struct Eligibility: Hashable, Sendable {
        var id: String
        var scope: AzureScope
        var role: RoleDefinition
        var principalID: String
        var startsAt: Int64
        var endsAt: Int64?

        func isCurrent(at now: Int64) -> Bool { startsAt <= now && now < endsAt ?? .max }
    }

    /// What taking a role asks for.
    struct Policy: Hashable, Sendable {
        var longest: Int64
        var needsJustification = true
        var needsTicket = false
        /// Whether the sign-in must have been with more than one factor.
        var needsMultiFactor = false
        /// The authentication context that the sign-in must have.
        var context: String?
        /// Groups or users of whom one must agree; empty when nobody is asked.
        var approvers: [String] = []
    }

    /// A role at a scope, for which somebody has changed what taking it asks for.
    struct PolicyPlace: Hashable, Sendable {
        var scope: AzureScope
        var role: RoleDefinition
    }

    /// A request and what became of it.
    struct Request: Hashable, Sendable {
        enum Kind: String, Sendable {
            case selfActivate = "SelfActivate"
            case selfDeactivate = "SelfDeactivate"
            case adminAssign = "AdminAssign"
            case adminRemove = "AdminRemove"
        }
        enum Status: String, Sendable {
            case pending = "PendingApproval"
            case provisioned = "Provisioned"
            case denied = "AdminDenied"
            case canceled = "Canceled"
            case timedOut = "TimedOut"
            case revoked = "Revoked"
        }
        var name: String
        var kind: Kind
        var status: Status
        var scope: AzureScope
        var role: RoleDefinition
        var principalID: String
        var requestorID: String
        var eligibilityID: String?
        var justification: String?
        var ticket: CloudJSON
        var startsAt: Int64
        /// For how long; nil for ever.
        var duration: Int64?
        var createdAt: Int64
        var approval: Approval?
    }

    /// The one stage in which a request is decided.
    struct Approval: Hashable, Sendable {
        var id: String
        var stageID: String
        var approvers: [String]
        var reviewer: String?
        var reviewedAt: Int64?
        var result: String?
        var justification = ""
    }

    /// The most places of which somebody may change what taking a role asks for.
    static let maximumPolicies = 1000

    var eligibilities: [Eligibility] = []
    private(set) var policies: [PolicyPlace: Policy] = [:]
    private(set) var requests: [Request] = []

    /// Who may take what from the start: whoever is on call, all of the namespace; whoever has one queue only, and the admin, one more queue.
    mutating func seed(namespace: AzureScope, entity: AzureScope?, now: Int64) {
        if let entity {
            for (number, person) in [CloudSeed.oneQueueOnly, CloudSeed.admin].enumerated() {
                eligibilities.append(
                    Eligibility(
                        id: "e1161b1e-0000-4000-8000-00000000001\(number + 1)", scope: entity, role: .dataReceiver, principalID: person.id,
                        startsAt: now, endsAt: nil))
            }
        }
        for (number, role) in [RoleDefinition.dataReceiver, .dataOwner].enumerated() {
            eligibilities.append(
                Eligibility(
                    id: "e1161b1e-0000-4000-8000-00000000000\(number + 1)", scope: namespace, role: role,
                    principalID: CloudSeed.onCall.id, startsAt: now, endsAt: nil))
        }
    }

    /// What taking a role asks for where somebody is eligible: what was set there, or at the nearest above it. Else on the namespace reading takes a reason, and
    /// anything more somebody of the platform's who agrees; on an entity of its own it takes the platform's or whoever is on call.
    func policy(of role: RoleDefinition, at scope: AzureScope, namespace: AzureScope) -> Policy {
        let above = policies.filter { $0.key.role == role && $0.key.scope.contains(scope) }
        if let nearest = above.max(by: { $0.key.scope.key.utf8.count < $1.key.scope.key.utf8.count }) { return nearest.value }
        if scope != namespace, namespace.contains(scope) {
            return Policy(longest: 2 * 3_600_000, approvers: [CloudSeed.platform, CloudSeed.onCall.id])
        }
        return role == .dataReceiver
            ? Policy(longest: 8 * 3_600_000) : Policy(longest: 4 * 3_600_000, needsTicket: true, approvers: [CloudSeed.platform])
    }

    /// Sets what taking a role asks for.
    /// - Returns: false when there are too many places already.
    mutating func set(_ policy: Policy, of role: RoleDefinition, at scope: AzureScope) -> Bool {
        let place = PolicyPlace(scope: scope, role: role)
        guard policies[place] != nil || policies.count < Self.maximumPolicies else { return false }
        policies[place] = policy
        return true
    }

    func request(_ name: String) -> Request? { requests.first { $0.name == name.lowercased() } }

    /// Whether a request can be put on record.
    var hasRoom: Bool { requests.count < Self.maximumRequests || requests.contains { $0.status != .pending } }

    /// Puts a request on record; the oldest that is decided makes room.
    /// - Returns: false when too many are undecided.
    mutating func add(_ request: Request) -> Bool {
        if requests.count >= Self.maximumRequests {
            guard let index = requests.firstIndex(where: { $0.status != .pending }) else { return false }
            requests.remove(at: index)
        }
        requests.append(request)
        return true
    }

    mutating func update(_ request: Request) {
        if let index = requests.firstIndex(where: { $0.name == request.name }) { requests[index] = request }
    }

    /// Ends what nobody decided in time.
    mutating func expire(at now: Int64) {
        for index in requests.indices where requests[index].status == .pending && now - requests[index].createdAt >= Self.approvalWindow {
            requests[index].status = .timedOut
        }
    }
}
