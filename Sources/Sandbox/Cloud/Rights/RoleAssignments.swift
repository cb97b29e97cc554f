/// Who has which role where. Times are in milliseconds since 1970.
struct RoleAssignment: Hashable, Sendable {
    /// A GUID that whoever makes it chooses.
    var name: String
    var scope: AzureScope
    var role: RoleDefinition
    var principalID: String
    var principalType: String
    var description: String?
    var condition: String?
    var conditionVersion: String?
    /// The condition, read.
    var restriction: RoleCondition?
    var createdAt: Int64
    /// Who made it: stamped by the service.
    var createdBy: String
    /// From when on it counts: changes take a while to get about.
    var effectiveFrom: Int64
    /// Until when it counts: the end of an activation, or of the time that a removal takes to get about.
    var effectiveUntil = Int64.max
    /// Whether it has been removed and only lingers.
    var isRemoved = false
    /// The request of Privileged Identity Management it came from.
    var activation: String?

    func isEffective(at now: Int64) -> Bool { effectiveFrom <= now && now < effectiveUntil }

    /// What conditions of other assignments are held against when this one is made or taken away.
    var attributes: RoleCondition.Attributes {
        .init(roleDefinitionID: role.id, principalID: principalID, principalType: principalType)
    }
}

/// What nobody among some principals may do, whatever their roles say.
struct DenyAssignment: Hashable, Sendable {
    /// The principal that is everybody.
    static let everyone = "00000000-0000-0000-0000-000000000000"

    var name: String
    var displayName: String
    var scope: AzureScope
    var permission: RolePermission
    var principals: [String]
    var excluded: [String] = []

    func denies(_ principals: Set<String>, _ operation: String, _ scope: AzureScope, isData: Bool) -> Bool {
        self.scope.contains(scope) && applies(to: principals) && permission.allows(operation, isData: isData)
    }

    /// Whether it is meant for a principal with its groups.
    func applies(to principals: Set<String>) -> Bool {
        self.principals.contains { $0 == Self.everyone || principals.contains($0) } && !excluded.contains(where: principals.contains)
    }
}

/// The role assignments of the tenant, and what they add up to.
struct RoleAssignments: Sendable {
    /// What a subscription holds at most; the service's own limit.
    static let maximum = 4000

    private(set) var all: [RoleAssignment] = []
    var denied: [DenyAssignment] = []

    /// Those that are there for whoever asks.
    func listed(at now: Int64) -> [RoleAssignment] { all.filter { !$0.isRemoved && now < $0.effectiveUntil } }

    func named(_ name: String, at scope: AzureScope, now: Int64) -> RoleAssignment? {
        listed(at: now).first { $0.name == name.lowercased() && $0.scope == scope }
    }

    mutating func add(_ assignment: RoleAssignment) { all.append(assignment) }

    /// Takes one away; for a while it still counts.
    mutating func remove(_ name: String, at scope: AzureScope, effective time: Int64) -> RoleAssignment? {
        guard let index = all.firstIndex(where: { $0.name == name.lowercased() && $0.scope == scope && !$0.isRemoved }) else { return nil }
        all[index].isRemoved = true
        all[index].effectiveUntil = min(all[index].effectiveUntil, time)
        return all[index]
    }

    /// Forgets what counts no more.
    mutating func sweep(at now: Int64) { all.removeAll { $0.effectiveUntil <= now } }

    /// Whether a principal with its groups may do something.
    /// - Parameters:
    ///   - request: the assignment that is to be made, for conditions.
    ///   - resource: the assignment that is there, for conditions.
    func allow(
        _ principals: Set<String>, _ operation: String, on scope: AzureScope, isData: Bool = false, at now: Int64,
        request: RoleCondition.Attributes? = nil, resource: RoleCondition.Attributes? = nil
    ) -> Bool {
        guard !denied.contains(where: { $0.denies(principals, operation, scope, isData: isData) }) else { return false }
        return all.contains {
            $0.isEffective(at: now) && principals.contains($0.principalID) && $0.scope.contains(scope)
                && $0.role.permission.allows(operation, isData: isData)
                && $0.restriction?.holds(operation, request: request, resource: resource) ?? true
        }
    }

    /// What a principal with its groups may do with messages, as it stands now.
    func dataRights(of principals: Set<String>, at now: Int64) -> DataRights {
        var rights = DataRights()
        for assignment in all where assignment.isEffective(at: now) && principals.contains(assignment.principalID) {
            rights.granted.append(
                DataRights.Entry(
                    scope: assignment.scope, rights: DataRights.rights(of: assignment.role.permission, under: assignment.restriction)))
        }
        for denial in denied where denial.applies(to: principals) {
            rights.denied.append(DataRights.Entry(scope: denial.scope, rights: DataRights.rights(of: denial.permission)))
        }
        return rights
    }
}

/// What somebody may do with messages, by scope: the state of one moment.
struct DataRights: Hashable, Sendable {
    struct Entry: Hashable, Sendable {
        var scope: AzureScope
        var rights: Rights
    }

    var granted: [Entry] = []
    var denied: [Entry] = []

    /// The operations that the data actions of roles are held against. The last is ours: the service does not say which it asks for.
    static let operations: [(name: String, rights: Rights)] = [
        ("Microsoft.ServiceBus/namespaces/messages/send/action", .send),
        ("Microsoft.ServiceBus/namespaces/messages/receive/action", .listen),
        ("Microsoft.ServiceBus/namespaces/administration/manage/action", .manage),
    ]

    static func rights(of permission: RolePermission, under condition: RoleCondition? = nil) -> Rights {
        operations.reduce(into: []) {
            guard permission.allows($1.name, isData: true) else { return }
            if condition?.holds($1.name, request: nil, resource: nil) ?? true { $0.formUnion($1.rights) }
        }
    }

    /// What is allowed on an entity.
    func rights(on scope: AzureScope) -> Rights {
        var rights: Rights = []
        for entry in granted where entry.scope.contains(scope) { rights.formUnion(entry.rights) }
        for entry in denied where entry.scope.contains(scope) { rights.subtract(entry.rights) }
        return rights
    }
}
