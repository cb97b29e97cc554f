package import AzureResources
internal import Identity
public import ServiceBus

/// Who has which rights in a namespace, as Azure said at one moment; what the caller may not read is a value with its reason.
///
/// Bindings (``AccessIndex``) and drift (``DriftReport``) are worked out from it and from the catalogue, and ask nobody.
public struct AccessPicture: Sendable {
    /// The namespace's host.
    public var host: String
    /// When it was read.
    public var asOf: Timestamp
    /// The namespace.
    package var namespace: Reading<AccessNamespace>
    /// Its queues, topics and subscriptions.
    package var entities: Reading<[AccessEntity]>
    /// The role assignments at the namespace, above and below.
    package var assignments: Reading<[RoleAssignment]>
    /// The roles of its Azure subscription.
    package var roles: Reading<[RoleDefinition]>
    /// The deny assignments at the namespace, above and below.
    package var denials: Reading<[DenyAssignment]>
    /// Roles in force with their ends.
    package var schedules: Reading<[RoleTerm]>
    /// The shared access rules of the namespace and its entities: names and rights, never keys.
    package var rules: Reading<[AccessRule]>
    /// What the directory says of identities.
    package var names: Reading<[GUID: AccessPrincipal]>
    /// Identities of which the directory says that they do not exist.
    package var gone: Set<GUID>
    /// Who is in which group.
    package var membership: AzureResources.GroupMembership
    /// What could be read in part only, and what that means.
    package var partial: [AccessGap]
    /// What could be read at the namespace and above only.
    package var unreadBelow = UnreadBelow()

    /// A picture of which nothing is known but where it is of.
    package init(host: String, asOf: Timestamp) {
        self.host = host
        self.asOf = asOf
        namespace = .pending
        entities = .pending
        assignments = .pending
        roles = .pending
        denials = .pending
        schedules = .pending
        rules = .pending
        names = .pending
        gone = []
        membership = AzureResources.GroupMembership()
        partial = []
    }

    /// Why what lies below the namespace may be missing from a list that holds what is at it and above; nil where nothing is.
    package struct UnreadBelow: Hashable, Sendable {
        /// Of role assignments.
        package var assignments: String?
        /// Of deny assignments.
        package var denials: String?
        /// Of role schedules.
        package var schedules: String?

        /// Nothing is missing.
        package init() {}
    }

    /// The moment, in the unit in which Azure's ends are.
    var now: WallTime { WallTime(secondsSince1970: asOf.milliseconds / 1000) }
}

/// Something that is not known, why, and what follows from it.
public struct AccessGap: Hashable, Sendable, CustomStringConvertible {
    /// What is not known: `role assignments`.
    public var subject: String
    /// Why: `not permitted: needs Microsoft.Authorization/roleAssignments/read at /subscriptions/…`. May hold words of the service: sanitise.
    public var reason: String
    /// What follows; empty when nothing needs saying.
    public var consequence: String

    package init(_ subject: String, reason: String, consequence: String = "") {
        self.subject = subject
        self.reason = reason
        self.consequence = consequence
    }

    /// One line.
    public var description: String { "not known: \(subject): \(reason)" + (consequence.isEmpty ? "" : "; \(consequence)") }
}

extension AccessPicture {
    /// All that is not known.
    public var gaps: [AccessGap] {
        var gaps: [AccessGap] = []
        func add(_ subject: String, _ reason: String?, _ consequence: String = "") {
            if let reason { gaps.append(AccessGap(subject, reason: reason, consequence: consequence)) }
        }
        add("the namespace", namespace.whyUnknown)
        // What hangs on the namespace is not known for the same reason, which is said once.
        guard namespace.value != nil else { return gaps }
        add("entities", entities.whyUnknown, "those that the catalogue names are shown")
        add("role assignments", assignments.whyUnknown)
        add("roles", roles.whyUnknown, "those of Microsoft's are known all the same")
        add("deny assignments", denials.whyUnknown, "what they take away is not taken off")
        add("role schedules", schedules.whyUnknown, "assignments count as standing")
        add("role assignments on entities", unreadBelow.assignments, "only those at the namespace and above are certain to be here")
        add("deny assignments on entities", unreadBelow.denials, "what they take away is not taken off")
        add("role schedules on entities", unreadBelow.schedules, "assignments on entities count as standing")
        add("shared access rules", rules.whyUnknown)
        add("names", names.whyUnknown, "identities are shown by their ids")
        return gaps + partial
    }
}

extension Reading {
    /// Why it is not known, in words; nil where it is.
    package var whyUnknown: String? {
        switch self {
        case .known: nil
        case .pending: "it was not asked for"
        case .notPermitted(let needs): "not permitted: needs \(needs)"
        case .unavailable(let reason): reason
        }
    }
}

/// A namespace, as far as access to it goes.
package struct AccessNamespace: Hashable, Sendable {
    package var id: ResourceID
    package var localAuthentication: NamespaceResource.LocalAuthentication
    package var tags: [String: String]

    package init(id: ResourceID, localAuthentication: NamespaceResource.LocalAuthentication, tags: [String: String] = [:]) {
        self.id = id
        self.localAuthentication = localAuthentication
        self.tags = tags
    }
}

/// An entity with its id in Azure.
package struct AccessEntity: Hashable, Sendable {
    package var path: EntityPath
    package var id: ResourceID
    /// The note of its owner (`userMetadata`).
    package var metadata: String?

    package init(path: EntityPath, id: ResourceID, metadata: String? = nil) {
        self.path = path
        self.id = id
        self.metadata = metadata
    }
}

/// A shared access rule: who has one of its keys has its rights.
package struct AccessRule: Hashable, Sendable {
    package var id: ResourceID
    package var name: String
    package var rights: Set<AuthorizationRuleResource.KeyRight>
    /// The namespace or entity it opens.
    package var owner: ResourceID

    package init(id: ResourceID, name: String, rights: Set<AuthorizationRuleResource.KeyRight>, owner: ResourceID) {
        self.id = id
        self.name = name
        self.rights = rights
        self.owner = owner
    }
}

/// What the directory says of an identity.
package struct AccessPrincipal: Hashable, Sendable {
    package var name: String?
    package var kind: PrincipalKind
    /// A person's sign-in name or an application's client id.
    package var account: String?

    package init(name: String?, kind: PrincipalKind, account: String? = nil) {
        self.name = name
        self.kind = kind
        self.account = account
    }
}
