/// What a role allows, or a deny assignment forbids: actions on resources, actions on data, and what is taken out of each.
public struct RolePermissions: Hashable, Sendable {
    /// Actions on resources, with `*` for any characters.
    public let actions: [String]
    /// What is taken out of the actions.
    public let notActions: [String]
    /// Actions on data.
    public let dataActions: [String]
    /// What is taken out of the actions on data.
    public let notDataActions: [String]
    /// The condition under which it holds, as text; only `permissions` of an own identity and newer roles have one.
    public let condition: String?

    /// Permissions.
    public init(
        actions: [String] = [], notActions: [String] = [], dataActions: [String] = [], notDataActions: [String] = [],
        condition: String? = nil
    ) {
        self.actions = actions
        self.notActions = notActions
        self.dataActions = dataActions
        self.notDataActions = notDataActions
        self.condition = condition
    }

    /// Whether an action is one of these: matched by one of the lists, and by none of what is taken out.
    public func allows(_ action: AzureAction) -> Bool {
        let (allowed, excluded) = action.isData ? (dataActions, notDataActions) : (actions, notActions)
        return allowed.contains { ActionPattern.matches($0, action.name) } && !excluded.contains { ActionPattern.matches($0, action.name) }
    }
}

extension RolePermissions: Decodable {
    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        self.init(
            actions: try fields.list("actions"), notActions: try fields.list("notActions"), dataActions: try fields.list("dataActions"),
            notDataActions: try fields.list("notDataActions"),
            condition: try fields.optionalText("condition").flatMap { $0.isEmpty ? nil : $0 })
    }
}

/// An action that Azure knows, such as `Microsoft.ServiceBus/namespaces/queues/write`.
public struct AzureAction: Hashable, Sendable {
    /// Its name.
    public let name: String
    /// Whether it is one on data.
    public let isData: Bool

    /// An action on resources.
    public static func control(_ name: String) -> AzureAction { AzureAction(name: name, isData: false) }
    /// An action on data.
    public static func data(_ name: String) -> AzureAction { AzureAction(name: name, isData: true) }
}

/// Patterns of actions: `*` stands for any characters, slashes included; casing does not matter.
public enum ActionPattern {
    /// Whether a pattern matches the whole name of an action. Takes time in proportion to the product of both lengths at worst.
    public static func matches(_ pattern: String, _ action: String) -> Bool {
        var pattern = pattern
        var action = action
        return pattern.withUTF8 { pattern in action.withUTF8 { action in matches(pattern, action) } }
    }

    private static func matches(_ pattern: UnsafeBufferPointer<UInt8>, _ action: UnsafeBufferPointer<UInt8>) -> Bool {
        var p = 0
        var a = 0
        /// Where to go on when what follows the last star does not match: the star takes one more character.
        var retry: (pattern: Int, action: Int)?
        while a < action.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                p += 1
                retry = (p, a)
            } else if p < pattern.count, lowered(pattern[p]) == lowered(action[a]) {
                p += 1
                a += 1
            } else if let last = retry {
                retry = (last.pattern, last.action + 1)
                (p, a) = (last.pattern, last.action + 1)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    private static func lowered(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
}
