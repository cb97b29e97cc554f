/// Somebody or something that can have a role.
struct Principal: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case user(name: String)
        case group
        /// Of an app registration.
        case application(appID: String)
        /// Of a resource, with that resource's id.
        case managedIdentity(clientID: String, resourceID: String)

        /// As role assignments call it.
        var assignmentType: String {
            switch self {
            case .user: "User"
            case .group: "Group"
            case .application, .managedIdentity: "ServicePrincipal"
            }
        }
    }

    var id: String
    var displayName: String
    var kind: Kind

    /// What error texts and the Activity Log call it.
    var callerName: String {
        switch kind {
        case .user(let name): name
        case .group: displayName
        case .application(let appID): appID
        case .managedIdentity(let clientID, _): clientID
        }
    }

    /// The client id of one that is not a person.
    var clientID: String? {
        switch kind {
        case .application(let appID): appID
        case .managedIdentity(let clientID, _): clientID
        case .user, .group: nil
        }
    }
}

/// An app registration: how a program proves that it is it.
struct AppRegistration: Sendable {
    /// A token of somebody else's that is taken for this app's own word: all three are compared exactly.
    struct FederatedCredential: Hashable, Sendable {
        var issuer: String
        var subject: String
        var audience: String
    }

    var appID: String
    var displayName: String
    /// The object id of its service principal; nil for one through which only people sign in.
    var principalID: String?
    var secret: String?
    var certificate: ClientCertificate?
    var federated: [FederatedCredential] = []
    /// Whether people sign in through it without a secret.
    var isPublicClient = false
    /// Where browsers are sent back to, besides loopback addresses for a public client.
    var redirectURIs: [String] = []
}

/// The people, groups and programs of a tenant.
struct TenantDirectory: Sendable {
    var principals: [String: Principal] = [:]
    /// The direct members of groups.
    var members: [String: Set<String>] = [:]
    var applications: [String: AppRegistration] = [:]

    /// A principal and every group it is in, also through others.
    func withGroups(_ id: String) -> Set<String> {
        var found: Set<String> = [id]
        var pending = [id]
        while let next = pending.popLast() {
            for (group, members) in members where members.contains(next) && found.insert(group).inserted { pending.append(group) }
        }
        return found
    }

    /// Whoever is in a group, directly or through others, the groups among them; in a fixed order. A group is not in itself.
    func transitiveMembers(of group: String) -> [String] {
        var found: Set<String> = []
        var pending = [group]
        while let next = pending.popLast() {
            for member in members[next] ?? [] where member != group && found.insert(member).inserted { pending.append(member) }
        }
        return found.sorted()
    }

    /// The groups a principal is in, in a fixed order.
    func groups(of id: String) -> [String] { withGroups(id).subtracting([id]).sorted() }

    /// The user of a name or an object id.
    func user(_ text: String) -> Principal? {
        principals.values.first {
            guard case .user(let name) = $0.kind else { return false }
            return $0.id == text.lowercased() || name.lowercased() == text.lowercased()
        }
    }

    /// People in the order of their names.
    var users: [Principal] {
        principals.values.filter { if case .user = $0.kind { true } else { false } }.sorted { $0.callerName < $1.callerName }
    }

    /// The managed identity that a request names; nil when it names none that is there.
    func managedIdentity(clientID: String?, objectID: String?, resourceID: String?, usual: String) -> Principal? {
        principals.values.first {
            guard case .managedIdentity(let client, let resource) = $0.kind else { return false }
            if let clientID { return client == clientID.lowercased() }
            if let objectID { return $0.id == objectID.lowercased() }
            if let resourceID { return resource.lowercased() == resourceID.lowercased() }
            return $0.id == usual
        }
    }
}
