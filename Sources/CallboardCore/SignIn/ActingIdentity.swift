/// Somebody who signed in, by the claims of an id_token that was verified.
public struct Person: Hashable, Sendable {
    /// The tenant's id. With ``objectID`` it is who they are; names and addresses change hands.
    public var tenantID: String
    /// The object id in the directory.
    public var objectID: String
    /// A name to show. It may contain anything: sanitise.
    public var name: String
    /// For each claim its values: `groups`, `roles`, `acrs` and whatever else a policy may name.
    public var claims: [String: Set<String>]
    /// Whether the groups are known. After an overage they are not, and that is never the same as none.
    public var knowsGroups: Bool

    /// Creates a person.
    public init(tenantID: String, objectID: String, name: String, claims: [String: Set<String>], knowsGroups: Bool) {
        self.tenantID = tenantID
        self.objectID = objectID
        self.name = name
        self.claims = claims
        self.knowsGroups = knowsGroups
    }
}

/// Who acts in a context, as far as somebody vouches for it.
public enum ActingIdentity: Hashable, Sendable {
    /// The user of this machine; nobody signed in.
    case local
    /// A person that Entra ID vouches for.
    case person(Person)
    /// Whoever the first credential that answers belongs to, a person or a machine: nobody vouches for a name, and a program may be acting.
    case undetermined
    /// A program by this name: an application's secret or certificate, workload identity, a managed identity.
    case program(String)

    /// The tenant of a person.
    var tenantID: String? { if case .person(let person) = self { person.tenantID } else { nil } }

    /// Who that is to a policy.
    /// - Parameters:
    ///   - policy: it knows which claims make a team.
    ///   - environment: of the process; see ``PolicyCaller/local(_:isAgent:)``.
    ///   - isAgent: whether the context says that agents work here.
    func caller(_ policy: Policy?, environment: [String: String], isAgent: Bool) -> PolicyCaller {
        var caller = PolicyCaller.local(environment, isAgent: isAgent)
        switch self {
        case .local: break
        // The least that either may do: rules that allow have to name agents.
        case .undetermined: caller.subjects.insert(.agent)
        case .program(let name):
            caller.subjects = [.agent, .user(name)]
            caller.program = name
            caller.groups = .known
        case .person(let person):
            caller.subjects.remove(.user(LocalUser.name))
            caller.subjects.insert(.user(person.objectID))
            caller.subjects.formUnion(policy?.teams(holding: person.claims) ?? [])
            caller.groups = person.knowsGroups ? .known : .unknown
        }
        return caller
    }

    /// Who that is in the audit ledger.
    func actor(isAgent: Bool) -> AuditActor {
        switch self {
        case .local, .undetermined: AuditActor(name: LocalUser.name, kind: isAgent ? .agent : .local, host: LocalUser.host)
        case .program(let name): AuditActor(name: name, kind: .agent, host: LocalUser.host)
        case .person(let person):
            AuditActor(oid: person.objectID, name: person.name, kind: isAgent ? .agent : .person, host: LocalUser.host)
        }
    }
}
