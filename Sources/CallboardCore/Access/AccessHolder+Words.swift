internal import AzureResources
internal import ServiceBus

/// Where a role was assigned, or a key's rule is, as seen from an entity: the wider, the more it opens.
public enum AccessReach: Int, Hashable, Sendable, Comparable {
    /// The entity itself.
    case entity
    /// The topic that a subscription belongs to.
    case topic
    /// The namespace.
    case namespace
    /// A resource group, a subscription of Azure's, a management group, the tenant.
    case beyond

    /// Orders by how much it opens.
    public static func < (left: AccessReach, right: AccessReach) -> Bool { left.rawValue < right.rawValue }
}

extension AccessHolder {
    /// How far what they have reaches.
    public var reach: AccessReach {
        let scope = ResourceID(scopeID)
        switch AccessTarget(scope) {
        case .queue, .subscription: return .entity
        case .topic: return entity?.subscription == nil ? .entity : .topic
        case .namespace: return scope.serviceBusNamespace == nil ? .beyond : .namespace
        case .elsewhere: return .beyond
        }
    }

    /// What they can do, in words: `send, receive (by keys)`; `–` for nothing.
    public var can: String {
        let words = Ability.allCases.compactMap { ability in
            abilities[ability].map { certainty in
                switch certainty {
                case .yes: ability.word
                case .byKeys: "\(ability.word) (by keys)"
                case .conditional: "\(ability.word) (condition)"
                case .unknown: "\(ability.word)?"
                case .denied: "\(ability.word) (denied)"
                }
            }
        }
        return words.isEmpty ? "–" : words.joined(separator: ", ")
    }

    /// What else there is to say of it.
    public var remarks: [String] {
        var remarks: [String] = []
        if case .unknown(_, let reason) = source { remarks.append(reason) }
        if !components.isEmpty { remarks.append("acts for \(components.joined(separator: ", "))") }
        if standsForMembers { remarks.append("its members are not known") }
        if let condition { remarks.append("condition: \(condition)") }
        return remarks
    }
}

extension AccessHolder.Ability {
    /// The word of a table.
    public var word: String {
        switch self {
        case .send, .receive, .manage: rawValue
        case .keys: "get keys"
        case .grant: "give roles"
        }
    }
}
