/// What somebody may be able to do on an entity of Service Bus.
public enum Right: String, Hashable, Sendable, CaseIterable {
    /// Sending messages. A subscription of a topic takes none itself.
    case send
    /// Receiving messages, which includes removing them; of a topic: from its subscriptions.
    case receive
    /// Changing and removing the entity.
    case manage
    /// Getting at shared access keys that open the entity, by listing or by regenerating them.
    case listKeys
    /// Giving roles to others, and so to oneself.
    case grantRoles
}

/// Rights, as a set that costs nothing to make: an estate has hundreds of thousands of them.
public struct Rights: OptionSet, Hashable, Sendable {
    /// A bit for each right.
    public let rawValue: UInt8
    /// Those of the bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// One right.
    public init(_ right: Right) { rawValue = 1 << UInt8(right.place) }

    /// Sending.
    public static let send = Rights(.send)
    /// Receiving.
    public static let receive = Rights(.receive)
    /// Changing and removing the entity.
    public static let manage = Rights(.manage)
    /// Getting at keys.
    public static let listKeys = Rights(.listKeys)
    /// Giving roles.
    public static let grantRoles = Rights(.grantRoles)

    /// Whether a right is among them.
    public func contains(_ right: Right) -> Bool { contains(Rights(right)) }

    /// All of them, in the order of ``Right/allCases``.
    public var all: [Right] { Right.allCases.filter { contains($0) } }
}

extension Right {
    fileprivate var place: Int {
        switch self {
        case .send: 0
        case .receive: 1
        case .manage: 2
        case .listKeys: 3
        case .grantRoles: 4
        }
    }
}

/// What a resource id is, as far as rights on Service Bus go.
public enum AccessTarget: Hashable, Sendable, CaseIterable {
    /// A namespace, or anything above one: a resource group, a subscription, a management group, the tenant.
    case namespace
    /// A queue.
    case queue
    /// A topic.
    case topic
    /// A subscription of a topic.
    case subscription
    /// Something of another service.
    case elsewhere

    /// What an id is.
    public init(_ id: ResourceID) {
        guard let provider = id.provider, !id.isManagementGroup else {
            self = .namespace
            return
        }
        let path = Array(provider.path)
        guard provider.name.lowercased() == "microsoft.servicebus", path.first?.lowercased() == "namespaces" else {
            self = .elsewhere
            return
        }
        switch (path.count, path.dropFirst(2).first?.lowercased(), path.dropFirst(4).first?.lowercased()) {
        case (2, _, _): self = .namespace
        case (4, "queues", _): self = .queue
        case (4, "topics", _): self = .topic
        case (6, "topics", "subscriptions"): self = .subscription
        default: self = .elsewhere
        }
    }
}

/// The actions that decide about ``Right``s, as a set.
struct AccessActions: OptionSet, Hashable, Sendable {
    let rawValue: UInt32

    /// All of them: an action's place in the list is its bit.
    static let names: [AzureAction] = [
        .data("Microsoft.ServiceBus/namespaces/messages/send/action"),
        .data("Microsoft.ServiceBus/namespaces/messages/receive/action"),
        .control("Microsoft.ServiceBus/namespaces/write"),
        .control("Microsoft.ServiceBus/namespaces/queues/write"),
        .control("Microsoft.ServiceBus/namespaces/topics/write"),
        .control("Microsoft.ServiceBus/namespaces/topics/subscriptions/write"),
        .control("Microsoft.ServiceBus/namespaces/authorizationRules/listKeys/action"),
        .control("Microsoft.ServiceBus/namespaces/authorizationRules/regenerateKeys/action"),
        .control("Microsoft.ServiceBus/namespaces/queues/authorizationRules/listKeys/action"),
        .control("Microsoft.ServiceBus/namespaces/queues/authorizationRules/regenerateKeys/action"),
        .control("Microsoft.ServiceBus/namespaces/topics/authorizationRules/listKeys/action"),
        .control("Microsoft.ServiceBus/namespaces/topics/authorizationRules/regenerateKeys/action"),
        .control("Microsoft.Authorization/roleAssignments/write"),
    ]
    static let send = AccessActions(rawValue: 1 << 0)
    static let receive = AccessActions(rawValue: 1 << 1)
    static let namespaceWrite = AccessActions(rawValue: 1 << 2)
    static let queueWrite = AccessActions(rawValue: 1 << 3)
    static let topicWrite = AccessActions(rawValue: 1 << 4)
    static let subscriptionWrite = AccessActions(rawValue: 1 << 5)
    static let namespaceKeys = AccessActions(rawValue: 1 << 6 | 1 << 7)
    static let queueKeys = AccessActions(rawValue: 1 << 8 | 1 << 9)
    static let topicKeys = AccessActions(rawValue: 1 << 10 | 1 << 11)
    static let roleAssignmentWrite = AccessActions(rawValue: 1 << 12)

    /// Those that permissions allow.
    static func allowed(by permissions: [RolePermissions]) -> AccessActions {
        var result: AccessActions = []
        for (bit, action) in names.enumerated() where permissions.contains(where: { $0.allows(action) }) {
            result.insert(AccessActions(rawValue: 1 << UInt32(bit)))
        }
        return result
    }

    /// The actions of which any one gives a right on a target.
    /// - Parameter scope: where the role was assigned: keys of a namespace are within reach of a role on the namespace, not of one on a queue.
    static func giving(_ right: Right, on target: AccessTarget, assignedAt scope: AccessTarget) -> AccessActions {
        if target == .elsewhere { return [] }
        return switch right {
        case .send: target == .subscription ? [] : send
        case .receive: receive
        case .manage:
            switch target {
            case .namespace: namespaceWrite
            case .queue: queueWrite
            case .topic: topicWrite
            case .subscription: subscriptionWrite
            case .elsewhere: []
            }
        case .listKeys:
            switch (target, scope) {
            case (.queue, .namespace): [namespaceKeys, queueKeys]
            case (.queue, _): queueKeys
            case (.topic, .namespace), (.subscription, .namespace): [namespaceKeys, topicKeys]
            case (.topic, _), (.subscription, .topic): topicKeys
            // Subscriptions have no keys of their own.
            case (.subscription, _): []
            case (.namespace, _): namespaceKeys
            case (.elsewhere, _): []
            }
        case .grantRoles: roleAssignmentWrite
        }
    }
}
