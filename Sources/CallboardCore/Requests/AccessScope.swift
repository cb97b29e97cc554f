internal import AzureResources
public import ServiceBus

/// A role that somebody asks for or has.
public enum AccessRole: Hashable, Sendable {
    /// One of the three of Service Bus.
    case serviceBus(PolicyRole)
    /// Another one, by its GUID, and its name where it is known.
    case other(id: String, name: String?)

    /// The role of a GUID, as Azure's ids end with.
    /// - Parameters:
    ///   - id: the GUID.
    ///   - name: what Azure calls it.
    public init(id: String, name: String? = nil) {
        let guid = GUID(id)
        if let role = PolicyRole.allCases.first(where: { GUID($0.definitionID) == guid }) {
            self = .serviceBus(role)
        } else {
            self = .other(id: guid.canonical, name: name)
        }
    }

    /// The role's GUID.
    public var id: String {
        switch self {
        case .serviceBus(let role): role.definitionID
        case .other(let id, _): id
        }
    }

    /// As people call it: `Data Receiver`. The name of another role is Azure's or the tenant's: sanitise.
    public var title: String {
        switch self {
        case .serviceBus(let role): role.title
        case .other(let id, let name): name ?? "role \(id)"
        }
    }

    /// The role in the words of a policy; nil for one that no rule can name.
    public var policyRole: PolicyRole? { if case .serviceBus(let role) = self { role } else { nil } }

    /// Whether this gives nothing that `other` does not give.
    public func isWithin(_ other: AccessRole) -> Bool {
        if self == other { return true }
        guard case .serviceBus(.owner) = other, case .serviceBus = self else { return false }
        return true
    }
}

extension PolicyRole {
    /// The GUID of the role, the same in all tenants.
    public var definitionID: String {
        switch self {
        case .sender: RoleDefinition.BuiltIn.serviceBusDataSender.canonical
        case .receiver: RoleDefinition.BuiltIn.serviceBusDataReceiver.canonical
        case .owner: RoleDefinition.BuiltIn.serviceBusDataOwner.canonical
        }
    }

    /// As people call it.
    public var title: String {
        switch self {
        case .sender: "Data Sender"
        case .receiver: "Data Receiver"
        case .owner: "Data Owner"
        }
    }
}

/// Where a role holds: the id of Azure Resource Manager, and the entity it is of this namespace.
public struct AccessScope: Hashable, Sendable {
    /// The full id, in the casing it came in.
    public let id: String
    /// The queue, topic or subscription; nil for the namespace and whatever lies above it or elsewhere.
    public let entity: EntityPath?

    /// A scope.
    /// - Parameters:
    ///   - id: the full id of Azure Resource Manager.
    ///   - entity: the entity that the id names, where it is one.
    public init(id: String, entity: EntityPath?) {
        self.id = id
        self.entity = entity
    }

    /// The scope of an id, whose entity is read from it.
    public init(id: String) {
        self.init(id: id, entity: ResourceID(id).entityPath)
    }

    /// As people call it: the entity, or the last part of the id. Sanitise.
    public var title: String { entity?.displayName ?? ResourceID(id).name }

    /// Whether this is `other` or lies within it, part by part and without regard to case.
    public func isWithin(_ other: AccessScope) -> Bool { ResourceID(other.id).contains(ResourceID(id)) }

    /// Two scopes are one when their ids name the same.
    public static func == (a: AccessScope, b: AccessScope) -> Bool { ResourceID(a.id) == ResourceID(b.id) }

    /// Hashes what is compared.
    public func hash(into hasher: inout Hasher) { hasher.combine(ResourceID(id)) }
}

extension ResourceID {
    /// The full id of a role as what is assigned at this scope names it.
    func roleDefinition(_ role: GUID) -> ResourceID {
        (subscription ?? .root).appending("providers", "Microsoft.Authorization", "roleDefinitions", role.canonical)
    }

    /// The queue, topic or subscription that an id is of; nil where it is of something else. Azure Resource Manager writes `~` where a path has a slash.
    var entityPath: EntityPath? {
        let segments = segments
        switch AccessTarget(self) {
        case .queue, .topic: return EntityPath.ofResource(name)
        case .subscription where segments.count >= 3:
            guard let topic = EntityPath.ofResource(String(segments[segments.count - 3])) else { return nil }
            return try? EntityPath.subscription(topic: topic.name, name: name)
        case .namespace, .subscription, .elsewhere: return nil
        }
    }
}
